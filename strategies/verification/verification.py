"""Judges a patch by executed tests, in fresh sandboxes, with the repository's own tests as they were.

The ladder (`Rung`) is climbed from the cheap end: rules, parsing, the reproduction test, the affected tests, the whole
suite once as the gate. Whatever the sandbox does to itself is never held against a patch.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import Self

from sandbox.backend import Sandbox
from sandbox.guard.path_names import is_test
from sandbox.repository.patch import Patch
from sandbox.testing.report import TestReport, TestRun
from strategies.judge import Accept, Comparison
from strategies.reproduction.placement import selector
from strategies.reproduction.validation import passes, ran
from strategies.step import Step
from strategies.tier import Tier
from strategies.verdict import Evidence, Judged, Reproduction, Rung, Verdict
from strategies.verification.admissible import admissible, with_known_examples
from strategies.verification.baseline import Baseline
from strategies.verification.issue_tests import IssueTests
from strategies.verification.near_tests.affected_tests import MOST, affected, within
from strategies.verification.near_tests.coverage import executing, kept_covered
from strategies.verification.near_tests.necessity import PassingPatch, PatchedRun, budget, examine
from strategies.verification.pinned_tests import PinnableChange, ask, code_of, file_of, pinned, subject_of
from strategies.verification.preparing import prepare
from strategies.verification.request import VerificationRequest
from strategies.verification.rerun_failures import Confirmed, RerunSubject
from strategies.verification.rerun_near_tests import plan
from strategies.verification.retry_lost_runs import RunWithoutResult, attempt, unexplained
from strategies.verification.runs import TestRuns
from strategies.verification.verdict_from_runs import (
    NOTHING_SEEN,
    broken,
    conclude,
    counted,
    differences,
    unseen,
    weigh_broken,
    with_doubts,
    with_notes,
    with_reproduction,
    with_rungs,
)

SLOW_SUITE = 10.0
"""From this many seconds on, the affected tests are run before the whole suite."""
FIRST_SHARE = 0.3
"""The affected tests that are run first may take this share of the suite's time."""
UNSEEN = "The tests that concern this patch could not be collected before it, so nothing is known of them: {files}"
RARE = "With the patch {test} failed, but too seldom in further runs to be told from chance; before it, it never failed"
SOMETIMES = "With the patch the test from the issue passes only sometimes: it failed when it was run again"
RUNS = 6
"""So many runs of the nearest tests should fit into the time for asking what they see of a patch."""
COMPANY = "The test from the issue passes by itself and fails among others, and nobody can tell whose doing it is"
FAR_COMPANY = (
    "The test from the issue passes by itself and among the tests that concern the patch, and fails in the whole "
    "suite, where others do not leave things as they were: so those runs count."
)
NOT_AGAIN = "What fails could not be run again, neither with the patch nor without it: {tests}"
SHOWN = 5
OWN_RUN = "The whole suite does not collect the test from the issue, so its own run counts."


