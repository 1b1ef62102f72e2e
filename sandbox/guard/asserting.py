"""Whether a file's functions are assertions: they raise where two things differ, and give nothing back."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

from sandbox.guard.brace_blocks import code_blocks, without_comments
from sandbox.guard.imports import JAVASCRIPT

_FUNCTION = re.compile(r"\bfunction\b|=>\s*$|^\s*(?:async\s+)?\w+\s*\([^()]*\)\s*$")
_THROWS = re.compile(r"\bthrow\s+(?:new\s+)?\w*(?:Error|Exception)\b|\bconsole\.assert\(|\bassert\w*\(")
_GIVES = re.compile(r"\breturn\b[ \t]*[^\s;}]|\byield\b")
_FAILURES = re.compile(r"(?:^|\.)(?:AssertionError|fail|failureException)$")


def mostly_asserts(path: str, text: str) -> bool:
    """Whether at least half of the functions in a Python or JavaScript file are assertions."""
    if path.endswith(".py"):
        found = list(_python(text))
    elif path.endswith(JAVASCRIPT):
        found = list(_javascript(text))
    else:
        return False
    return bool(found) and sum(found) * 2 >= len(found)


def _python(text: str) -> Iterator[bool]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = list(ast.walk(node))
            gives = any(
                isinstance(n, ast.Yield | ast.YieldFrom) or (isinstance(n, ast.Return) and n.value is not None)
                for n in inner
            )
            yield not gives and any(_asserts(n) for n in inner)


def _asserts(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise) and node.exc is not None:
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return bool(_FAILURES.search(ast.unparse(raised)))
    if isinstance(node, ast.Call):
        return bool(_FAILURES.search(ast.unparse(node.func)))
    return isinstance(node, ast.Assert)


def _javascript(text: str) -> Iterator[bool]:
    plain = without_comments(text)
    for block in code_blocks(plain):
        if _FUNCTION.search(block.header) and not re.match(r"\s*(?:if|for|while|switch|catch)\b", block.header):
            body = plain[block.body : block.end]
            yield bool(_THROWS.search(body)) and not _GIVES.search(body)
