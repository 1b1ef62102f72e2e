"""Whose doing a new failure is, told by running again: the rules with scripted runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from sandbox.testing.report import TestOutcome, TestReport, TestResult
from strategies.verification.rerun_failures import (
    FEWER_ROUNDS,
    MIXED_ROUNDS,
    RARE_ROUNDS,
    ROUNDS,
    Confirmed,
    by_chance,
    decide,
)

ONE = "tests/test_till.py::test_one"
Script = Mapping[tuple[bool, bool], str]
"""(with the patch, near) → one letter for each run in turn: p passes, f fails, x no report; the last one repeats."""


class Runner:
    """Answers runs from a script and counts them."""

    def __init__(self, script: Script) -> None:
        self.script = {key: list(letters) for key, letters in script.items()}
        self.ran: list[tuple[bool, bool]] = []

    def __call__(self, patched: bool, near: bool) -> TestReport | None:
        self.ran.append((patched, near))
        letters = self.script[patched, near]
        letter = letters.pop(0) if len(letters) > 1 else letters[0]
        if letter == "x":
            return None
        return TestReport({ONE: TestResult(ONE, TestOutcome.PASSED if letter == "p" else TestOutcome.FAILED)})


def worse(name: str, report: TestReport) -> bool:
    return name not in report.passed


NEAR, WHOLE = True, False
PATCHED, BASE = True, False
ALL_WELL: Script = {(PATCHED, NEAR): "p", (BASE, NEAR): "p", (PATCHED, WHOLE): "p", (BASE, WHOLE): "p"}


def told(
    script: Script, *, near: bool = True, short: bool = True, suspects: Sequence[str] = (ONE,)
) -> tuple[Confirmed, Runner]:
    runner = Runner({**ALL_WELL, **script})
    return decide(suspects, worse, runner, near=near, short=short), runner


@pytest.mark.parametrize(
    ("script", "near", "expected"),
    [
        pytest.param({(PATCHED, NEAR): "f"}, True, "broken", id="fails each time"),
        pytest.param({(PATCHED, NEAR): "pf"}, True, "broken", id="fails half of the time with the patch, never before"),
        pytest.param({(PATCHED, NEAR): "pppf"}, True, "broken", id="fails seldom with the patch, never before"),
        pytest.param({(PATCHED, WHOLE): "f"}, True, "broken", id="fails only in the company of the whole suite"),
        pytest.param({(PATCHED, NEAR): "f", (BASE, NEAR): "pf"}, True, "flaky", id="both fail, the base sometimes"),
        pytest.param({(PATCHED, NEAR): "pf", (BASE, NEAR): "pf"}, True, "flaky", id="both fail half of the time"),
        pytest.param({(PATCHED, NEAR): "pf", (BASE, NEAR): "pppf"}, True, "flaky", id="both fail, the base seldom"),
        pytest.param(
            {(PATCHED, NEAR): "f", (BASE, NEAR): "f", (PATCHED, WHOLE): "f"},
            True,
            "broken",
            id="needs its company at the base too, and fails in it with the patch alone",
        ),
        pytest.param(
            {(PATCHED, NEAR): "f", (BASE, NEAR): "f", (PATCHED, WHOLE): "f", (BASE, WHOLE): "f"},
            True,
            "flaky",
            id="fails everywhere by now, as when a date has passed since the baseline was kept",
        ),
        pytest.param({(PATCHED, NEAR): "x"}, True, "broken", id="no report with the patch, again and again"),
        pytest.param({(PATCHED, NEAR): "xp"}, True, "rare", id="one run without a report is tried again"),
        pytest.param({(PATCHED, NEAR): "f", (BASE, NEAR): "x"}, True, "broken", id="a base that gives no report"),
        pytest.param(
            {(PATCHED, NEAR): "x", (BASE, NEAR): "x", (PATCHED, WHOLE): "x", (BASE, WHOLE): "x"},
            True,
            "unknown",
            id="nobody can run it again",
        ),
        pytest.param({(PATCHED, WHOLE): "x", (BASE, WHOLE): "x"}, False, "unknown", id="whole suite: no run at all"),
        pytest.param({(PATCHED, WHOLE): "x"}, False, "broken", id="whole suite: no report with the patch only"),
        pytest.param({}, True, "rare", id="never again"),
        pytest.param({(PATCHED, WHOLE): "f"}, False, "broken", id="whole suite: fails each time"),
        pytest.param({(PATCHED, WHOLE): "f", (BASE, WHOLE): "f"}, False, "flaky", id="whole suite: both fail"),
        pytest.param({(PATCHED, WHOLE): "pf"}, False, "broken", id="whole suite: half of the time"),
        pytest.param({}, False, "rare", id="whole suite: never again"),
    ],
)
def test_who_fails_decides(script: Script, near: bool, expected: str) -> None:
    found, _ = told(script, near=near)
    assert getattr(found, expected) == (ONE,)
    assert sum(map(len, (found.broken, found.flaky, found.rare, found.unknown))) == 1


def test_what_fails_each_time_costs_no_run_of_the_whole_suite() -> None:
    _, runner = told({(PATCHED, NEAR): "f"})
    assert runner.ran == [(PATCHED, NEAR)] * ROUNDS + [(BASE, NEAR)] * ROUNDS


def test_what_fails_sometimes_is_run_as_often_at_the_base_until_chance_is_told() -> None:
    found, runner = told({(PATCHED, NEAR): "pf"})
    assert found.broken == (ONE,)
    assert runner.ran.count((PATCHED, NEAR)) == runner.ran.count((BASE, NEAR)) == 4


def test_the_runs_of_the_baseline_count() -> None:
    found, runner = told({(PATCHED, NEAR): "pf", (BASE, NEAR): "x"})
    assert found.broken == (ONE,)
    assert runner.ran.count((PATCHED, NEAR)) == 7


def test_what_stays_too_seldom_is_doubted_and_costs_no_more_than_its_rounds() -> None:
    for short, rounds in ((True, MIXED_ROUNDS), (False, FEWER_ROUNDS)):
        found, runner = told({(PATCHED, NEAR): "pf" + "p"}, short=short)
        assert found.rare == (ONE,)
        assert runner.ran.count((PATCHED, NEAR)) == runner.ran.count((BASE, NEAR)) == ROUNDS + rounds


def test_a_long_suite_is_run_again_once() -> None:
    found, runner = told({(PATCHED, WHOLE): "f"}, near=False, short=False)
    assert (found.broken, runner.ran) == ((ONE,), [(PATCHED, WHOLE), (BASE, WHOLE)])


@pytest.mark.parametrize(
    ("worse_runs", "patched", "base", "expected"), [(1, 1, 1, 0.5), (2, 2, 4, 1 / 15), (4, 12, 14, 495 / 14_950)]
)
def test_chance_is_that_of_fishers_exact_test(worse_runs: int, patched: int, base: int, expected: float) -> None:
    assert by_chance(worse_runs, patched, base) == pytest.approx(expected)


def test_the_base_is_run_no_more_once_it_is_known_to_be_flaky() -> None:
    found, runner = told({(PATCHED, NEAR): "pf", (BASE, NEAR): "pf"})
    assert found.flaky == (ONE,)
    assert runner.ran.count((BASE, NEAR)) == ROUNDS


def test_what_failed_once_is_tried_often_before_it_is_let_go() -> None:
    _, runner = told({})
    assert runner.ran.count((PATCHED, NEAR)) == ROUNDS + RARE_ROUNDS
    assert runner.ran.count((BASE, NEAR)) == ROUNDS + RARE_ROUNDS


def test_without_a_suspect_nothing_runs() -> None:
    found, runner = told({}, suspects=())
    assert (found, runner.ran) == (Confirmed(), [])
