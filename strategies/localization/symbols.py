"""What a source file defines and imports, read by line patterns: good enough to point, in many languages, fast."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection

_DEFINITION = re.compile(
    r"^(?P<indent>[ \t]*)(?:(?:export|default|public|private|protected|internal|static|final|abstract|async"
    r"|pub(?:\([^)]*\))?|override|virtual|inline|unsafe|extern|open|sealed|data|partial|declare)\s+)*"
    r"(?:(?:def|class|func|function\*?|fn|struct|enum|trait|interface|type|impl|module|macro_rules!|object|record|protocol"
    r"|namespace|union)\s+(?:\([^)\n]*\)\s*)?(?P<a>[A-Za-z_$][\w$]*)"
    r"|(?:const|let|var)\s+(?P<b>[A-Za-z_$][\w$]*)\s*(?::[^=\n]+)?="
    r"|(?P<c>[A-Za-z_]\w*)\s*(?::[^=\n]+)?=(?!=)"
    r"|(?:[\w<>\[\],.?]+\s+)+(?P<d>[A-Za-z_]\w*)\s*\([^;\n]*\)\s*(?:throws [\w., ]+)?\{)",
    re.MULTILINE,
)
_PY_FROM = re.compile(r"^[ \t]*from\s+([.\w]+)\s+import\s+(\([^)]*\)|[^\n]+)", re.MULTILINE)
_PY_IMPORT = re.compile(r"^[ \t]*import\s+([\w., ]+)", re.MULTILINE)
_JS = re.compile(r"(?:from\s+|require\(\s*|import\(\s*|import\s+)['\"](\.{1,2}/[^'\"\n]+)['\"]")
_JVM = re.compile(r"^import\s+(?:static\s+)?([\w.]+)", re.MULTILINE)
_RUST = re.compile(r"^\s*(?:pub\s+)?(?:mod\s+(\w+)\s*;|use\s+(?:crate|super|self)::([\w:]+))", re.MULTILINE)
_SCRIPT = (".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".vue")


def definitions(text: str) -> dict[str, list[tuple[int, int]]]:
    """Defined name → (first, last) 1-based lines of each definition, by indentation. Assignments count at any depth."""
    lines = text.split("\n")
    starts: list[tuple[int, int, str, bool]] = []
    line, at = 1, 0
    for m in _DEFINITION.finditer(text):
        line += text.count("\n", at, m.start())
        at = m.start()
        name = m["a"] or m["b"] or m["c"] or m["d"]
        starts.append((line, len(m["indent"].expandtabs(4)), name, bool(m["a"] or m["d"])))
    result: dict[str, list[tuple[int, int]]] = {}
    for first, depth, name, long in starts:
        last = _end(lines, first, depth) if long else first
        result.setdefault(name, []).append((first, last))
    return result


def _end(lines: list[str], first: int, depth: int) -> int:
    """The last line of the block that starts on line `first`: before the next non-blank line as shallow as it."""
    last = first
    for number in range(first + 1, min(len(lines), first + 600) + 1):
        line = lines[number - 1]
        if not line.strip():
            continue
        if len(line[: len(line) - len(line.lstrip())].expandtabs(4)) <= depth:
            return number if line.strip()[:1] in ("}", ")", "]") else last
        last = number
    return last


def imports(path: str, text: str, paths: Collection[str]) -> tuple[str, ...]:
    """The repository files that the file at `path` imports, as far as its own text tells."""
    suffix = posixpath.splitext(path)[1]
    here = posixpath.dirname(path)
    found: list[str] = []
    if suffix in (".py", ".pyi"):
        for module, names in _PY_FROM.findall(text):
            base = _module(module, here)
            found += _python(base, paths)
            for name in re.findall(r"\w+", names)[:40]:
                found += _python(f"{base}/{name}".lstrip("/"), paths)
        for group in _PY_IMPORT.findall(text):
            for module in group.split(","):
                found += _python(module.split()[0].replace(".", "/"), paths) if module.split() else []
    elif suffix in _SCRIPT:
        for target in _JS.findall(text):
            base = posixpath.normpath(posixpath.join(here, target))
            stem = posixpath.splitext(base)[0] if base.endswith(_SCRIPT) else base
            found += [p for s in _SCRIPT for p in (base, f"{stem}{s}", f"{base}/index{s}") if p in paths]
    elif suffix in (".java", ".kt", ".scala"):
        for name in _JVM.findall(text):
            found += _ending(f"{name.replace('.', '/')}{suffix}", paths)
    elif suffix == ".rs":
        for module, use in _RUST.findall(text):
            name = module or use.split("::")[0]
            found += [p for p in (f"{here}/{name}.rs".lstrip("/"), f"{here}/{name}/mod.rs".lstrip("/")) if p in paths]
    elif suffix == ".go":
        found += [p for p in paths if p.endswith(".go") and posixpath.dirname(p) == here]
    return tuple(p for p in dict.fromkeys(found) if p != path)


def _module(module: str, here: str) -> str:
    """`a.b` → `a/b`; a relative module starts at the folder `here`."""
    dots = len(module) - len(module.lstrip("."))
    rest = module[dots:].replace(".", "/")
    if not dots:
        return rest
    base = here.split("/") if here else []
    base = base[: len(base) - (dots - 1)] if dots > 1 else base
    return "/".join([*base, *([rest] if rest else [])])


def _python(base: str, paths: Collection[str]) -> list[str]:
    if not base:
        return []
    for folder in ("", "src/", "lib/"):
        for name in (f"{folder}{base}.py", f"{folder}{base}/__init__.py"):
            if name in paths:
                return [name]
    return []


def _ending(tail: str, paths: Collection[str]) -> list[str]:
    return [p for p in paths if p.endswith("/" + tail) or p == tail][:1]
