"""Finds how a repository is installed and tested. It reads; it never runs anything, and never guesses silently.

`discover` gives the one recipe that is tried first, `set_up_ladder` all rungs in their order: our file alone where it
says so; else convention, the language with most source first, each with what its failures tell; then the set-up that
copilot-setup-steps.yml or devcontainer.json give to other agents, where they say with which versions. What a rung's
recipes are worth is decided elsewhere, by running tests.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sandbox.recipe import Recipe
from sandbox.recipes.ci_workflow import Hints, read_hints, setup_steps
from sandbox.recipes.configured import OWN_FILE, with_setup, with_test
from sandbox.recipes.go import find_go
from sandbox.recipes.java import find_java
from sandbox.recipes.javascript import find_javascript
from sandbox.recipes.python.ladder import PythonRung
from sandbox.recipes.python.recipe import find_python
from sandbox.recipes.rust import find_rust
from sandbox.recipes.task_files import find_task_file
from sandbox.recipes.trial import SetupRung, Trial
from sandbox.repository.workspace import Workspace

Finder = Callable[[Workspace, Hints], Recipe | str]

LANGUAGES: Mapping[str, Finder] = {
    "python": find_python,
    "javascript": find_javascript,
    "go": find_go,
    "rust": find_rust,
    "java": find_java,
}
"""In order of precedence where a repository has as much source in one language as in another."""

SOURCES: Mapping[str, tuple[str, ...]] = {
    "python": (".py", ".pyx", ".pyi"),
    "javascript": (".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte"),
    "go": (".go",),
    "rust": (".rs",),
    "java": (".java", ".kt", ".kts", ".groovy"),
}

RUNGS: Mapping[str, Callable[[Workspace, Hints], SetupRung]] = {"python": PythonRung}
"""Languages whose failures tell what to try next; the others have their one recipe."""


@dataclass(frozen=True, slots=True)
class OneRecipe:
    """A rung that has one thing to say."""

    name: str
    recipe: Recipe

    def proposals(self, trials: Sequence[Trial]) -> Iterator[Recipe]:
        del trials
        yield self.recipe


@dataclass(frozen=True, slots=True)
class SetupLadder:
    """All rungs in their order, the recipe that is tried first (None: there is none), and what was looked at."""

    rungs: tuple[SetupRung, ...]
    first: Recipe | None
    looked: tuple[str, ...]
    configured: bool = False


def set_up_ladder(
    workspace: Workspace, *, setup: Sequence[str] | None, test: str | None, image: str | None
) -> SetupLadder:
    """The rungs for a repository. The arguments are our file's values; what it says is never replaced by anything."""
    first, looked = discover(workspace, setup=setup, test=test, image=image)
    if setup is not None or test is not None or image is not None:
        rungs: tuple[SetupRung, ...] = (OneRecipe(OWN_FILE, first),) if first is not None else ()
        return SetupLadder(rungs, first, looked, configured=True)
    hints = read_hints(workspace)
    weight = weights(workspace)
    found: list[SetupRung] = []
    for language in sorted(LANGUAGES, key=lambda name: -weight[name]):
        recipe = LANGUAGES[language](workspace, hints)
        if isinstance(recipe, Recipe):
            found.append(RUNGS[language](workspace, hints) if language in RUNGS else OneRecipe(language, recipe))
        elif language in RUNGS and weight[language]:
            found.append(RUNGS[language](workspace, hints))
    if not found and first is not None:
        found.append(OneRecipe(first.source, first))
    steps, notes = setup_steps(workspace)
    if steps is not None and first is not None:
        found.append(OneRecipe(steps.source, with_setup(first, steps.lines, steps.source, workspace, hints)))
    return SetupLadder(tuple(found), first, (*looked, *notes))


def discover(
    workspace: Workspace,
    *,
    setup: Sequence[str] | None,
    test: str | None,
    image: str | None,
) -> tuple[Recipe | None, tuple[str, ...]]:
    """The recipe, or None, and what was tried in sentences for people. The arguments are our file's values."""
    hints = read_hints(workspace)
    tried: list[str] = []
    recipe = _by_convention(workspace, hints, tried)
    if test is not None:
        recipe = with_test(recipe, test, workspace, hints)
        tried.append(f"`test:` of {OWN_FILE} is used")
    if recipe is None:
        tried += [f"`setup:` of {OWN_FILE} gives no test command"] if setup is not None else []
        return None, tuple(tried)
    if setup is not None:
        recipe = with_setup(recipe, setup, OWN_FILE, workspace, hints)
        tried.append(f"`setup:` of {OWN_FILE} is used")
    return replace(recipe, image=image), tuple(tried)


def _by_convention(workspace: Workspace, hints: Hints, tried: list[str]) -> Recipe | None:
    """The first recipe, the language with most source first; `tried` receives why the others have none."""
    weight = weights(workspace)
    for language in sorted(LANGUAGES, key=lambda name: -weight[name]):
        found = LANGUAGES[language](workspace, hints)
        if isinstance(found, Recipe):
            tried.append(f"{language}: found by {found.source}")
            return found
        tried.append(found)
    last = find_task_file(workspace, hints)
    tried.append(f"no language's convention; found by {last.source}" if isinstance(last, Recipe) else last)
    return last if isinstance(last, Recipe) else None


def weights(workspace: Workspace) -> dict[str, int]:
    """Bytes of source by language. Vendored and generated folders do not count."""
    out = dict.fromkeys(LANGUAGES, 0)
    for file in workspace.files():
        if {"node_modules", "vendor", "dist", "docs", "third_party"} & set(file.path.split("/")[:-1]):
            continue
        ending = posixpath.splitext(file.path)[1]
        for language, endings in SOURCES.items():
            if ending in endings:
                out[language] += file.size
    return out
