"""Runs of the whole suite at the base commit: where a canary is really collected there is found out by the way.

The place that a recipe names is where most files look like tests; the suite may leave just those out (test data,
`collect_ignore_glob`). So it is put beside tests that are known to run where it is not reported, and the second run
tells of how many other places it may come from, of which every later run chooses one by chance.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from sandbox.backend import Sandbox
from sandbox.recipe import Recipe
from sandbox.testing.canary import make_canary, shape
from sandbox.testing.report import TestReport, TestRun
from sandbox.testing.testrun import NOT_REPORTED, run_tests

PLACES = 6
"""In so many folders at most a canary is tried."""
TRIES = 3
"""In so many of them one after the other, where the recipe's own place does not do."""

Open = Callable[[], Sandbox]
"""A fresh sandbox of the base commit. Raises SandboxUnavailable."""


def first_run(opened: Open, recipe: Recipe, timeout: float) -> TestRun:
    """The whole suite with a canary: at the recipe's place, else beside tests that pass. Raises SandboxUnavailable."""
    with opened() as sandbox:
        run = run_tests(sandbox, recipe, timeout=timeout, canary=True, last=True)
    if run.report is not None or run.reason != NOT_REPORTED:
        return run
    with opened() as sandbox:
        without = run_tests(sandbox, recipe, timeout=timeout, last=True)
    if without.report is None:
        return run
    return _beside(opened, recipe, timeout, places_of(recipe, without.report.passed)) or run


def second_run(opened: Open, recipe: Recipe, first: TestReport, timeout: float) -> tuple[TestRun, tuple[str, ...]]:
    """The whole suite once more, and the test files beside which a canary is collected and reported.

    Where the further canaries change what other tests do it is run without them, and there are no such places. Raises
    SandboxUnavailable.
    """
    tried = places_of(recipe, first.passed)
    if tried and recipe.canary is not None:
        scouts = {place: make_canary(recipe.canary, (place,)) for place in tried}
        with opened() as sandbox:
            sandbox.write({scout.path: scout.content for scout in scouts.values()})
            run = run_tests(sandbox, recipe, timeout=timeout, canary=True, last=True)
        if run.report is not None:
            report = run.report
            places = tuple(place for place, scout in scouts.items() if scout.reported(report))
            for scout in scouts.values():
                report = scout.removed(report)
            if first.passed <= report.passed:
                return replace(run, report=report), places
        for place in tried[:TRIES] if run.reason == NOT_REPORTED else ():
            if (found := _beside(opened, recipe, timeout, (place,))) is not None:
                return found, (place,)
    with opened() as sandbox:
        return run_tests(sandbox, recipe, timeout=timeout, canary=True, last=True), ()


def places_of(recipe: Recipe, passing: Iterable[str]) -> tuple[str, ...]:
    """A test file with passing tests from each folder, those with most of them first; () where the recipe's canary
    has one place only."""
    if recipe.canary is None or recipe.runner != "pytest":
        return ()
    files = Counter(head for i in passing if (head := i.split("::", 1)[0]).endswith(".py") and shape(head, "it"))
    folders: dict[str, str] = {}
    for path in sorted(files, key=lambda p: (-files[p], p)):
        folders.setdefault(posixpath.dirname(path), path)
    return tuple(folders.values())[:PLACES]


def _beside(opened: Open, recipe: Recipe, timeout: float, places: tuple[str, ...]) -> TestRun | None:
    """The first run in which a canary beside one of these files is reported."""
    for place in places[:TRIES]:
        with opened() as sandbox:
            run = run_tests(sandbox, recipe, timeout=timeout, canary=True, beside=(place,), last=True)
        if run.report is not None:
            return run
    return None
