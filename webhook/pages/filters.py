"""How amounts, times and states are written on the pages. Pure; every result is escaped by the templates."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from urllib.parse import quote

from workers.usd import show_estimate, show_usd

STATES = {
    "queued": "queued",
    "running": "running",
    "opened": "pull request",
    "declined": "declined",
    "failed": "failed",
    "cancelled": "cancelled",
    "over_budget": "over budget",
}
_MINUTE, _HOUR = 60, 3600


def usd(amount: Decimal | None) -> str:
    """An exact amount, as everywhere (`workers.usd.show_usd`); a dash when there is none."""
    return "–" if amount is None else show_usd(amount)


def estimate(amount: Decimal | None) -> str:
    """An estimated amount, as everywhere (`workers.usd.show_estimate`); a dash when there is none."""
    return "–" if amount is None else show_estimate(amount)


def percent(share: Decimal | None) -> str:
    """`42 %`."""
    return "–" if share is None else f"{(share * 100).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)} %"


def count(number: int) -> str:
    """`12,345`."""
    return f"{number:,}"


def when(at: datetime | None) -> str:
    """`2026-11-25 04:55`, UTC."""
    return "–" if at is None else f"{at:%Y-%m-%d %H:%M}"


def took(delta: timedelta) -> str:
    """`3 min`, `2 h 5 min`."""
    seconds = max(int(delta.total_seconds()), 0)
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE} min"


def state(name: str) -> str:
    """A job's state in words."""
    return STATES.get(name, name)


def github_link(web_url: str, repository: str, *parts: str | int) -> str:
    """An address on GitHub; every part is quoted, so that no name leads elsewhere."""
    path = "/".join(quote(str(part), safe="") for part in (*repository.split("/", 1), *parts))
    return f"{web_url}/{path}"


def diff_lines(diff: str) -> list[tuple[str, str]]:
    """Each line of a diff with its kind: plus, minus, hunk, file or same."""
    return [(_kind(line), line) for line in diff.splitlines()]


def _kind(line: str) -> str:
    if line.startswith(("+++", "---", "diff ", "index ")):
        return "file"
    return {"+": "plus", "-": "minus", "@": "hunk"}.get(line[:1], "same")
