"""Calendar months in UTC, as people write them: `2026-11`. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime

FIRST = "2020-01"
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)


def month_of(now: datetime) -> str:
    """The calendar month in UTC, `2026-11`."""
    return now.astimezone(UTC).strftime("%Y-%m")


class MonthError(ValueError):
    """A text that names no month of ours; the message says what would."""


def parse_month(text: str, now: datetime) -> str:
    """The month, "" being this one. Raises MonthError unless it lies between `FIRST` and this month."""
    current = month_of(now)
    if not text:
        return current
    if not _MONTH.fullmatch(text) or not FIRST <= text <= current:
        shown = text[:20].encode("ascii", "backslashreplace").decode("ascii")
        raise MonthError(f"“{shown}” is not a month that can be shown; allowed: {FIRST} to {current}, like {current}")
    return text


def bounds(month: str) -> tuple[datetime, datetime]:
    """When the month begins and when the next one does, UTC."""
    year, number = int(month[:4]), int(month[5:])
    following = (year + 1, 1) if number == 12 else (year, number + 1)  # noqa: PLR2004 - December
    return datetime(year, number, 1, tzinfo=UTC), datetime(*following, 1, tzinfo=UTC)


def neighbours(month: str, now: datetime) -> tuple[str, str]:
    """The month before and the month after, "" where there is none to show."""
    year, number = int(month[:4]), int(month[5:])
    before = f"{year - 1}-12" if number == 1 else f"{year}-{number - 1:02}"
    after = f"{year + 1}-01" if number == 12 else f"{year}-{number + 1:02}"  # noqa: PLR2004 - December
    return (before if before >= FIRST else "", after if after <= month_of(now) else "")
