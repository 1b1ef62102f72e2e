"""From the tests before and after a patch to a verdict. Pure: reports in, evidence and a verdict out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sandbox.testing.report import TestReport
from strategies.judge import Accept
from strategies.verdict import Counts, Evidence, Judged, Reproduction, Rung, Verdict
from strategies.verification.baseline import Baseline

SHOWN = 5
"""Failing tests told to the next attempt."""


NOTHING_SEEN = "No test ran that could show whether the patch breaks anything."


@dataclass(frozen=True, slots=True)
class Differences:
    """What one run shows to be worse than the baseline, sorted: tests that passed before and fail, are gone or are
    skipped now, and tests that the baseline does not have and that fail."""

    failing: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    new_failing: tuple[str, ...] = ()

    @property
    def broken(self) -> tuple[str, ...]:
        """Those that passed before."""
        return (*self.failing, *self.vanished, *self.skipped)

    def only(self, confirmed: Collection[str]) -> Differences:
        """What of it was confirmed."""
        kinds = (self.failing, self.vanished, self.skipped, self.new_failing)
        return Differences(*(tuple(i for i in kind if i in confirmed) for kind in kinds))


def differences(baseline: Baseline, report: TestReport, reproduction: Reproduction | None) -> Differences:
    """What a run of the whole suite shows to be worse; the test from the issue is judged by itself."""
    lost = baseline.passed - report.passed
    new = (report.ids() - baseline.ids) & report.failed
    return Differences(
        failing=tuple(sorted(lost & report.failed)),
        vanished=tuple(sorted(i for i in lost if i not in report.results)),
        skipped=tuple(sorted(lost & report.skipped)),
        new_failing=tuple(sorted(i for i in new if reproduction is None or not _belongs(i, reproduction))),
    )


def _belongs(test: str, reproduction: Reproduction) -> bool:
    """Whether an id is one of the test from the issue: by its file, or, where ids hold none, by those it had at first.

    Go's subtests may differ after the patch.
    """
    return test.startswith(reproduction.path) or any(
        test == known or test.startswith(f"{known}/") for known in reproduction.ids
    )


def unseen(near: Sequence[str], baseline: Baseline) -> tuple[str, ...]:
    """The test files that a patch concerns, where all of them could not be collected at the base commit: then no run
    says whether it breaks anything. `near` are those it concerns by the imports, collected or not."""
    lost = set(baseline.uncollected)
    return tuple(near) if near and set(near) <= lost else ()


def counted(evidence: Evidence, baseline: Baseline, report: TestReport, flaky: Sequence[str]) -> Evidence:
    """The evidence with the numbers of before and after."""
    new = report.ids() - baseline.ids
    return replace(
        evidence,
        before=baseline.counts,
        after=Counts(len(report.passed), len(report.failed), len(report.skipped), len(new)),
        fixed=tuple(sorted(baseline.failed & report.passed)),
        not_judged=baseline.uncollected,
        flaky=tuple(sorted(baseline.flaky | set(flaky))),
    )


def weigh_broken(worse: Differences, report: TestReport, evidence: Evidence) -> Verdict | None:
    """The verdict when something confirmed is worse than before; None when nothing is."""
    if worse.broken:
        notes = [f"{i} no longer runs" for i in worse.vanished] + [f"{i} is skipped now" for i in worse.skipped]
        return broken(worse.broken, report, evidence, notes)
    if worse.new_failing:
        return broken(worse.new_failing, report, evidence, ["a test that the patch adds fails"])
    return None


def broken(tests: Sequence[str], report: TestReport, evidence: Evidence, notes: Sequence[str] = ()) -> Verdict:
    """The verdict on a patch that breaks these tests, with what they say."""
    told = [f"{i}\n{report.results[i].message[:1_200]}" for i in tests if i in report.results][:SHOWN]
    more = f"\n… and {len(tests) - SHOWN} more" if len(tests) > SHOWN else ""
    words = "\n\n".join([*notes[:SHOWN], *told]) + more
    evidence = replace(evidence, broken=tuple(tests), notes=(*evidence.notes, *notes[:SHOWN]))
    return Verdict(Judged.FAILED, evidence, f"Tests that passed before do not pass with the patch:\n{words}")


def conclude(accept: Accept, evidence: Evidence, nobody: str = "") -> Verdict:
    """Nothing spoke against the patch: is it enough of what the repository asks for? `nobody` is why no model was there
    to write a test, which is not the issue's fault."""
    wanted = {"any": Rung.BUILDS, "regression": Rung.REGRESSION, "reproduction": Rung.REPRODUCTION}[accept]
    if wanted in evidence.rungs:
        return Verdict(Judged.PASSED, evidence)
    if accept == "regression":
        return Verdict(Judged.UNJUDGED, evidence, evidence.notes[-1] if evidence.notes else NOTHING_SEEN)
    why = "No valid test could be written from the issue, so nothing shows that the patch resolves it."
    if nobody:
        why = f"No model was there to write a test, so nothing shows that the patch resolves the issue: {nobody[:400]}"
    return Verdict(Judged.UNJUDGED, replace(evidence, notes=(*evidence.notes, why)), why)


def with_reproduction(evidence: Evidence, reproduction: Reproduction, told: str, *, good: bool) -> Evidence:
    """The evidence with what the reproduction test said after the patch."""
    return replace(evidence, reproduction=replace(reproduction, after=told, passes=good))


def with_rungs(evidence: Evidence, *rungs: Rung) -> Evidence:
    """The evidence with further rungs earned."""
    return replace(evidence, rungs=evidence.rungs | set(rungs))


def with_doubts(evidence: Evidence, *doubts: str) -> Evidence:
    """The evidence with further reasons to offer the patch as a draft only."""
    return replace(evidence, doubts=(*evidence.doubts, *doubts))


def with_notes(evidence: Evidence, *notes: str) -> Evidence:
    """The evidence with further sentences for people."""
    return replace(evidence, notes=(*evidence.notes, *notes))
