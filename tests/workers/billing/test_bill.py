"""Sums, unknown costs, and what the strong model alone would have cost."""

from __future__ import annotations

from decimal import Decimal

from strategies.models.meter import Charge
from strategies.models.price import Price
from strategies.models.usage import Usage
from workers.billing.bill import bar, bill, per_attempt

CHEAP = Price(Decimal("0.10"), Decimal("0.50"))
DEAR = Price(Decimal(4), Decimal(20))
STRONG = ("strong", "dear", DEAR)


def call(tier: str, attempt: int, usd: str | None, *, purpose: str = "repair", tokens: int = 1_000) -> Charge:
    cost = None if usd is None else Decimal(usd)
    price = DEAR if tier == "strong" else CHEAP
    return Charge(tier, f"{tier}-model", purpose, attempt, Usage(tokens, 0, 100), cost, Decimal("0.5"), price, 1.0)


def test_calls_to_one_model_are_one_row_in_order_of_first_use() -> None:
    made = bill([call("weak", 1, "0.01"), call("strong", 2, "0.2"), call("weak", 3, "0.02")])
    assert [(r.tier, r.calls, r.usd) for r in made.rows] == [
        ("weak", 2, Decimal("0.03")),
        ("strong", 1, Decimal("0.2")),
    ]
    assert made.total == Decimal("0.23")
    assert made.rows[0].usage == Usage(2_000, 0, 200)


def test_an_unknown_cost_counts_at_its_worst_and_is_not_called_zero() -> None:
    made = bill([call("weak", 1, None)])
    assert (made.total, made.unknown) == (Decimal("0.5"), 1)


def test_where_the_strong_tier_ran_the_comparison_is_measured() -> None:
    charges = [call("weak", 0, "0.001", purpose="reproduction"), call("weak", 1, "0.01"), call("strong", 2, "0.2")]
    alone = bill(charges, STRONG, kept=2).strong_only
    assert alone is not None
    assert alone.usd == Decimal("0.201")
    assert alone.basis.startswith("measured")


def test_otherwise_it_is_the_kept_attempts_tokens_at_the_strong_price() -> None:
    charges = [call("weak", 1, "0.01", tokens=9_000), call("weak", 2, "0.01")]
    alone = bill(charges, STRONG, kept=2).strong_only
    assert alone is not None
    assert alone.usd == DEAR.cost(Usage(1_000, 0, 100))
    assert "the kept attempt" in alone.basis


def test_without_any_solving_call_there_is_nothing_to_compare() -> None:
    assert bill([call("weak", 0, "0.001", purpose="reproduction")], STRONG).strong_only is None
    assert bill([], STRONG).strong_only is None


def test_only_solving_calls_are_an_attempts_cost() -> None:
    charges = [call("weak", 1, "0.01"), call("weak", 1, "0.02"), call("weak", 1, "0.5", purpose="reproduction")]
    assert per_attempt(charges) == {1: Decimal("0.03")}


def test_a_bar_is_full_at_the_cap_and_never_longer() -> None:
    assert bar(Decimal(0), Decimal(10), 4) == "░░░░"
    assert bar(Decimal(5), Decimal(10), 4) == "██░░"
    assert bar(Decimal(50), Decimal(10), 4) == "████"
    assert bar(Decimal(0), Decimal(0), 4) == "████"
