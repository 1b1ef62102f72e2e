"""Runs one command in a container over the engine's exec stream, with a deadline and an output cap.

The SDK's own `exec_run` has neither: it returns when the command does, and keeps all output in memory.
Stream format: Docker Engine API, "Attach to a container", 8-byte frame headers.
"""

from __future__ import annotations

import io
import selectors
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from sandbox.errors import SandboxUnavailable

if TYPE_CHECKING:
    from docker.api.client import APIClient

POLL_SECONDS = 1.0
DRAIN_SECONDS = 0.3
SILENT_SECONDS = 30.0  # an engine under load may deliver what a command printed long after the command ended
CHUNK = 65_536
STDERR = 2


@contextmanager
def engine(doing: str) -> Iterator[None]:
    """Whatever the engine or the way to it throws means SandboxUnavailable; `doing` says what was tried."""
    import docker.errors
    import requests.exceptions
    import urllib3.exceptions

    broken = (
        docker.errors.DockerException,
        requests.exceptions.RequestException,
        urllib3.exceptions.HTTPError,
        ConnectionError,
        TimeoutError,
    )
    try:
        yield
    except broken as error:
        raise SandboxUnavailable(f"Docker: {doing}: {error}") from error


@dataclass(slots=True)
class Frames:
    """Splits the multiplexed stream into standard output and standard error, each kept up to `cap` bytes.

    With a `sink`, standard output goes there instead of into memory.
    """

    cap: int
    sink: IO[bytes] | None = None
    out: bytearray = field(default_factory=bytearray)
    err: bytearray = field(default_factory=bytearray)
    over: bool = False
    _pending: bytearray = field(default_factory=bytearray)
    _left: int = 0
    _into_err: bool = False

    @property
    def between(self) -> bool:
        """Whether what was fed ends where a frame ends."""
        return not self._left and not self._pending

    def feed(self, received: bytes) -> None:
        """Take what came over the socket."""
        self._pending += received
        while self._pending:
            if not self._left:
                if len(self._pending) < 8:  # noqa: PLR2004 - the frame header's size
                    return
                stream, self._left = struct.unpack(">BxxxL", self._pending[:8])
                self._into_err = stream == STDERR
                del self._pending[:8]
                continue
            piece = self._pending[: self._left]
            del self._pending[: len(piece)]
            self._left -= len(piece)
            if self._into_err:
                self._keep(self.err, piece)
            elif self.sink is None:
                self._keep(self.out, piece)
            else:
                self.sink.write(piece)
                self.over = self.over or self.sink.tell() > self.cap

    def _keep(self, kept: bytearray, piece: bytearray) -> None:
        room = self.cap - len(kept)
        kept += piece[:room]
        self.over = self.over or len(piece) > room


@dataclass(frozen=True, slots=True)
class Streamed:
    """What an exec printed and how it stopped: `code` is None when it was stopped.

    `reason` is the one that `tick` returned to stop it. `whole` is False when the command ended but its output did
    not come to its end, so that what was read may be short.
    """

    code: int | None
    out: bytes
    err: bytes
    timed_out: bool = False
    over: bool = False
    reason: str = ""
    whole: bool = True


@dataclass(frozen=True, slots=True)
class ExecRequest:
    """One exec in a container: what runs, as whom and where, at most `timeout` seconds and `cap` bytes per stream."""

    argv: Sequence[str]
    user: str
    cwd: str
    env: Mapping[str, str]
    timeout: float
    cap: int
    stdin: IO[bytes] | bytes = b""


def stream(
    api: APIClient,
    container: str,
    request: ExecRequest,
    *,
    kill: Callable[[], None],
    tick: Callable[[], str] | None = None,
    sink: IO[bytes] | None = None,
) -> Streamed:
    """Run `request` to its end, its deadline, its cap, or until `tick` names a reason; `kill` ends what does not end.

    Raises docker.errors.DockerException, requests' errors or OSError when the engine or the container is gone.
    """
    deadline = time.monotonic() + request.timeout
    source = io.BytesIO(request.stdin) if isinstance(request.stdin, bytes) else request.stdin
    first = source.read(CHUNK)
    created = api.exec_create(
        container,
        list(request.argv),
        stdin=bool(first),
        user=request.user,
        workdir=request.cwd,
        environment=dict(request.env),
    )["Id"]
    sock = _raw_socket(api.exec_start(created, socket=True))
    frames = Frames(request.cap, sink)
    try:
        stopped, closed = _carry(api, created, sock, source, first, frames, deadline, tick)
        if stopped is None:
            ended, code = _exit_code(api, created, deadline)
            if ended:
                return Streamed(code, bytes(frames.out), bytes(frames.err), whole=closed and frames.between)
        over, reason = frames.over, stopped or ""
        _end(sock, frames, kill)
        timed_out = not over and not reason
        return Streamed(None, bytes(frames.out), bytes(frames.err), timed_out=timed_out, over=over, reason=reason)
    finally:
        sock.close()


