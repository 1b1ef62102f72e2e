"""Product code that knows the examples of the tests: it compares with what a test gives and answers what it expects."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator

from sandbox.guard.doubts import added_lines
from sandbox.guard.path_names import is_code
from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace

_LITERAL = r"(\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|-?\d+(?:\.\d+)?|\[[^\[\]\n]*\])"
_COMPARED = re.compile(rf"(?:===?|\.equals\(|==|\bcase)\s*{_LITERAL}[^\n]*?\n?[^\n]*?\b(?:return|=>|->)\s*{_LITERAL}")
_ANY_LITERAL = re.compile(_LITERAL)
SHORT = 2


def special_cases(patch: Patch, workspace: Workspace, tests: Iterable[str]) -> tuple[str, ...]:
    """One sentence per file of `patch` whose added code compares with a value of `tests` and gives another one back.

    `tests` are the texts of tests that the patch must pass. Values that stand everywhere (0, 1, "", True) do not count.
    """
    texts = list(tests)
    given = {value for text in texts for value in _values(text)}
    out = []
    for path in patch.paths:
        content = patch.files[path]
        if content is None or not is_code(path):
            continue
        after = content.decode("utf-8", "surrogateescape")
        added = added_lines(workspace.read_text(path) or "", after)
        pairs = _python(after, frozenset(added)) if path.endswith(".py") else _others("\n".join(added.values()))
        known = next(((a, b) for a, b in pairs if _telling(a) and a in given and b in given), None)
        if known is not None:
            out.append(f"{path}: answers the example of a test (`{known[0]}` gives `{known[1]}`)")
    return tuple(out)


def _telling(value: str) -> bool:
    """Whether a value is more than what stands in all code: a number of two digits, a word, a list with something."""
    return len(value.strip("[]() ")) >= SHORT and value not in ("True", "False", "None", "''", "-1", "10", "100")


def _values(text: str) -> Iterator[str]:
    """The literal values in a test, each in one spelling; Python by its syntax, other languages by their look."""
    tree = _parsed(text)
    if tree is not None:
        yield from (value for node in ast.walk(tree) if (value := _literal(node)) is not None)
    yield from (_spelled(found) for found in _ANY_LITERAL.findall(text))


def _parsed(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _literal(node: ast.AST | None) -> str | None:
    if not isinstance(node, ast.Constant | ast.List | ast.Tuple | ast.Dict | ast.Set | ast.UnaryOp):
        return None
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
    return repr(list(value)) if isinstance(value, tuple) else repr(value)


def _spelled(text: str) -> str:
    if text[0] in "\"'":
        return repr(text[1:-1])
    return "[" + ", ".join(p.strip() for p in text[1:-1].split(",")) + "]" if text[0] == "[" else text


def _python(after: str, added: frozenset[int]) -> Iterator[tuple[str, str]]:
    tree = _parsed(after)
    for node in ast.walk(tree) if tree is not None else ():
        place = node.pattern if isinstance(node, ast.match_case) else node
        if getattr(place, "lineno", 0) not in added:
            continue
        if isinstance(node, ast.If):
            answers = [s.value for s in node.body if isinstance(s, ast.Return | ast.Assign)]
            yield from ((c, a) for c in _compared(node.test) for v in answers if (a := _literal(v)) is not None)
        elif isinstance(node, ast.IfExp):
            answer = _literal(node.body)
            yield from ((c, answer) for c in _compared(node.test) if answer is not None)
        elif isinstance(node, ast.match_case) and isinstance(node.pattern, ast.MatchValue):
            yield from _case(node)
        elif isinstance(node, ast.Subscript | ast.Call):
            yield from _looked_up(node)


def _case(node: ast.match_case) -> Iterator[tuple[str, str]]:
    asked = _literal(node.pattern.value) if isinstance(node.pattern, ast.MatchValue) else None
    for statement in node.body:
        answer = _literal(statement.value) if isinstance(statement, ast.Return) else None
        if asked is not None and answer is not None:
            yield asked, answer


def _looked_up(node: ast.Subscript | ast.Call) -> Iterator[tuple[str, str]]:
    """A literal table that is asked on the spot: `{"a": 1}[x]`, `{"a": 1}.get(x, …)`."""
    table = node.value if isinstance(node, ast.Subscript) else getattr(node.func, "value", None)
    if isinstance(table, ast.Dict):
        for key, value in zip(table.keys, table.values, strict=True):
            asked, answer = _literal(key), _literal(value)
            if asked is not None and answer is not None:
                yield asked, answer


def _compared(test: ast.AST) -> Iterator[str]:
    for node in ast.walk(test):
        if isinstance(node, ast.Compare):
            yield from (value for side in (node.left, *node.comparators) if (value := _literal(side)) is not None)


def _others(text: str) -> Iterator[tuple[str, str]]:
    yield from ((_spelled(a), _spelled(b)) for a, b in _COMPARED.findall(text))
