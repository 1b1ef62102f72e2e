"""Amounts of US dollars: read from what people type, written for people. Never a float.

Everything is kept to a millionth of a dollar (`MICRO`), the resolution of every amount in the database.
"""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal

MICRO = Decimal("0.000001")
MILLION = Decimal(1_000_000)
MOST = Decimal(1_000_000)  # USD: no budget is larger than a million

_AMOUNT = re.compile(r"\$?([0-9]{1,12})(\.[0-9]{1,12})?(?: ?USD)?", re.ASCII)
_GROUPED = re.compile(r"\$?[0-9]{1,3}([,_' ][0-9]{3})+(\.[0-9]+)?", re.ASCII)
_FOREIGN = re.compile(r"[€£¥₹₽₩฿₿]|\b(EUR|GBP|JPY|CHF|CNY|INR|AUD|CAD)\b", re.IGNORECASE)


class MoneyError(ValueError):
    """An amount that cannot be taken. `value` is what was given, `why` what is wrong, `fix` what to write instead."""

    def __init__(self, value: str, why: str, fix: str) -> None:
        super().__init__(f"{value!r} is not an amount that can be used: {why}; {fix}")
        self.value = value
        self.why = why
        self.fix = fix


def _shown(value: str) -> str:
    """At most 40 printable ASCII characters of what somebody typed; the rest as escapes."""
    text = value.encode("ascii", "backslashreplace").decode("ascii")
    return text if len(text) <= 40 else text[:37] + "..."  # noqa: PLR2004 - the 40 of the docstring


def parse_usd(text: str, *, most: Decimal = MOST) -> Decimal:
    """USD from `50`, `12.5`, `$20` or `20 USD`: 0 up to `most`, at most 6 decimals. Raises MoneyError."""
    value = text.strip()
    allowed = f"allowed: 0 to {most} US dollars with at most 6 decimals"
    match = _AMOUNT.fullmatch(value)
    if match is None:
        raise MoneyError(_shown(value), _why(value), f"{allowed}; write it like 50 or 12.50")
    amount = Decimal(match[1] + (match[2] or ""))
    return check_usd(amount, most=most)


def _why(value: str) -> str:
    """What is wrong with a text that does not look like an amount."""
    if not value:
        return "nothing was given"
    if _FOREIGN.search(value):
        return "budgets are in US dollars only"
    if value.startswith(("-", "−")):  # also the minus sign people paste
        return "it is below zero"
    if value.lower().lstrip("+$") in {"nan", "inf", "infinity", "snan"}:
        return "it is not a finite number"
    if not value.isascii():
        return "only the digits 0 to 9 and a point are read"
    if re.fullmatch(r"\$?[0-9.]+[eE][+-]?[0-9]+", value):
        return "powers of ten are not read"
    if _GROUPED.fullmatch(value):
        return "digits may not be grouped"
    if re.fullmatch(r"\$?[0-9]+,[0-9]+", value):
        return "decimals follow a point, not a comma"
    return "it is not a plain number"


def check_usd(amount: Decimal, *, most: Decimal = MOST) -> Decimal:
    """`amount` if it is finite, 0 to `most` USD, and not finer than a millionth. Raises MoneyError."""
    allowed = f"allowed: 0 to {most} US dollars with at most 6 decimals"
    shown = _shown(str(amount))
    if not amount.is_finite():
        raise MoneyError(shown, "it is not a finite number", allowed)
    if amount < 0:
        raise MoneyError(shown, "it is below zero", allowed)
    if amount > most:
        raise MoneyError(shown, f"it is more than {most}", allowed)
    if amount != amount.quantize(MICRO, rounding=ROUND_CEILING):
        raise MoneyError(shown, "it has more than 6 decimals", allowed)
    return amount


def to_micro(amount: Decimal) -> int:
    """Millionths of a dollar, rounded up: a bill is never less than what was spent. Raises MoneyError unless finite."""
    if not amount.is_finite():
        raise MoneyError(_shown(str(amount)), "it is not a finite number", "give an amount in US dollars")
    return int((amount * MILLION).to_integral_value(rounding=ROUND_CEILING))


def from_micro(micro: int) -> Decimal:
    """USD from millionths."""
    return Decimal(micro) / MILLION


def show_usd(amount: Decimal) -> str:
    """An exact amount in USD, as pages, comments and the command line all write it: `$12.50`, `$0.16125`, `−$0.89`.

    At least two decimals, and as many more as the amount has, up to a millionth.
    """
    exact = amount.quantize(MICRO, rounding=ROUND_CEILING)
    whole, _, decimals = format(abs(exact), "f").rstrip("0").rstrip(".").partition(".")
    return f"{'−' if exact < 0 else ''}${whole}.{decimals.ljust(2, '0')}"


def show_estimate(amount: Decimal) -> str:
    """An estimate in USD (a forecast, an average, savings), rounded up: to the cent from a dollar on, below that to a
    hundredth of a cent."""
    step = Decimal("0.01") if abs(amount) >= 1 else Decimal("0.0001")
    return show_usd(amount.quantize(step, rounding=ROUND_CEILING))
