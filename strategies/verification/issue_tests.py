"""The tests that models write from an issue: written once, run with a patch, and what they say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.repository.patch import Patch
from sandbox.testing.report import TestReport, TestResult, TestRun
from strategies.judge import Comparison
from strategies.reproduction.placement import place, selector
from strategies.reproduction.test_bed import TestBed
from strategies.reproduction.tester import TRIES, write_reproduction
from strategies.reproduction.validation import own, passes
from strategies.step import Step
from strategies.tier import Tier
from strategies.verdict import Evidence, Judged, Reproduction, Verdict
from strategies.verification.admissible import admissible
from strategies.verification.baseline import Baseline
from strategies.verification.comparison import ComparisonSetup, compare
from strategies.verification.request import VerificationRequest
from strategies.verification.runs import Runs
from strategies.verification.trying import Trouble, attempt
from strategies.verification.vote import decided, write_several
from strategies.verification.weighing import with_notes, with_reproduction

CANDIDATE_SECONDS = 120.0
"""How long a test may run before it is known to be valid, at least."""
COMPARING = 90
"""The number in the name of a test that only compares two patches."""


@dataclass(slots=True)
class IssueTests:
    """One issue's tests; `written` is None until the first question."""

    request: VerificationRequest
    runs: Runs
    baseline: Baseline
    written: tuple[Reproduction, ...] | None = None

    @property
    def bed(self) -> TestBed:
        """Where a test is tried before it may judge."""
        base = self.baseline
        seconds = max(CANDIDATE_SECONDS, base.timeout)
        return TestBed(self.runs.recipe, self.runs.workspace, self.runs.open_base, base.ids, base.passed, seconds)

    @property
    def reproductions(self) -> tuple[Reproduction, ...]:
        """The validated tests written from the issue: written at the first question, once. Raises OverBudget."""
        tester, request = self.request.tester, self.request
        if self.written is None and tester is not None:

            def write(number: int) -> Reproduction | None:
                tries = 1 if number else TRIES
                return write_reproduction(
                    request.issue,
                    self.bed,
                    tester,
                    request.say,
                    stand_ins=request.stand_ins,
                    number=number,
                    tries=tries,
                    prompts=request.prompts,
                )

            self.written = write_several(request.tests, write, tester.model.meter.left, request.say)
        return self.written or ()

    def write(self, tier: Tier, number: int, assertions: int) -> Reproduction | None:
        """One more test by `tier`, valid at the base commit. Raises OverBudget and SandboxUnavailable."""
        request = self.request
        return write_reproduction(
            request.issue,
            self.bed,
            tier,
            request.say,
            number=number,
            assertions=assertions,
            tries=1,
            prompts=request.prompts,
        )

    def passes(self, patch: Patch, test: Reproduction) -> bool:
        """Whether a patch that may be applied passes one test. Raises SandboxUnavailable."""
        early, judged, _ = admissible(patch, self.runs.workspace, self.request.deny, self.runs.recipe.test)
        if early is not None:
            return False
        run = self._run(judged, test.path, test.content)
        return run.report is not None and passes(run.report, test, self.baseline.ids)[0]

    def compare(self, first: Patch, second: Patch, tier: Tier) -> Comparison:
        """Whether two patches behave alike in a test by `tier` made to tell them apart. Raises OverBudget."""
        request, recipe = self.request, self.runs.recipe
        path = place(request.issue, self.bed, COMPARING)

        def run(patch: Patch, content: bytes) -> tuple[TestResult, ...]:
            early, judged, _ = admissible(patch, self.runs.workspace, request.deny, self.runs.recipe.test)
            if early is not None:
                return ()
            report = self._run(judged, path, content).report
            return own(report, path, self.baseline.ids) if report is not None else ()

        runner = recipe.runner or recipe.language
        setup = ComparisonSetup(request.issue, path, runner, self.runs.workspace.diff, run)
        return compare(setup, first, second, tier, request.say, request.prompts)

    def vote(
        self, judged: Patch, tests: Sequence[Reproduction], evidence: Evidence
    ) -> Verdict | tuple[Reproduction, Evidence]:
        """What most tests from the issue say: the first that passes goes on as the one to show, or the patch failed."""
        good: list[Reproduction] = []
        bad: list[tuple[Reproduction, str]] = []
        for test in tests:
            report = self._attempt(judged, test)
            if isinstance(report, Trouble):
                return report.verdict(evidence)
            right, told = passes(report, test, self.baseline.ids)
            good, bad = ([*good, test], bad) if right else (good, [*bad, (test, told)])
            if decided(len(good), len(bad), len(tests)) is not None:
                break
        note = f"{len(good)} passed and {len(bad)} failed of {len(tests)} tests written from the issue, which vote"
        self.request.say(Step("reproduction", note, {"passed": len(good), "failed": len(bad), "tests": len(tests)}))
        evidence = with_notes(evidence, note)
        if decided(len(good), len(bad), len(tests)):
            return good[0], evidence
        shown, told = bad[0]
        evidence = with_reproduction(evidence, shown, told, good=False)
        return Verdict(Judged.FAILED, evidence, f"Most tests written from the issue still fail:\n{told}")

    def alone(self, judged: Patch, test: Reproduction, evidence: Evidence) -> Verdict | None:
        """A test from the issue by itself: the cheapest way to know that a patch is wrong; None when it may go on."""
        if self.runs.recipe.test_only is None:
            return None  # the whole suite will run it
        report = self._attempt(judged, test)
        if isinstance(report, Trouble):
            return report.verdict(evidence)
        good, told = passes(report, test, self.baseline.ids)
        if good:
            return None
        evidence = with_reproduction(evidence, test, told, good=False)
        return Verdict(Judged.FAILED, evidence, f"A test written from the issue still fails:\n{told}")

    def _attempt(self, judged: Patch, test: Reproduction) -> TestReport | Trouble:
        """One test run with a patch; where that gives no result, whose trouble it is. Raises SandboxUnavailable."""
        return attempt(
            lambda: self._run(judged, test.path, test.content),
            lambda: self._run(Patch(), test.path, test.content),
            "the tests",
        )

    def _run(self, judged: Patch, path: str, content: bytes) -> TestRun:
        """One test file run with a patch: by itself where the runner can choose tests. Raises SandboxUnavailable."""
        recipe = self.runs.recipe
        only = (selector(recipe, path),) if recipe.test_only is not None else ()
        return self.runs.run(
            judged.merge(Patch({path: content})), only=only, timeout=self.baseline.timeout, canary=True
        )
