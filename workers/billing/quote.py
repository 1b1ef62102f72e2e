"""What an issue is likely to cost, before anything is spent: a range from counted tokens and priors. Pure.

The low end is one answered attempt of the cheapest tier; the high end is every attempt that the tiers allow,
each with its full output. Past charges of the repository, where there are enough, replace the priors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from strategies.models.price import Price, usd
from strategies.models.usage import Usage

OUTPUT_PRIOR = 1_500
"""Output tokens of a typical repair answer."""
CONTEXT_PRIOR = 12_000
"""Input tokens of localized files besides the issue's own text."""
AGENT_FACTOR = 12
"""An agent's whole conversation against one repair prompt (turns re-read their prefix, mostly cached)."""
ESCALATED = Decimal("1.6")
"""Escalated issues cost the strong model up to this much of its average."""


@dataclass(frozen=True, slots=True)
class TierQuote:
    """One tier's part: `each` attempt costs between `low` and `high` USD; at most `attempts` are made."""

    tier: str
    model: str
    attempts: int
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Quote:
    """`low` if the first attempt earns it, `high` if every attempt is made. USD; `basis` in words."""

    tiers: tuple[TierQuote, ...]
    low: Decimal
    high: Decimal
    basis: str


@dataclass(frozen=True, slots=True)
class QuotedTier:
    """What is known of a tier beforehand."""

    name: str
    model: str
    price: Price
    attempts: int
    agent: bool
    max_output_tokens: int


def quote(tiers: Sequence[QuotedTier], tester: QuotedTier, prompt_tokens: int, past: Sequence[Decimal] = ()) -> Quote:
    """The estimate. `prompt_tokens` were counted for the issue; `past` are USD of this repository's earlier issues."""
    checks = _one(tester, prompt_tokens)
    parts = tuple(_tier(t, prompt_tokens) for t in tiers)
    low = parts[0].low + checks[0]
    high = sum((p.high * p.attempts for p in parts), checks[1])
    basis = f"about {prompt_tokens + CONTEXT_PRIOR:,} input tokens an attempt, counted and estimated"
    if len(past) >= 5:  # noqa: PLR2004 - fewer say nothing
        ordered = sorted(past)
        low, high = ordered[len(ordered) // 10], max(ordered[-1 - len(ordered) // 10], ordered[len(ordered) // 2])
        basis = f"{len(past)} earlier issues of this repository"
    return Quote(parts, usd(low), usd(high), basis)


def _tier(t: QuotedTier, prompt_tokens: int) -> TierQuote:
    low, high = _one(t, prompt_tokens)
    return TierQuote(t.name, t.model, t.attempts, usd(low), usd(high))


def _one(t: QuotedTier, prompt_tokens: int) -> tuple[Decimal, Decimal]:
    turns = AGENT_FACTOR if t.agent else 1
    typical = Usage(prompt_tokens + CONTEXT_PRIOR, 0, OUTPUT_PRIOR)
    most = t.price.worst(
        (prompt_tokens + 2 * CONTEXT_PRIOR) * turns, min(t.max_output_tokens, 4 * OUTPUT_PRIOR) * turns
    )
    return t.price.cost(typical) * turns, most * ESCALATED
