"""What a source file defines and imports, read by line patterns: good enough to point, in many languages, fast.

What a function defines for itself (a local name, a nested function) is no definition: nobody outside can mean it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_PYTHON = re.compile(
    r"^(?P<indent>[ \t]*)(?:(?:async[ \t]+)?(?P<kind>def|class|cdef class|cpdef|cdef)[ \t]+(?P<name>[^\W\d]\w*)"
    r"|(?P<value>[^\W\d]\w*)[ \t]*(?::[^=\n]{1,200})?=(?!=))",
    re.MULTILINE,
)
_BRACES = re.compile(
    r"^(?P<indent>[ \t]*)(?:(?:export|default|public|private|protected|internal|static|final|abstract|async"
    r"|pub(?:\([^)\n]*\))?|override|virtual|inline|unsafe|extern|open|sealed|data|partial|declare|readonly"
    r"|const(?=[ \t]+(?:fn|enum)))[ \t]+)*"
    r"(?:(?P<kind>class|func|function\*?|fun|fn|struct|enum|trait|interface|type|impl|mod|module|macro_rules!|object|record"
    r"|protocol|namespace|union)(?:[ \t]*<[^>\n]*>)?[ \t]+(?:\([^)\n]*\)[ \t]*)?(?P<name>[A-Za-z_$][\w$]*)"
    r"|(?:const|let|var|val|static)[ \t]+(?:mut[ \t]+)?(?P<value>[A-Za-z_$][\w$]*)[ \t]*(?::[^=\n]{1,200})?=(?!=)"
    r"|(?:module\.)?exports\.(?P<exported>[A-Za-z_$][\w$]*)[ \t]*=(?!=)"
    r"|[A-Za-z_$][\w$.]*\.(?:prototype\.)?(?P<property>[A-Za-z_$][\w$]*)[ \t]*=[ \t]*(?:async[ \t]+)?"
    r"(?:function\b|\([^)\n]*\)[ \t]*=>)"
    r"|(?:[A-Za-z_][\w<>\[\],.?*&]*[ \t]+){0,4}(?P<method>[A-Za-z_$#][\w$]*)[ \t]*(?:<[^>\n]*>)?"
    r"\((?![^\n]*(?:=>|\bfunction\b))[^;\n]*\{[ \t]*$)",
    re.MULTILINE,
)
_STATEMENT = """
if for while switch catch return else do try function super match with when new throw await assert elif unless loop
describe it test expect require synchronized using lock foreach beforeEach afterEach
"""
_STATEMENTS = frozenset(_STATEMENT.split())
_CONTAINER = "class struct enum trait interface impl mod module object record protocol namespace union"
_CONTAINERS = frozenset(_CONTAINER.split())
_PY_FROM = re.compile(r"^[ \t]*from\s+([.\w]+)\s+import\s+(\([^)]*\)|[^\n]+)", re.MULTILINE)
_PY_IMPORT = re.compile(r"^[ \t]*import\s+([\w., ]+)", re.MULTILINE)
_JS = re.compile(r"(?:from\s+|require\(\s*|import\(\s*|import\s+)['\"](\.{1,2}/[^'\"\n]+)['\"]")
_JVM = re.compile(r"^import\s+(?:static\s+)?([\w.]+)", re.MULTILINE)
_RUST = re.compile(r"^\s*(?:pub\s+)?(?:mod\s+(\w+)\s*;|use\s+(?:crate|super|self)::([\w:]+))", re.MULTILINE)
_SCRIPT = (".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".vue")
_BY_INDENT = (".py", ".pyi", ".pyx", ".pxd", ".rb", ".coffee")
_BY_BRACES = (
    *_SCRIPT,
    ".go",
    ".rs",
    ".java",
    ".kt",
    ".kts",
    ".scala",
    ".cs",
    ".c",
    ".h",
    ".cc",
    ".cpp",
    ".hpp",
    ".swift",
    ".php",
    ".svelte",
    ".groovy",
    ".dart",
)
READ_ENDINGS = (*_BY_INDENT, *_BY_BRACES)
"""The file endings, in lower case, whose definitions are read."""
MOST_LINES = 600
"""Lines of one definition at most."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A name with its 1-based lines. `block` is False for a value, True for a function, a class and the like."""

    name: str
    first: int
    last: int
    block: bool
    container: bool = False


def definitions(path: str, text: str) -> list[Definition]:
    """What the file at `path` defines for others, in the order of its lines; ends are found by indentation."""
    suffix = posixpath.splitext(path)[1].lower()
    if suffix in _BY_INDENT:
        return list(_read(text, _PYTHON))
    return list(_read(text, _BRACES)) if suffix in _BY_BRACES else []


def _read(text: str, pattern: re.Pattern[str]) -> Iterator[Definition]:
    lines: list[str] | None = None
    open_blocks: list[tuple[int, int, bool]] = []  # depth, last line, container
    line, at = 1, 0
    for m in pattern.finditer(text):
        found = m.groupdict()
        name = found["name"] or found.get("method") or found.get("property") or found.get("exported")
        block = name is not None
        name = name or found["value"]
        if name is None or found.get("method") in _STATEMENTS:
            continue
        line += text.count("\n", at, m.start())
        at = m.start()
        depth = len(found["indent"].expandtabs(4))
        while open_blocks and (open_blocks[-1][0] >= depth or open_blocks[-1][1] < line):
            open_blocks.pop()
        inside_function = bool(open_blocks) and not open_blocks[-1][2]
        if inside_function or (depth and not block and not open_blocks):
            continue
        lines = text.split("\n") if lines is None else lines
        last = _end(lines, line, depth) if block else line
        container = (found["kind"] or "").rpartition(" ")[2] in _CONTAINERS
        if block:
            open_blocks.append((depth, last, container))
        yield Definition(name, line, last, block, container)


def _end(lines: list[str], first: int, depth: int) -> int:
    """The last line of the block that starts on line `first`: before the next non-blank line as shallow as it."""
    last = first
    for number in range(first + 1, len(lines) + 1):
        line = lines[number - 1]
        bare = line.lstrip()
        if not bare:
            continue
        if len(line) - len(bare) <= depth and len(line[: len(line) - len(bare)].expandtabs(4)) <= depth:
            if bare[0] in ")]" and bare.rstrip()[-1:] in (":", "{"):
                last = number  # the end of a signature over several lines
                continue
            return number if bare[0] in "})]" else last
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
