"""Tests that stand in product files: doctests in Python and Rust, `#[cfg(test)]` modules, Vitest's in-source blocks.

A patch may change such a file. What is judged has its code, and the tests in it as the base commit has them; new ones
beside the old ones stay.
"""

from __future__ import annotations

import ast
import doctest
import fnmatch
import posixpath
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sandbox.guard.brace_blocks import CodeBlock, code_blocks, without_comments
from sandbox.guard.imports import JAVASCRIPT
from sandbox.guard.suite import SuiteFiles
from sandbox.recipes.python.suite import pytest_config

_RUST_TESTS = re.compile(r"#!?\[cfg\((?:all\(|any\()?[^\]]*\btest\b[^\]]*\)\][\s\S]*\bmod\s+(\w+)\s*$")
_VITEST = re.compile(r"\bif\s*\(\s*import\.meta\.vitest\s*\)\s*$")
_RUST_ITEM = re.compile(
    r"\b(?:fn|struct|enum|trait|mod|const|static|type|union|macro_rules!|impl(?:<[^>]*>)?)\s+([\w:<>, ]+)"
)
_RUST_EXAMPLE = re.compile(r"^[ \t]*//[/!][ \t]*```[\s\S]*?^[ \t]*//[/!][ \t]*```[^\n]*$", re.MULTILINE)
_GLOB_OPTION = re.compile(r"--doctest-glob[=\s]+[\"']?([^\s\"']+)")


def runs_doctests(suite: SuiteFiles) -> bool:
    """Whether the suite runs the doctests of product modules: by pytest's option, or a test that asks for them."""
    words = f"{suite.command} {pytest_config(suite.workspace).addopts}"
    if re.search(r"--doctest-(?:modules|plus|cython)|-m doctest\b|--xdoctest|--with-doctest", words):
        return True
    tests = (p for p in suite.paths if p.endswith(".py") and suite.is_test(p))
    return any(re.search(r"\b(?:import|from) (?:xdoc|doc)test\b", suite.workspace.read_text(p) or "") for p in tests)


def is_tested_document(path: str, suite: SuiteFiles) -> bool:
    """Whether pytest collects a document's examples (`--doctest-glob`; `test*.txt` wherever doctests are on)."""
    words = f"{suite.command} {pytest_config(suite.workspace).addopts}"
    globs = [*_GLOB_OPTION.findall(words), *(["test*.txt"] if "--doctest" in words else [])]
    return any(fnmatch.fnmatch(posixpath.basename(path), g) or fnmatch.fnmatch(path, g) for g in globs)


def with_old_tests(path: str, base: str, after: str, suite: SuiteFiles) -> str:
    """`after` with every test in it that `base` had and that was changed or taken away as `base` had it."""
    if path.endswith(".rs"):
        return _old_rust_doctests(base, _old_blocks(base, after, "rust"))
    if path.endswith(JAVASCRIPT) and "import.meta.vitest" in base:
        return _old_blocks(base, after, "vitest")
    if path.endswith(".py") and ">>>" in base and _differ(base, after) and runs_doctests(suite):
        return _old_doctests(base, after)
    return after


def without_tests(path: str, text: str) -> str:
    """The product's part of a file: without the blocks of tests in it, and without the examples in Rust's comments."""
    if not path.endswith((".rs", *JAVASCRIPT)):
        return text
    text = without_blocks(text, "rust" if path.endswith(".rs") else "vitest")
    return " ".join(_RUST_EXAMPLE.sub("", text).split()) if path.endswith(".rs") else text


def without_blocks(text: str, kind: str) -> str:
    """The text without its blocks of tests; `kind` is rust or vitest."""
    for _, block in reversed(list(_test_blocks(text, kind))):
        text = text[: block.start] + text[block.end :]
    return text


def _test_blocks(text: str, kind: str) -> Iterator[tuple[str, CodeBlock]]:
    """Name and place of every block of tests, none inside another."""
    pattern = _RUST_TESTS if kind == "rust" else _VITEST
    end = 0
    if kind == "rust" and "cfg(" not in text:
        return
    for block in code_blocks(text) if kind == "rust" or "import.meta.vitest" in text else ():
        if block.start >= end and (found := pattern.search(block.header)):
            end = block.end
            start = block.start + found.start()  # what stands before on the same statement is the product's
            yield (found[1] if found.groups() else "vitest"), replace(block, header=found[0], start=start)


def _old_blocks(base: str, after: str, kind: str) -> str:
    now = list(_test_blocks(after, kind))
    if not now and not any(True for _ in _test_blocks(base, kind)):
        return after
    out = after
    for name, old in reversed(list(_test_blocks(base, kind))):
        original = base[old.start : old.end]
        kept = [b for n, b in _test_blocks(out, kind) if n == name]
        if any(_holds(out[b.start : b.end], original) for b in kept):
            continue
        found = next(iter(kept), None)
        out = f"{out.rstrip()}\n\n{original}\n" if found is None else out[: found.start] + original + out[found.end :]
    return out


