"""The fixtures that a repository's `conftest.py` files offer to a new test (pytest), read and never run."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.repository.workspace import Workspace

MOST = 40
LONGEST = 30
"""Fixtures that are told, and lines of one that is shown whole."""


@dataclass(frozen=True, slots=True)
class PytestFixture:
    """`path` is its conftest.py, `source` its code with the decorators, `about` the first line of its docstring."""

    name: str
    path: str
    source: str
    about: str


def fixtures(workspace: Workspace, path: str) -> tuple[PytestFixture, ...]:
    """What the conftest.py files above a test at `path` define, the nearest first; a nearer one hides a farther."""
    found: dict[str, PytestFixture] = {}
    folder = posixpath.dirname(path)
    while True:
        place = posixpath.join(folder, "conftest.py")
        for one in _defined(workspace.read_text(place) or "", place):
            found.setdefault(one.name, one)
        if not folder:
            return tuple(found.values())
        folder = posixpath.dirname(folder)


def _defined(text: str, path: str) -> Iterator[PytestFixture]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    lines = text.splitlines()
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        marks = [d for d in node.decorator_list if "fixture" in ast.unparse(d).split("(")[0].rsplit(".", 1)[-1]]
        if not marks:
            continue
        given = [k.value for d in marks if isinstance(d, ast.Call) for k in d.keywords if k.arg == "name"]
        name = next((str(v.value) for v in given if isinstance(v, ast.Constant)), node.name)
        first = min(d.lineno for d in node.decorator_list)
        source = "\n".join(lines[first - 1 : node.end_lineno])
        yield PytestFixture(name, path, source, (ast.get_docstring(node) or "").split("\n")[0])


def shown(offered: tuple[PytestFixture, ...], text: str) -> str:
    """The fixtures as a model reads them: those that `text` (a neighbouring test) uses whole, the others by name."""
    used = [f for f in offered if f.name in text]
    whole = [f"# {f.path}\n{f.source}" for f in used if f.source.count("\n") < LONGEST][:MOST]
    rest = [f for f in offered if f not in used][:MOST]
    names = [f"# {f.path}: {f.name}" + (f" ({f.about})" if f.about else "") for f in rest]
    return "\n\n".join([*whole, "\n".join(names)]).strip()
