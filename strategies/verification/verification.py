"""Judges a patch by executed tests, in fresh sandboxes, with the repository's own tests as they were.

The ladder (`Rung`) is climbed from the cheap end: rules, parsing, the reproduction test, the affected tests, the whole
suite once as the gate. Whatever the sandbox does to itself is never held against a patch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sandbox.backend import Backend, Sandbox
from sandbox.errors import SandboxUnavailable
from sandbox.recipe import Environment, Recipe
from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace
from sandbox.testing.report import TestReport, TestResult, TestRun
from sandbox.testing.testrun import run_tests
from strategies.issue import Issue
from strategies.judge import Accept, Comparison
from strategies.prompts.prompt import PromptFolder
from strategies.step import Step
from strategies.tier import Tier
from strategies.verdict import Counts, Evidence, Judged, Reproduction, Rung, Verdict
from strategies.verification.admissible import admissible
from strategies.verification.affected_tests import affected
from strategies.verification.baseline import Baseline, kept, measure
from strategies.verification.comparison import ComparisonSetup, compare
from strategies.verification.coverage import executing, kept_covered
from strategies.verification.placement import place, selector
from strategies.verification.reproduction import TRIES, write_reproduction
from strategies.verification.test_bed import TestBed
from strategies.verification.validation import own, passes, ran
from strategies.verification.vote import decided, write_several

SLOW_SUITE = 10.0
"""From this many seconds on, the affected tests are run before the whole suite."""
COMPARING = 90
"""The number in the name of a test that only compares two patches."""
OWN_RUN = "The whole suite does not collect the test from the issue, so its own run counts."
SHOWN = 5
"""Failing tests told to the next attempt."""


@dataclass(slots=True)
class Verification:
    """One issue's verification: the environment, the baseline, and the reproduction test once it is written."""

    backend: Backend
    environment: Environment
    baseline: Baseline
    workspace: Workspace
    issue: Issue
    tester: Tier | None
    accept: Accept
    deny: tuple[str, ...]
    say: Callable[[Step], None]
    prompts: PromptFolder = field(default_factory=PromptFolder)
    tests: int = 1
    memory: Path | None = None
    stand_ins: tuple[Tier, ...] = ()
    _reproductions: tuple[Reproduction, ...] | None = None
    _judged: dict[str, Verdict] = field(default_factory=dict)

    @classmethod
    def start(
        cls,
        backend: Backend,
        scope: str,
        recipe: Recipe,
        workspace: Workspace,
        issue: Issue,
        *,
        tester: Tier | None,
        accept: Accept,
        deny: Sequence[str] = (),
        say: Callable[[Step], None],
        memory: Path | None = None,
        prompts: PromptFolder | None = None,
        tests: int = 1,
        stand_ins: Sequence[Tier] = (),
    ) -> Self:
        """Prepare the environment and measure the baseline (both cached). `tests` (odd) are written from the issue.

        `stand_ins` write them, in this order, while the tester's model is not there.

        Raises PreparationFailed, NoBaseline (could not be judged) or SandboxUnavailable.
        """
        environment = backend.prepare(scope, recipe, workspace.tree(), lambda text: say(Step("environment", text)))
        say(
            Step(
                "environment",
                "environment from the cache"
                if environment.cached
                else f"environment ready in {environment.seconds:.0f} s",
                {"seconds": round(environment.seconds, 1), "cached": environment.cached, "source": recipe.source},
            )
        )

        def fresh() -> Sandbox:
            return backend.open(environment, workspace.tree())

        baseline = kept(memory, environment, workspace.base, lambda: measure(fresh, environment))
        b = baseline.counts
        say(
            Step(
                "baseline",
                f"before: {b.passed} passed, {b.failed} failed, {b.skipped} skipped"
                + (f", {len(baseline.flaky)} flaky" if baseline.flaky else ""),
                {"passed": b.passed, "failed": b.failed, "skipped": b.skipped, "flaky": sorted(baseline.flaky)[:20]},
            )
        )
        words = prompts or PromptFolder()
        return cls(
            backend,
            environment,
            baseline,
            workspace,
            issue,
            tester,
            accept,
            tuple(deny),
            say,
            words,
            tests,
            memory,
            tuple(stand_ins),
        )

    @property
    def can_judge(self) -> bool:
        return True

    def open_sandbox(self) -> Sandbox:
        return self._open(Patch())

    def _open(self, patch: Patch) -> Sandbox:
        return self.backend.open(self.environment, self.workspace.tree(patch))

    @property
    def reproductions(self) -> tuple[Reproduction, ...]:
        """The validated tests written from the issue: written at the first question, once. Raises OverBudget."""
        tester = self.tester
        if self._reproductions is None and tester is not None:

            def write(number: int) -> Reproduction | None:
                tries = 1 if number else TRIES
                return write_reproduction(
                    self.issue,
                    self._bed,
                    tester,
                    self.say,
                    stand_ins=self.stand_ins,
                    number=number,
                    tries=tries,
                    prompts=self.prompts,
                )

            self._reproductions = write_several(self.tests, write, tester.model.meter.left, self.say)
        return self._reproductions or ()

    @property
    def _bed(self) -> TestBed:
        """Where a test is tried before it may judge."""
        base = self.baseline
        return TestBed(self.environment.recipe, self.workspace, self.open_sandbox, base.ids, base.passed)

    def write_test(self, tier: Tier, number: int, assertions: int) -> Reproduction | None:
        return write_reproduction(
            self.issue, self._bed, tier, self.say, number=number, assertions=assertions, tries=1, prompts=self.prompts
        )

    def passes(self, patch: Patch, test: Reproduction) -> bool:
        early, judged, _ = admissible(patch, self.workspace, self.deny)
        if early is not None:
            return False
        recipe = self.environment.recipe
        only = (selector(recipe, test.path),) if recipe.test_only is not None else ()
        run = self._run(judged.merge(Patch({test.path: test.content})), only=only, canary=True)
        return run.report is not None and passes(run.report, test, self.baseline.ids)[0]

    def compare(self, first: Patch, second: Patch, tier: Tier) -> Comparison:
        recipe = self.environment.recipe
        path = place(self.issue, self._bed, COMPARING)

        def run(patch: Patch, content: bytes) -> tuple[TestResult, ...]:
            early, judged, _ = admissible(patch, self.workspace, self.deny)
            if early is not None:
                return ()
            only = (selector(recipe, path),) if recipe.test_only is not None else ()
            report = self._run(judged.merge(Patch({path: content})), only=only, canary=True).report
            return own(report, path, self.baseline.ids) if report is not None else ()

        bout = ComparisonSetup(self.issue, path, recipe.runner or recipe.language, self.workspace.diff, run)
        return compare(bout, first, second, tier, self.say, self.prompts)

    def judge(self, patch: Patch) -> Verdict:
        if patch.digest not in self._judged:
            self._judged[patch.digest] = self._judge(patch)
        return self._judged[patch.digest]

    def _judge(self, patch: Patch) -> Verdict:
        early, judged, evidence = admissible(patch, self.workspace, self.deny)
        if early is not None:
            return early
        if self.accept == "any":
            return Verdict(Judged.PASSED, evidence)
        tests = self.reproductions if self.accept == "reproduction" else ()
        reproduction = tests[0] if tests else None
        if len(tests) > 1:
            voted = self._vote(judged, tests, evidence)
            if isinstance(voted, Verdict):
                return voted
            reproduction, evidence = voted
        if reproduction is not None:
            judged = judged.merge(Patch({reproduction.path: reproduction.content}))
            failed = self._reproduce(judged, reproduction, evidence) if len(tests) == 1 else None
            if failed is not None:
                return failed
        run = self._gate(judged, evidence)
        return run if isinstance(run, Verdict) else self._weigh(run, judged, evidence, reproduction)

    def _vote(
        self, judged: Patch, tests: Sequence[Reproduction], evidence: Evidence
    ) -> Verdict | tuple[Reproduction, Evidence]:
        """What most tests from the issue say: the first that passes goes on as the one to show, or the patch failed."""
        good: list[Reproduction] = []
        bad: list[tuple[Reproduction, str]] = []
        for test in tests:
            only = (selector(self.environment.recipe, test.path),) if self.environment.recipe.test_only else ()
            run = self._run(judged.merge(Patch({test.path: test.content})), only=only, canary=True)
            if run.report is None:
                return Verdict(Judged.FAILED, evidence, f"With the patch the tests could not be run: {run.reason}")
            right, told = passes(run.report, test, self.baseline.ids)
            good, bad = ([*good, test], bad) if right else (good, [*bad, (test, told)])
            if decided(len(good), len(bad), len(tests)) is not None:
                break
        note = f"{len(good)} passed and {len(bad)} failed of {len(tests)} tests written from the issue, which vote"
        self.say(Step("reproduction", note, {"passed": len(good), "failed": len(bad), "tests": len(tests)}))
        evidence = merge_evidence(evidence, notes=(*evidence.notes, note))
        if decided(len(good), len(bad), len(tests)):
            return good[0], evidence
        shown, told = bad[0]
        evidence = with_reproduction(evidence, shown, told, good=False)
        return Verdict(Judged.FAILED, evidence, f"Most tests written from the issue still fail:\n{told}")

    def _reproduce(self, judged: Patch, reproduction: Reproduction, evidence: Evidence) -> Verdict | None:
        """The reproduction test alone: it is the cheapest way to know that a patch is wrong."""
        if self.environment.recipe.test_only is None:
            return None  # the whole suite will run it
        run = self._run(judged, only=(selector(self.environment.recipe, reproduction.path),), canary=True)
        if run.report is None:
            return Verdict(Judged.FAILED, evidence, f"With the patch the tests could not be run: {run.reason}")
        good, told = passes(run.report, reproduction, self.baseline.ids)
        if good:
            return None
        evidence = with_reproduction(evidence, reproduction, told, good=False)
        return Verdict(Judged.FAILED, evidence, f"A test written from the issue still fails:\n{told}")

    def _near(self, judged: Patch) -> tuple[str, ...]:
        """The test files that a patch concerns: as measured where coverage was, else by the import graph."""
        covered = kept_covered(
            self.memory, self.environment, self.workspace.base, self.baseline.seconds, self.open_sandbox
        )
        return executing(judged, covered) or affected(judged, self.workspace)

    def _gate(self, judged: Patch, evidence: Evidence) -> TestReport | Verdict:
        """Affected tests first where the suite is slow, then the whole suite; a verdict when it is settled early."""
        recipe = self.environment.recipe
        if self.baseline.seconds > SLOW_SUITE and recipe.test_only is not None and recipe.runner == "pytest":
            near = self._near(judged)
            run = self._run(judged, only=near, canary=True) if near else None
            if run is not None and run.report is not None:
                broken = self._confirmed(judged, sorted(run.report.failed & self.baseline.passed))
                if broken:
                    return self._broken(broken, run.report, evidence)
        run = self._run(judged, canary=True)
        if run.report is None:
            return Verdict(
                Judged.FAILED, evidence, f"With the patch the test suite could not be run or believed: {run.reason}"
            )
        return run.report

    def _weigh(
        self, report: TestReport, judged: Patch, evidence: Evidence, reproduction: Reproduction | None
    ) -> Verdict:
        base = self.baseline
        lost = base.passed - report.passed
        vanished = sorted(i for i in lost if i not in report.results)
        skipped = sorted(lost & report.skipped)
        failing = sorted(lost & report.failed)
        confirmed = self._confirmed(judged, failing)
        flaky = base.flaky | (set(failing) - set(confirmed))
        broken = (*confirmed, *vanished, *skipped)
        new = report.ids() - base.ids
        evidence = merge_evidence(
            evidence,
            before=base.counts,
            after=Counts(len(report.passed), len(report.failed), len(report.skipped), len(new)),
            fixed=tuple(sorted(base.failed & report.passed)),
            flaky=tuple(sorted(flaky)),
        )
        if broken:
            notes = [f"{i} no longer runs" for i in vanished] + [f"{i} is skipped now" for i in skipped]
            return self._broken(broken, report, evidence, notes)
        wrong_new = sorted(i for i in new & report.failed if not reproduction or not i.startswith(reproduction.path))
        if wrong_new and (confirmed := self._confirmed(judged, wrong_new)):
            return self._broken(confirmed, report, evidence, ["a test that the patch adds fails"])
        evidence = merge_evidence(evidence, rungs=evidence.rungs | {Rung.BUILDS, Rung.REGRESSION})
        if reproduction is not None:
            good, told = passes(report, reproduction, base.ids)
            alone = self.environment.recipe.test_only is not None  # else it passed by itself, or we were not here
            if alone and not ran(report, reproduction, base.ids):
                good, told = True, ""
                evidence = merge_evidence(evidence, notes=(*evidence.notes, OWN_RUN))
            evidence = with_reproduction(evidence, reproduction, told, good=good)
            if not good:
                return Verdict(Judged.FAILED, evidence, f"A test written from the issue still fails:\n{told}")
            evidence = merge_evidence(evidence, rungs=evidence.rungs | {Rung.REPRODUCTION})
        return conclude(self.accept, evidence)

    def _broken(
        self, broken: Sequence[str], report: TestReport, evidence: Evidence, notes: Sequence[str] = ()
    ) -> Verdict:
        told = [f"{i}\n{report.results[i].message[:1_200]}" for i in broken if i in report.results][:SHOWN]
        more = f"\n… and {len(broken) - SHOWN} more" if len(broken) > SHOWN else ""
        words = "\n\n".join([*notes[:SHOWN], *told]) + more
        evidence = merge_evidence(evidence, broken=tuple(broken), notes=(*evidence.notes, *notes[:SHOWN]))
        return Verdict(Judged.FAILED, evidence, f"Tests that passed before do not pass with the patch:\n{words}")

    def _confirmed(self, judged: Patch, failing: Sequence[str]) -> tuple[str, ...]:
        """Of new failures, those that fail twice more in fresh sandboxes; the others are flaky."""
        still = tuple(failing)
        recipe = self.environment.recipe
        for _ in range(2):
            if not still or recipe.test_only is None:
                return still
            # ids are told to the runner only where it takes ids; elsewhere the whole suite is run again
            only = still if recipe.runner == "pytest" and all("::" in i for i in still) else ()
            run = self._run(judged, only=only)
            if run.report is None:
                return still
            still = tuple(i for i in still if i not in run.report.passed)
        return still

    def _run(self, judged: Patch, *, only: Sequence[str] = (), canary: bool = False) -> TestRun:
        """One run in a fresh sandbox; a sandbox that breaks is tried once more. Raises SandboxUnavailable."""
        for left in (1, 0):
            try:
                with self._open(judged) as sandbox:
                    return run_tests(
                        sandbox, self.environment.recipe, only=only, timeout=self.baseline.timeout, canary=canary
                    )
            except SandboxUnavailable:
                if not left:
                    raise
        raise AssertionError("unreachable")


