"""How many tests are written, and what most of them say."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from strategies.models.meter import OverBudget
from strategies.step import Step
from strategies.verdict import Reproduction
from strategies.verification.issue_test_vote import decided, write_several


class Purse:
    """Money that each test takes some of."""

    def __init__(self, usd: str, cost: str) -> None:
        self.usd, self.cost = Decimal(usd), Decimal(cost)
        self.steps: list[Step] = []

    def several(self, wanted: int, valid: Callable[[int], bool] = lambda _: True) -> int:
        def write(number: int) -> Reproduction | None:
            if self.cost > self.usd:
                raise OverBudget("issue", self.usd, self.usd, self.cost)
            self.usd -= self.cost
            return Reproduction(f"t{number}.py", b"%d" % number, ("t",), "") if valid(number) else None

        return len(write_several(wanted, write, lambda: self.usd, self.steps.append))


@pytest.mark.parametrize(("wanted", "found"), [(1, 1), (3, 3), (5, 5)])
def test_as_many_are_written_as_are_wanted(wanted: int, found: int) -> None:
    assert Purse("1", "0.001").several(wanted) == found


def test_all_valid_ones_are_kept() -> None:
    assert Purse("1", "0.001").several(3, lambda n: n < 2) == 2


def test_without_a_first_valid_one_there_is_none() -> None:
    purse = Purse("1", "0.001")
    assert purse.several(3, lambda n: n > 0) == 0
    assert purse.usd == Decimal("0.999"), "no further one was paid for"


def test_money_for_solving_comes_before_further_tests() -> None:
    purse = Purse("1", "0.2")
    assert purse.several(3) == 1
    assert purse.usd == Decimal("0.8")
    assert "for solving it" in purse.steps[0].text


def test_the_first_must_be_affordable() -> None:
    with pytest.raises(OverBudget):
        Purse("0.1", "0.2").several(3)


def test_the_same_test_twice_has_one_vote() -> None:
    same = Reproduction("t.py", b"same", ("t",), "")
    assert write_several(3, lambda _: same, lambda: Decimal(1), lambda _s: None) == (same,)


@pytest.mark.parametrize(
    ("passed", "failed", "tests", "said"),
    [(1, 0, 1, True), (0, 1, 1, False), (1, 1, 3, None), (2, 0, 3, True), (0, 2, 3, False), (2, 2, 5, None)],
)
def test_the_majority_decides_as_soon_as_it_is_certain(passed: int, failed: int, tests: int, said: bool | None) -> None:
    assert decided(passed, failed, tests) is said
