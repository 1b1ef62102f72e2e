"""Whether a test's text uses anything of the repository, as far as text can tell: read, never run."""

from __future__ import annotations

import ast
import json
import posixpath
import re
from collections.abc import Collection

from sandbox.repository.workspace import Workspace
from strategies.reproduction.fixtures import fixtures
from strategies.reproduction.placement import go_module

_JS_IMPORT = re.compile(
    r"""(?:import\s+(?P<names>[\w*{}\s,$]+?)\s+from\s*|(?P<bound>[\w$]+|\{[^{}]*\})\s*=\s*(?:await\s+)?"""
    r"""(?:require|import)\s*\(\s*|(?P<inline>import\s*\(\s*|require\s*\(\s*))['"](?P<target>[^'"]+)['"]"""
)
_GO_DECLARED = re.compile(r"^(?:func(?: \([^)]*\))?|type|var|const|\t)\s*([A-Za-z_]\w*)", re.MULTILINE)
_SHORTEST = 3  # letters of a Go or Java name that is no chance


def uses_repository(content: bytes, path: str, workspace: Workspace, line: int = 0) -> bool | None:
    """Whether the test uses something of the repository (in Python: up to `line`, where it failed); None where its
    language is not known here."""
    text = content.decode("utf-8", "replace")
    paths = [f.path for f in workspace.files() if f.path != path]
    if path.endswith(".py"):
        return python_uses(text, paths, line, {f.name for f in fixtures(workspace, path)})
    if path.endswith((".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts")):
        return javascript_uses(text, path, paths, workspace)
    if path.endswith(".go"):
        return go_uses(text, path, paths, workspace)
    if path.endswith(".rs"):
        return rust_uses(text, paths, workspace)
    if path.endswith((".java", ".kt", ".groovy")):
        return java_uses(text, paths)
    return None


def python_uses(text: str, paths: Collection[str], line: int = 0, offered: Collection[str] = ()) -> bool:
    """Whether a name imported from the repository, and not bound anew, is used inside a function up to `line` (0 is
    anywhere), or an import of the repository stands on that line itself, or one of the `offered` fixtures is used."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return False
    bound, lines, everything = bound_names(tree, paths)
    if everything or line in lines:
        return True
    bound |= {a.arg for n in ast.walk(tree) if isinstance(n, ast.arguments) for a in n.args if a.arg in offered}
    bound -= {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    bound -= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    used = (n for f in functions for n in ast.walk(f) if isinstance(n, ast.Name) and n.id in bound)
    helpers = {f.name: f for f in functions if not f.name.startswith("test")}
    return any(not line or n.lineno <= line or _within(n, helpers.values()) for n in used)


def bound_names(tree: ast.AST, paths: Collection[str]) -> tuple[set[str], set[int], bool]:
    """The names that a module's imports bind to the repository's code, the lines of these imports, and whether one of
    them imports everything."""
    ours = [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom) and _from_repository(n, paths)]
    bound = {(a.asname or a.name).split(".")[0] for n in ours for a in n.names}
    return bound - {"*"}, {n.lineno for n in ours}, any(a.name == "*" for n in ours for a in n.names)


def _within(node: ast.Name, functions: Collection[ast.FunctionDef | ast.AsyncFunctionDef]) -> bool:
    return any(f.lineno <= node.lineno <= (f.end_lineno or f.lineno) for f in functions)


def _from_repository(node: ast.Import | ast.ImportFrom, paths: Collection[str]) -> bool:
    if isinstance(node, ast.ImportFrom):
        return bool(node.level) or _is_module(node.module or "", paths)
    return any(_is_module(a.name, paths) for a in node.names)


def _is_module(name: str, paths: Collection[str]) -> bool:
    """Whether the first part of a dotted name is a package or a module somewhere in the repository."""
    top = name.partition(".")[0]
    inside = re.compile(rf"(?:^|/){re.escape(top)}(?:/.*)?\.(?:pyx?|pyi|c|cpp|rs|so)$")
    return bool(top) and any(inside.search(p) for p in paths)


def javascript_uses(text: str, path: str, paths: Collection[str], workspace: Workspace) -> bool:
    """Whether something is imported by a relative path, by the name of a package of this repository, or by a name that
    is neither a dependency nor Node's own (an alias), and used."""
    own, foreign = _packages(paths, workspace)
    folder = posixpath.dirname(path)
    for found in _JS_IMPORT.finditer(text):
        target = found["target"]
        if target.startswith("."):
            there = posixpath.normpath(posixpath.join(folder, target))
            stem = re.sub(r"\.[cm]?[jt]sx?$", "", there)
            ours = there == "." or any(p == there or p.startswith((f"{stem}.", f"{there}/")) for p in paths)
        else:
            name = "/".join(target.split("/")[: 2 if target.startswith("@") else 1])
            ours = name in own or (name not in foreign and not target.startswith("node:") and _alias(target, paths))
        names = re.findall(r"[\w$]+", re.sub(r"\bas\b|[\w$]+\s*:", " ", found["names"] or found["bound"] or ""))
        rest = text.replace(found[0], "", 1)
        if ours and (found["inline"] or any(re.search(rf"(?<![\w$]){re.escape(n)}(?![\w$])", rest) for n in names)):
            return True
    return False


