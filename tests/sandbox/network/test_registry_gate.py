"""Package registries are only read: a set-up's TLS is ended, and what would carry something out does not go on."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sandbox.network import registry_gate
from sandbox.network.authority import server_identity
from sandbox.network.egress import DEFAULT_HOSTS, Egress

BODY = b"a package" * 40_000


@dataclass
class Registry:
    """A registry on loopback with TLS: what it heard, as (method, path, fields)."""

    port: int
    authority: Path
    heard: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    connections: int = 0


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Registry]:
    authority, identity = server_identity(["localhost"])
    path = tmp_path / "registry.pem"
    path.write_bytes(authority)
    found = Registry(0, path)

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            found.connections += 1
            super().setup()

        def do_GET(self) -> None:
            found.heard.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
            self.send_response(200)
            if self.path == "/chunked":
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(b"5\r\nhello\r\n0\r\n\r\n")
                return
            if self.path == "/last":
                self.send_header("Connection", "close")
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(BODY[:100] if self.path == "/cut" else BODY)
            self.close_connection = self.path in ("/last", "/cut")

        do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.socket = identity.wrap_socket(server.socket, server_side=True)
    found.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def egress(upstream: Registry) -> Iterator[Egress]:
    pair = f"localhost:{upstream.port}"
    with Egress([pair], registries=[pair], authorities=upstream.authority, resolve_forbidden=True) as running:
        yield running


def inside(egress: Egress, port: int) -> http.client.HTTPSConnection:
    """What a program in a set-up does: CONNECT, then TLS, verified by the set-up's authority alone."""
    plain = socket.socket(socket.AF_UNIX)
    plain.settimeout(30)
    plain.connect(str(egress.path))
    plain.sendall(f"CONNECT localhost:{port} HTTP/1.1\r\n\r\n".encode())
    assert plain.recv(4096).startswith(b"HTTP/1.1 200 ")
    trust = ssl.create_default_context(cadata=egress.authority.decode())
    trust.verify_flags |= ssl.VERIFY_X509_STRICT
    connection = http.client.HTTPSConnection("localhost", port)
    connection.sock = trust.wrap_socket(plain, server_hostname="localhost")
    return connection


def test_packages_are_read_whole_over_one_connection(egress: Egress, upstream: Registry) -> None:
    connection = inside(egress, upstream.port)
    for path in ("/simple/a/", "/files/b.whl"):
        connection.request(
            "GET", path, headers={"Accept-Encoding": "gzip", "Authorization": "secret", "User-Agent": "code"}
        )
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, BODY)
    assert upstream.connections == 1
    assert [(m, p) for m, p, _ in upstream.heard] == [("GET", "/simple/a/"), ("GET", "/files/b.whl")]
    assert upstream.heard[0][2] == {
        "host": f"localhost:{upstream.port}",
        "user-agent": "pennyfix",
        "accept-encoding": "gzip",
    }
    assert egress.withheld == []


def test_answers_without_a_known_length_and_without_a_body_are_whole(egress: Egress, upstream: Registry) -> None:
    connection = inside(egress, upstream.port)
    connection.request("GET", "/chunked")
    assert connection.getresponse().read() == b"hello"
    connection.request("HEAD", "/a")
    answer = connection.getresponse()
    assert (answer.read(), answer.getheader("Content-Length")) == (b"", str(len(BODY)))
    connection.request("GET", "/last")
    assert connection.getresponse().read() == BODY
    connection.request("GET", "/after-the-registry-ended-its-connection")
    assert connection.getresponse().read() == BODY


def test_an_answer_that_the_registry_cut_is_not_taken_for_whole(egress: Egress, upstream: Registry) -> None:
    connection = inside(egress, upstream.port)
    connection.request("GET", "/cut")
    with pytest.raises((http.client.IncompleteRead, ConnectionError, ssl.SSLError)):
        connection.getresponse().read()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/legacy/", b"code", 405),
        ("PUT", "/a-package", b"code", 405),
        ("DELETE", "/a", None, 405),
        ("GET", "/a", b"code", 403),
        ("GET", "/" + "code" * 1_000, None, 414),
        ("GET", "/?q=" + "code" * 100, None, 414),
    ],
)
def test_nothing_that_would_carry_code_out_reaches_the_registry(
    method: str, path: str, body: bytes | None, status: int, egress: Egress, upstream: Registry
) -> None:
    connection = inside(egress, upstream.port)
    connection.request(method, path, body=body)
    assert connection.getresponse().status == status
    assert upstream.heard == []
    assert upstream.connections == 0
    assert len(egress.withheld) == 1
    assert egress.withheld[0].startswith("localhost: ")


@pytest.mark.parametrize("accepted", [{}, {"Accept": "a" * 10}], ids=["by-addresses", "by-field-values"])
def test_many_short_requests_do_not_carry_it_out_either(
    accepted: dict[str, str], egress: Egress, upstream: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = sum(len(v) for v in ("identity", *accepted.values()))
    monkeypatch.setattr(registry_gate, "ASKED_BYTES", own + len("/12345678"))
    connection = inside(egress, upstream.port)
    connection.request("GET", "/12345678", headers=accepted)
    assert connection.getresponse().read() == BODY
    connection.request("GET", "/1", headers=accepted)
    assert connection.getresponse().status == 403
    assert [p for _, p, _ in upstream.heard] == ["/12345678"]


def test_a_registry_that_cannot_be_verified_is_not_asked(upstream: Registry, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(server_identity(["localhost"])[0])
    pair = f"localhost:{upstream.port}"
    with Egress([pair], registries=[pair], authorities=other, resolve_forbidden=True) as egress:
        connection = inside(egress, upstream.port)
        connection.request("GET", "/a")
        answer = connection.getresponse()
        assert (answer.status, b"CERTIFICATE_VERIFY_FAILED" in answer.read()) == (502, True)
    assert upstream.heard == []


def test_a_registry_stays_read_only_when_an_operator_names_it(upstream: Registry) -> None:
    with (
        Egress(["localhost:1", DEFAULT_HOSTS[0]], resolve_forbidden=True) as egress,
        socket.socket(socket.AF_UNIX) as c,
    ):
        c.settimeout(30)
        c.connect(str(egress.path))
        c.sendall(f"CONNECT {DEFAULT_HOSTS[0]} HTTP/1.1\r\n\r\n".encode())
        assert c.recv(4096).startswith(b"HTTP/1.1 200 ")
        host = DEFAULT_HOSTS[0].partition(":")[0]
        trust = ssl.create_default_context(cadata=egress.authority.decode())
        with trust.wrap_socket(c, server_hostname=host) as spoken:
            spoken.sendall(b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\ncode")
            assert spoken.recv(4096).startswith(b"HTTP/1.1 405 ")


def test_bytes_before_the_answer_to_connect_are_not_carried(egress: Egress, upstream: Registry) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(str(egress.path))
        client.sendall(f"CONNECT localhost:{upstream.port} HTTP/1.1\r\n\r\nearly".encode())
        assert client.recv(4096).startswith(b"HTTP/1.1 400 ")
    assert upstream.connections == 0


def test_each_set_up_has_an_authority_of_its_own() -> None:
    with Egress(DEFAULT_HOSTS) as one, Egress(DEFAULT_HOSTS) as other:
        assert one.authority != other.authority
        assert b"PRIVATE" not in one.authority
        assert [p.name for p in one.folder.iterdir()] == ["proxy"]
