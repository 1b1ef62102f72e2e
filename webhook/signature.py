"""GitHub's signature over a delivery: HMAC-SHA256 of the raw bytes, compared in constant time.

https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
SHA-1 is refused. The signature covers no time, so a replay is only recognised by the delivery's id.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

PREFIX = "sha256="
LENGTH = len(PREFIX) + 64


def sign(secret: str, body: bytes) -> str:
    """The header `X-Hub-Signature-256` for a body."""
    return PREFIX + hmac.digest(secret.encode(), body, "sha256").hex()


def verified(secrets: Sequence[str], body: bytes, header: str) -> bool:
    """Whether any of the secrets (several while rotating) made the header. False for anything malformed."""
    if len(header) != LENGTH or not header.startswith(PREFIX) or not header.isascii():
        return False
    given = header.encode("ascii")
    matches = [hmac.compare_digest(sign(secret, body).encode("ascii"), given) for secret in secrets]  # always all
    return any(matches)
