"""Whether the way in which a test command ended is accounted for by the failures that it reported.

With a failing canary in the run every exit code looks explained. So each runner is asked for what it tells beside its
failures: another exit code than theirs, errors outside of any test, a threshold that was not met.
"""

from __future__ import annotations

import re

from sandbox.recipe import ReportFormat
from sandbox.result import ExecResult
from sandbox.testing.cargo import counts_unexplained
from sandbox.testing.report import TestReport

NO_TEST_RAN = "no test ran"
PYTEST_INTERRUPTED, PYTEST_NO_TESTS = 2, 5  # pytest.ExitCode
PYTEST_BROKEN = {3: "pytest had an internal error", 4: "pytest was called wrongly"}

FAILED_TESTS: dict[str, frozenset[int]] = {
    "pytest": frozenset({1}),
    "jest": frozenset({1}),
    "vitest": frozenset({1}),
    "node": frozenset({1}),
    "go": frozenset({1}),
    "cargo": frozenset({101}),
    "maven": frozenset({1}),
    "gradle": frozenset({1}),
}
"""By runner, the exit codes that mean nothing but failed tests. mocha's is the number of failures, up to 255."""
OTHER_CODE = "the command ended by another exit code than that of failed tests"
THRESHOLD = "a coverage threshold was not met"
_THRESHOLD = re.compile(
    r"coverage threshold for .* not met"  # jest before 30
    r"|Jest: coverage data for .* was not found"
    r"|Coverage for \w+ \([\d.]+%\) does not meet"  # jest, vitest, nyc, c8
    r"|[\d.]+% \w+ coverage does not meet threshold"  # node:test
    r"|Required test coverage of [\d.]+% not reached"  # pytest-cov
    r"|Coverage failure: total of"  # coverage.py
)
LAST_CHARS = 100_000


def disagreement(runner: str, exit_code: int, report: TestReport) -> str:
    """Why exit code and report cannot both be true; "" when they agree."""
    failures = len(report.failed)
    if runner == "pytest":
        if exit_code in PYTEST_BROKEN:
            return f"{PYTEST_BROKEN[exit_code]} (exit code {exit_code})"
        if exit_code == PYTEST_NO_TESTS and not failures:
            return NO_TEST_RAN
    if not report.results:
        return NO_TEST_RAN if exit_code == 0 else f"{NO_TEST_RAN} (exit code {exit_code})"
    if exit_code == 0 and failures:
        return f"exit code 0, but {failures} reported failures: the result contradicts itself"
    if exit_code != 0 and not failures:
        return f"exit code {exit_code}, but no reported failure: the result contradicts itself"
    return ""


def unexplained(runner: str, report_format: ReportFormat, result: ExecResult, report: TestReport, failures: int) -> str:
    """What the reported failures do not account for, the canary's among `failures`; "" when they account for all.

    `report` is as it was read, before the canary is taken out.
    """
    code = result.exit_code or 0
    told = [_code(runner, report_format, code, failures)] if report.failed else []
    if report_format is ReportFormat.CARGO:
        told.append(counts_unexplained(result.stdout))
    told.append(THRESHOLD if _THRESHOLD.search(result.text[-LAST_CHARS:]) else "")
    return joined(*told)


def joined(*sentences: str) -> str:
    """Several sentences as one, without those that are empty or come twice."""
    return "; ".join(dict.fromkeys(filter(None, sentences)))


def _code(runner: str, report_format: ReportFormat, code: int, failures: int) -> str:
    if report_format not in (ReportFormat.JUNIT, ReportFormat.GO_JSON, ReportFormat.CARGO, ReportFormat.SUREFIRE):
        return ""  # several commands, or one that we know nothing of
    if runner == "mocha":
        return "" if code == min(failures, 255) else OTHER_CODE
    expected = FAILED_TESTS.get(runner)
    return OTHER_CODE if expected and code not in expected else ""
