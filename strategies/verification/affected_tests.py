"""Which test files a patch most probably concerns: those that import what it touches, and those named like it."""

from __future__ import annotations

import posixpath
import re

from sandbox.guard.path_names import is_test
from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace

HOPS = 2
MOST = 40
SHORTEST = 3  # a shorter stem is in every name
_IMPORT = re.compile(r"^\s*(?:from\s+([.\w]+)\s+import\s+([\w, ()*]+)|import\s+([\w., ]+))", re.MULTILINE)


def affected(patch: Patch, workspace: Workspace) -> tuple[str, ...]:
    """Python test files within two imports of the touched files, or named after them; at most 40, sorted."""
    sources = {f.path: f for f in workspace.files() if f.path.endswith(".py") and f.mode.startswith("100")}
    imports = {path: _imported(path, workspace.read_text(path) or "") for path in sources}
    reached = {p for p in patch.paths if p.endswith(".py")}
    frontier = set(reached)
    for _ in range(HOPS):
        names = {name for path in frontier for name in _names(path)}
        frontier = {p for p, wanted in imports.items() if p not in reached and wanted & names}
        reached |= frontier
    stems = {posixpath.basename(p).removesuffix(".py") for p in patch.paths}
    named = {p for p in sources if is_test(p) and any(s in posixpath.basename(p) for s in stems if len(s) >= SHORTEST)}
    tests = {
        p for p in reached | named if is_test(p) and p in sources and not p.endswith(("conftest.py", "__init__.py"))
    }
    return tuple(sorted(tests)[:MOST])


def _names(path: str) -> set[str]:
    """Every dotted name under which a file may be imported: with and without its leading folders."""
    parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
    return {".".join(parts[i:]) for i in range(len(parts))}


def _imported(path: str, text: str) -> set[str]:
    package = path.split("/")[:-1]
    found: set[str] = set()
    for source, names, plain in _IMPORT.findall(text):
        if plain:
            found |= {n.strip().split(" as ")[0] for n in plain.split(",")}
            continue
        level = len(source) - len(source.lstrip("."))
        base = source.lstrip(".")
        if level:
            base = ".".join([*package[: len(package) - level + 1], *([base] if base else [])])
        found.add(base)
        found |= {f"{base}.{n.strip(' ()')}".lstrip(".") for n in names.split(",") if n.strip(" ()*")}
    return found
