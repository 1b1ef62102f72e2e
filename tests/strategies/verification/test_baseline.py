"""What two runs of the base make known, when it is too little to judge by, and that it is kept whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sandbox.testing.report import TestOutcome, TestReport, TestResult
from strategies.verification.baseline import compare, file_of, first_error, parse, too_little, written

P, F, S, E = TestOutcome.PASSED, TestOutcome.FAILED, TestOutcome.SKIPPED, TestOutcome.ERROR


def report(uncollected: tuple[str, ...] = (), **outcomes: TestOutcome) -> TestReport:
    results = {f"t/{n}.py::x": TestResult(f"t/{n}.py::x", o, seconds=0.25) for n, o in outcomes.items()}
    return TestReport(results, uncollected)


def test_what_ended_alike_is_stable_and_the_rest_is_flaky() -> None:
    found = compare(report(a=P, b=F, c=S, d=P, e=P), report(a=P, b=E, c=S, d=F), 2.0)
    assert found.passed == {"t/a.py::x"}
    assert found.failed == {"t/b.py::x"}
    assert found.skipped == {"t/c.py::x"}
    assert found.flaky == {"t/d.py::x", "t/e.py::x"}


def test_what_either_run_could_not_collect_or_explain_is_kept() -> None:
    found = compare(report(("t/y.py",), a=P), report(("t/x.py",), a=P), 2.0, ("", "a threshold"))
    assert found.uncollected == ("t/x.py", "t/y.py")
    assert found.unexplained == {"a threshold"}
    assert found.files == {"t/a.py": 0.25}


@pytest.mark.parametrize(
    ("passed", "failed", "enough"), [(0, 0, False), (0, 5, False), (1, 0, True), (1, 9, True), (1, 10, False)]
)
def test_a_baseline_in_which_hardly_anything_passes_is_too_little(passed: int, failed: int, *, enough: bool) -> None:
    outcomes = {f"p{i}": P for i in range(passed)} | {f"f{i}": F for i in range(failed)} | {"s": S}
    assert compare(report((), **outcomes), report((), **outcomes), 1.0).enough is enough


def test_a_kept_baseline_is_what_was_measured() -> None:
    found = compare(report(("t/y.py",), a=P, b=F, c=S, d=P), report(a=P, b=F, c=S), 2.5, ("a threshold",))
    assert parse(written(found)) == found
    placed = replace(found, places=("t/a.py",))
    assert parse(written(placed)) == placed


def test_the_first_import_error_is_told_before_other_failures() -> None:
    results = (
        TestResult("a", F, "assert 1 == 2"),
        TestResult(
            "b", E, "tests/test_b.py:1: in <module>\n    import psycopg\nE   ModuleNotFoundError: No module x\n"
        ),
    )
    broken = TestReport({r.id: r for r in results})
    assert first_error(broken) == "E   ModuleNotFoundError: No module x"
    assert first_error(TestReport({"a": results[0]})) == "assert 1 == 2"
    text = too_little("pytest -q", compare(broken, broken, 1.0), broken)
    assert "no test passes before any change (0 passed, 2 failed, 0 skipped)" in text
    assert "ModuleNotFoundError" in text


def test_a_test_is_in_the_file_that_its_runner_tells_or_its_id_begins_with() -> None:
    assert file_of(TestResult("works", P, file="a.test.js")) == "a.test.js"
    assert file_of(TestResult("tests/test_a.py::test_b", P)) == "tests/test_a.py"
    assert file_of(TestResult("works", P)) == ""
