"""How long a provider asks to wait: its headers and the words of its error. Pure.

Sources: Retry-After (RFC 9110, section 10.2.3); `retry-after-ms` and `x-ratelimit-reset-*` (OpenAI, Azure, Groq,
Cerebras, Together); `anthropic-ratelimit-*-reset`; `X-RateLimit-Reset` in milliseconds (OpenRouter); RetryInfo
(Google's error model); RateLimit (IETF draft-ietf-httpapi-ratelimit-headers).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|milliseconds?|h|hours?|m|min|minutes?|s|sec|seconds?)(?![a-z])")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_SAID = re.compile(
    r"(?:try again|retry|available again|reset[s]?)\s+(?:your request\s+)?(?:in|after)\s+(?:about\s+)?"
    r"((?:\d+(?:\.\d+)?\s*(?:ms|milliseconds?|h(?:ours?)?|m(?:in(?:utes?)?)?|s(?:ec(?:onds?)?)?)\s*)+)",
    re.IGNORECASE,
)
_DELAY = re.compile(r'"(?:retryDelay|retry_delay|retry_after|retry_after_seconds|retryAfter)"\s*:\s*"?([\d.]+)\s*s?"?')
_RESET = re.compile(r"rate-?limit.*-reset|^ratelimit-reset|^x-ratelimit-reset|-reset$|^x-rate-limit-reset")
_DRAFT = re.compile(r"(?:^|[;,\s])(?:t|reset)=(\d+)")


def asked_wait(headers: Mapping[str, str], body: str, now: datetime) -> float | None:
    """Seconds from `now` that the provider wants to be left alone; None when it says nothing."""
    named = {str(name).lower(): str(value).strip() for name, value in headers.items()}
    first = _milliseconds(named.get("retry-after-ms")) or _moment(named.get("retry-after"), now)
    if first is None and "retry-after-ms" not in named:
        first = _in_words(body)
    return first if first is not None else _reset(named, now)


def _reset(named: Mapping[str, str], now: datetime) -> float | None:
    """The reset of the limit that is used up; of several unknown ones, the nearest."""
    resets = {name: wait for name, value in named.items() if _RESET.search(name) and (wait := _moment(value, now))}
    used_up = [wait for name, wait in resets.items() if _zero(named.get(name.replace("reset", "remaining")))]
    if used_up:
        return max(used_up)
    draft = named.get("ratelimit", "")
    if draft and (found := _DRAFT.search(draft)):
        return float(found[1])
    return min(resets.values(), default=None)


def _zero(value: str | None) -> bool:
    try:
        return value is not None and float(value) <= 0
    except ValueError:
        return False


def _milliseconds(value: str | None) -> float | None:
    try:
        return max(float(value), 0.0) / 1000 if value else None
    except ValueError:
        return None


def _moment(value: str | None, now: datetime) -> float | None:
    """Seconds until `value`: a number of them, a duration such as 6m0s, an epoch, or a date in either format."""
    if not value:
        return None
    try:
        number = float(value)
    except ValueError:
        return _duration(value) if _duration(value) is not None else _date(value, now)
    if number != number or number in (float("inf"), float("-inf")):  # noqa: PLR0124 - not a number
        return None
    if number > 1e11:  # noqa: PLR2004 - an epoch in milliseconds
        return max(number / 1000 - now.timestamp(), 0.0)
    if number > 1e8:  # noqa: PLR2004 - an epoch in seconds
        return max(number - now.timestamp(), 0.0)
    return max(number, 0.0)


def _date(value: str, now: datetime) -> float | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(value.replace("Z", "+00:00") if read is datetime.fromisoformat else value)
        except (ValueError, TypeError, IndexError):
            continue
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max((moment - now).total_seconds(), 0.0)
    return None


def _in_words(body: str) -> float | None:
    delay = _DELAY.search(body)
    if delay and re.fullmatch(r"\d+(?:\.\d+)?", delay[1]):
        return float(delay[1])
    said = _SAID.search(body)
    return _duration(said[1].lower()) if said else None


def _duration(value: str) -> float | None:
    """Seconds of a text such as 1h2m3.5s or 337ms."""
    parts = _PART.findall(value.lower())
    if not parts or _PART.sub("", value.lower()).strip(" .,"):
        return None
    return float(sum(float(n) * (0.001 if unit.startswith(("ms", "milli")) else _UNITS[unit[0]]) for n, unit in parts))
