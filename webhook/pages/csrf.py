"""Whether a form was sent by a page of ours: the Origin must be this site, and the form must carry the session's token.

https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from fastapi import Request

FIELD = "csrf"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Forged(Exception):
    """The form was not sent by a page of this session; the message says what was missing."""


def new_token() -> str:
    """A token for the forms of one session."""
    return secrets.token_urlsafe(32)


def origin_of(url: str) -> str:
    """`scheme://host[:port]` in lower case, as browsers write an Origin."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def local_address(request: Request, host: str) -> str:
    """Where this request came in, if that is this machine or `host` (the setting); "" for any other Host header, which
    whoever sends the request makes up."""
    named = (request.url.hostname or "").strip("[]").lower()
    return str(request.base_url).rstrip("/") if named in LOOPBACK or named == host.lower() else ""


def check_origin(request: Request, public_url: str, host: str) -> None:
    """Raises Forged unless the browser says that a page of this site sent it."""
    allowed = {origin_of(url) for url in (public_url, local_address(request, host)) if url}
    origin = request.headers.get("origin")
    if origin is not None:
        if origin.lower() not in allowed:
            raise Forged("the form was sent from another site")
        return
    if request.headers.get("sec-fetch-site") != "same-origin":
        raise Forged("the browser didn't say which site the form was sent from")


def check_token(given: str, expected: str) -> None:
    """Raises Forged unless the form's token is the session's."""
    if not expected or not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode()):
        raise Forged("the form doesn't belong to this sign-in; open the page again and send it from there")
