"""Which file of a repository an import means, in Python and JavaScript; read from the text, nothing is imported."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from sandbox.guard.path_names import parents
from sandbox.repository.workspace import Workspace

JAVASCRIPT = (".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte")
_PYTHON_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#;]+)|import[ \t]+([\w., \t]+))", re.MULTILINE
)
_JAVASCRIPT_IMPORT = re.compile(r"""(?:\bfrom\s*|\bimport\s*|\brequire\s*\(\s*|\bimport\s*\(\s*)["']([^"'\n]+)["']""")


def imports_of(path: str, text: str, paths: Collection[str]) -> set[str]:
    """The files among `paths` that the file at `path` may import."""
    if path.endswith((".py", ".pyi")):
        return {f for name in _python_names(path, text) for f in _python_files(path, name, paths)}
    if path.endswith(JAVASCRIPT):
        found = (_javascript_file(path, name, paths) for name in _JAVASCRIPT_IMPORT.findall(text))
        return {f for f in found if f is not None}
    return set()


def importers(path: str, workspace: Workspace, among: Callable[[str], bool]) -> Iterator[str]:
    """The files for which `among` holds that import the one at `path`, in the order of their paths."""
    stem = posixpath.splitext(posixpath.basename(path))[0]
    if stem in ("__init__", "index"):
        stem = posixpath.basename(posixpath.dirname(path))
    paths = {f.path for f in workspace.files()}
    kind = JAVASCRIPT if path.endswith(JAVASCRIPT) else (".py",)
    for file in workspace.files():
        if file.path == path or not file.path.endswith(kind) or not among(file.path):
            continue
        text = workspace.read_text(file.path) or ""
        if stem in text and path in imports_of(file.path, text, paths):
            yield file.path


def import_graph(workspace: Workspace) -> Mapping[str, Sequence[str]]:
    """The files that import each file, over the whole repository."""
    paths = {f.path for f in workspace.files()}
    found: dict[str, list[str]] = {}
    for path in sorted(p for p in paths if p.endswith((".py", *JAVASCRIPT))):
        for imported in imports_of(path, workspace.read_text(path) or "", paths) - {path}:
            found.setdefault(imported, []).append(path)
    return found


def _python_names(path: str, text: str) -> Iterator[str]:
    """Dotted names; a relative import is spelled out from the root as `/folder.name`."""
    for source, names, plain in _PYTHON_IMPORT.findall(text):
        if plain:
            yield from (n.strip().split(" ")[0] for n in plain.split(","))
            continue
        base = source.lstrip(".")
        level = len(source) - len(base)
        if level:
            folder = path.split("/")[:-1]
            base = "/" + ".".join([*folder[: len(folder) - level + 1], *([base] if base else [])])
        yield base
        for name in names.strip("() \t").split(","):
            if word := name.split("#")[0].strip().split(" ")[0].strip("()\n"):
                yield f"{base}.{word}" if base != "/" else f"/{word}"


def _python_files(path: str, name: str, paths: Collection[str]) -> Iterator[str]:
    roots = ("",) if name.startswith("/") else (*parents(path), "src", "lib")
    below = name.strip("/").replace(".", "/")
    for root in roots if below else ():
        start = posixpath.join(root, below)
        if found := next((c for c in (f"{start}/__init__.py", f"{start}.py") if c in paths), None):
            yield found
            return


def _javascript_file(path: str, name: str, paths: Collection[str]) -> str | None:
    if not name.startswith("."):
        return None
    start = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
    bare = re.sub(r"\.[cm]?jsx?$", "", start)  # TypeScript imports `./a.js` for a.ts
    tries = (start, *(f"{s}{e}" for s in (start, bare) for e in JAVASCRIPT), *(f"{start}/index{e}" for e in JAVASCRIPT))
    return next((t for t in tries if t in paths), None)
