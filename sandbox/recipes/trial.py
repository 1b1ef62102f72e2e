"""What became of a recipe that was tried: the set-up, and one run of the tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from sandbox.recipe import Recipe
from sandbox.testing.report import TestOutcome, TestReport

MOST_FAILURES = 0.05
"""A suite of which more than this part fails is not taken for healthy without having tried something else."""
WORTH_A_CHANGE = 1.02
"""So many times the tests of an earlier recipe must pass for a later one to replace it."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A recipe, the report of one run (None: it could not be set up, run or believed), and why, with the log's end.

    `seconds` is what the run took, `unexplained` as `TestRun` has it.
    """

    recipe: Recipe
    report: TestReport | None
    problem: str = ""
    log: str = ""
    set_up: bool = True
    seconds: float = 0.0
    unexplained: str = ""

    @property
    def passed(self) -> int:
        return len(self.report.passed) if self.report is not None else 0

    @property
    def uncollected(self) -> tuple[str, ...]:
        """Test files that could not even be read."""
        errors = self.report.ids(TestOutcome.ERROR) if self.report is not None else ()
        return tuple(sorted(i for i in errors if "::" not in i))

    @property
    def complete(self) -> bool:
        """Tests passed, every test file could be read, and few tests fail: there is no need to try anything else."""
        if self.report is None or not self.passed or self.uncollected:
            return False
        return len(self.report.failed) <= MOST_FAILURES * (self.passed + len(self.report.failed))

    @property
    def text(self) -> str:
        """Everything that says what went wrong."""
        messages = "\n".join(r.message for r in self.report.results.values() if r.message) if self.report else ""
        return "\n".join(filter(None, (self.problem, self.log, messages)))


def best(trials: Sequence[Trial]) -> Trial | None:
    """The trial by which most tests pass; a later one must be clearly better. None when no test ever passed."""
    found: Trial | None = None
    for trial in trials:
        if trial.passed and (found is None or trial.passed > WORTH_A_CHANGE * found.passed):
            found = trial
    return found


class SetupRung(Protocol):
    """One rung of the set-up ladder: it proposes recipes, and sees what became of those that were tried.

    `name` is for people. `proposals` yields recipes until it has nothing more to say; the trial of each is the last of
    `trials` when it goes on. It is asked only while no trial is complete.
    """

    @property
    def name(self) -> str: ...

    def proposals(self, trials: Sequence[Trial]) -> Iterator[Recipe]: ...
