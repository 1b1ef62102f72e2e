"""A run without a result: when the patch is blamed, and when nobody is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.result import Ended, ExecResult
from sandbox.testing.report import TestOutcome, TestReport, TestResult, TestRun
from strategies.verdict import Evidence, Judged
from strategies.verification.retry_lost_runs import RunWithoutResult, attempt, unexplained

REPORT = TestReport({"t": TestResult("t", TestOutcome.PASSED)})
ENDED = ExecResult(Ended.EXIT, 0, b"", b"", 1.0)
WELL = TestRun(REPORT, "", ENDED, "pytest")
REJECTION = TestRun(REPORT, "", ENDED, "vitest", "an unhandled rejection")


def lost(reason: str) -> TestRun:
    return TestRun(None, reason, ENDED, "pytest")


def script(*runs: TestRun) -> Callable[[], TestRun]:
    left = list(runs)
    return lambda: left.pop(0)


def test_a_result_is_taken_at_once() -> None:
    assert attempt(script(WELL), script(), "the tests") is REPORT


def test_a_report_that_is_missing_once_is_nobodys_fault() -> None:
    assert attempt(script(lost("no report"), WELL), script(), "the tests") is REPORT


def test_what_happens_again_and_not_at_the_base_is_the_patchs() -> None:
    found = attempt(script(lost("no report"), lost("took longer than 60 s")), script(WELL), "the tests")
    assert isinstance(found, RunWithoutResult)
    verdict = found.verdict(Evidence())
    assert verdict.judged is Judged.FAILED
    assert verdict.feedback == "With the patch the tests could not be run or believed: took longer than 60 s"


def test_what_happens_at_the_base_too_is_not_judged() -> None:
    found = attempt(script(lost("no report"), lost("no report")), script(lost("the disk is full")), "the tests")
    assert isinstance(found, RunWithoutResult)
    verdict = found.verdict(Evidence())
    assert verdict.judged is Judged.UNJUDGED
    assert "the disk is full" in verdict.feedback


@pytest.mark.parametrize(
    ("again", "base", "judged"),
    [
        pytest.param(REJECTION, WELL, Judged.FAILED, id="again, and not at the base"),
        pytest.param(WELL, WELL, None, id="not again"),
        pytest.param(REJECTION, REJECTION, None, id="at the base as well"),
        pytest.param(lost("no report"), WELL, Judged.FAILED, id="then even without a report"),
        pytest.param(REJECTION, lost("no report"), Judged.UNJUDGED, id="and nobody knows of the base"),
    ],
)
def test_what_failures_do_not_explain_is_compared_with_the_base(
    again: TestRun, base: TestRun, judged: Judged | None
) -> None:
    found = unexplained("an unhandled rejection", frozenset(), script(again), script(base))
    assert (found.verdict(Evidence()).judged if found else None) is judged


@pytest.mark.parametrize(("first", "known"), [("", ()), ("a threshold", ("a threshold",))])
def test_what_is_explained_or_known_costs_no_run(first: str, known: tuple[str, ...]) -> None:
    assert unexplained(first, frozenset(known), script(), script()) is None


def test_another_end_than_the_bases_counts() -> None:
    found = unexplained("an unhandled rejection", frozenset(["a threshold"]), script(REJECTION), script(WELL))
    assert found is not None
    assert found.patch
