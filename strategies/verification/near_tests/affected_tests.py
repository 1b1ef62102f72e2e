"""Which test files a patch most probably concerns: those named like what it touches, and those that import it.

By the text of the files, for Python, JavaScript and Go; what the runner knows of them (`Baseline.files`) decides which
can be run, and how many in a given time.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping

from sandbox.guard.path_names import is_test
from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace

HOPS = 2
MOST = 40
"""From so many on, being near says little."""
SHORTEST = 3  # a shorter stem is in every name
SCRIPTS = (".cjs", ".cts", ".js", ".jsx", ".mjs", ".mts", ".ts", ".tsx", ".vue")
ENDINGS = (".py", ".go", *SCRIPTS)
_PYTHON = re.compile(r"^\s*(?:from\s+([.\w]+)\s+import\s+([\w, ()*]+)|import\s+([\w., ]+))", re.MULTILINE)
_SCRIPT = re.compile(r"""(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)["'](\.{1,2}/[^"'\n]*|\.{1,2})["']""")
_GO = re.compile(r"""^(?:import\s+)?\s*(?:[\w.]+\s+)?"([\w.~/-]+)"\s*$""", re.MULTILINE)


def affected(patch: Patch, workspace: Workspace) -> tuple[str, ...]:
    """Test files named after the touched files, then those that import them, then those at two imports' distance."""
    sources = [f.path for f in workspace.files() if f.path.endswith(ENDINGS) and f.mode.startswith("100")]
    imports = {path: _imported(path, workspace.read_text(path) or "") for path in sources}
    distance = {p: 1 for p in patch.paths if p.endswith(ENDINGS)}
    frontier = set(distance)
    for hop in range(1, HOPS + 1):
        names = {name for path in frontier for name in _names(path)}
        frontier = {p for p, wanted in imports.items() if p not in distance and wanted & names}
        distance |= dict.fromkeys(frontier, hop)
    stems = {s for p in patch.paths if p.endswith(ENDINGS) and len(s := _stem(p)) >= SHORTEST}
    distance |= {p: 0 for p in sources if is_test(p) and any(s in posixpath.basename(p) for s in stems)}
    known = set(sources)
    tests = [p for p in distance if p in known and is_test(p) and not p.endswith(("conftest.py", "__init__.py"))]
    return tuple(sorted(tests, key=lambda p: (distance[p], p)))


def within(near: Iterable[str], files: Mapping[str, float], seconds: float) -> tuple[str, ...]:
    """Of test files in order of closeness, those that the suite runs (`files`, with their seconds), while they take at
    most `seconds` in all. Among equally close ones nothing is gained by leaving a quick one out for a slow one: a file
    that does not fit is passed over."""
    chosen, left = [], seconds
    for path in near:
        if path in files and files[path] <= left:
            chosen.append(path)
            left -= files[path]
    return tuple(chosen)


def _stem(path: str) -> str:
    return posixpath.basename(path).rsplit(".", 1)[0]


def _names(path: str) -> set[str]:
    """Every name under which a file may be imported: in Python and Go with and without its leading folders."""
    if path.endswith(".py"):
        return _tails(path.removesuffix(".py").removesuffix("/__init__").split("/"), ".")
    if path.endswith(".go"):
        return _tails(posixpath.dirname(path).split("/"), "/")
    plain = path[: -len(posixpath.splitext(path)[1])]
    return {path, plain, plain.removesuffix("/index"), "." if plain == "index" else plain}


def _tails(parts: list[str], mark: str) -> set[str]:
    return {mark.join(parts[i:]) for i in range(len(parts))}


def _imported(path: str, text: str) -> set[str]:
    if path.endswith(".py"):
        return _by_python(path, text)
    if path.endswith(".go"):
        own = _names(path)  # a package's files see each other without an import
        return own | {tail for found in _GO.findall(text) for tail in _tails(found.split("/"), "/")}
    here = posixpath.dirname(path)
    found = {posixpath.normpath(posixpath.join(here, name)) for name in _SCRIPT.findall(text)}
    return found | {posixpath.splitext(name)[0] for name in found}


def _by_python(path: str, text: str) -> set[str]:
    package = path.split("/")[:-1]
    found: set[str] = set()
    for source, names, plain in _PYTHON.findall(text):
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
