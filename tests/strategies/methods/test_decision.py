"""What is done next, and why: with the prior alone, and with this repository's own outcomes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from strategies.methods.decision import decide, right_if_green, second_opinion, typical
from strategies.methods.odds import chance, first, updated
from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import Metered
from strategies.models.price import Price
from strategies.models.usage import Usage
from strategies.outcomes import AttemptRecord, NoOutcomes, Situation
from strategies.tier import Tier
from tests.fakes.model import ScriptedModel


def tier(name: str, usd: str, attempts: int = 2, family: str = "") -> Tier:
    price = Price(Decimal(usd), Decimal(usd) * 5)
    model = ScriptedModel([], name=f"model-{name}", price=price)
    return Tier(name, Metered(model, CapMeter(Decimal(1)), name), attempts=attempts, family=family)


LADDER = (tier("weak", "0.1"), tier("strong", "4", attempts=1))


class History(NoOutcomes):
    def __init__(self, **records: AttemptRecord) -> None:
        self.records = records

    def record(self, tier: str, model: str, situation: Situation) -> AttemptRecord:
        assert model == f"model-{tier}"
        return self.records.get(f"{tier}_{situation}", AttemptRecord())


def order(tiers: tuple[Tier, ...], worth: str = "2", outcomes: NoOutcomes | None = None) -> list[str]:
    tried: list[int] = []
    while (step := decide(tiers, tried, outcomes or NoOutcomes(), Decimal(worth)).chosen) is not None:
        tried.append(step.tier)
    return [tiers[i].name for i in tried]


@pytest.mark.parametrize("worth", ["0.5", "2", "20", "1000"])
def test_with_the_prior_alone_weak_comes_first_then_strong_whatever_an_issue_is_worth(worth: str) -> None:
    assert order(LADDER, worth) == ["weak", "weak", "strong"]


def test_a_worth_below_its_cost_leaves_the_strong_model_out() -> None:
    assert order(LADDER, worth="0.1") == ["weak", "weak"]


def test_nothing_is_tried_when_nothing_is_worth_it() -> None:
    decision = decide(LADDER, [], NoOutcomes(), Decimal("0.0001"))
    assert decision.chosen is None
    assert len(decision.options) == 2, "the options are told all the same"


def test_another_model_at_equal_price_comes_before_the_same_model_again() -> None:
    assert set(order((tier("a", "0.1"), tier("b", "0.1"), tier("c", "4", attempts=1)))[:2]) == {"a", "b"}


def test_another_family_comes_before_the_same_one() -> None:
    tiers = (tier("a", "0.1", 1, "x"), tier("b", "1", 1, "x"), tier("c", "1", 1, "y"))
    decision = decide(tiers, [0], NoOutcomes(), Decimal(2))
    assert [o.tier for o in decision.options] == [2, 1]


def test_a_weak_model_that_never_succeeds_here_is_left_out() -> None:
    bad = {f"weak_{s}": AttemptRecord(good=0, bad=2000, usd=Decimal(60), paid=2000) for s in Situation}
    assert order(LADDER, worth="2", outcomes=History(**bad))[0] == "strong"


def test_measured_costs_replace_the_guess() -> None:
    records = {"weak_first": AttemptRecord(good=5, bad=5, usd=Decimal("1.50"), paid=10)}
    options = decide(LADDER, [], History(**records), Decimal(2)).options
    assert next(o for o in options if o.tier == 0).usd == Decimal("0.15")


def test_a_model_that_is_not_there_is_no_option() -> None:
    assert [o.tier for o in decide(LADDER, [], NoOutcomes(), Decimal(2), closed={0}).options] == [1]


@pytest.mark.parametrize("worth", ["0", "-1"])
def test_a_worth_of_nothing_is_refused(worth: str) -> None:
    with pytest.raises(ValueError, match="allowed is an amount above 0"):
        decide(LADDER, [], NoOutcomes(), Decimal(worth))


@pytest.mark.parametrize(
    ("firsts", "failed", "tier", "recorded"),
    [
        ((0.64, 0.76), (1, 0), 1, 0.43),
        ((0.68, 0.68), (1, 0), 1, 0.29),
        ((0.64, 0.76), (0, 1), 0, 0.17),
        ((0.60, 0.70, 0.78), (1, 1, 0), 2, 0.33),
        ((0.70,), (1,), 0, 0.16),
    ],
)
def test_the_odds_after_failures_are_those_recorded(
    firsts: tuple[float, ...], failed: tuple[int, ...], tier: int, recorded: float
) -> None:
    assert chance(firsts, failed, tier) == pytest.approx(recorded, abs=0.03)


def test_an_issue_that_nobody_tried_has_the_chance_of_a_first_attempt() -> None:
    assert chance((0.3, 0.9), (0, 0), 0) == pytest.approx(0.3, abs=0.002)


def test_two_orders_of_the_same_attempts_end_at_the_same_chance() -> None:
    firsts = (0.6, 0.8)
    weak_first = 0.6 + 0.4 * chance(firsts, (1, 0), 1)
    strong_first = 0.8 + 0.2 * chance(firsts, (0, 1), 0)
    assert weak_first == pytest.approx(strong_first, abs=0.003)


def test_the_repositorys_history_moves_the_prior() -> None:
    assert updated(first(0), 0, 0) == pytest.approx(0.64, abs=0.01)
    assert updated(first(1), 0, 20) == pytest.approx(0.38, abs=0.01)
    assert updated(first(0), 1000, 0) > 0.99


def test_a_green_patch_is_likelier_right_but_not_certain() -> None:
    assert right_if_green(0.5) == pytest.approx(1 / 1.52)
    assert right_if_green(0.0) == 0.0


def test_a_second_opinion_is_bought_only_where_it_adds_more_than_it_costs() -> None:
    options = decide(LADDER, [0], NoOutcomes(), Decimal(2)).options
    strong = [o for o in options if o.tier == 1]
    assert second_opinion(0.2, strong, Decimal(2)) is strong[0]
    assert second_opinion(0.8, strong, Decimal(2)) is None
    assert second_opinion(0.2, strong, Decimal("0.1")) is None


def test_an_agents_many_small_calls_are_not_priced_as_one_long_one() -> None:
    price = Price(Decimal(1), Decimal(1), above_tokens=100_000, above=Price(Decimal(10), Decimal(10)))
    assert typical(price, "agent") == 20 * price.cost(Usage(12_500, 10_000, 400))