@dataclass(slots=True)
class WithoutTests:
    """The verification of a repository whose tests are not there: a patch can apply and parse, and no more is known."""

    workspace: Workspace
    accept: Accept
    deny: tuple[str, ...]
    open_bare: Callable[[], Sandbox] | None = None

    @property
    def can_judge(self) -> bool:
        return False

    def open_sandbox(self) -> Sandbox:
        """Raises SandboxUnavailable where no environment could be prepared."""
        if self.open_bare is None:
            raise SandboxUnavailable("this repository has no environment to open a sandbox from")
        return self.open_bare()

    def write_test(self, tier: Tier, number: int, assertions: int) -> Reproduction | None:
        del tier, number, assertions  # nothing could run it
        return None

    def passes(self, patch: Patch, test: Reproduction) -> bool:
        del patch, test
        return False

    def compare(self, first: Patch, second: Patch, tier: Tier) -> Comparison:
        del first, second, tier
        return Comparison(alike=True, better=None, tests=0)

    def judge(self, patch: Patch) -> Verdict:
        early, _, evidence = admissible(patch, self.workspace, self.deny)
        if early is not None:
            return early
        if self.accept == "any":
            return Verdict(Judged.PASSED, evidence)
        return Verdict(Judged.UNJUDGED, evidence, "The repository has no tests that could be run.")


def conclude(accept: Accept, evidence: Evidence) -> Verdict:
    """Nothing spoke against the patch: is it enough of what the repository asks for?"""
    wanted = {"any": Rung.BUILDS, "regression": Rung.REGRESSION, "reproduction": Rung.REPRODUCTION}[accept]
    if wanted in evidence.rungs:
        return Verdict(Judged.PASSED, evidence)
    why = "No valid test could be written from the issue, so nothing shows that the patch resolves it."
    return Verdict(Judged.UNJUDGED, merge_evidence(evidence, notes=(*evidence.notes, why)), why)


def with_reproduction(evidence: Evidence, reproduction: Reproduction, told: str, *, good: bool) -> Evidence:
    """The evidence with what the reproduction test said after the patch."""
    from dataclasses import replace

    return replace(evidence, reproduction=replace(reproduction, after=told, passes=good))


def merge_evidence(evidence: Evidence, **changes: object) -> Evidence:
    """The evidence with some fields replaced."""
    from dataclasses import replace

    return replace(evidence, **changes)  # type: ignore[arg-type]  # names and types are Evidence's own
