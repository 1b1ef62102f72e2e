from __future__ import annotations

import pytest

from sandbox.recipe import ReportFormat
from sandbox.result import Ended, ExecResult
from sandbox.testing.cargo import UNNAMED
from sandbox.testing.exit_behaviour import OTHER_CODE, THRESHOLD, unexplained
from sandbox.testing.report import TestOutcome, TestReport, TestResult

JUNIT = ReportFormat.JUNIT
FAILING = TestReport({"a": TestResult("a", TestOutcome.FAILED)})


def ended(code: int, text: str = "") -> ExecResult:
    return ExecResult(Ended.EXIT, code, text.encode(), b"", 1.0)


@pytest.mark.parametrize(
    ("runner", "report_format", "code", "failures", "told"),
    [
        ("pytest", JUNIT, 1, 1, ""),
        ("jest", JUNIT, 1, 3, ""),
        ("jest", JUNIT, 2, 1, OTHER_CODE),
        ("vitest", JUNIT, 13, 1, OTHER_CODE),
        ("node", JUNIT, 7, 1, OTHER_CODE),
        ("mocha", JUNIT, 3, 3, ""),
        ("mocha", JUNIT, 255, 700, ""),
        ("mocha", JUNIT, 3, 2, OTHER_CODE),
        ("mocha", ReportFormat.FOLDER, 1, 2, ""),
        ("go", ReportFormat.GO_JSON, 1, 1, ""),
        ("go", ReportFormat.GO_JSON, 2, 1, OTHER_CODE),
        ("cargo", ReportFormat.CARGO, 101, 1, ""),
        ("cargo", ReportFormat.CARGO, 1, 1, OTHER_CODE),
        ("", ReportFormat.EXIT_CODE, 3, 1, ""),
        ("", JUNIT, 3, 1, ""),
    ],
)
def test_an_exit_code_is_compared_with_what_failed_tests_mean(
    runner: str, report_format: ReportFormat, code: int, failures: int, told: str
) -> None:
    assert unexplained(runner, report_format, ended(code), FAILING, failures) == told


@pytest.mark.parametrize(
    "line",
    [
        'Jest: "global" coverage threshold for lines (100%) not met: 75%',
        'Jest: Coverage for lines (75%) does not meet "global" threshold (100%)',
        "ERROR: Coverage for branches (50.5%) does not meet global threshold (90%)",
        "FAIL Required test coverage of 90.0% not reached. Total coverage: 71.43%",
        "Coverage failure: total of 71 is less than fail-under=90",
        "Error: 50.00% line coverage does not meet threshold of 80%.",
    ],
)
def test_a_threshold_that_was_not_met_is_told_without_its_numbers(line: str) -> None:
    assert unexplained("jest", JUNIT, ended(1, f"x\n{line}\n"), FAILING, 1) == THRESHOLD
    assert unexplained("jest", JUNIT, ended(1, "All files | 75 |\n"), FAILING, 1) == ""


def test_a_program_that_counts_other_tests_than_it_names_is_told() -> None:
    lines = "running 2 tests\ntest a ... FAILED\ntest result: FAILED. {} passed; 1 failed; 0 ignored; 0 measured\n"
    for passed, told in ((0, ""), (1, UNNAMED)):
        result = ended(101, lines.format(passed))
        assert unexplained("cargo", ReportFormat.CARGO, result, FAILING, 1) == told
