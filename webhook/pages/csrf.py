"""Whether a form was sent by a page of ours: the Origin must be this site, and the form must carry the session's token.

https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from fastapi import Request

FIELD = "csrf"


class Forged(Exception):
    """The form was not sent by a page of this session; the message says what was missing."""


def new_token() -> str:
    """A token for the forms of one session."""
    return secrets.token_urlsafe(32)


def origin_of(url: str) -> str:
    """`scheme://host[:port]` in lower case, as browsers write an Origin."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def check_origin(request: Request, public_url: str) -> None:
    """Raises Forged unless the browser says that a page of this site sent it."""
    allowed = {origin_of(str(request.base_url))} | ({origin_of(public_url)} if public_url else set())
    origin = request.headers.get("origin")
    if origin is not None:
        if origin.lower() not in allowed:
            raise Forged("the form was sent from another site")
        return
    if request.headers.get("sec-fetch-site") != "same-origin":
        raise Forged("the browser didn't say which site the form was sent from")


def check_token(given: str, expected: str) -> None:
    """Raises Forged unless the form's token is the session's."""
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise Forged("the form doesn't belong to this sign-in; open the page again and send it from there")
