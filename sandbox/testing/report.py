"""The results of a test run, test by test, the same for every runner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sandbox.result import ExecResult


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
    """All results of one run, by id."""

    __test__ = False

    results: Mapping[str, TestResult]

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
    """One execution of a test command. `report` None means *could not be judged*, and `reason` says why."""

    __test__ = False

    report: TestReport | None
    reason: str
    result: ExecResult
    command: str
