"""The allow-list proxy lets through what it was told, and nothing else."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.network.egress import DEFAULT_HOSTS, Egress, forbidden_address, parse_target


@pytest.fixture
def echo() -> Iterator[tuple[int, list[bytes]]]:
    """A server on loopback that answers what it hears, in capitals, until the client is done."""
    heard: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        with connection:
            while received := connection.recv(65_536):
                heard.append(received)
                connection.sendall(received.upper())

    def serve(server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        yield server.getsockname()[1], heard


def ask(egress: Egress, sent: bytes, *, more: bytes = b"") -> bytes:
    """Everything the proxy answers."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        client.connect(str(egress.path))
        client.sendall(sent)
        received = b""
        if more:
            received = client.recv(4096)
            client.sendall(more)
        client.shutdown(socket.SHUT_WR)
        while chunk := client.recv(65_536):
            received += chunk
        return received


def test_an_allowed_pair_is_connected_both_ways(echo: tuple[int, list[bytes]]) -> None:
    port, heard = echo
    with Egress([f"127.0.0.1:{port}"], resolve_forbidden=True) as egress:
        answer = ask(egress, b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: x\r\n\r\n" % port, more=b"hello" * 50_000)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"HELLO")
    assert b"".join(heard) == b"hello" * 50_000


def test_bytes_sent_along_with_the_request_are_not_lost(echo: tuple[int, list[bytes]]) -> None:
    port, _ = echo
    with Egress([f"127.0.0.1:{port}"], resolve_forbidden=True) as egress:
        assert ask(egress, b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\nearly" % port).endswith(b"\r\n\r\nEARLY")


@pytest.mark.parametrize(
    "target",
    [
        "example.com:443",
        DEFAULT_HOSTS[0].replace(":443", ":80"),
        DEFAULT_HOSTS[0].replace(":443", ".evil.test:443"),
        "127.0.0.1:1",
        "[::1]:443",
    ],
)
def test_another_pair_is_refused_and_remembered(target: str) -> None:
    with Egress(DEFAULT_HOSTS) as egress:
        assert ask(egress, f"CONNECT {target} HTTP/1.1\r\n\r\n".encode()).startswith(b"HTTP/1.1 403 ")
        assert egress.refused == [target.replace("[", "").replace("]", "")]


def test_a_plain_request_goes_on_without_what_was_meant_for_the_proxy(echo: tuple[int, list[bytes]]) -> None:
    port, heard = echo
    request = b"GET http://127.0.0.1:%d/a?b=c HTTP/1.1\r\nHost: h\r\nProxy-Authorization: secret\r\n\r\n" % port
    with Egress([f"127.0.0.1:{port}"], resolve_forbidden=True) as egress:
        ask(egress, request)
    assert b"".join(heard) == b"GET /a?b=c HTTP/1.1\r\nConnection: close\r\nHost: h\r\n\r\n"


def test_an_allowed_name_that_leads_to_this_machine_is_not_followed(echo: tuple[int, list[bytes]]) -> None:
    port, heard = echo
    with Egress([f"localhost:{port}"]) as egress:
        assert ask(egress, b"CONNECT localhost:%d HTTP/1.1\r\n\r\n" % port).startswith(b"HTTP/1.1 502 ")
    assert heard == []


@pytest.mark.parametrize(
    "head",
    [
        b"\r\n\r\n",
        b"CONNECT nowhere HTTP/1.1\r\n\r\n",
        b"CONNECT a:b HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET ftp://a/ HTTP/1.1\r\n\r\n",
        b"GET http://u:p@a/ HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\r\n\r\n",
        b"GET http://[/ HTTP/1.1\r\n\r\n",
        b"GET http://a:99999/ HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_proxy_request_is_refused(head: bytes) -> None:
    with Egress(DEFAULT_HOSTS) as egress:
        assert ask(egress, head).startswith(b"HTTP/1.1 400 ")


def test_a_head_without_end_is_cut() -> None:
    with Egress(DEFAULT_HOSTS) as egress, socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        client.connect(str(egress.path))
        with pytest.raises(ConnectionError):  # noqa: PT012 - either the sending or the reading meets the end
            for _ in range(100):
                client.sendall(b"x" * 4096)
            if not client.recv(1):
                raise ConnectionResetError


def test_names_are_compared_without_regard_to_case_and_default_to_https() -> None:
    assert Egress(["Example.COM", "b:80"]).allowed == {"example.com:443", "b:80"}
    assert parse_target(b"CONNECT EXAMPLE.com:443 HTTP/1.1\r\n\r\n") == ("example.com", 443, b"")


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "169.254.169.254", "fe80::1%eth0", "0.0.0.0", "::ffff:127.0.0.1", "224.0.0.1"]
)
def test_no_name_leads_to_this_machine_or_to_cloud_metadata(address: str) -> None:
    assert forbidden_address(address)


@pytest.mark.parametrize("address", ["10.0.0.8", "93.184.216.34", "2606:2800::1"])
def test_a_name_may_lead_to_a_mirror_inside_or_a_registry_outside(address: str) -> None:
    assert not forbidden_address(address)


def test_the_socket_is_in_the_state_folder_unless_its_path_would_be_too_long(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 90)
    with Egress(DEFAULT_HOSTS, home=Path("/tmp/pf-egress-test")) as near, Egress(DEFAULT_HOSTS, home=deep) as far:
        assert near.folder.is_relative_to(Path("/tmp/pf-egress-test").resolve())
        assert not far.folder.is_relative_to(tmp_path)
        assert ask(far, b"CONNECT a:1 HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 403 ")
    shutil.rmtree("/tmp/pf-egress-test")


def test_nothing_is_left_of_it() -> None:
    with Egress(DEFAULT_HOSTS) as egress:
        folder = egress.folder
        assert folder.exists()
    assert not folder.exists()
