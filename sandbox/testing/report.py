"""The results of a test run, test by test, the same for every runner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sandbox.result import ExecResult

MESSAGE = 4_000
"""Characters of a failure that are kept, its end."""


class ReportUnreadable(Exception):
    """A report that cannot be believed: not well-formed, too large, or trying to do something to us."""


class TestOutcome(StrEnum):
    """One test's outcome. ERROR is a test that could not run (import, fixture, collection)."""

    __test__ = False  # not a pytest class

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test. `id` is stable between runs (file::class::name where the runner tells). `seconds` is wall time."""

    __test__ = False  # not a pytest class

    id: str
    outcome: TestOutcome
    message: str = ""
    seconds: float = 0.0
    file: str = ""


@dataclass(frozen=True, slots=True)
class TestReport:
    """All results of one run, by id.

    `uncollected` names the files, packages, crates or suites that could not be collected, loaded or built: their
    tests are not among the results, so nothing is known of them.
    """

    __test__ = False

    results: Mapping[str, TestResult]
    uncollected: tuple[str, ...] = ()

    def ids(self, *outcomes: TestOutcome) -> frozenset[str]:
        """Ids of the tests that ended in one of `outcomes` (all tests when none is named)."""
        return frozenset(i for i, r in self.results.items() if not outcomes or r.outcome in outcomes)

    @property
    def passed(self) -> frozenset[str]:
        return self.ids(TestOutcome.PASSED)

    @property
    def failed(self) -> frozenset[str]:
        """Tests that failed or could not run."""
        return self.ids(TestOutcome.FAILED, TestOutcome.ERROR)

    @property
    def skipped(self) -> frozenset[str]:
        return self.ids(TestOutcome.SKIPPED)


@dataclass(frozen=True, slots=True)
class TestRun:
    """One execution of a test command. `report` None means *could not be judged*, and `reason` says why.

    `unexplained` is a sentence when the run ended in a way that its reported failures (the canary's among them) do
    not account for: a suite that could not load, an unhandled rejection, a session that a plugin failed, a coverage
    threshold. Whether a patch did that is told by comparing it with a run at the base under the same conditions.
    It is "" when the failures explain everything, and holds no number, path or text that differs between two such runs.
    """

    __test__ = False

    report: TestReport | None
    reason: str
    result: ExecResult
    command: str
    unexplained: str = ""
