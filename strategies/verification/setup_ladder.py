"""Climbs the set-up ladder: each rung's recipe is checked by running the tests, and the one by which most pass is kept.

What worked is remembered for the repository, and tried first the next time; it is believed only as long as it works. A
repository whose first recipe gives a healthy suite pays for nothing more than its baseline.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sandbox.backend import Backend, Sandbox
from sandbox.errors import PreparationFailed
from sandbox.recipe import Canary, Recipe, ReportFormat
from sandbox.recipes.discovery import SetupLadder, discover
from sandbox.recipes.suggestion import suggested_file, suggested_lines
from sandbox.recipes.trial import SetupRung, Trial, best
from sandbox.repository.workspace import Workspace
from sandbox.testing.report import TestRun
from strategies.step import Step
from strategies.verification.base_runs import first_run
from strategies.verification.baseline import FIRST_SECONDS, Baseline, NoBaseline, compare, completed, kept, too_little

MOST_TRIALS = 12
"""Of the rungs that the repository's files give, and as many again of those above them."""
MOST_SECONDS = 3_600.0
"""How long trials may be begun, in seconds; the one that is under way ends."""
AS_GOOD = 0.95
"""Of the tests that passed when a recipe was remembered, the part that must pass for it to be believed again."""


@dataclass(frozen=True, slots=True)
class Climbed:
    """The recipe that is kept, and every trial in its order. `remembered` says that it was known from before."""

    recipe: Recipe
    trials: tuple[Trial, ...]
    remembered: bool = False


class NothingWorks(NoBaseline):
    """No recipe lets a test pass. `trials` are those that were tried, at least one; `log` is the last set-up's end."""

    def __init__(self, trials: Sequence[Trial]) -> None:
        self.trials = tuple(trials)
        last = max(trials, key=lambda t: t.set_up)  # the first that could be set up, else the first
        self.log = last.log
        super().__init__(last.problem or "no test passes at the base commit")


