"""The rung for Python: convention, what its failures tell, packages of its time, and the repository's own runner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sandbox.recipe import Recipe
from sandbox.recipes.ci_workflow import Hints
from sandbox.recipes.python.after_failure import mended, own_modules, unskipped
from sandbox.recipes.python.commands import TestCommand
from sandbox.recipes.python.plan import PythonPlan
from sandbox.recipes.python.recipe import PythonReading, discovery, first_plan, read_python, recipe_of
from sandbox.recipes.trial import Trial, best
from sandbox.repository.workspace import Workspace

MENDINGS = 4
"""Failures that are answered in one go, one after the other."""


@dataclass(frozen=True, slots=True)
class PythonRung:
    """Proposes recipes for one Python repository."""

    workspace: Workspace
    hints: Hints
    name: str = "Python by convention"

    def proposals(self, trials: Sequence[Trial]) -> Iterator[Recipe]:
        reading = read_python(self.workspace, self.hints)
        plan = first_plan(reading)
        if reading.by("pytest") is None and (own := reading.by("unittest")):
            yield from self._other_runner(reading, plan, own, trials)
            return
        yield from self._mending(reading, plan, trials)
        found = best(trials)
        if found is None or not found.complete:
            date = self.workspace.date()
            yield from self._mending(reading, replace(plan, as_of=date, lock=False, told=(f"as of {date}",)), trials)
        found = best(trials)
        if (found is None or not found.complete) and (own := reading.by("unittest")):
            yield from self._mending(reading, replace(plan, command=own), trials)
        found = best(trials)
        if (found is None or not found.complete) and plan.command is not None:
            yield from self._mending(reading, replace(plan, command=None, told=("all its tests",)), trials)
        found = best(trials)
        ran = any(t.set_up for t in trials)  # another runner does not mend a set-up
        if ran and (found is None or not found.complete) and (plain := discovery(reading)):
            yield from self._mending(reading, replace(plan, command=plain, told=("by unittest's discovery",)), trials)

    def _other_runner(
        self, reading: PythonReading, plan: PythonPlan, own: TestCommand, trials: Sequence[Trial]
    ) -> Iterator[Recipe]:
        """Its own command is not pytest: both are tried, and pytest is kept where it runs as many tests."""
        yield from self._mending(reading, plan, trials)
        yield from self._mending(reading, replace(plan, command=own, told=("by its own command",)), trials)
        found = best(trials)
        if found is None or not found.complete:
            date = self.workspace.date()
            past = replace(plan, as_of=date, lock=False, told=(f"as of {date}",))
            yield from self._mending(reading, past, trials)
            yield from self._mending(reading, replace(past, command=own), trials)

    def _mending(self, reading: PythonReading, plan: PythonPlan, trials: Sequence[Trial]) -> Iterator[Recipe]:
        """A plan, and as long as its failure says what to do, the next one."""
        own = own_modules(reading.paths)
        last: Trial | None = None
        for _ in range(MENDINGS + 1):
            recipe = recipe_of(reading, plan)
            if isinstance(recipe, str):
                return
            last = next((t for t in trials if (t.recipe.setup, t.recipe.test) == (recipe.setup, recipe.test)), None)
            if last is None:
                yield recipe
                last = trials[-1]
            after = (unskipped if last.complete else mended)(plan, last, own)
            if after is None:
                return
            plan = after
