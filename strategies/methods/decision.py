"""What to do next: retry, another tier, or stop, by expected value q̂ − λ·ĉ of the best way to go on.

q̂ is the chance that an attempt is accepted (`odds.py`: a Beta prior updated by the repository's history, then
by what failed on this issue), ĉ its expected cost, λ = 1 ÷ "a resolved issue is worth $X to me". A step's value
includes what can still be tried after it fails, so a cheap hope comes before a dear one even where the dear one is
likelier (the rule of Weitzman, Econometrica 1979, for opening boxes, computed here by looking ahead). Pure: no I/O, no
clock, no chance.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Literal

from strategies.attempt import JudgedAttempt
from strategies.methods.odds import LATER_STRENGTH, SAME_FAMILY, chance, first, updated
from strategies.models.price import Price
from strategies.models.usage import Usage
from strategies.outcomes import Outcomes, Situation
from strategies.tier import Tier
from strategies.verdict import Judged

DEEPEST = 8
"""How many further attempts are looked ahead."""
TYPICAL = {"repair": (1, Usage(14_000, 0, 1_500)), "agent": (20, Usage(12_500, 10_000, 400))}
"""Calls of one attempt by solver, and the tokens of each, until the repository has its own figures."""
DEARER = Decimal("1.4")
"""An issue that was failed at costs the next attempt 1.2 to 1.6 times the average."""


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
    closed: Collection[int] = (),
) -> Decision:
    """The next step after the tiers `tried` (indexes in order, all failed).

    `resolved_usd` is what a resolved issue is worth, above 0. `measured` gives a tier's mean USD per attempt on this
    very issue; `closed` tiers are not there. Raises ValueError for a worth that is not above 0.
    """
    if not resolved_usd > 0:
        raise ValueError(f"a resolved issue is worth ${resolved_usd}; allowed is an amount above 0")
    worth = float(resolved_usd)
    open_tiers = [i for i in range(len(tiers)) if i not in closed]
    firsts = [_first(tiers, i, outcomes) for i in range(len(tiers))]
    now = tuple(sum(1 for t in tried if t == i) for i in range(len(tiers)))

    @cache
    def chance_of(tier: int, counts: tuple[int, ...]) -> float:
        return _q(tiers, tier, counts, firsts, outcomes)

    def cost(tier: int, counts: tuple[int, ...]) -> Decimal:
        return _usd(tiers[tier], outcomes, measured(tier), escalated=any(counts))

    @cache
    def best(counts: tuple[int, ...]) -> float:
        if sum(counts) - sum(now) >= DEEPEST:
            return 0.0
        return max([0.0, *(value(i, counts) for i in open_tiers if counts[i] < tiers[i].attempts)])

    def value(tier: int, counts: tuple[int, ...]) -> float:
        q = chance_of(tier, counts)
        after = tuple(c + (i == tier) for i, c in enumerate(counts))
        return q - float(cost(tier, counts)) / worth + (1 - q) * best(after)

    options = [
        Option(i, situation(i, now), chance_of(i, now), cost(i, now), value(i, now))
        for i in open_tiers
        if now[i] < tiers[i].attempts
    ]
    options.sort(key=lambda o: (-o.value, o.tier))
    chosen = options[0] if options and options[0].value > 0 else None
    return Decision(tuple(options), chosen)


STAYS_GREEN = 0.52
"""The share of wrong patches that keep every test green that passed before (423 of 807, SWE-bench Lite)."""


def right_if_green(q: float) -> float:
    """The chance that a patch is right which no test speaks against, when `q` was its chance beforehand."""
    return q / (q + (1 - q) * STAYS_GREEN) if q > 0 else 0.0


def second_opinion(now: float, options: Sequence[Option], resolved_usd: Decimal) -> Option | None:
    """The option that is worth more than accepting what is there, unverified and right with the chance `now`.

    Nothing can show which of two such patches is right but how they behave; so another is worth its money only if its
    own chance is so much better. None: accept.
    """
    gains = [(right_if_green(o.q) - now - float(o.usd / resolved_usd), -o.tier, o) for o in options]
    best = max(gains, default=None)
    return best[2] if best and best[0] > 0 else None


def asks_first(history: Sequence[JudgedAttempt], tiers: Sequence[Tier], following: int) -> bool:
    """Whether people are asked about a patch before the tier `following` (an index) is paid: it is dearer than one
    whose patch resolves the issue and breaks only tests that pin what is to change. Cheap further attempts are fine."""
    asked = {t.attempt.tier for t in history if t.verdict.evidence.asks and t.verdict.judged is Judged.UNJUDGED}
    return any(tier.name in asked for tier in tiers[:following])


def situation(tier: int, counts: Sequence[int]) -> Situation:
    """The situation of a tier after so many attempts per tier."""
    if counts[tier]:
        return Situation.AGAIN
    return Situation.OTHER if any(counts) else Situation.FIRST


def _first(tiers: Sequence[Tier], tier: int, outcomes: Outcomes) -> float:
    """The chance of a first attempt: the prior of the tier's rank after this repository's first attempts."""
    rank = tier / (len(tiers) - 1) if len(tiers) > 1 else 1.0
    record = outcomes.record(tiers[tier].name, tiers[tier].model.name, Situation.FIRST)
    return updated(first(rank), record.good, record.bad)


def _q(tiers: Sequence[Tier], tier: int, counts: tuple[int, ...], firsts: Sequence[float], outcomes: Outcomes) -> float:
    when = situation(tier, counts)
    mean = chance(firsts, counts, tier)
    if when is Situation.FIRST:
        return mean
    family = tiers[tier].family
    if when is Situation.OTHER and family and any(n and t.family == family for t, n in zip(tiers, counts, strict=True)):
        mean *= SAME_FAMILY
    record = outcomes.record(tiers[tier].name, tiers[tier].model.name, when)
    return updated((mean * LATER_STRENGTH, (1 - mean) * LATER_STRENGTH), record.good, record.bad)


def _usd(tier: Tier, outcomes: Outcomes, measured: Decimal | None, *, escalated: bool) -> Decimal:
    if measured is not None:
        return measured
    records = [outcomes.record(tier.name, tier.model.name, s) for s in Situation]
    paid = sum(r.paid for r in records)
    if paid:
        return sum((r.usd for r in records), Decimal(0)) / paid
    guess = typical(tier.model.model.price, tier.solver)
    return guess * DEARER if escalated else guess


def typical(price: Price, solver: Literal["agent", "repair"]) -> Decimal:
    """USD of a typical attempt."""
    calls, usage = TYPICAL[solver]
    return price.cost(usage) * calls