@dataclass(slots=True)
class SetupClimb:
    """One climb in one repository. `memory` is the repository's folder in the state folder (None: nothing is kept).

    `seen` is told of each trial as soon as it is over.
    """

    backend: Backend
    scope: str
    workspace: Workspace
    say: Callable[[Step], None]
    memory: Path | None = None
    now: Callable[[], float] = time.monotonic
    seen: Callable[[Trial], None] = lambda _trial: None
    trials: list[Trial] = field(default_factory=list)

    def climb(self, ladder: SetupLadder, more: Sequence[SetupRung] = ()) -> Climbed:
        """The best recipe. `more` are rungs above those that the repository's files give (a set-up model).

        Raises NothingWorks, NoBaseline (nothing was proposed, or hardly a test passes) or SandboxUnavailable.
        """
        deadline = self.now() + MOST_SECONDS
        known = None if ladder.configured else self._remembered(ladder)
        if known is not None and self._still_works(*known):
            return Climbed(known[0], tuple(self.trials), remembered=True)
        most = MOST_TRIALS
        for rung in (*ladder.rungs, *more):
            most = len(self.trials) + MOST_TRIALS if rung in more else most
            for recipe in rung.proposals(self.trials):
                if len(self.trials) >= most or (self.trials and self.now() > deadline):
                    break
                self._tried(recipe, rung.name)
            found = best(self.trials)
            if found is not None and found.complete:
                break
        if not self.trials:
            raise NoBaseline("no tests were found")
        found = best(self.trials)
        if found is None:
            raise NothingWorks(self.trials)
        self._keep_baseline(found)
        if not ladder.configured:
            self._remember(found, ladder)
        return Climbed(found.recipe, tuple(self.trials))

    def suggestion(self, found: Climbed) -> str:
        """Lines for `.github/autofix.yml` that say what worked, when it was not what is tried first; "" where they do
        not work as well. They are run before they are told."""
        lines = suggested_lines(found.recipe)
        passed = max((t.passed for t in found.trials), default=0)
        if lines is None or not passed:
            return ""
        setup, test = lines
        recipe, _ = discover(self.workspace, setup=setup, test=test, image=None)
        if recipe is None or self._try(recipe).passed < AS_GOOD * passed:
            return ""
        return suggested_file(setup, test)

    def _tried(self, recipe: Recipe, name: str) -> Trial:
        """Set up and run once. The trial is kept among `trials`."""
        if self.trials:
            self.say(Step("environment", f"trying another set-up ({name}): {recipe.source}"))
        trial = self._try(recipe)
        self.trials.append(trial)
        self.seen(trial)
        return trial

    def _try(self, recipe: Recipe) -> Trial:
        tree = self.workspace.tree()
        try:
            environment = self.backend.prepare(
                self.scope, recipe, tree, lambda text: self.say(Step("environment", text))
            )
        except PreparationFailed as error:
            return Trial(recipe, None, str(error), error.log, set_up=False)
        run = first_run(lambda: self.backend.open(environment, tree), recipe, FIRST_SECONDS)
        return Trial(recipe, run.report, _problem(run), seconds=run.result.seconds, unexplained=run.unexplained)

    def _keep_baseline(self, trial: Trial) -> None:
        """Make a baseline of the trial's run and a second one, where whoever judges will look for it."""
        first = trial.report
        if self.memory is None or first is None:
            return
        environment = self.backend.prepare(self.scope, trial.recipe, self.workspace.tree(), lambda _: None)

        def opened() -> Sandbox:
            return self.backend.open(environment, self.workspace.tree())

        def measured() -> Baseline:
            return completed(opened, trial.recipe, first, trial.seconds, trial.unexplained)

        kept(self.memory, environment, self.workspace.base, measured)

    def _still_works(self, recipe: Recipe, passed: int) -> bool:
        """Whether a remembered recipe does as well as it did; a baseline kept for this commit says so at once."""
        if self._known_baseline(recipe):
            return True
        trial = self._tried(recipe, "remembered")
        if trial.passed >= AS_GOOD * passed:
            self._keep_baseline(trial)
            return True
        return False

    def _known_baseline(self, recipe: Recipe) -> bool:
        if self.memory is None:
            return False
        try:
            environment = self.backend.prepare(
                self.scope, recipe, self.workspace.tree(), lambda text: self.say(Step("environment", text))
            )
        except PreparationFailed:
            return False

        def unknown() -> Baseline:
            raise LookupError

        try:
            kept(self.memory, environment, self.workspace.base, unknown)
        except LookupError:
            return False
        return True

    @property
    def _path(self) -> Path | None:
        return self.memory / "recipe.json" if self.memory is not None else None

    def _remembered(self, ladder: SetupLadder) -> tuple[Recipe, int] | None:
        """The recipe of last time and how many tests passed by it, while the repository still suggests the same."""
        if self._path is None or not self._path.is_file():
            return None
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            if stored["first"] != digest(ladder.first):
                return None
            return recipe_from(stored["recipe"]), int(stored["passed"])
        except (ValueError, KeyError, TypeError):
            return None

    def _remember(self, trial: Trial, ladder: SetupLadder) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_suffix(".partial")
        kept_recipe = {"first": digest(ladder.first), "passed": trial.passed, "recipe": asdict(trial.recipe)}
        partial.write_text(json.dumps(kept_recipe), encoding="utf-8")
        partial.replace(self._path)


def _problem(run: TestRun) -> str:
    """Why a run is no baseline where none of its tests passes; "" where one does."""
    report = run.report
    if report is None:
        return f"`{run.command}` could not be judged at the base commit: {run.reason}"
    return "" if report.passed else too_little(run.command, compare(report, report, run.result.seconds), report)


def digest(recipe: Recipe | None) -> str:
    """What the repository's own files suggest, as 16 hexadecimal digits: when they change, a memory is old."""
    told = json.dumps(asdict(recipe), sort_keys=True) if recipe is not None else ""
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def recipe_from(stored: dict[str, object]) -> Recipe:
    """A recipe from its JSON. Raises TypeError or ValueError for something else."""
    fields = dict(stored)
    fields["report"] = ReportFormat(str(fields["report"]))
    for name in ("setup", "inputs"):
        fields[name] = tuple(fields[name])  # type: ignore[arg-type]  # a list of strings
    if isinstance(fields.get("canary"), dict):
        fields["canary"] = Canary(**fields["canary"])  # type: ignore[arg-type]  # as asdict wrote it
    return Recipe(**fields)  # type: ignore[arg-type]  # as asdict wrote it
