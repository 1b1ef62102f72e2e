"""What a month will cost if it goes on as so far. Pure."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal

from workers.usd import MICRO


def forecast(spent: Decimal, now: datetime) -> Decimal:
    """USD by the end of the month if it goes on as so far, rounded up to a millionth. The first day counts as whole,
    so that an early call is not taken for a habit."""
    here = now.astimezone(UTC)
    days = monthrange(here.year, here.month)[1]
    seconds = (here.day - 1) * 86400 + here.hour * 3600 + here.minute * 60 + here.second
    past = max(Decimal(seconds) / 86400, Decimal(1))
    return (spent * days / past).quantize(MICRO, rounding=ROUND_CEILING)
