"""What a test asks for that nobody named: whoever solves the issue may well choose other names and other words.

Python only, by its syntax tree: names reached from what the test imports of the repository, the arguments it passes by
name, and the wording of errors it expects, that stand neither in the issue nor in the repository.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from sandbox.repository.workspace import Workspace
from strategies.reproduction.repository_use import bound_names

MOST_FILES = 3_000
"""Source files that are searched for a name."""
SHOWN = 3


def overspecified(content: bytes, path: str, issue: str, workspace: Workspace) -> str:
    """A sentence on names and wording that the test invents; "" when there is nothing of the kind."""
    if not path.endswith(".py"):
        return ""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return ""
    paths = [f.path for f in workspace.files() if f.path != path]
    own = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)}
    asked = [w for w in dict.fromkeys(wanted(tree, bound_names(tree, paths)[0])) if w not in own and w not in issue]
    unknown = set(asked)
    for file in (p for p in paths[:MOST_FILES] if p.endswith((".py", ".pyx", ".pyi", ".md", ".rst", ".toml", ".cfg"))):
        if not unknown:
            return ""
        text = workspace.read_text(file) or ""
        unknown -= {w for w in unknown if w in text}
    invented = [w for w in asked if w in unknown]
    names = ", ".join(f"`{w}`" for w in invented[:SHOWN])
    return f"it requires {names}, which neither the issue nor the repository names" if invented else ""


def wanted(tree: ast.AST, bound: Iterable[str]) -> list[str]:
    """The names and wordings that a test asks of the repository's code, `bound` being what it imports of it."""
    ours = set(bound)
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _root(node) in ours:
            found.append(node.attr)
        elif isinstance(node, ast.ImportFrom):
            found += [a.name for a in node.names if (a.asname or a.name) in ours]
        elif isinstance(node, ast.Call):
            if _root(node.func) in ours:
                found += [k.arg for k in node.keywords if k.arg]
            found += [text for k in node.keywords if k.arg == "match" for text in _wording(k.value)]
        elif isinstance(node, ast.Compare) and any(_is_message(p) for p in (node.left, *node.comparators)):
            found += [text for p in (node.left, *node.comparators) for text in _wording(p)]
    return [name for name in found if name != "*" and not name.startswith("__")]


def _root(node: ast.AST) -> str:
    """The name that a chain of attributes starts from; what a call gives back is nobody's to know."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_message(node: ast.expr) -> bool:
    """Whether an expression is an error's text: str(error.value), str(e), error.value.args[0]."""
    text = ast.unparse(node)
    return bool(re.match(r"str\(\w*(?:e|exc|err|error|info|excinfo|exception)\w*(?:\.value|\.exception)?\)$", text))


def _wording(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.strip():
        return [re.sub(r"\\(.)", r"\1", node.value).strip("^$ ")]
    return []
