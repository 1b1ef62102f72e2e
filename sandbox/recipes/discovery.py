"""Finds how a repository is installed and tested. It reads; it never runs anything, and never guesses silently.

Precedence: our file → copilot-setup-steps.yml → devcontainer.json → CI workflows (versions, pip arguments)
→ tool-version files → manifests and locks. Convention supplies whatever the earlier ones leave open.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sandbox.recipe import Recipe
from sandbox.recipes.ci_workflow import Hints, read_hints, setup_steps
from sandbox.recipes.configured import OWN_FILE, with_setup, with_test
from sandbox.recipes.go import find_go
from sandbox.recipes.java import find_java
from sandbox.recipes.javascript import find_javascript
from sandbox.recipes.python import find_python
from sandbox.recipes.rust import find_rust
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

_SUGGESTED: Mapping[str, tuple[str, str]] = {
    "python": ('["pip install -e ."]', '"pytest -q --junitxml={junit}"'),
    "javascript": ('["npm ci"]', '"npm test"'),
    "go": ('["go mod download"]', '"go test -json ./..."'),
    "rust": ('["cargo fetch"]', '"cargo test"'),
    "java": ('["mvn -q -DskipTests package"]', '"mvn test"'),
}


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
    steps, notes = setup_steps(workspace) if setup is None else (None, ())
    tried += notes
    if recipe is None:
        tried += [f"`setup:` of {OWN_FILE} gives no test command"] if setup is not None else []
        return None, tuple(tried)
    if setup is not None:
        recipe = with_setup(recipe, setup, OWN_FILE, workspace, hints)
        tried.append(f"`setup:` of {OWN_FILE} is used")
    elif steps is not None:
        recipe = with_setup(recipe, steps.lines, steps.source, workspace, hints)
        tried.append(f"the set-up of {steps.source} is used")
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
    return None


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


def suggestion(workspace: Workspace) -> str:
    """The two lines of `.github/autofix.yml` that would tell us how to install and test this repository."""
    weight = weights(workspace)
    language = max(LANGUAGES, key=lambda name: weight[name])
    setup, test = _SUGGESTED[language] if weight[language] else ('["make deps"]', '"make test"')
    return f"setup: {setup}\ntest: {test}\n"
