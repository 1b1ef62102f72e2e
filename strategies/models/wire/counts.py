"""Numbers as JSON gives them in an answer: counts of tokens, and amounts of money. Pure."""

from __future__ import annotations

import math
import re
from decimal import Decimal

MOST_TOKENS = 1_000_000_000
"""Tokens of one call that are believed."""


def number(value: object) -> int | None:
    """A count of tokens as JSON gives it: a whole number from 0 on, also as text or rounded up; None for others."""
    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,12}(?:\.\d+)?\s*", value):
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    whole = math.ceil(value)
    return whole if 0 <= whole <= MOST_TOKENS else None


def amount(value: object) -> Decimal | None:
    """An amount from 0 on, also as text; None for others."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = Decimal(str(value).strip())
    except ArithmeticError:
        return None
    return found if found.is_finite() and 0 <= found <= MOST_TOKENS else None