def _carry(
    api: APIClient,
    created: str,
    sock: socket.socket,
    source: IO[bytes],
    chunk: bytes,
    frames: Frames,
    deadline: float,
    tick: Callable[[], str] | None,
) -> tuple[str | None, bool]:
    """Move bytes both ways until the command ended (None), or must be killed (perhaps for a named reason).

    The second is whether the output came to its end. A command that ended may still have output on its way.
    """
    sock.setblocking(False)
    pending = memoryview(chunk)
    silent_since: float | None = None  # from when on the command has ended and nothing more came
    with selectors.DefaultSelector() as selector:
        both = selectors.EVENT_READ | selectors.EVENT_WRITE
        selector.register(sock, both if pending else selectors.EVENT_READ)
        while not frames.over:
            now = time.monotonic()
            if silent_since is None and now >= deadline:
                return "", False
            if silent_since is not None and now - silent_since > SILENT_SECONDS:
                return None, False
            if tick and (reason := tick()):
                return reason, False
            wait = POLL_SECONDS if silent_since is not None else min(deadline - now, POLL_SECONDS)
            events = selector.select(wait)
            if not events:
                if silent_since is None and not api.exec_inspect(created)["Running"]:
                    silent_since = now
                continue
            silent_since = None
            for _, event in events:
                if event & selectors.EVENT_WRITE:
                    pending = _send(sock, source, pending)
                    if not pending:
                        _end_of_input(sock)
                        selector.modify(sock, selectors.EVENT_READ)
                if event & selectors.EVENT_READ:
                    try:
                        received = _receive(sock)
                    except ConnectionResetError:  # no end of its output, but its exit code may still be asked
                        return None, False
                    if received == b"":
                        return None, True
                    frames.feed(received or b"")
    return "", False


def _send(sock: socket.socket, source: IO[bytes], pending: memoryview) -> memoryview:
    """Send some of `pending`; what is left, or the next chunk. Empty at the end, or when the other end is closed."""
    try:
        pending = pending[sock.send(pending) :]
    except (BlockingIOError, ssl.SSLWantWriteError):
        return pending
    except BrokenPipeError:
        return memoryview(b"")
    return pending or memoryview(source.read(CHUNK))


def _receive(sock: socket.socket) -> bytes | None:
    """What arrived; b"" at the end, None when nothing is there yet. Raises ConnectionResetError."""
    try:
        return sock.recv(CHUNK)
    except (BlockingIOError, ssl.SSLWantReadError):
        return None


def _end_of_input(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_WR)


def _end(sock: socket.socket, frames: Frames, kill: Callable[[], None]) -> None:
    """Kill, and read on meanwhile: an engine whose stream is not read does not notice that an exec ended."""
    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    sock.settimeout(0.05)
    until = float("inf")
    while time.monotonic() < until:
        if not killer.is_alive():
            until = min(until, time.monotonic() + DRAIN_SECONDS)
        try:
            received = sock.recv(CHUNK)
        except TimeoutError:
            continue
        except OSError:
            break
        if not received:
            break
        frames.feed(received)
    killer.join()


def _exit_code(api: APIClient, created: str, deadline: float) -> tuple[bool, int | None]:
    """Whether it ended before `deadline`, and its exit code.

    The engine says "running" for a moment after the stream ended, and for as long as a command lives that closed
    its own output.
    """
    pause = 0.001
    while (state := api.exec_inspect(created))["Running"]:
        if time.monotonic() > deadline:
            return False, None
        time.sleep(pause)
        pause = min(pause * 2, POLL_SECONDS)
    code = state["ExitCode"]
    return True, None if code is None else int(code)


def _raw_socket(wrapped: Any) -> socket.socket:
    """The SDK wraps the socket differently for unix sockets, TCP and TLS."""
    found: socket.socket = getattr(wrapped, "_sock", wrapped)
    return found
