"""The tests that models write from an issue: written once, run with a patch, and what they say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sandbox.repository.patch import Patch
from sandbox.testing.report import TestResult, TestRun
from strategies.judge import Comparison
from strategies.models.model import ModelError
from strategies.reproduction.placement import place, selector
from strategies.reproduction.tester import TRIES, write_reproduction
from strategies.reproduction.trial_conditions import TestBed
from strategies.reproduction.validation import own, passes
from strategies.step import Step
from strategies.tier import Tier
from strategies.verdict import Evidence, Judged, Reproduction, Verdict
from strategies.verification.admissible import admissible
from strategies.verification.baseline import Baseline
from strategies.verification.comparison import ComparisonSetup, compare
from strategies.verification.issue_test_ranking import TestKey, key_of, ranked, voters
from strategies.verification.issue_test_vote import decided, vote_words, write_several
from strategies.verification.request import VerificationRequest
from strategies.verification.retry_lost_runs import RunWithoutResult, attempt
from strategies.verification.runs import TestRuns
from strategies.verification.verdict_from_runs import with_notes, with_reproduction

CANDIDATE_SECONDS = 120.0
"""How long a test may run before it is known to be valid, at least."""
COMPARING = 90
"""The number in the name of a test that only compares two patches."""


@dataclass(slots=True)
class IssueTests:
    """One issue's tests; `written` is None until the first question.

    `said` is what each test said of each patch, `plausible` the patches (by digest) that break no old test: by both the
    tests are ranked. `usd` is what the first test cost. `nobody` is why no model was there to write one: that says
    nothing of the issue.
    """

    request: VerificationRequest
    runs: TestRuns
    baseline: Baseline
    written: tuple[Reproduction, ...] | None = None
    usd: Decimal = Decimal(0)
    nobody: str = ""
    plausible: set[str] = field(default_factory=set)
    said: dict[tuple[TestKey, str], bool] = field(default_factory=dict)

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

            def nobody(error: ModelError) -> None:
                self.nobody = str(error)

            def write(number: int) -> Reproduction | None:
                tries, before = 1 if number else TRIES, tester.model.meter.left()
                test = write_reproduction(
                    request.issue,
                    self.bed,
                    tester,
                    request.say,
                    stand_ins=request.stand_ins,
                    number=number,
                    tries=tries,
                    prompts=request.prompts,
                    nobody=nobody,
                )
                self.usd = self.usd if number else before - tester.model.meter.left()
                return test

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

    def passes(self, patch: Patch, test: Reproduction) -> bool | None:
        """Whether a patch that may be applied passes one test; None when nobody can tell. Raises SandboxUnavailable."""
        early, judged, _ = admissible(patch, self.runs.workspace, self.request.deny, self.runs.recipe.test)
        if early is not None:
            return False
        said = self._ask(judged, test)
        if isinstance(said, RunWithoutResult):
            return False if said.patch else None
        return said[0]

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
        """What most tests from the issue say: the most believed that passes goes on as the one to show, or the patch
        failed. Of an even number the least believed has no vote; it is run, so that its rank is known."""
        order = self._ranked(tests)
        voting = voters(order)
        good: list[Reproduction] = []
        bad: dict[TestKey, str] = {}
        for test in voting:
            said = self._ask(judged, test)
            if isinstance(said, RunWithoutResult):
                return said.verdict(evidence)
            right, told = said
            if right:
                good.append(test)
            else:
                bad[key_of(test)] = told
            if decided(len(good), len(bad), len(voting)) is not None:
                break
        for spare in order[len(voting) :] if self.runs.recipe.test_only is not None else ():
            self._ask(judged, spare)
        if len(voting) == 1:
            return (good[0], evidence) if good else self._rejected(voting[0], bad[key_of(voting[0])], evidence)
        note = vote_words(len(good), len(bad), len(voting))
        facts = {"passed": len(good), "failed": len(bad), "tests": len(voting), "ranked": [t.path for t in order]}
        self.request.say(Step("reproduction", note, facts))
        evidence = with_notes(evidence, note)
        if decided(len(good), len(bad), len(voting)):
            return self._ranked(good)[0], evidence
        shown = self._ranked([t for t in voting if key_of(t) in bad])[0]
        told = bad[key_of(shown)]
        evidence = with_reproduction(evidence, shown, told, good=False)
        return Verdict(Judged.FAILED, evidence, f"Most tests written from the issue still fail:\n{told}")

    def _ranked(self, tests: Sequence[Reproduction]) -> tuple[Reproduction, ...]:
        return ranked(tests, self.said, self.plausible)

    def alone(self, judged: Patch, test: Reproduction, evidence: Evidence) -> Verdict | None:
        """A test from the issue by itself: the cheapest way to know that a patch is wrong; None when it may go on."""
        if self.runs.recipe.test_only is None:
            return None  # the whole suite will run it
        said = self._ask(judged, test)
        if isinstance(said, RunWithoutResult):
            return said.verdict(evidence)
        good, told = said
        if good:
            return None
        return self._rejected(test, told, evidence)

    def _rejected(self, test: Reproduction, told: str, evidence: Evidence) -> Verdict:
        evidence = with_reproduction(evidence, test, told, good=False)
        return Verdict(Judged.FAILED, evidence, f"A test written from the issue still fails:\n{told}")

    def _ask(self, judged: Patch, test: Reproduction) -> tuple[bool, str] | RunWithoutResult:
        """Whether one test passes with a patch, and what it says; where its run gives no result, whose trouble it is.

        Raises SandboxUnavailable.
        """
        report = attempt(
            lambda: self._run(judged, test.path, test.content),
            lambda: self._run(Patch(), test.path, test.content),
            "the tests",
        )
        if isinstance(report, RunWithoutResult):
            return report
        good, told = passes(report, test, self.baseline.ids)
        self.said[key_of(test), judged.digest] = good
        return good, told

    def _run(self, judged: Patch, path: str, content: bytes) -> TestRun:
        """One test file run with a patch: by itself where the runner can choose tests. Raises SandboxUnavailable."""
        recipe = self.runs.recipe
        only = (selector(recipe, path),) if recipe.test_only is not None else ()
        return self.runs.run(
            judged.merge(Patch({path: content})), only=only, timeout=self.baseline.timeout, canary=True
        )
