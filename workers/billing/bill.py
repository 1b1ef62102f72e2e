"""The bill of one job: rows per tier and model, totals, and what the strong model alone would have cost. Pure.

Amounts are Decimal USD. A call of unknown cost is shown as such and counted at its worst case, never as zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from strategies.models.meter import Charge
from strategies.models.price import Price
from strategies.models.usage import Usage
from workers.billing.totals import SOLVING


@dataclass(frozen=True, slots=True)
class BillRow:
    """The calls of one tier to one model. `usd` counts the `unknown` calls at their worst case."""

    tier: str
    model: str
    calls: int
    usage: Usage
    usd: Decimal
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class StrongOnly:
    """An estimate, and in words how it was made."""

    usd: Decimal
    basis: str


@dataclass(frozen=True, slots=True)
class Bill:
    """All rows in order of first use, and their sum."""

    rows: tuple[BillRow, ...]
    total: Decimal
    strong_only: StrongOnly | None = None

    @property
    def unknown(self) -> int:
        """Calls whose cost the provider did not tell."""
        return sum(r.unknown for r in self.rows)


@dataclass(frozen=True, slots=True)
class Month:
    """A repository's calendar month (UTC): spent and capped, in USD. `reserved` is held by running calls."""

    spent: Decimal
    cap: Decimal
    reserved: Decimal = Decimal(0)


def cost(charge: Charge) -> Decimal:
    """What a charge counts for: its cost, or its worst case when the cost is unknown."""
    return charge.worst_usd if charge.usd is None else charge.usd


def rows(charges: Sequence[Charge]) -> tuple[BillRow, ...]:
    """One row per tier and model."""
    grouped: dict[tuple[str, str], list[Charge]] = {}
    for charge in charges:
        grouped.setdefault((charge.tier, charge.model), []).append(charge)
    return tuple(
        BillRow(
            tier=tier,
            model=model,
            calls=len(group),
            usage=sum((c.usage for c in group), Usage()),
            usd=sum((cost(c) for c in group), Decimal(0)),
            unknown=sum(c.usd is None for c in group),
        )
        for (tier, model), group in grouped.items()
    )


def strong_only(charges: Sequence[Charge], tier: str, model: str, price: Price, kept: int) -> StrongOnly | None:
    """What the strong tier alone would have cost. `kept` is the number of the attempt that was kept, 0 for none.

    Measured where the strong tier ran; otherwise the kept attempt's own tokens at the strong model's price.
    Calls that check (the reproduction test) are needed either way and counted as charged.
    """
    solving = [c for c in charges if c.purpose in SOLVING]
    checking = sum((cost(c) for c in charges if c.purpose not in SOLVING), Decimal(0))
    dear = [c for c in solving if c.tier == tier]
    if dear:
        paid = sum((cost(c) for c in dear), Decimal(0))
        return StrongOnly(paid + checking, f"measured: the calls to {model} above, with the same checks")
    same = [c for c in solving if c.attempt == kept] or solving
    if not same:
        return None
    guess = sum((price.cost(c.usage) for c in same), Decimal(0))
    what = "the kept attempt" if kept and any(c.attempt == kept for c in solving) else "the attempts above"
    return StrongOnly(
        guess + checking,
        f"estimated: the tokens of {what} at {model}'s price, with the same checks; it might have needed more or fewer",
    )


def bill(charges: Sequence[Charge], strong: tuple[str, str, Price] | None = None, kept: int = 0) -> Bill:
    """The bill. `strong` is (tier, model, price) of the dearest tier."""
    made = rows(charges)
    alone = strong_only(charges, *strong, kept) if strong else None
    return Bill(made, sum((r.usd for r in made), Decimal(0)), alone)


def per_attempt(charges: Sequence[Charge]) -> Mapping[int, Decimal]:
    """USD of solving calls by attempt number."""
    found: dict[int, Decimal] = {}
    for charge in charges:
        if charge.purpose in SOLVING:
            found[charge.attempt] = found.get(charge.attempt, Decimal(0)) + cost(charge)
    return found


def bar(part: Decimal, whole: Decimal, width: int = 20) -> str:
    """A bar of text, filled by how much of `whole` is used."""
    filled = width if whole <= 0 else min(width, int((part / whole * width).to_integral_value(ROUND_CEILING)))
    return "█" * filled + "░" * (width - filled)
