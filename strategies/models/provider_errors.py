"""What an exception from a provider means: again or never, and whether the call may have been charged.

Decided by status codes and by the transport errors underneath, not by litellm's class names alone.
Not charged: refused connections, and any answer with an error status. Perhaps charged: a time-out or a broken
connection after the request was sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_SECRETS = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|AIza)[-_][A-Za-z0-9_\-*]{6,}|\bAIza[\w-]{20,}|gh[opsu]_[A-Za-z0-9._]{20,}"
    r"|github_pat_\w{20,}|(?i:bearer\s+)[\w.\-~+/*]{6,}=*"
)
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
_UNREACHED = (
    "ConnectError",
    "ConnectTimeout",
    "PoolTimeout",
    "UnsupportedProtocol",
    "ConnectionRefusedError",
    "gaierror",
)
_BROKEN = (
    "ReadTimeout",
    "WriteTimeout",
    "ReadError",
    "WriteError",
    "RemoteProtocolError",
    "CloseError",
    "IncompleteRead",
)
_TIMEOUTS = ("Timeout", "APITimeoutError", "TimeoutException", "TimeoutError")
MESSAGE = 800
"""Characters of a provider's message that are kept."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """`again`: trying again may help, after `wait` seconds if the provider said so; `lost`: sent, but the
    answer never came. `message` is redacted."""

    message: str
    again: bool
    uncertain: bool
    wait: float | None = None
    lost: bool = False


def judge(error: BaseException, *secrets: str) -> Trouble:
    """What `error` means."""
    names = {type(e).__name__ for e in _chain(error)}
    status = _status(error)
    message = redact(str(error) or type(error).__name__, *secrets)
    if names & set(_UNREACHED):
        return Trouble(f"cannot be reached: {message}", again=True, uncertain=False)
    if names & set(_BROKEN) or names & set(_TIMEOUTS):
        return Trouble(f"no answer in time or connection lost: {message}", again=False, uncertain=True, lost=True)
    if status in _AGAIN and "insufficient_quota" not in message:
        return Trouble(message, again=True, uncertain=False, wait=_retry_after(error))
    if status is not None and 400 <= status < 600:  # noqa: PLR2004 - HTTP's error classes
        return Trouble(message, again=status >= 500, uncertain=False)  # noqa: PLR2004 - the server's fault
    return Trouble(message, again=False, uncertain=True)


def redact(text: str, *secrets: str) -> str:
    """`text` without keys, tokens and the given secrets, cut to a readable length."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "[redacted]")
    return _SECRETS.sub("[redacted]", text)[:MESSAGE]


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        todo += [one.__cause__, one.__context__]


def _status(error: BaseException) -> int | None:
    for one in _chain(error):
        status = getattr(one, "status_code", None)
        if isinstance(status, int):
            return status
    return None


def _retry_after(error: BaseException) -> float | None:
    """Seconds of a Retry-After header, in either of its forms (RFC 9110, section 10.2.3)."""
    for one in _chain(error):
        headers = getattr(getattr(one, "response", None), "headers", None) or getattr(one, "headers", None)
        value = headers.get("retry-after") if headers is not None and hasattr(headers, "get") else None
        if not value:
            continue
        try:
            return max(float(value), 0.0)
        except ValueError:
            pass
        try:
            return max((parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds(), 0.0)
        except (ValueError, TypeError):
            return None
    return None
