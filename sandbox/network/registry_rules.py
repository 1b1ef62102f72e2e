"""Which requests to a package registry read: GET and HEAD without a body, of a bounded address, and few header fields.

Pure. A tunnel (CONNECT) carries anything both ways; a request that is read and written anew carries only this. So a
set-up can fetch packages, and cannot publish one that holds a private repository's code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

TARGET_BYTES = 1_500
"""Of a request's path and query. The longest that a registry has are a scoped name, a version and a file's name."""
QUERY_BYTES = 300
ASKED_BYTES = 4_000_000
"""Of the targets and field values of one set-up together: some 15,000 requests."""
FIELD_BYTES = 512

FORWARDED = ("accept", "accept-encoding", "if-modified-since", "if-none-match", "range", "if-range")
"""Fields of a request that go on. Others could carry something out, or a stranger's credentials."""
NOT_RETURNED = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "trailer", "upgrade", "proxy-authenticate"}
)
"""Fields of an answer that are of one connection (RFC 9110 section 7.6.1), or are written anew."""
_TARGET = re.compile(r"/[!-~]*")
_BODILESS = (204, 304)


class NotARead(Exception):
    """A request that does not only read. `status` is the answer's, as HTTP has it; the message says why."""

    def __init__(self, status: str, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class RegistryRead:
    """A request that may go on: method (GET or HEAD), path with query, fields; whether the client stays."""

    method: str
    target: str
    fields: tuple[tuple[str, str], ...]
    stays: bool

    @property
    def chosen_bytes(self) -> int:
        """Bytes that the client chose and the registry will see."""
        return len(self.target) + sum(len(value) for _, value in self.fields)


def parse_read(head: bytes) -> RegistryRead:
    """The request in `head` (up to and with its empty line). Raises NotARead (RFC 9112 section 3, RFC 9110 section 9).

    A GET with a body is refused too: what a body means there is undefined, and it would carry something out.
    """
    line, *rest = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    parts = line.split(" ")
    if len(parts) != 3 or parts[2] != "HTTP/1.1":  # noqa: PLR2004 - method, target, version
        raise NotARead("400 Bad Request", "not an HTTP/1.1 request")
    method, target, _ = parts
    if method not in ("GET", "HEAD"):
        raise NotARead("405 Method Not Allowed", f"{method[:20]}: a set-up may only read from package registries")
    if not _TARGET.fullmatch(target):
        raise NotARead("400 Bad Request", "the target is no path")
    if len(target) > TARGET_BYTES or len(target.partition("?")[2]) > QUERY_BYTES:
        raise NotARead("414 URI Too Long", "the address is longer than any that a package registry has")
    found: dict[str, str] = {}
    for field in rest:
        name, colon, value = field.partition(":")
        if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            raise NotARead("400 Bad Request", "a field without a name")
        found[name.lower()] = value.strip()
    if "transfer-encoding" in found or found.get("content-length", "0") != "0":
        raise NotARead("403 Forbidden", "a request with a body: a set-up may only read from package registries")
    stays = "close" not in found.get("connection", "").lower()
    fields = tuple((n, found[n]) for n in FORWARDED if n in found and len(found[n]) <= FIELD_BYTES)
    return RegistryRead(method, target, fields, stays)


def answer_head(
    status: int, reason: str, fields: Iterable[tuple[str, str]], *, length: int | None, method: str, stays: bool
) -> tuple[bytes, bool]:
    """The head of an answer as it is handed on, and whether its body is sent in chunks.

    `length` is the body's in bytes, None when it is not known beforehand.
    """
    bodiless = status in _BODILESS
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{n}: {v}" for n, v in fields if n.lower() not in NOT_RETURNED)]
    chunked = length is None and not bodiless and method != "HEAD"
    if chunked:
        lines.append("Transfer-Encoding: chunked")
    elif length is not None and not bodiless:
        lines.append(f"Content-Length: {length}")
    lines.append(f"Connection: {'keep-alive' if stays else 'close'}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace"), chunked
