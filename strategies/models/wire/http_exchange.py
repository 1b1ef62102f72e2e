"""What really went over the wire during a call: status, headers and body, whatever a library makes of them.

litellm is given this transport for every provider. It raises errors with invented status codes for answers that it
cannot read, counts tokens itself where a provider gave none, and drops parts of error bodies; so whether a call was
charged, and for what, is read from here.
"""

from __future__ import annotations

import json
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import httpx

KEPT_BYTES = 32_000_000
"""Bytes of one answer that are kept: far more than any model can write."""
_ASKS = frozenset({"messages", "contents", "prompt", "input", "inputs", "inputText", "message", "instances"})
"""The keys under which requests to models carry their prompt. Requests for tokens or model lists have none of them."""


@dataclass(slots=True)
class Exchange:
    """One request and what came back. `status` None: no answer began; `ended`: its body came to its end."""

    url: str = ""
    asks: bool = True
    status: int | None = None
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    raw: bytearray = field(default_factory=bytearray)
    ended: bool = False
    unreached: bool = False

    @property
    def answered(self) -> bool:
        """Whether a model may have worked for it: only a status of 400 and more (or a redirect) says that none did."""
        return self.asks and self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - HTTP's classes

    @property
    def lost(self) -> bool:
        """Whether it was sent and no answer began."""
        return self.asks and self.status is None and not self.unreached

    @property
    def content_type(self) -> str:
        return str(self.headers.get("content-type", "")).lower()

    def body(self) -> bytes:
        """The body without its content encoding; what can be had of one that was cut off."""
        encoding = str(self.headers.get("content-encoding", "")).lower().strip()
        raw = bytes(self.raw)
        if encoding in ("gzip", "x-gzip", "deflate"):
            return _inflated(raw)
        return b"" if encoding not in ("", "identity") else raw


@dataclass(slots=True)
class CallRecord:
    """The exchanges of one call, in order. `timeout` in seconds replaces the library's own where it is set. `replay` is
    an answer that is given instead of asking: the same bytes, read by the library in another way. `stopped` is what
    broke the call off from our side."""

    timeout: httpx.Timeout | None = None
    replay: Exchange | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    stopped: BaseException | None = None
    connections: list[Any] = field(default_factory=list)

    def stop(self, error: BaseException) -> None:
        """Break the call off from another thread, at once: the provider sees that nobody listens any more."""
        self.stopped = error
        for connection in list(self.connections):
            plug = connection.get_extra_info("socket")
            with suppress(OSError, AttributeError):
                plug.shutdown(socket.SHUT_RDWR)

    def check(self) -> None:
        """Raise what stopped the call."""
        if self.stopped is not None:
            raise self.stopped

    def trace(self, event: str, told: dict[str, Any]) -> None:
        """Httpcore tells what it does; a connection that was made is kept."""
        connection = told.get("return_value")
        if event.endswith(".complete") and hasattr(connection, "get_extra_info"):
            self.connections.append(connection)
            if self.stopped is not None:
                self.stop(self.stopped)


@contextmanager
def watched(record: CallRecord, watch: Callable[[], None] | None, every: float) -> Iterator[None]:
    """Call `watch` from time to time, in seconds, while the call is under way; what it raises breaks the call off."""
    if watch is None:
        yield
        return
    done = threading.Event()

    def look() -> None:
        while not done.wait(every):
            try:
                watch()
            except BaseException as error:  # noqa: BLE001 - raised again where the call was made
                record.stop(error)
                return

    thread = threading.Thread(target=look, name="model call watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()


_CURRENT: ContextVar[CallRecord | None] = ContextVar("pennyfix_call_record", default=None)


@contextmanager
def recorded(record: CallRecord) -> Iterator[CallRecord]:
    """Everything that this thread sends inside is kept in `record`."""
    token = _CURRENT.set(record)
    try:
        yield record
    finally:
        _CURRENT.reset(token)


def sending_client(verify: Any) -> httpx.Client:
    """What sends: by the machine's proxies and authorities, each call on a connection of its own. One that was kept
    open and that the server has closed meanwhile looks like an answer that was lost, and would be charged."""
    return httpx.Client(verify=verify, follow_redirects=False, limits=httpx.Limits(max_keepalive_connections=0))


class RecordingTransport(httpx.BaseTransport):
    """Sends by `client` and records for the call under way."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        record = _CURRENT.get()
        if record is None:
            return self._client.send(request, stream=True)
        record.check()
        asks = _asks(request)
        if asks and record.replay is not None:
            kept = record.replay
            return httpx.Response(kept.status or 200, headers={"content-type": kept.content_type}, content=kept.body())
        exchange = Exchange(url=str(request.url.copy_with(query=None)), asks=asks)
        record.exchanges.append(exchange)
        request.headers["accept-encoding"] = "identity"  # a compressed answer that is cut off can hardly be read
        more: dict[str, Any] = {"trace": record.trace}
        if record.timeout is not None:
            more["timeout"] = record.timeout.as_dict()
        request.extensions = {**request.extensions, **more}
        try:
            response = self._client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol):
            exchange.unreached = True
            raise
        exchange.status = response.status_code
        exchange.headers = response.headers
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=_KeptBody(response, exchange, record),
            extensions=response.extensions,
        )

    def close(self) -> None:
        self._client.close()


class _KeptBody(httpx.SyncByteStream):
    """An answer's bytes on their way, kept in its exchange."""

    def __init__(self, response: httpx.Response, exchange: Exchange, record: CallRecord) -> None:
        self._response = response
        self._exchange = exchange
        self._record = record

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._response.iter_raw():
            if len(self._exchange.raw) < KEPT_BYTES:
                self._exchange.raw += piece
            self._record.check()
            yield piece
        self._exchange.ended = len(self._exchange.raw) < KEPT_BYTES

    def close(self) -> None:
        self._response.close()


def _asks(request: httpx.Request) -> bool:
    """Whether a request puts something to a model; one that cannot be read does."""
    if request.method != "POST":
        return False
    if "form-urlencoded" in request.headers.get("content-type", ""):
        return False
    try:
        body = json.loads(request.read())
    except (ValueError, httpx.StreamError):
        return True
    return not isinstance(body, dict) or not _ASKS.isdisjoint(body)


def _inflated(raw: bytes) -> bytes:
    for bits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        unpack = zlib.decompressobj(bits)
        try:
            return unpack.decompress(raw, KEPT_BYTES)
        except zlib.error:
            continue
    return b""
