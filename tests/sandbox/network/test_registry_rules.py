"""Which requests to a package registry go on."""

from __future__ import annotations

import pytest

from sandbox.network.registry_rules import (
    FIELD_BYTES,
    QUERY_BYTES,
    TARGET_BYTES,
    NotARead,
    RegistryRead,
    answer_head,
    parse_read,
)

LONG = "/" + "a" * (TARGET_BYTES - 1)


def head(line: str, *fields: str) -> bytes:
    return "\r\n".join((line, *fields, "", "")).encode("latin-1")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_request_that_reads_goes_on_with_the_few_fields_that_choose_an_answer(method: str) -> None:
    asked = head(
        f"{method} /simple/a/?format=json HTTP/1.1",
        "Host: elsewhere.example.org",
        "ACCEPT: text/html",
        "Range: bytes=0-9",
        "Authorization: Bearer of-a-stranger",
        "Cookie: code",
        "X-Anything: code",
        "User-Agent: code",
        "Referer: code",
    )
    fields = (("accept", "text/html"), ("range", "bytes=0-9"))
    assert parse_read(asked) == RegistryRead(method, "/simple/a/?format=json", fields, stays=True)


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PROPFIND", "get", "Head", ""]
)
def test_every_other_method_is_refused(method: str) -> None:
    with pytest.raises(NotARead) as refused:
        parse_read(head(f"{method} / HTTP/1.1"))
    assert refused.value.status.startswith("405")


@pytest.mark.parametrize(
    "field",
    [
        "Content-Length: 5",
        "content-length: 00",
        "Content-Length: -1",
        "Transfer-Encoding: chunked",
        "transfer-encoding: identity",
    ],
)
def test_a_body_is_refused_whatever_the_method(field: str) -> None:
    with pytest.raises(NotARead, match="with a body") as refused:
        parse_read(head("GET / HTTP/1.1", field))
    assert refused.value.status.startswith("403")


def test_an_empty_body_is_none() -> None:
    assert parse_read(head("GET / HTTP/1.1", "Content-Length: 0")).target == "/"


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        (LONG, True),
        (LONG + "a", False),
        ("/?" + "q" * QUERY_BYTES, True),
        ("/?" + "q" * (QUERY_BYTES + 1), False),
        ("/a?b?" + "q" * QUERY_BYTES, False),
    ],
)
def test_addresses_are_as_long_as_those_of_packages_at_most(target: str, allowed: bool) -> None:
    if allowed:
        assert parse_read(head(f"GET {target} HTTP/1.1")).target == target
        return
    with pytest.raises(NotARead) as refused:
        parse_read(head(f"GET {target} HTTP/1.1"))
    assert refused.value.status.startswith("414")


@pytest.mark.parametrize(
    "asked",
    [
        b"\x16\x03\x01\r\n\r\n",
        head("GET / HTTP/2.0"),
        head("GET / HTTP/1.0"),
        head("GET /"),
        head("GET /a b HTTP/1.1"),
        head("GET https://elsewhere.example.org/ HTTP/1.1"),
        head("GET * HTTP/1.1"),
        head("GET /\tx HTTP/1.1"),
        head("GET /\xe9 HTTP/1.1"),
        head("GET / HTTP/1.1", "no colon"),
        head("GET / HTTP/1.1", "a field : x"),
        head("GET / HTTP/1.1", " folded: x"),
        head("GET / HTTP/1.1", ": nameless"),
    ],
)
def test_what_is_no_plain_request_is_refused(asked: bytes) -> None:
    with pytest.raises(NotARead) as refused:
        parse_read(asked)
    assert refused.value.status.startswith("400")


def test_a_long_field_does_not_go_on() -> None:
    asked = head("GET / HTTP/1.1", f"If-None-Match: {'e' * (FIELD_BYTES + 1)}", f"Accept: {'a' * FIELD_BYTES}")
    assert [n for n, _ in parse_read(asked).fields] == ["accept"]


@pytest.mark.parametrize(("connection", "stays"), [("", True), ("Close", False), ("keep-alive, TE", True)])
def test_whether_the_client_stays_is_as_it_says(connection: str, stays: bool) -> None:
    fields = (f"Connection: {connection}",) if connection else ()
    assert parse_read(head("GET / HTTP/1.1", *fields)).stays is stays


def test_an_answer_keeps_what_is_its_own_and_is_framed_anew() -> None:
    fields = [("ETag", "x"), ("Content-Encoding", "gzip"), ("Transfer-Encoding", "chunked"), ("Connection", "close")]
    told, chunked = answer_head(200, "OK", fields, length=None, method="GET", stays=True)
    assert chunked
    assert told == (
        b"HTTP/1.1 200 OK\r\nETag: x\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"
        b"Connection: keep-alive\r\n\r\n"
    )
    told, chunked = answer_head(200, "OK", [("Content-Length", "7")], length=7, method="GET", stays=False)
    assert (told, chunked) == (b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n", False)


@pytest.mark.parametrize(("status", "method"), [(304, "GET"), (204, "GET"), (200, "HEAD")])
def test_an_answer_without_body_is_not_chunked(status: int, method: str) -> None:
    told, chunked = answer_head(status, "", [], length=None, method=method, stays=True)
    assert not chunked
    assert b"Transfer-Encoding" not in told
