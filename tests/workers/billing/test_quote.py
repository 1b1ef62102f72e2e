"""An estimate before anything is spent: a range that holds its order, and the repository's past where there is one."""

from __future__ import annotations

from decimal import Decimal

from strategies.models.price import Price
from workers.billing.quote import QuotedTier, quote

WEAK = QuotedTier("weak", "cheap", Price(Decimal("0.1"), Decimal("0.5")), 2, False, 16_000)
STRONG = QuotedTier("strong", "dear", Price(Decimal(4), Decimal(20)), 1, False, 16_000)


def test_the_low_end_is_one_cheap_attempt_and_the_high_end_all_of_them() -> None:
    made = quote([WEAK, STRONG], WEAK, 1_000)
    assert made.low < made.tiers[1].low < made.high
    assert all(t.low < t.high for t in made.tiers)
    assert made.high >= made.tiers[0].high * 2 + made.tiers[1].high


def test_a_longer_issue_is_dearer() -> None:
    assert quote([WEAK, STRONG], WEAK, 50_000).low > quote([WEAK, STRONG], WEAK, 500).low


def test_an_agent_is_quoted_for_its_whole_conversation() -> None:
    agent = QuotedTier("weak", "cheap", WEAK.price, 2, True, 16_000)
    assert quote([agent], WEAK, 1_000).tiers[0].low > 5 * quote([WEAK], WEAK, 1_000).tiers[0].low


def test_five_past_issues_of_the_repository_replace_the_priors() -> None:
    past = [Decimal(n) / 100 for n in (1, 2, 3, 4, 50)]
    made = quote([WEAK, STRONG], WEAK, 1_000, past)
    assert (made.low, made.high) == (Decimal("0.01"), Decimal("0.5"))
    assert "5 earlier issues" in made.basis
    assert quote([WEAK, STRONG], WEAK, 1_000, past[:4]).basis != made.basis