def _holds(now: str, original: str) -> bool:
    """Whether every item of the old block is in the new one as it was; imports may differ."""
    return not _items(original) - _items(now)


def _items(block: str) -> set[str]:
    """The functions and statements directly inside a block, spaces and comments apart."""
    plain = without_comments(block)
    blocks = code_blocks(plain)
    outer = blocks[0] if blocks else None
    inner: list[CodeBlock] = []
    for b in blocks[1:]:
        if not inner or b.start >= inner[-1].end:
            inner.append(b)
    found = {" ".join(plain[b.start : b.end].split()) for b in inner}
    rest = plain
    for b in reversed(inner):
        rest = rest[: b.start] + ";" + rest[b.end :]
    statements = rest[outer.body : rest.rfind("}")].split(";") if outer else []
    found |= {" ".join(s.split()) for s in statements if s.strip() and not re.match(r"\s*(?:pub )?use\b", s)}
    head = " ".join(plain[outer.start : outer.body].split()) if outer else ""
    return {f for f in found if not f.startswith("use ")} | {head}


def _old_rust_doctests(base: str, after: str) -> str:
    """Doc comments whose examples were changed, as they were; they are found by the item that they stand above."""
    if "```" not in base:
        return after
    old = dict(_documented(base))
    lines = after.splitlines(keepends=True)
    for item, now in reversed(list(_documented(after))):
        before = old.get(item)
        if before is not None and not set(before.examples) <= set(now.examples):
            lines[now.start : now.end] = base.splitlines(keepends=True)[before.start : before.end]
    return "".join(lines)


@dataclass(frozen=True, slots=True)
class DocComment:
    """Lines `start:end` of a file, with the fenced examples in them."""

    start: int
    end: int
    examples: tuple[str, ...]


def _documented(text: str) -> Iterator[tuple[str, DocComment]]:
    lines = text.splitlines()
    start: int | None = None
    for n, line in enumerate([*lines, ""]):
        bare = line.strip()
        if bare.startswith(("///", "//!")):
            start = n if start is None else start
        elif start is not None and not bare.startswith("#["):
            inner = lines[start].strip().startswith("//!")
            item = _RUST_ITEM.search(bare)
            end = next((k for k in range(start, n) if not lines[k].strip().startswith(("///", "//!"))), n)
            body = "\n".join(x.strip()[3:].strip() for x in lines[start:end])
            examples = tuple(" ".join(e.split()) for e in re.findall(r"```(.*?)```", body, re.DOTALL))
            yield ("//!" if inner else item[0] if item else bare), DocComment(start, end, examples)
            start = None


def _differ(base: str, after: str) -> bool:
    """Whether a line of an example is gone: a quick look before parsing."""
    now = {line.strip() for line in after.splitlines()}
    return any(line.strip() not in now for line in _near_examples(base))


def _near_examples(text: str) -> Iterator[str]:
    inside = False
    for line in text.splitlines():
        bare = line.strip()
        inside = bool(bare) and (inside or bare.startswith(">>>"))
        if inside:
            yield line


def _old_doctests(base: str, after: str) -> str:
    old, now = _docstrings(base), _docstrings(after)
    lines = after.splitlines(keepends=True)
    for name, node in sorted(now.items(), key=lambda item: -item[1].lineno):
        before = old.get(name)
        if before is None or not _weaker(str(before.value), str(node.value)):
            continue
        if node.end_lineno is None or before.col_offset != node.col_offset:
            continue
        segment = ast.get_source_segment(base, before)
        present = ast.get_source_segment(after, node)
        whole = "".join(lines[node.lineno - 1 : node.end_lineno])
        if segment and present and whole.count(present) == 1:
            lines[node.lineno - 1 : node.end_lineno] = [whole.replace(present, segment)]
    return "".join(lines)


def _weaker(before: str, after: str) -> bool:
    """Whether an example that was there is gone, or expects something else."""
    parser = doctest.DocTestParser()
    try:
        old = [(e.source, e.want, tuple(sorted(e.options.items()))) for e in parser.get_examples(before)]
        now = iter([(e.source, e.want, tuple(sorted(e.options.items()))) for e in parser.get_examples(after)])
    except ValueError:
        return before != after
    return not all(any(e == n for n in now) for e in old)


def _docstrings(text: str) -> dict[str, ast.Constant]:
    """Every docstring's node by the dotted name of what it describes ("" is the module)."""
    found: dict[str, ast.Constant] = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return found

    def walk(node: ast.AST, name: str) -> None:
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            return
        first = body[0] if body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            found[name] = first.value
        for child in body:
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                walk(child, f"{name}.{child.name}")
            elif isinstance(child, ast.If | ast.Try | ast.With):
                walk(child, name + ".…")

    walk(tree, "")
    return found
