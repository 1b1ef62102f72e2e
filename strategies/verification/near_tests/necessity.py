"""Whether a patch that passes is needed as it is: its lines are executed, its hunks are needed, its mutants are killed.

One sandbox, a few runs of the tests nearest to the patch, no model, and a share of the suite's own time. It never makes
a patch fail: it says to people what the tests do not see.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sandbox.backend import Sandbox
from sandbox.errors import SandboxUnavailable
from sandbox.recipe import Recipe
from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace
from sandbox.testing.report import TestReport, TestRun
from sandbox.testing.testrun import run_tests
from strategies.verdict import Necessity
from strategies.verification.near_tests.executed_lines import CoveredLines, collect, instrumented, place
from strategies.verification.near_tests.hunks import Hunk, hunks_of
from strategies.verification.near_tests.mutants import Mutant, mutants_of

SHARE, LEAST, MOST = 0.2, 3.0, 30.0
"""Of the suite's seconds it may take this share, and at least and at most so many seconds."""
HUNKS, MUTANTS = 8, 5
PATIENCE = 3.0
"""A run with something taken back or changed may take so many times as long as one without, and two seconds more."""
Clock = Callable[[], float]


def budget(suite_seconds: float) -> float:
    """Seconds that may be spent on one patch."""
    return min(MOST, max(LEAST, SHARE * suite_seconds))


@dataclass(slots=True)
class PatchedRun:
    """One open sandbox with the patch in it. `only` is how the runner is told of the near tests, () for all of them;
    `texts` are the patched product files, `deadline` is by `clock`."""

    sandbox: Sandbox
    recipe: Recipe
    only: Sequence[str]
    texts: Mapping[str, str]
    deadline: float
    clock: Clock = time.monotonic
    good: frozenset[str] = frozenset()
    seconds: float = 0.0
    _cut: bool = field(default=False)

    def measure(self) -> CoveredLines | None:
        """Run the near tests once with line measuring where the runner has it, else plainly.

        Raises SandboxUnavailable.
        """
        measuring = instrumented(self.recipe, self.sandbox.root) if self.texts else None
        if measuring is not None:
            place(self.sandbox, self.recipe, list(self.texts))
            report = self._run(measuring).report
            if report is not None and report.passed:
                self.good = report.passed
                return collect(self.sandbox, self.recipe, self.texts)
        report = self._run(self.recipe).report
        self.good = report.passed if report is not None else frozenset()
        return None

    def fails_with(self, path: str, content: str | None) -> bool | None:
        """Whether a near test notices this content of a file (None: no such file); None when there is no time left.

        Raises SandboxUnavailable.
        """
        if self.clock() + self.seconds > self.deadline:
            return None
        self._put(path, content)
        try:
            report = self._run(self.recipe).report
        finally:
            self._put(path, self.texts.get(path))
        return noticed(self.good, report)

    def _put(self, path: str, content: str | None) -> None:
        if content is None:
            self.sandbox.run(["rm", "-f", "--", path], timeout=30)
        else:
            self.sandbox.write({path: content.encode("utf-8", "surrogateescape")})

    def _run(self, recipe: Recipe) -> TestRun:
        began = self.clock()
        left = max(2.0, self.deadline - began)
        timeout = min(left, 2.0 + PATIENCE * self.seconds) if self.seconds else left
        # files of equal size and time must not share one compiled form
        quiet = "export PYTHONDONTWRITEBYTECODE=1; "
        only = recipe.test_only
        recipe = replace(recipe, test=quiet + recipe.test, test_only=None if only is None else quiet + only)
        run = run_tests(self.sandbox, recipe, only=self.only, timeout=timeout)
        self.seconds = self.seconds or self.clock() - began
        return run


def noticed(good: frozenset[str], report: TestReport | None) -> bool:
    """Whether a run shows a change: a test that passed does not, or the run gave no report."""
    return report is None or bool(good - report.passed)