@dataclass(slots=True)
class Verification:
    """One issue's verification: the environment, the baseline, and the tests from the issue once they are written."""

    request: VerificationRequest
    runs: TestRuns
    baseline: Baseline
    issue_tests: IssueTests
    _judged: dict[str, Verdict] = field(default_factory=dict)
    _concerns: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def start(cls, request: VerificationRequest) -> Self:
        """Prepare the environment and measure the baseline (both cached).

        Raises PreparationFailed, NoBaseline (could not be judged) or SandboxUnavailable.
        """
        runs, baseline = prepare(request)
        return cls(request, runs, baseline, IssueTests(request, runs, baseline))

    @property
    def accept(self) -> Accept:
        return self.request.accept

    @property
    def can_judge(self) -> bool:
        return True

    @property
    def test_usd(self) -> Decimal:
        return self.issue_tests.usd

    def open_sandbox(self) -> Sandbox:
        return self.runs.open()

    def write_test(self, tier: Tier, number: int, assertions: int) -> Reproduction | None:
        return self.issue_tests.write(tier, number, assertions)

    def passes(self, patch: Patch, test: Reproduction) -> bool | None:
        return self.issue_tests.passes(patch, test)

    def compare(self, first: Patch, second: Patch, tier: Tier) -> Comparison:
        return self.issue_tests.compare(first, second, tier)

    def judge(self, patch: Patch) -> Verdict:
        if patch.digest not in self._judged:
            self._judged[patch.digest] = with_known_examples(self._judge(patch), patch, self.runs.workspace)
        return self._judged[patch.digest]

    def judge_by_suite(self, patch: Patch) -> Verdict:
        early, judged, evidence = admissible(patch, self.runs.workspace, self.request.deny, self.runs.recipe.test)
        if early is not None:
            return early
        subject = RerunSubject(self.runs, self.baseline, judged, Patch())
        run = self._gate(subject, evidence)
        return run if isinstance(run, Verdict) else self._plausible(self._weigh(run, subject, evidence, None), judged)

    def vote_with(self, tests: Sequence[Reproduction]) -> None:
        self.issue_tests.written = (*self.issue_tests.reproductions, *tests)
        self._judged = {patch: v for patch, v in self._judged.items() if v.evidence.reproduction is None}

    def _judge(self, patch: Patch) -> Verdict:
        early, judged, evidence = admissible(patch, self.runs.workspace, self.request.deny, self.runs.recipe.test)
        if early is not None:
            return early
        if self.accept == "any":
            return Verdict(Judged.PASSED, evidence)
        tests = self.issue_tests.reproductions if self.accept == "reproduction" else ()
        reproduction = tests[0] if tests else None
        if len(tests) > 1:
            voted = self.issue_tests.vote(judged, tests, evidence)
            if isinstance(voted, Verdict):
                return voted
            reproduction, evidence = voted
        if reproduction is not None:
            failed = self.issue_tests.alone(judged, reproduction, evidence) if len(tests) == 1 else None
            if failed is not None:
                return failed
        ours = Patch({reproduction.path: reproduction.content}) if reproduction is not None else Patch()
        subject = RerunSubject(self.runs, self.baseline, judged.merge(ours), ours)
        run = self._gate(subject, evidence, resolved_by=reproduction)
        if isinstance(run, Verdict):
            return run
        verdict = self._plausible(self._weigh(run, subject, evidence, reproduction), judged)
        return self._examined(verdict, subject, reproduction) if verdict.judged is Judged.PASSED else verdict

    def _plausible(self, verdict: Verdict, judged: Patch) -> Verdict:
        """The same verdict; a patch that breaks no old test is remembered, for ranking the tests from the issue."""
        if Rung.REGRESSION in verdict.evidence.rungs:
            self.issue_tests.plausible.add(judged.digest)
        return verdict

    def _concerned(self, judged: Patch) -> tuple[str, ...]:
        """The test files that a patch concerns by the import graph, which is read once for each patch."""
        if judged.digest not in self._concerns:
            self._concerns[judged.digest] = affected(judged, self.runs.workspace)
        return self._concerns[judged.digest]

    def _near(self, judged: Patch) -> tuple[str, ...]:
        """The test files that a patch concerns: as measured where coverage was, else by the import graph."""
        covered = kept_covered(
            self.request.memory,
            self.runs.environment,
            self.runs.workspace.base,
            self.baseline.seconds,
            self.open_sandbox,
        )
        return executing(judged, covered) or self._concerned(judged)

    def _gate(
        self, subject: RerunSubject, evidence: Evidence, *, resolved_by: Reproduction | None = None
    ) -> TestReport | Verdict:
        """Affected tests first where the suite is slow, then the whole suite; a verdict when it is settled early.

        A patch that a test from the issue speaks for may ask about what it breaks: then the whole suite tells.
        """
        recipe, timeout, judged = self.runs.recipe, self.baseline.timeout, subject.judged
        if self.baseline.seconds > SLOW_SUITE and recipe.test_only is not None:
            near = within(self._near(judged), self.baseline.files, FIRST_SHARE * self.baseline.seconds)
            only = tuple(dict.fromkeys(selector(recipe, f) for f in near))
            run = self.runs.run(judged, only=only, timeout=timeout, canary=True) if only else None
            if run is not None and run.report is not None:
                still = subject.confirm(sorted(run.report.failed & self.baseline.passed), run.report).broken
                if still and not self._pinned(still, run.report, judged, resolved_by):
                    return broken(still, run.report, evidence)
        return self._whole(subject, evidence)

    def _whole(self, subject: RerunSubject, evidence: Evidence) -> TestReport | Verdict:
        """The report of the whole suite with the patch, or the verdict where there is none to be believed."""
        first: list[str] = []

        def run(patch: Patch) -> TestRun:
            return self.runs.run(patch, timeout=self.baseline.timeout, canary=True)

        def patched() -> TestRun:
            ran = run(subject.judged)
            first.append(ran.unexplained)
            return ran

        report = attempt(patched, lambda: run(subject.control), "the test suite")
        if isinstance(report, RunWithoutResult):
            return report.verdict(evidence)
        known = self.baseline.unexplained
        trouble = unexplained(first[-1], known, lambda: run(subject.judged), lambda: run(subject.control))
        return report if trouble is None else trouble.verdict(evidence)

    def _weigh(
        self, report: TestReport, subject: RerunSubject, evidence: Evidence, reproduction: Reproduction | None
    ) -> Verdict:
        """The verdict on a run of the whole suite, after what it shows to be worse was run again."""
        base = self.baseline
        worse = differences(base, report, reproduction)
        old = subject.confirm(worse.broken, report)
        new = subject.confirm_new(worse.new_failing, report) if not old.broken else Confirmed()
        if (lost := (*old.unknown, *new.unknown)) and not (*old.broken, *new.broken):
            return Verdict(Judged.UNJUDGED, evidence, NOT_AGAIN.format(tests=", ".join(lost[:SHOWN])))
        worse = worse.only({*old.broken, *new.broken})
        evidence = counted(evidence, base, report, (*old.flaky, *old.rare, *new.flaky, *new.rare))
        failed = weigh_broken(worse, report, evidence)
        if failed is not None:
            if reproduction is None or worse.new_failing or not self._passed(report, reproduction):
                return failed
            asks = self._pinned(worse.broken, report, subject.judged, reproduction)
            return ask(failed, reproduction) if asks else failed
        evidence = with_doubts(evidence, *(RARE.format(test=i) for i in (*old.rare, *new.rare)))
        evidence = with_rungs(evidence, Rung.BUILDS)
        lost = unseen(self._concerned(subject.judged), base)
        if lost or not base.enough:
            why = UNSEEN.format(files=", ".join(lost)) if lost else NOTHING_SEEN
            evidence = with_notes(evidence, why) if reproduction is None else with_doubts(evidence, why)
        else:
            evidence = with_rungs(evidence, Rung.REGRESSION)
        resolved = self._resolved(report, subject, evidence, reproduction) if reproduction is not None else evidence
        if isinstance(resolved, Verdict):
            return resolved
        repeated = self._repeated(subject, resolved, reproduction)
        return repeated if isinstance(repeated, Verdict) else conclude(self.accept, repeated, self.issue_tests.nobody)

    def _resolved(
        self, report: TestReport, subject: RerunSubject, evidence: Evidence, reproduction: Reproduction
    ) -> Evidence | Verdict:
        """The evidence with what the test from the issue says in the whole suite; a verdict when it does not pass."""
        good, told = passes(report, reproduction, self.baseline.ids)
        alone = self.runs.recipe.test_only is not None  # else it passed by itself, or we were not here
        if alone and not ran(report, reproduction, self.baseline.ids):
            good, told = True, ""
            evidence = with_notes(evidence, OWN_RUN)
        elif alone and not good:
            nearby = self._passes_nearby(subject, reproduction)
            if nearby is None:
                return Verdict(Judged.UNJUDGED, evidence, f"{COMPANY}:\n{told}")
            if nearby:
                good, told = True, ""
                evidence = with_notes(evidence, FAR_COMPANY)
        evidence = with_reproduction(evidence, reproduction, told, good=good)
        if not good:
            return Verdict(Judged.FAILED, evidence, f"A test written from the issue still fails:\n{told}")
        return with_rungs(evidence, Rung.REPRODUCTION)

    def _passes_nearby(self, subject: RerunSubject, reproduction: Reproduction) -> bool | None:
        """Whether a test that passes by itself, and fails in the whole suite, passes among the tests that concern the
        patch; None when it could not be run so, or fails there as it does without the patch."""
        recipe, base = self.runs.recipe, self.baseline
        near = within(self._concerned(subject.judged), base.files, base.seconds)
        only = tuple(dict.fromkeys(selector(recipe, f) for f in (*near, reproduction.path)))
        told: list[str] = []
        for patch in (subject.judged, subject.control) if near else ():
            report = self.runs.run(patch, only=only, timeout=base.timeout, canary=True).report
            if report is None:
                return None
            good, words = passes(report, reproduction, base.ids)
            if good:
                return True
            told.append(words)
        return False if len(set(told)) > 1 else None

    def _repeated(
        self, subject: RerunSubject, evidence: Evidence, reproduction: Reproduction | None
    ) -> Evidence | Verdict:
        """The evidence after some more runs of the nearest tests; a verdict when one of them turns out broken."""
        recipe, base = self.runs.recipe, self.baseline
        own = (reproduction.path,) if reproduction is not None else ()
        near = plan(self._concerned(subject.judged), base, alone=recipe.test_only is not None)
        only = tuple(dict.fromkeys(selector(recipe, f) for f in (*own, *near.files))) if near.files else ()

        def run(patch: Patch) -> TestRun:
            return self.runs.run(patch, only=only, timeout=base.timeout)

        for _ in range(near.times):
            report = attempt(lambda: run(subject.judged), lambda: run(subject.control), "the tests")
            if isinstance(report, RunWithoutResult):
                return report.verdict(evidence)
            found = subject.confirm(sorted(base.passed & report.failed), report)
            if found.broken:
                return broken(found.broken, report, replace(evidence, rungs=evidence.rungs - {Rung.REGRESSION}))
            if found.unknown:
                return Verdict(Judged.UNJUDGED, evidence, NOT_AGAIN.format(tests=", ".join(found.unknown[:SHOWN])))
            evidence = replace(evidence, flaky=tuple(sorted({*evidence.flaky, *found.flaky})))
            doubts = [RARE.format(test=i) for i in found.rare]
            if reproduction is not None and ran(report, reproduction, base.ids):
                doubts += [] if passes(report, reproduction, base.ids)[0] else [SOMETIMES]
            if doubts:
                return with_doubts(evidence, *doubts)
        return evidence

    def _examined(self, verdict: Verdict, subject: RerunSubject, reproduction: Reproduction | None) -> Verdict:
        """The same verdict, with what the nearest tests see of the patch; it never becomes another one."""
        recipe, base = self.runs.recipe, self.baseline
        seconds = budget(base.seconds)
        files = within(self._concerned(subject.judged), base.files, seconds / RUNS)
        ours = (reproduction.path,) if reproduction is not None else ()
        only = tuple(selector(recipe, f) for f in (*ours, *files)) if recipe.test_only is not None else ()
        if not only and base.seconds > seconds / RUNS:
            return verdict  # the whole suite is all that could be run

        def trial(texts: Mapping[str, str]) -> PatchedRun:
            deadline = time.monotonic() + seconds
            return PatchedRun(self.runs.open(subject.judged), recipe, only, texts, deadline)

        change = PassingPatch(subject.judged, self.runs.workspace, reproduced=reproduction is not None)
        found = examine(change, trial)
        if found is None:
            return verdict
        self.request.say(Step("necessity", found.sentence, asdict(found)))
        evidence = replace(verdict.evidence, necessity=found)
        return replace(verdict, evidence=with_rungs(evidence, Rung.NECESSITY) if found.complete else evidence)

    def _passed(self, report: TestReport, reproduction: Reproduction) -> bool:
        """Whether the test from the issue passes in a run of the whole suite, or passed alone where that has none."""
        alone = self.runs.recipe.test_only is not None and not ran(report, reproduction, self.baseline.ids)
        return alone or passes(report, reproduction, self.baseline.ids)[0]

    def _pinned(
        self, tests: Sequence[str], report: TestReport, judged: Patch, reproduction: Reproduction | None
    ) -> bool:
        """Whether these broken tests may pin what the issue wants changed, so that people are asked."""
        if reproduction is None:
            return False
        workspace, issue = self.runs.workspace, self.request.issue
        paths = [f.path for f in workspace.files()]
        product = [p for p in judged.paths if p != reproduction.path and not is_test(p)]
        changed = "\n".join(
            (workspace.read_text(p) or "") + (judged.files[p] or b"").decode("utf-8", "replace") for p in product
        )
        near = affected(judged, workspace)
        text = f"{issue.title}\n{issue.body}"
        change = PinnableChange(
            near=near if len(near) < MOST else (),  # of more, nobody can tell which are left out
            subject=subject_of(reproduction.content.decode("utf-8", "replace"), text, changed),
            issue=text,
            code_of=lambda r: code_of(r.id, workspace.read_text(file_of(r.file or r.id, paths)) or ""),
        )
        return pinned(tests, report.results, len(self.baseline.passed), change)
