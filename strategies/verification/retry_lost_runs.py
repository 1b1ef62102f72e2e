"""A run whose result is needed: what goes wrong is tried again, and tried at the base, before a patch is blamed.

A report that is missing or unreadable, a hang, a runner that cannot start may be the patch's doing or ours. Only what
happens again with the patch, in a fresh sandbox, and not without it, is held against the patch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.testing.report import TestReport, TestRun
from strategies.verdict import Evidence, Judged, Verdict

Run = Callable[[], TestRun]


@dataclass(frozen=True, slots=True)
class RunWithoutResult:
    """A run that gave no result. `patch` is whether it is the patch's doing; `why` says what happened, for people."""

    patch: bool
    why: str

    def verdict(self, evidence: Evidence) -> Verdict:
        """FAILED where the patch did it, else could not be judged."""
        return Verdict(Judged.FAILED if self.patch else Judged.UNJUDGED, evidence, self.why)


def attempt(patched: Run, base: Run, what: str) -> TestReport | RunWithoutResult:
    """The report of `patched`, tried twice; else whose trouble it is. `what` was to be run ("the tests").

    Passes on what the runs raise.
    """
    first = patched()
    if first.report is not None:
        return first.report
    second = patched()
    if second.report is not None:
        return second.report
    without = base()
    if without.report is None:
        why = f"Could not be judged: {what} could not be run with the patch ({second.reason})"
        return RunWithoutResult(patch=False, why=f"{why}\n… nor without it ({without.reason})")
    return RunWithoutResult(patch=True, why=f"With the patch {what} could not be run or believed: {second.reason}")


def unexplained(first: str, known: frozenset[str], patched: Run, base: Run) -> RunWithoutResult | None:
    """What a run's failures do not account for (`TestRun.unexplained`), held against the patch when it happens again
    and is neither `known` at the base nor happens there now. Passes on what the runs raise."""
    if not first or first in known:
        return None
    again = patched()
    if again.report is not None and (not again.unexplained or again.unexplained in known):
        return None
    without = base()
    if without.report is not None and without.unexplained:
        return None
    if without.report is None:
        return RunWithoutResult(
            patch=False, why=f"Could not be judged: {first}; and without the patch: {without.reason}"
        )
    return RunWithoutResult(
        patch=True, why=f"With the patch the test run ends as its failures do not explain, and not without it: {first}"
    )
