"""What the repository's own `.github/autofix.yml` says, laid over what convention found."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import replace

from sandbox.recipe import Canary, Recipe, ReportFormat
from sandbox.recipes.ci_workflow import Hints
from sandbox.recipes.javascript_install import installed_by
from sandbox.recipes.python.install import ensure
from sandbox.recipes.python.recipe import COLLECT_ALL, REPORT_FLAGS, python
from sandbox.recipes.python.suite import canary, pytest_config, selects
from sandbox.repository.workspace import Workspace

OWN_FILE = ".github/autofix.yml"

_PYTEST = re.compile(r"^(?:[A-Z_]+=\S+ )*(?:python3? -m )?(?:pytest|py\.test)\b")
_PYTHON = re.compile(r"\b(?:pip3?|python3?|pytest|poetry|tox|nox|uv)\b")
_COMPOUND = re.compile(r"[;&|<>`$()\n]")
_RUNNERS = ("pytest", "vitest", "jest", "mocha", "go", "cargo", "mvn", "gradle")


def with_setup(recipe: Recipe, lines: Sequence[str], source: str, workspace: Workspace, hints: Hints) -> Recipe:
    """`recipe` installed by `lines` instead. A Python repository still gets its environment and pytest, a
    JavaScript repository its Node and its package manager."""
    setup = tuple(lines)
    if recipe.language == "python" or any(_PYTHON.search(line) for line in (*lines, recipe.test)):
        asked = [line for line in recipe.setup if line.startswith('python -c "import ')]
        setup = (python(workspace, hints).venv(), *setup, *asked)
    if recipe.language == "javascript":
        setup = installed_by(recipe.setup, setup)
    return replace(recipe, setup=setup, source=source, inputs=tuple(sorted({*recipe.inputs, source} - {OWN_FILE})))


def with_test(recipe: Recipe | None, command: str, workspace: Workspace, hints: Hints) -> Recipe:
    """A recipe that is tested by `command`; its set-up is that of `recipe`, or what its language needs at least."""
    runner = _runner(command)
    same = recipe if recipe is not None and recipe.runner == runner else None
    language = recipe.language if recipe is not None else {"pytest": "python"}.get(runner, "other")
    setup = recipe.setup if recipe is not None else ()
    if recipe is None and runner == "pytest":
        setup = (python(workspace, hints).venv(), ensure("pytest"))
    report, command = _reporting(command, runner)
    return Recipe(
        language=language,
        setup=setup,
        test=command,
        report=report,
        source=OWN_FILE,
        test_only=_only(command, runner, workspace) or (same.test_only if same else None),
        inputs=recipe.inputs if recipe is not None else (),
        image=recipe.image if recipe is not None else None,
        runner=runner,
        test_folder=_folder(command, workspace) or (same.test_folder if same else ""),
        canary=_canary(command, runner, same, workspace),
    )


def _runner(command: str) -> str:
    words = [w for w in re.split(r"[\s;&|()]+", command) if w]
    names = [w.rsplit("/", 1)[-1] for w in words]
    found = next((r for r in _RUNNERS if r in names), "")
    if not found and "node" in names and "--test" in words:
        return "node"
    return {"mvn": "maven"}.get(found, found)


def _reporting(command: str, runner: str) -> tuple[ReportFormat, str]:
    """How the command's results can be read; a plain pytest or Go command is told to report."""
    plain = not _COMPOUND.search(command)
    if "{junit}" in command:
        return ReportFormat.JUNIT, command
    if runner == "pytest" and plain:
        return ReportFormat.JUNIT, f"{command} {COLLECT_ALL} {REPORT_FLAGS}"
    if runner == "go" and (plain or "-json" in command):
        return ReportFormat.GO_JSON, command if "-json" in command else command.replace("go test", "go test -json", 1)
    if runner == "cargo" and "cargo test" in command:
        return ReportFormat.CARGO, command if "2>&1" in command else f"({command}) 2>&1"
    if runner in ("maven", "gradle"):
        return ReportFormat.SUREFIRE, command
    return ReportFormat.EXIT_CODE, command


def _only(command: str, runner: str, workspace: Workspace) -> str | None:
    """A plain pytest command with its paths replaced by the chosen tests."""
    if runner != "pytest" or not _PYTEST.match(command) or _COMPOUND.search(command):
        return None
    words = [w for w in _words(command) if w not in _places(command, workspace)]
    return " ".join([*(w if w == "--junitxml={junit}" else shlex.quote(w) for w in words), "{tests}"])


def _places(command: str, workspace: Workspace) -> list[str]:
    """The command's words that are files or folders of the repository."""
    paths = {f.path for f in workspace.files()}
    folders = {p[:i] for p in paths for i, c in enumerate(p) if c == "/"}
    return [w for w in _words(command) if w.rstrip("/").removeprefix("./").split("::")[0] in paths | folders]


def _folder(command: str, workspace: Workspace) -> str:
    paths = {f.path for f in workspace.files()}
    found = [p.rstrip("/").removeprefix("./") for p in _places(command, workspace)]
    return next((p for p in found if p not in paths), "")


def _canary(command: str, runner: str, same: Recipe | None, workspace: Workspace) -> Canary | None:
    """Convention's canary, moved to where `command` looks for tests; None when that cannot be told."""
    if same is None or runner != "pytest":
        return same.canary if same is not None and not _places(command, workspace) else None
    if selects(command.replace("python -m", "").replace("python3 -m", "")):
        return None
    places = [p.rstrip("/").removeprefix("./") for p in _places(command, workspace)]
    if not places or any(same.test_folder == p or same.test_folder.startswith(p + "/") or p == "." for p in places):
        return same.canary
    folder = _folder(command, workspace)
    return canary(folder, pytest_config(workspace).patterns) if folder else None


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()
