"""The images of an issue, fetched by us for a model that sees: only from GitHub's own addresses, few, small and known.

Anybody may write an address into an issue. Another host could be one of this network, or only want to know that we
read; the token goes to GitHub's own host alone, and a redirect is followed to GitHub's hosts only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import urljoin, urlsplit

import httpx
import structlog

from strategies.issue import IssueImage

MOST, LARGEST, SECONDS, REDIRECTS = 4, 4_000_000, 10.0, 3
"""Images of an issue, bytes of one, seconds for one, and how often GitHub may send us on."""
_ADDRESS = re.compile(
    r"!\[[^\]]{0,500}\]\(\s*<?(https://[^\s()<>]{1,2000})"
    r"|<img\b[^<>]{0,2000}?\bsrc\s*=\s*[\"']?(https://[^\s\"'<>]{1,2000})"
    r"|^[ \t]*(https://[^\s()<>]{1,2000})[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_ASSET = re.compile(
    r"/user-attachments/assets/[\w-]+|/[\w.-]+/[\w.-]+/(?:assets/[\w/-]+|raw/.+|blob/.+\?raw=(?:true|1))"
)
_HOSTS = re.compile(
    r"(?:[a-z0-9-]+\.)*githubusercontent\.com|github-production-user-asset-[0-9a-f]+\.s3\.amazonaws\.com"
)
_KINDS = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"))

log = structlog.get_logger()
Fetch = Callable[[Sequence[str]], tuple[IssueImage, ...]]
"""Texts of an issue → the images that they show."""


def addresses(texts: Sequence[str], web: str = "github.com") -> tuple[str, ...]:
    """The addresses on GitHub (`web` is its host) of the images that the texts show, in order, each once."""
    found = (next(a for a in m.groups() if a) for text in texts for m in _ADDRESS.finditer(text))
    return tuple(dict.fromkeys(a for a in found if is_githubs(a, web)))[:MOST]


def is_githubs(address: str, web: str = "github.com") -> bool:
    """Whether an address may be asked for an image: GitHub's attachments and files, over https, on the usual port."""
    try:
        parts = urlsplit(address)
        plain = parts.scheme == "https" and not parts.username and parts.port in (None, 443)
    except ValueError:
        return False
    host = (parts.hostname or "").lower()
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return plain and (bool(_HOSTS.fullmatch(host)) or (host == web and bool(_ASSET.fullmatch(path))))


def kind_of(data: bytes) -> str:
    """The media type by the first bytes, whatever a server calls it; "" for what no model reads."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _KINDS if data.startswith(start)), "")


def fetch_images(
    texts: Sequence[str], token: str, web: str = "github.com", client: httpx.Client | None = None
) -> tuple[IssueImage, ...]:
    """The images that the texts show. One that cannot be had is left out: the text says that there was one."""
    wanted = addresses(texts, web)
    if not wanted:
        return ()
    with client or httpx.Client(timeout=SECONDS, follow_redirects=False) as asked:
        found = [_fetched(asked, address, token, web) for address in wanted]
    return tuple(image for image in found if image is not None)


def _fetched(client: httpx.Client, address: str, token: str, web: str) -> IssueImage | None:
    for _ in range(REDIRECTS + 1):
        if not is_githubs(address, web):
            return None
        own = urlsplit(address).hostname == web
        headers = {"authorization": f"Bearer {token}"} if own and token else {}
        try:
            with client.stream("GET", address, headers=headers) as answer:
                if answer.is_redirect:
                    address = urljoin(address, answer.headers.get("location", ""))
                    continue
                data = b"".join(_bounded(answer)) if answer.is_success else b""
        except (httpx.HTTPError, _TooLarge) as error:
            log.info("an image of an issue is left out", why=type(error).__name__)
            return None
        kind = kind_of(data)
        return IssueImage(kind, data) if kind else None
    return None


class _TooLarge(Exception):
    """More bytes than an image may have."""


def _bounded(answer: httpx.Response) -> list[bytes]:
    parts, size = [], 0
    for part in answer.iter_bytes():
        size += len(part)
        if size > LARGEST:
            raise _TooLarge
        parts.append(part)
    return parts