def _alias(target: str, paths: Collection[str]) -> bool:
    """Whether an import such as `@/till`, `~/till`, `#till` or `src/till` ends like a file of the repository."""
    tail = re.sub(r"^[@~#]?/?", "", target)
    return bool(tail) and any(re.search(rf"(?:^|/){re.escape(tail)}(?:/index)?(?:\.\w+)+$", p) for p in paths)


def _packages(paths: Collection[str], workspace: Workspace) -> tuple[set[str], set[str]]:
    """Names of the repository's own packages, and of what they depend on."""
    own: set[str] = set()
    foreign: set[str] = set()
    for path in paths:
        if posixpath.basename(path) != "package.json" or "node_modules/" in path:
            continue
        try:
            package = json.loads(workspace.read_text(path) or "")
        except (ValueError, RecursionError):
            continue
        if isinstance(package, dict):
            own.add(str(package.get("name", "")))
            for key in ("dependencies", "devDependencies", "peerDependencies"):
                foreign |= set(found) if isinstance(found := package.get(key), dict) else set()
    return own - {""}, foreign - own


def go_uses(text: str, path: str, paths: Collection[str], workspace: Workspace) -> bool:
    """Whether a name that the test's own package declares is used, or a package of the module is imported."""
    module = go_module(workspace)
    if module and re.search(rf'"{re.escape(module)}(?:/[^"]*)?"', text):
        return True
    body = re.sub(r"//.*|\"(?:\\.|[^\"\\\n])*\"", " ", text)
    words = set(re.findall(r"\w+", body))
    near = [p for p in paths if posixpath.dirname(p) == posixpath.dirname(path) and p.endswith(".go")]
    declared = {n for p in near for n in _GO_DECLARED.findall(workspace.read_text(p) or "")}
    return any(n in words for n in declared if len(n) >= _SHORTEST and not n.startswith("Test"))


def rust_uses(text: str, paths: Collection[str], workspace: Workspace) -> bool:
    """Whether a crate of this repository is named, by path or as a program."""
    names: set[str] = set()
    for path in paths:
        if posixpath.basename(path) == "Cargo.toml":
            names |= set(re.findall(r"^name\s*=\s*\"([^\"]+)\"", workspace.read_text(path) or "", re.MULTILINE))
    named = "|".join(re.escape(n.replace("-", "_")) for n in sorted(names)) or "(?!)"
    return bool(re.search(rf"\b(?:{named}|crate|super)\b\s*(?:::|as\b|;)|CARGO_BIN_EXE|cargo_bin", text))


def java_uses(text: str, paths: Collection[str]) -> bool:
    """Whether a class of the repository's main source is named."""
    words = set(re.findall(r"\w+", re.sub(r"//.*|\"(?:\\.|[^\"\\\n])*\"", " ", text)))
    main = (p for p in paths if p.endswith((".java", ".kt", ".groovy", ".scala")) and "/test/" not in f"/{p}")
    return any(posixpath.basename(p).split(".")[0] in words for p in main)


def failing_line(message: str, path: str) -> int:
    """The line of the test's own file in a traceback; 0 when it is not told."""
    found = re.findall(rf"{re.escape(posixpath.basename(path))}\"?(?::|, line )(\d+)", message)
    return int(found[-1]) if found else 0


def cannot_pass(content: bytes, path: str) -> str:
    """Why a Python test fails whatever the code does: a constant assertion that every way through it reaches."""
    if not path.endswith(".py"):
        return ""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return ""
    tests = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    lost = [f.name for f in tests if f.name.startswith("test") and _always_fails(f)]
    return f"{lost[0]} fails whatever the code does, because it asserts a constant" if lost else ""


def _always_fails(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    for statement in function.body:
        if isinstance(statement, ast.Assert) and _is_false(statement.test):
            return True
        if any(isinstance(n, ast.Return | ast.Raise | ast.Call) and _leaves(n) for n in ast.walk(statement)):
            return False
    return False


def _leaves(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return name in ("skip", "skipTest", "xfail", "exit")
    return True


def _is_false(expression: ast.expr) -> bool:
    """Whether an expression is a false constant, `not` a true one, or the equality of two that differ."""
    if isinstance(expression, ast.Constant):
        return not expression.value
    if isinstance(expression, ast.UnaryOp) and isinstance(expression.op, ast.Not):
        return isinstance(expression.operand, ast.Constant) and bool(expression.operand.value)
    if isinstance(expression, ast.Compare) and [type(o) for o in expression.ops] == [ast.Eq]:
        left, right = expression.left, expression.comparators[0]
        return isinstance(left, ast.Constant) and isinstance(right, ast.Constant) and left.value != right.value
    return False