@dataclass(frozen=True, slots=True)
class PassingPatch:
    """A passing patch (`judged`, with the tests of ours) and what is to be asked of it."""

    judged: Patch
    workspace: Workspace
    reproduced: bool

    def texts(self) -> tuple[dict[str, str | None], dict[str, str | None]]:
        """The touched files before and after, as text; files that are no text are left out."""
        before, after = {}, {}
        for path in self.judged.paths:
            content = self.judged.files[path]
            try:
                after[path] = content.decode("utf-8") if content is not None else None
            except UnicodeDecodeError:
                continue
            before[path] = self.workspace.read_text(path)
        return before, after


def examine(change: PassingPatch, trial: Callable[[Mapping[str, str]], PatchedRun]) -> Necessity | None:
    """What the near tests know of the patch; None where they know nothing of it, or the sandbox broke.

    `trial` opens a sandbox for the patched texts; it is closed here.
    """
    hunks = hunks_of(*change.texts())
    _, after = change.texts()
    code = {p: t for p, t in after.items() if t is not None and any(h.path == p and h.is_code for h in hunks)}
    if not any(h.is_code for h in hunks):
        return None
    started = time.monotonic()
    try:
        opened = trial(code)
        with opened.sandbox:
            measured = opened.measure()
            if not opened.good:
                return None
            found = lines_of(hunks, measured)
            found = with_hunks(found, hunks, opened, reproduced=change.reproduced)
            found = with_mutants(found, hunks, code, measured, opened)
    except SandboxUnavailable:
        return None
    return replace(found, seconds=round(time.monotonic() - started, 2))


def lines_of(hunks: Sequence[Hunk], measured: CoveredLines | None) -> Necessity:
    """How many changed lines of code were executed."""
    if measured is None:
        return Necessity()
    changed = [(h.path, n) for h in hunks for n in h.lines if n in measured.code.get(h.path, ())]
    missing = [f"{p}:{n}" for p, n in changed if n not in measured.executed.get(p, ())]
    return Necessity(lines=len(changed), executed=len(changed) - len(missing), unexecuted=tuple(missing))


def with_hunks(found: Necessity, hunks: Sequence[Hunk], trial: PatchedRun, *, reproduced: bool) -> Necessity:
    """Take back each hunk by itself. The only one of a patch that turned a failing test into a passing one is needed.

    Raises SandboxUnavailable.
    """
    needed, spare = 0, [h.name for h in hunks if not h.is_code]
    tried = [h for h in hunks if h.is_code]
    left = 0
    for hunk in tried:
        if reproduced and len(tried) == 1 and len(hunks) == 1:
            seen: bool | None = True
        else:
            seen = trial.fails_with(hunk.path, hunk.without) if needed + len(spare) < HUNKS else None
        needed += seen is True
        left += seen is None
        spare += [hunk.name] if seen is False else []
    documents = len(hunks) - len(tried)
    return replace(found, hunks=len(tried), needed=needed, untried=left, unneeded=tuple(spare), documents=documents)


def with_mutants(
    found: Necessity, hunks: Sequence[Hunk], texts: Mapping[str, str], measured: CoveredLines | None, trial: PatchedRun
) -> Necessity:
    """Put a few mistakes into the changed lines that were executed. Raises SandboxUnavailable."""
    killed, survivors = 0, []
    for mutant in chosen(hunks, texts, measured):
        seen = trial.fails_with(mutant.path, mutant.content)
        if seen is None:
            break
        killed += seen
        survivors += [] if seen else [mutant.name]
    return replace(found, mutants=killed + len(survivors), killed=killed, survivors=tuple(survivors))


def chosen(hunks: Sequence[Hunk], texts: Mapping[str, str], measured: CoveredLines | None) -> list[Mutant]:
    """A handful of mutants, in turn from each changed file."""
    found = []
    for path, text in sorted(texts.items()):
        lines = [n for h in hunks if h.path == path for n in h.lines]
        if measured is not None and path in measured.code:
            lines = [n for n in lines if n in measured.executed.get(path, ())]
        found.append(list(mutants_of(path, text, lines, MUTANTS)))
    picked: list[Mutant] = []
    while any(found) and len(picked) < MUTANTS:
        for one in found:
            picked += [one.pop(0)] if one and len(picked) < MUTANTS else []
    return picked
