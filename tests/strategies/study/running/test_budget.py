from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

from strategies.models.meter import Charge, OverBudget
from strategies.models.price import Price
from strategies.models.usage import Usage
from strategies.study.running.budget import StudyBudget, StudyMeter
from strategies.study.tasks.task import TaskError

ONE = Decimal(1)


def charge(usd: Decimal | None, worst: Decimal) -> Charge:
    return Charge("weak", "m", "repair", 1, Usage(), usd, worst, Price(ONE, ONE), 0.0)


def spend(budget: StudyBudget, worst: str, usd: str) -> None:
    budget.settle(budget.reserve(Decimal(worst)), Decimal(usd))


def test_what_was_spent_is_known_after_a_restart(tmp_path: Path) -> None:
    budget = StudyBudget(tmp_path / "journal", Decimal(3))
    spend(budget, "1", "0.25")
    budget.close()
    assert StudyBudget(tmp_path / "journal", Decimal(3)).spent == Decimal("0.25")


def test_a_call_that_a_kill_interrupted_counts_with_its_worst_case(tmp_path: Path) -> None:
    budget = StudyBudget(tmp_path / "journal", Decimal(3))
    spend(budget, "1", "0.25")
    budget.reserve(Decimal("0.5"))
    budget.close()  # the process is gone; nothing was settled
    again = StudyBudget(tmp_path / "journal", Decimal(1))
    assert again.left == Decimal("0.25")
    assert again.spent == Decimal("0.75")
    with pytest.raises(OverBudget):
        again.reserve(Decimal("0.3"))


def test_numbers_are_not_used_twice_after_a_restart(tmp_path: Path) -> None:
    budget = StudyBudget(tmp_path / "journal", Decimal(9))
    first = budget.reserve(ONE)
    budget.close()
    again = StudyBudget(tmp_path / "journal", Decimal(9))
    assert again.reserve(ONE) != first


def test_a_line_cut_short_is_passed_over_and_the_next_stands_on_its_own(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    budget = StudyBudget(path, Decimal(3))
    spend(budget, "1", "0.25")
    budget.close()
    path.write_bytes(path.read_bytes() + b'{"reserved": "2", "us')
    again = StudyBudget(path, Decimal(3))
    spend(again, "1", "0.5")
    again.close()
    assert StudyBudget(path, Decimal(3)).spent == Decimal("0.75")


def test_many_threads_never_overrun_the_cap(tmp_path: Path) -> None:
    budget = StudyBudget(tmp_path / "journal", Decimal(10))

    def work(_: int) -> int:
        try:
            spend(budget, "0.7", "0.7")
        except OverBudget:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        done = sum(pool.map(work, range(100)))
    assert done == 14
    assert budget.spent == Decimal("9.8")


def test_the_issue_cap_holds_without_touching_the_purse(tmp_path: Path) -> None:
    budget = StudyBudget(tmp_path / "journal", Decimal(10))
    meter = StudyMeter(budget, ONE)
    with pytest.raises(OverBudget, match="issue"):
        meter.reserve("weak", "m", "repair", Decimal(2))
    assert not meter.ended
    assert budget.spent == 0


def test_the_purse_says_no_and_the_meter_knows(tmp_path: Path) -> None:
    meter = StudyMeter(StudyBudget(tmp_path / "journal", ONE), Decimal(10))
    with pytest.raises(OverBudget, match="study"):
        meter.reserve("weak", "m", "repair", Decimal(2))
    assert meter.ended
    assert meter.left() == ONE
    assert meter.own.left() == Decimal(10)


def test_an_unknown_cost_counts_with_its_worst_case(tmp_path: Path) -> None:
    budget = StudyBudget(tmp_path / "journal", Decimal(10))
    meter = StudyMeter(budget, Decimal(10))
    meter.settle(meter.reserve("weak", "m", "repair", Decimal(2)), charge(None, Decimal(2)))
    assert budget.spent == Decimal(2)
    assert meter.charges[0].usd is None


def test_a_call_that_was_not_charged_costs_nothing(tmp_path: Path) -> None:
    budget = StudyBudget(tmp_path / "journal", Decimal(10))
    meter = StudyMeter(budget, Decimal(10))
    meter.release(meter.reserve("weak", "m", "repair", Decimal(2)))
    assert budget.spent == 0
    assert meter.left() == Decimal(10)


def test_two_studies_do_not_share_a_folder_at_once(tmp_path: Path) -> None:
    first = StudyBudget(tmp_path / "journal", ONE)
    with pytest.raises(TaskError, match="another study is running"):
        StudyBudget(tmp_path / "journal", ONE)
    first.close()
    StudyBudget(tmp_path / "journal", ONE).close()
