"""The allow-list proxy through which a set-up reaches package registries, and nothing else.

It listens on a unix socket; `sandbox/network/forwarder.py` carries bytes from the sandbox's loopback to it. So a set-up
needs no network interface but loopback, and the host's own services stay out of reach. Package registries are only
read (`sandbox/network/registry_gate.py`), whoever named them; a tunnel, into which nobody looks, leads only to other
hosts that the operator allowed. What it cannot prevent: a set-up may send bytes *to* such a host.
"""

from __future__ import annotations

import ipaddress
import selectors
import shutil
import socket
import socketserver
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from sandbox.network.authority import server_identity
from sandbox.network.registry_gate import RegistryGate, upstream_trust

# The public registries of the languages we know how to install. They are named here and nowhere else.
DEFAULT_HOSTS = (
    "pypi.org:443",
    "files.pythonhosted.org:443",
    "registry.npmjs.org:443",
    "registry.yarnpkg.com:443",
    "proxy.golang.org:443",
    "sum.golang.org:443",
    "index.crates.io:443",
    "static.crates.io:443",
    "crates.io:443",
    "repo.maven.apache.org:443",
    "repo1.maven.org:443",
    "plugins.gradle.org:443",
)
HEAD_BYTES = 16_384
CONNECT_SECONDS = 30.0
IDLE_SECONDS = 180.0
CONNECTIONS = 128
SOCKET_PATH_BYTES = 100


def parse_target(head: bytes) -> tuple[str, int, bytes]:
    """Host, port and what to send on first (nothing for CONNECT), from a proxy request's head.

    Raises ValueError when it is not one (RFC 9110 section 9.3.6, RFC 9112 section 3.2.2).
    """
    line, _, rest = head.partition(b"\r\n")
    parts = line.decode("latin-1").split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):  # noqa: PLR2004 - method, target, version
        raise ValueError("not an HTTP/1 request")
    method, target, version = parts
    if method == "CONNECT":
        host, colon, port = target.rpartition(":")
        if not colon or not port.isdigit():
            raise ValueError("CONNECT needs host:port")
        return host.strip("[]").lower(), int(port), b""
    url = urlsplit(target)
    if url.scheme != "http" or not url.hostname or url.username is not None:
        raise ValueError("only CONNECT and plain http:// targets are served")
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    fields = [f for f in rest.split(b"\r\n") if not f.lower().startswith((b"proxy-", b"connection:", b"keep-alive:"))]
    onward = b"\r\n".join((f"{method} {path} {version}".encode("latin-1"), b"Connection: close", *fields))
    return url.hostname.lower(), url.port or 80, onward


