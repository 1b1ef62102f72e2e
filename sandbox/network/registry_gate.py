"""The read-only way to package registries: it ends a set-up's TLS, reads each request, and asks the registry itself.

A program inside believes it talks to the registry, because it trusts the authority of its set-up
(`sandbox/network/authority.py`); addresses, lock files and their hashes stay as they are. What may go on is decided in
`sandbox/network/registry_rules.py`.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from sandbox.network.registry_rules import ASKED_BYTES, NotARead, RegistryRead, answer_head, parse_read

HEAD_BYTES = 32_768
IDLE_SECONDS = 180.0
CHUNK_BYTES = 65_536
MOST_WITHHELD = 50
LINGER_SECONDS = 1.0
LINGER_READS = 64


class RegistryGate:
    """Serves the registries `hosts` to set-ups, as `identity`.

    `connect` opens a socket to a host and port; `trust` verifies the registry. `withheld` are sentences on requests
    that were refused, for the set-up's log.
    """

    def __init__(
        self, identity: ssl.SSLContext, connect: Callable[[str, int], socket.socket], trust: ssl.SSLContext
    ) -> None:
        self._identity, self._connect, self._trust = identity, connect, trust
        self._asked = 0
        self._lock = threading.Lock()
        self.withheld: list[str] = []

    def serve(self, client: socket.socket, host: str, port: int) -> None:
        """Answer the requests of one connection that was just established with CONNECT. Raises OSError."""
        with self._identity.wrap_socket(client, server_side=True) as inside:
            inside.settimeout(IDLE_SECONDS)
            upstream = Upstream(host, port, self._connect, self._trust)
            received = b""
            try:
                while True:
                    head, received = _next_head(inside, received)
                    if not head:
                        return
                    try:
                        read = parse_read(head)
                        self._count(read)
                    except NotARead as refusal:
                        self._withhold(f"{host}: {refusal}")
                        inside.sendall(_refusal(refusal.status, str(refusal)))
                        _hear_out(inside)
                        return
                    if not upstream.hand_on(read, inside):
                        return
            finally:
                upstream.close()

    def _count(self, read: RegistryRead) -> None:
        with self._lock:
            self._asked += read.chosen_bytes
            if self._asked > ASKED_BYTES:
                raise NotARead("403 Forbidden", "this set-up has asked for more than packages have addresses")

    def _withhold(self, what: str) -> None:
        with self._lock:
            if what not in self.withheld and len(self.withheld) < MOST_WITHHELD:
                self.withheld.append(what)


class Upstream:
    """One connection to a registry, kept for the requests of one client and opened anew when the registry ended it."""

    def __init__(
        self, host: str, port: int, connect: Callable[[str, int], socket.socket], trust: ssl.SSLContext
    ) -> None:
        self.host, self.port = host, port
        self._connect, self._trust = connect, trust
        self._open: http.client.HTTPConnection | None = None

    def hand_on(self, read: RegistryRead, inside: socket.socket) -> bool:
        """Ask the registry, and write its answer to `inside`; whether the client may ask again. Raises OSError."""
        try:
            response = self._asked(read)
        except (OSError, http.client.HTTPException) as error:
            inside.sendall(_refusal("502 Bad Gateway", f"{self.host}: {type(error).__name__}: {error}"))
            return False
        fields = response.getheaders()
        length = response.length if read.method == "GET" else _length(fields)
        head, chunked = answer_head(
            response.status, response.reason, fields, length=length, method=read.method, stays=read.stays
        )
        inside.sendall(head)
        missing = length if read.method == "GET" else None
        try:
            while block := response.read(CHUNK_BYTES):
                missing = None if missing is None else missing - len(block)
                inside.sendall(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
        except http.client.HTTPException:
            return False
        if missing:
            return False  # the client sees that the answer is not whole, and asks again
        if chunked:
            inside.sendall(b"0\r\n\r\n")
        if response.will_close:
            self.close()
        return read.stays

    def _asked(self, read: RegistryRead) -> http.client.HTTPResponse:
        """The answer's head. A kept connection may have been ended meanwhile: then once more over a new one."""
        if self._open is not None:
            try:
                return self._ask(self._open, read)
            except (OSError, http.client.HTTPException):
                self.close()
        plain = self._connect(self.host, self.port)
        try:
            outside = self._trust.wrap_socket(plain, server_hostname=self.host)
        except OSError:
            plain.close()
            raise
        outside.settimeout(IDLE_SECONDS)
        self._open = http.client.HTTPConnection(self.host, self.port)
        self._open.sock = outside
        return self._ask(self._open, read)

    def _ask(self, connection: http.client.HTTPConnection, read: RegistryRead) -> http.client.HTTPResponse:
        connection.putrequest(read.method, read.target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", self.host if self.port == http.client.HTTPS_PORT else f"{self.host}:{self.port}")
        connection.putheader("User-Agent", "pennyfix")
        for name, value in read.fields:
            connection.putheader(name, value)
        connection.endheaders()
        return connection.getresponse()

    def close(self) -> None:
        """End the connection, if one is open."""
        if self._open is not None:
            self._open.close()
            self._open = None


def upstream_trust(authorities: str | None) -> ssl.SSLContext:
    """How a registry is verified: by the PEM file `authorities`, else as Python's ssl does on this machine."""
    return ssl.create_default_context(cafile=authorities)


def _next_head(inside: socket.socket, received: bytes) -> tuple[bytes, bytes]:
    """The next request up to its empty line, and what came after it; nothing when the client is done."""
    while b"\r\n\r\n" not in received:
        if len(received) > HEAD_BYTES:
            raise OSError("a request without end")
        more = inside.recv(4096)
        if not more:
            return b"", b""
        received += more
    head, _, early = received.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", early


def _hear_out(inside: socket.socket) -> None:
    """Read on for a moment, so that a client that is still sending sees the refusal and no broken connection."""
    inside.settimeout(LINGER_SECONDS)
    with suppress(OSError):
        for _ in range(LINGER_READS):
            if not inside.recv(CHUNK_BYTES):
                return


def _length(fields: Sequence[tuple[str, str]]) -> int | None:
    return next((int(v) for n, v in fields if n.lower() == "content-length" and v.isdecimal()), None)


def _refusal(status: str, text: str) -> bytes:
    body = f"pennyfix: {text}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body
