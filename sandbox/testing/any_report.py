"""The report of a command of which nothing is known but that it tests: whatever it left that we can read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from sandbox.result import ExecResult
from sandbox.testing.cargo import parse_cargo
from sandbox.testing.go_json import parse_go_json
from sandbox.testing.identity import stable_id
from sandbox.testing.junit import parse_junit
from sandbox.testing.readable_output import printable
from sandbox.testing.report import MESSAGE, ReportUnreadable, TestOutcome, TestReport, TestResult
from sandbox.testing.tap import parse_tap

_SUITE = b"<testsuite"
EXIT_CODE = "exit code"
"""The test that stands for the command's own success, where its failures do not explain how it ended."""


def parse_found(documents: Sequence[tuple[str, bytes]], result: ExecResult, *, root: str, now: datetime) -> TestReport:
    """The tests of JUnit documents by path, else of the command's output, and always the exit code where that adds.

    A command may check style too: its exit code is a test of its own where no reported test failed, or none is known.
    A document that is meant as a report and cannot be read is among what was not collected.
    """
    results: dict[str, TestResult] = {}
    uncollected: set[str] = set()
    for path, content in documents:
        try:
            found = parse_junit(content, root=root, now=now)
        except ReportUnreadable:
            uncollected |= {stable_id(path.removeprefix("./"), now)} if _SUITE in content else set()
            continue
        results |= found.results
        uncollected |= set(found.uncollected)
    for parse in _OUTPUTS:
        if not results:
            with suppress(ReportUnreadable):
                results |= parse(result.stdout, now)
    failed = any(r.outcome in (TestOutcome.FAILED, TestOutcome.ERROR) for r in results.values())
    if not failed:
        results[EXIT_CODE] = exit_code_result(result)
    return TestReport(results, tuple(sorted(uncollected)))


def exit_code_result(result: ExecResult) -> TestResult:
    """A command's exit code as one test."""
    outcome = TestOutcome.PASSED if result.exit_code == 0 else TestOutcome.FAILED
    message = "" if outcome is TestOutcome.PASSED else printable(result.text[-MESSAGE:])
    return TestResult(EXIT_CODE, outcome, message, result.seconds)


_OUTPUTS: Sequence[Callable[[bytes, datetime], dict[str, TestResult]]] = (
    lambda output, now: dict(parse_go_json(output, now=now).results),
    lambda output, now: dict(parse_tap(output, now=now).results),
    lambda output, now: dict(parse_cargo(output, now=now).results),
)