def forbidden_address(address: str) -> bool:
    """Whether no name may lead here: loopback, link-local (cloud metadata), multicast and unspecified addresses."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    ip = mapped or ip
    return ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified


class Egress:
    """The proxy, running while the `with` block lasts. `refused` lists the `host:port` pairs it turned away.

    `authority` is the PEM certificate that programs inside must trust to reach the `registries`.
    """

    def __init__(
        self,
        allowed: Sequence[str],
        *,
        home: Path | None = None,
        authorities: Path | None = None,
        registries: Sequence[str] = DEFAULT_HOSTS,
        resolve_forbidden: bool = False,
    ) -> None:
        """`allowed` are `host:port` pairs (port 443 when none is given). The socket is in `home` when its path fits.

        Those of `allowed` that are also `registries` are only read; `authorities` is a PEM file to verify them by.
        """
        self.allowed = frozenset(a.lower() if ":" in a else f"{a.lower()}:443" for a in allowed)
        self.refused: list[str] = []
        self._home = home
        self._resolve_forbidden = resolve_forbidden  # tests stand on loopback
        self._free = threading.BoundedSemaphore(CONNECTIONS)
        self._registries = frozenset(registries)
        self.authority, identity = server_identity(sorted({r.rpartition(":")[0] for r in registries}))
        self._gate = RegistryGate(identity, self._connect, upstream_trust(str(authorities) if authorities else None))

    @property
    def withheld(self) -> list[str]:
        """Sentences on requests to registries that would not only have read."""
        return self._gate.withheld

    def __enter__(self) -> Self:
        self.folder = self._folder()
        self.folder.chmod(0o711)
        self.path = self.folder / "proxy"
        egress = self

        class Connection(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                if egress._free.acquire(timeout=CONNECT_SECONDS):
                    try:
                        egress.serve(self.request)
                    finally:
                        egress._free.release()

        self._server = socketserver.ThreadingUnixStreamServer(str(self.path), Connection, bind_and_activate=False)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._server.request_queue_size = CONNECTIONS
        self._server.server_bind()
        self._server.server_activate()
        self.path.chmod(0o666)
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True, name="egress").start()
        return self

    def __exit__(self, t: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _folder(self) -> Path:
        """In the state folder, which a worker in a container shares with its engine; a socket's path is short."""
        home = self._home.resolve() / "egress" if self._home else None
        if home is None or len(str(home)) > SOCKET_PATH_BYTES - len("/12345678/proxy"):
            return Path(tempfile.mkdtemp(prefix="pennyfix-egress-"))
        home.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix="", dir=home))

    def serve(self, client: socket.socket) -> None:
        """Answer one connection: refuse it, or carry bytes both ways until both sides are done."""
        client.settimeout(CONNECT_SECONDS)
        with suppress(OSError):
            head, early = _read_head(client)
            try:
                host, port, onward = parse_target(head)
            except ValueError as error:
                client.sendall(_answer("400 Bad Request", str(error)))
                return
            pair = f"{host}:{port}"
            if pair not in self.allowed:
                self.refused.append(pair)
                client.sendall(_answer("403 Forbidden", f"{pair} is not among the hosts a set-up may reach"))
                return
            if pair in self._registries:
                if onward or early:
                    client.sendall(_answer("400 Bad Request", f"{pair} is asked over TLS, after an answer to CONNECT"))
                    return
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                self._gate.serve(client, host, port)
                return
            try:
                server = self._connect(host, port)
            except OSError as error:
                client.sendall(_answer("502 Bad Gateway", f"{pair}: {error}"))
                return
            with server:
                if onward:
                    server.sendall(onward + early)
                else:
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    server.sendall(early)
                relay(client, server)

    def _connect(self, host: str, port: int) -> socket.socket:
        """Connect to the first address that answers; the check and the connection use one resolution."""
        last: OSError = OSError("the name resolves to no address that may be reached")
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            if forbidden_address(str(address[0])) and not self._resolve_forbidden:
                continue
            server = socket.socket(family, kind, protocol)
            server.settimeout(CONNECT_SECONDS)
            try:
                server.connect(address)
            except OSError as error:
                server.close()
                last = error
            else:
                return server
        raise last


def _read_head(client: socket.socket) -> tuple[bytes, bytes]:
    """The request up to the empty line, and what came after it. Raises OSError when it never ends."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = client.recv(4096)
        if not more or len(received) > HEAD_BYTES:
            raise OSError("no complete request")
        received += more
    head, _, early = received.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", early


def _answer(status: str, text: str) -> bytes:
    body = f"pennyfix: {text}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def relay(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until both directions ended or nothing moved for IDLE_SECONDS."""
    one.settimeout(IDLE_SECONDS)
    other.settimeout(IDLE_SECONDS)
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, (one, other))
        selector.register(other, selectors.EVENT_READ, (other, one))
        while selector.get_map():
            ready = selector.select(IDLE_SECONDS)
            if not ready:
                return
            for key, _ in ready:
                source, target = key.data
                if received := source.recv(65_536):
                    target.sendall(received)
                else:
                    selector.unregister(source)
                    target.shutdown(socket.SHUT_WR)
