"""The plan of a self-test cascade, its product score, and what happens to what is not believed."""

from __future__ import annotations

import pytest

from strategies.methods.cascade import Cascade
from strategies.methods.self_test_cascade import SKIP, Cell, Plan, SelfTestCascade, best_cell
from strategies.registry import strategy_of
from strategies.resolve import resolve
from strategies.verdict import Rung
from tests.fakes.workspace import memory_workspace
from tests.strategies.test_conformance import CODE, FAILS, ISSUE, SOLVES, W, World


def test_the_cell_with_the_greatest_product_wins() -> None:
    # answer 0 passes only its own test; answers 1 and 2 agree on two tests
    matrix = [[True, False, False], [False, True, True], [False, True, True]]
    assert best_cell(matrix) == Cell(1, 1, 4 / 9)


@pytest.mark.parametrize("matrix", [[], [[]], [[False, False]]])
def test_nothing_that_passes_has_no_cell(matrix: list[list[bool]]) -> None:
    assert best_cell(matrix) is None


def run(plan: Plan, weak: str = SOLVES, strong: str = SOLVES) -> World:
    world = World(weak, strong)
    resolve(ISSUE, memory_workspace({"till.py": CODE}), SelfTestCascade(plan), world.context)
    return world


def test_agreement_is_a_rung_of_its_own() -> None:
    world = run(Plan((2, 0)))
    evidence = world.context.history[0].verdict.evidence
    assert Rung.AGREEMENT in evidence.rungs
    assert evidence.agreement == 1.0


def test_answers_and_tests_are_asked_for_as_the_plan_says() -> None:
    world = run(Plan((3, 0), t=4))
    assert world.asked == [W] * 3
    assert world.verification.tests == [("weak", 0, 4), ("weak", 1, 4), ("weak", 2, 4)]


def test_an_answer_that_is_not_believed_is_handed_up_and_not_judged() -> None:
    world = run(Plan((2, 0)), weak=FAILS)
    assert [t.attempt.tier for t in world.context.history] == ["strong"]
    assert "self-written tests do not agree" in world.calls[-1][1].messages[-1].content


def test_theta_zero_still_needs_a_passing_test() -> None:
    world = run(Plan((2, 0), theta=0.0), weak=FAILS)
    assert [t.attempt.tier for t in world.context.history] == ["strong"]


def test_without_self_tests_the_first_answer_goes_to_the_repositorys_own() -> None:
    world = run(Plan((2, 0), t=0))
    assert world.context.history[0].attempt.tier == "weak"
    assert Rung.AGREEMENT not in world.context.history[0].verdict.evidence.rungs


def test_a_skipped_tier_is_not_asked() -> None:
    assert run(Plan((SKIP, 1))).asked == ["strong:repair"]


@pytest.mark.parametrize(
    ("plan", "words"),
    [({"k": (-2, 0)}, "allowed are -1"), ({"theta": 1.5}, "allowed is 0 to 1"), ({"t": -1}, "allowed is 0 or more")],
)
def test_an_impossible_plan_is_refused(plan: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Plan(**plan)  # type: ignore[arg-type]  # wrong on purpose


def test_a_plan_for_another_ladder_is_refused() -> None:
    with pytest.raises(ValueError, match="k for 3 tiers, but there are 2"):
        Plan((1, 1, 1)).of(2)


def test_the_operators_threshold_reaches_the_plan_and_nothing_else() -> None:
    assert strategy_of("self-test-cascade", theta=0.9) == SelfTestCascade(Plan(theta=0.9))
    assert strategy_of("self-test-cascade") == SelfTestCascade()
    assert strategy_of("cascade", theta=0.9) == Cascade()
