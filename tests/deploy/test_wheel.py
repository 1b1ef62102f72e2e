"""The wheel has what the installed commands need, and nothing else of deploy."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

from deploy.demo.models import SCRIPTS
from deploy.demo.setup import PROJECT

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
INCLUDED = CONFIGURATION["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]


def files(place: Path) -> Iterator[Path]:
    """The source files of `place`, a file or a folder."""
    for path in [place] if place.is_file() else place.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def shipped() -> set[str]:
    return {path.relative_to(ROOT).as_posix() for name in INCLUDED for path in files(ROOT / name)}


def module_file(module: str) -> str | None:
    """The repository path of one of our modules; None for somebody else's."""
    for candidate in (f"{module.replace('.', '/')}.py", f"{module.replace('.', '/')}/__init__.py"):
        if (ROOT / candidate).is_file():
            return candidate
    return None


def imported(path: str) -> set[str]:
    """The files of ours that one file imports, inside functions too."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {found for module in modules if (found := module_file(module))}


def needed_by(path: str) -> set[str]:
    """`path` and every file of ours that it leads to by imports."""
    found, waiting = {path}, [path]
    while waiting:
        fresh = imported(waiting.pop()) - found
        found |= fresh
        waiting += fresh
    return found


def test_each_name_in_the_list_exists() -> None:
    assert [name for name in INCLUDED if not (ROOT / name).exists()] == []


def test_the_demo_command_is_whole() -> None:
    modules = needed_by("pennyfix.py")
    assert "deploy/demo/github/standin.py" in modules
    assert modules - shipped() == set()
    data = {path.relative_to(ROOT).as_posix() for place in (SCRIPTS, PROJECT) for path in files(place)}
    assert len(data) > 20
    assert data - shipped() == set()


def test_nothing_else_of_deploy_is_in_it() -> None:
    ours = {path for path in shipped() if path.startswith("deploy/")}
    modules = needed_by("pennyfix.py") | needed_by("deploy/demo/__main__.py")
    packages = {path for path in ours if path.endswith("/__init__.py")}
    data = {path.relative_to(ROOT).as_posix() for place in (SCRIPTS, PROJECT) for path in files(place)}
    assert ours - modules - data - packages == set()


def test_no_test_is_in_it() -> None:
    assert [path for path in shipped() if path.startswith("tests/")] == []
