from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from strategies.models.budget_share_meter import ShareMeter
from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import Charge, OverBudget
from strategies.models.price import Price
from strategies.models.usage import Usage

CHARGE = Charge("weak", "m", "setup", 0, Usage(), Decimal("0.01"), Decimal("0.10"), Price(Decimal(1), Decimal(1)), 0.0)


def test_the_share_and_the_whole_are_both_reserved_and_settled() -> None:
    whole = CapMeter(Decimal(1))
    share = ShareMeter(whole, Decimal("0.20"), "side")
    first = share.reserve("weak", "m", "setup", Decimal("0.15"))
    assert (share.left(), whole.left()) == (Decimal("0.05"), Decimal("0.85"))
    with pytest.raises(OverBudget, match="side budget"):
        share.reserve("weak", "m", "setup", Decimal("0.10"))
    assert whole.left() == Decimal("0.85"), "what the share refuses is not reserved of the whole"
    share.settle(first, CHARGE)
    assert (share.left(), whole.spent, whole.charges) == (Decimal("0.19"), Decimal("0.01"), [CHARGE])


def test_an_unknown_cost_counts_with_its_worst_case_in_both() -> None:
    whole = CapMeter(Decimal(1))
    share = ShareMeter(whole, Decimal("0.20"), "side")
    share.settle(share.reserve("weak", "m", "setup", Decimal("0.15")), replace(CHARGE, usd=None))
    assert (share.left(), whole.left()) == (Decimal("0.05"), Decimal("0.85"))


def test_what_the_whole_refuses_is_given_back_to_the_share() -> None:
    share = ShareMeter(CapMeter(Decimal("0.05")), Decimal("0.20"), "side")
    with pytest.raises(OverBudget, match="issue budget"):
        share.reserve("weak", "m", "setup", Decimal("0.10"))
    assert share.left() == Decimal("0.05")
    share.reserve("weak", "m", "setup", Decimal("0.05"))


def test_a_released_reservation_is_free_again_in_both() -> None:
    whole = CapMeter(Decimal(1))
    share = ShareMeter(whole, Decimal("0.20"), "side")
    share.release(share.reserve("weak", "m", "setup", Decimal("0.20")))
    assert (share.left(), whole.left()) == (Decimal("0.20"), Decimal(1))
