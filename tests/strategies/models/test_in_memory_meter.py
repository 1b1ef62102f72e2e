from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import Charge, OverBudget
from strategies.models.price import Price
from strategies.models.usage import Usage


def charge(usd: Decimal | None, worst: Decimal = Decimal(1)) -> Charge:
    return Charge("weak", "m", "repair", 1, Usage(), usd, worst, Price(Decimal(1), Decimal(1)), 0.0)


def test_a_reservation_holds_money_until_it_is_settled() -> None:
    meter = CapMeter(Decimal(3))
    one = meter.reserve("weak", "m", "repair", Decimal(2))
    assert meter.left() == 1
    with pytest.raises(OverBudget, match="issue budget"):
        meter.reserve("weak", "m", "repair", Decimal("1.01"))
    meter.settle(one, charge(Decimal("0.5")))
    assert (meter.left(), meter.spent) == (Decimal("2.5"), Decimal("0.5"))


def test_an_unknown_cost_counts_as_the_worst_case() -> None:
    meter = CapMeter(Decimal(3))
    meter.settle(meter.reserve("weak", "m", "repair", Decimal(2)), charge(None, Decimal(2)))
    assert meter.spent == 2
    assert meter.charges[0].usd is None


def test_a_released_reservation_costs_nothing() -> None:
    meter = CapMeter(Decimal(1))
    meter.release(meter.reserve("weak", "m", "repair", Decimal(1)))
    assert meter.left() == 1
    assert meter.charges == []


def test_settling_twice_is_an_error() -> None:
    meter = CapMeter(Decimal(1))
    one = meter.reserve("weak", "m", "repair", Decimal(1))
    meter.release(one)
    with pytest.raises(KeyError):
        meter.settle(one, charge(Decimal(1)))


def test_many_threads_never_overrun_the_cap() -> None:
    meter = CapMeter(Decimal(10))

    def spend(_: int) -> bool:
        try:
            meter.settle(meter.reserve("weak", "m", "repair", Decimal(1)), charge(Decimal(1)))
        except OverBudget:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(spend, range(100))) == 10
    assert meter.spent == 10
