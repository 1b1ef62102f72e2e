"""What to do next: retry, another tier, or stop, by expected value q̂ − λ·ĉ of the best way to go on.

q̂ is the chance that an attempt is accepted (a Beta prior updated by the repository's history), ĉ its expected cost,
λ = 1 ÷ "a resolved issue is worth $X to me". A step's value includes what can still be tried after it fails, so a
cheap hope comes before a dear one even where the dear one is likelier (the rule of Weitzman, Econometrica 1979, for
opening boxes, computed here by looking ahead). Pure: no I/O, no clock, no chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from strategies.outcomes import Outcomes, Record, Situation
from strategies.tier import Tier
from strategies.usage import Usage

STRENGTH = 10.0
"""How many attempts a prior weighs: after ten of the repository's own, they count as much as the prior."""
FIRST_CHEAPEST, FIRST_DEAREST = 0.70, 0.82
AGAIN = 0.16
OTHER_CHEAPEST, OTHER_DEAREST = 0.30, 0.45
"""Prior means, from recorded outcomes on 246 issues of SWE-bench Verified: what the best cheap model and the strong
one resolve alone; and the share of rejected issues rescued by the same model again (16 %), by an equal one of another
family (30 %) and by a strong one (27 to 56 %, here 45 %)."""
SAME_FAMILY = 0.8
"""A tier of the same family as the one that failed rescues less; this share is a cautious guess, soon outweighed."""
TYPICAL = {"repair": Usage(14_000, 0, 1_500), "agent": Usage(250_000, 200_000, 8_000)}
"""Tokens of one attempt by solver until the repository has its own figures."""
DEARER = Decimal("1.4")
"""An issue that others failed at costs the next tier 1.2 to 1.6 times its average."""


@dataclass(frozen=True, slots=True)
class Option:
    """A step that could be taken: `q` from 0 to 1, `usd` expected, `value` = q − λ·usd plus what may follow."""

    tier: int
    situation: Situation
    q: float
    usd: Decimal
    value: float


@dataclass(frozen=True, slots=True)
class Decision:
    """All options, best first; `chosen` None means that nothing is worth its money."""

    options: tuple[Option, ...]
    chosen: Option | None


def decide(
    tiers: Sequence[Tier],
    tried: Sequence[int],
    outcomes: Outcomes,
    resolved_usd: Decimal,
    measured: Callable[[int], Decimal | None] = lambda _: None,
) -> Decision:
    """The next step after the tiers `tried` (indexes in order, all failed).

    `resolved_usd` is what a resolved issue is worth, above 0. `measured` gives a tier's mean USD per attempt on this
    very issue. Raises ValueError for a worth that is not above 0.
    """
    if not resolved_usd > 0:
        raise ValueError(f"a resolved issue is worth ${resolved_usd}; allowed is an amount above 0")
    worth = float(resolved_usd)
    costs = [_usd(t, outcomes, measured(i), escalated=bool(tried)) for i, t in enumerate(tiers)]

    def chance(tier: int, counts: tuple[int, ...], last: int | None) -> float:
        return _q(tiers, tier, situation(tier, counts), outcomes, last)

    @cache
    def best(counts: tuple[int, ...], last: int | None) -> float:
        return max([0.0, *(value(i, counts, last) for i in range(len(tiers)) if counts[i] < tiers[i].attempts)])

    def value(tier: int, counts: tuple[int, ...], last: int | None) -> float:
        q = chance(tier, counts, last)
        after = tuple(c + (i == tier) for i, c in enumerate(counts))
        return q - float(costs[tier]) / worth + (1 - q) * best(after, tier)

    now = tuple(sum(1 for t in tried if t == i) for i in range(len(tiers)))
    last = tried[-1] if tried else None
    options = [
        Option(i, situation(i, now), chance(i, now, last), costs[i], value(i, now, last))
        for i in range(len(tiers))
        if now[i] < tiers[i].attempts
    ]
    options.sort(key=lambda o: (-o.value, o.tier))
    chosen = options[0] if options and options[0].value > 0 else None
    return Decision(tuple(options), chosen)


def situation(tier: int, counts: Sequence[int]) -> Situation:
    """The situation of a tier after so many attempts per tier."""
    if counts[tier]:
        return Situation.AGAIN
    return Situation.OTHER if any(counts) else Situation.FIRST


def prior(rank: float, when: Situation) -> float:
    """The mean before any history. `rank` runs from 0 (the cheapest tier) to 1 (the dearest)."""
    if when is Situation.AGAIN:
        return AGAIN
    low, high = (FIRST_CHEAPEST, FIRST_DEAREST) if when is Situation.FIRST else (OTHER_CHEAPEST, OTHER_DEAREST)
    return low + (high - low) * rank


def posterior(mean: float, record: Record) -> float:
    """The mean of Beta(mean·s, (1 − mean)·s) after the record's good and bad attempts, s = `STRENGTH`."""
    return (mean * STRENGTH + record.good) / (STRENGTH + record.good + record.bad)


def _q(tiers: Sequence[Tier], tier: int, when: Situation, outcomes: Outcomes, last: int | None) -> float:
    rank = tier / (len(tiers) - 1) if len(tiers) > 1 else 1.0
    mean = prior(rank, when)
    family = tiers[tier].family
    if when is Situation.OTHER and last is not None and family and family == tiers[last].family:
        mean *= SAME_FAMILY
    return posterior(mean, outcomes.record(tiers[tier].name, tiers[tier].model.name, when))


def _usd(tier: Tier, outcomes: Outcomes, measured: Decimal | None, *, escalated: bool) -> Decimal:
    if measured is not None:
        return measured
    records = [outcomes.record(tier.name, tier.model.name, s) for s in Situation]
    paid = sum(r.paid for r in records)
    if paid:
        return sum((r.usd for r in records), Decimal(0)) / paid
    typical = tier.model.model.price.cost(TYPICAL[tier.solver])
    return typical * DEARER if escalated else typical
