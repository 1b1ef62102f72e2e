"""The cookie of a signed-in browser, and what is derived from it. The database never holds the cookie itself.

The cookie is 256 random bits. The database knows its SHA-256; the GitHub user token lies there sealed with a key
that is derived from the cookie, so that a stolen database signs in nobody and opens no token.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken
from fastapi import Request, Response

LIFETIME = timedelta(hours=8)  # as long as GitHub's user tokens live
SIGN_IN_LIFETIME = timedelta(minutes=10)
LONGEST_COOKIE = 200


def new_secret() -> str:
    """256 bits for a cookie."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What the database keeps of a cookie."""
    return hashlib.sha256(secret.encode()).hexdigest()


def derived(secret: str, purpose: str) -> str:
    """Another secret of 256 bits, in base64url without padding; it does not give the first one away."""
    raw = hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def seal(secret: str, text: str) -> str:
    """`text`, readable only with the cookie's secret."""
    return Fernet(derived(secret, "seal") + "=").encrypt(text.encode()).decode()


def unseal(secret: str, sealed: str) -> str:
    """The inverse of `seal`, "" when it does not fit."""
    try:
        return Fernet(derived(secret, "seal") + "=").decrypt(sealed.encode()).decode()
    except InvalidToken:
        return ""


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie of ours: HttpOnly, SameSite=Lax, on https Secure and bound to this host (the `__Host-` prefix)."""

    name: str
    secure: bool
    lifetime: timedelta

    @property
    def full_name(self) -> str:
        """https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis, section 4.1.3.2"""
        return f"__Host-{self.name}" if self.secure else self.name

    def read(self, request: Request) -> str:
        """Its value, "" when there is none that we could have set."""
        value = request.cookies.get(self.full_name, "")
        return value if len(value) <= LONGEST_COOKIE and value.isascii() else ""

    def set(self, response: Response, value: str) -> None:
        """Give it to the browser."""
        response.set_cookie(
            self.full_name,
            value,
            max_age=int(self.lifetime.total_seconds()),
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def clear(self, response: Response) -> None:
        """Take it away."""
        response.delete_cookie(self.full_name, path="/", secure=self.secure, httponly=True, samesite="lax")
