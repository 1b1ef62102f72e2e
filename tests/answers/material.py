"""Reference patches made of real text: the solutions of the study's tasks, and edits of installed packages' sources.

The sources are read where they are installed and never kept. An edit of them is one that issues really ask for: a guard
at a function's beginning, a statement that may raise, one more parameter, a line that goes, a function that is new.
"""

from __future__ import annotations

import ast
import importlib.util
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from strategies.study.tasks.corpus import load_corpus
from tests.answers.reference import ReferencePatch

PACKAGES = ("alembic", "celery", "fastapi", "httpx", "kombu", "mako", "rich", "sqlalchemy", "starlette", "typer")
SMALLEST, LARGEST = 60, 450
"""Lines of a file that is edited."""
PER_PACKAGE = 4
SEED = 10


def corpus_patches() -> Iterator[ReferencePatch]:
    """The solutions of the tasks that change files of the repository, and only such that are UTF-8."""
    for scripted in load_corpus():
        task = scripted.task
        reference = task.hidden.reference
        if isinstance(reference, str) or any(p not in task.files or c is None for p, c in reference.files.items()):
            continue
        try:
            files = {path: content.decode() for path, content in task.files.items()}
            after = {path: content.decode() for path, content in reference.files.items() if content is not None}
        except UnicodeDecodeError:
            continue
        before = {path: files.pop(path) for path in after}
        if not any("\r" in text for text in before.values()):
            yield ReferencePatch(task.id, before, after, files)


def installed_patches() -> Iterator[ReferencePatch]:
    """Edits of real files. The same files give the same edits."""
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            continue
        root = Path(spec.submodule_search_locations[0])
        chance = random.Random(f"{SEED} {package}")
        files = sorted(p for p in root.rglob("*.py") if "test" not in p.name)
        chance.shuffle(files)
        found = 0
        for file in files:
            text = file.read_text(encoding="utf-8")
            if "\r" in text or not text.endswith("\n") or not SMALLEST <= text.count("\n") <= LARGEST:
                continue
            changed = _edited(text, chance)
            if changed is not None:
                path = f"{package}/{file.relative_to(root).as_posix()}"
                yield ReferencePatch(f"{path} ({found})", {path: text}, {path: changed})
                found += 1
            if found == PER_PACKAGE:
                break


def _edited(text: str, chance: random.Random) -> str | None:
    """`text` with one function changed; None where no function lends itself to it or the result would not compile."""
    functions = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= 4 and len(node.body) > 1
    ]
    if not functions:
        return None
    function = chance.choice(functions)
    lines = text.splitlines()
    chance.choice(KINDS)(lines, function)
    changed = "".join(f"{line}\n" for line in lines)
    try:
        compile(changed, "file", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    return changed if changed != text else None


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _statement(function: ast.FunctionDef) -> ast.stmt:
    """The first statement that is no docstring."""
    return function.body[1] if isinstance(function.body[0], ast.Expr) else function.body[0]


def guard(lines: list[str], function: ast.FunctionDef) -> None:
    at = _statement(function).lineno - 1
    name = function.args.args[-1].arg if function.args.args else "locals()"
    lines[at:at] = [f"{_indent(lines[at])}if {name} is None:", f"{_indent(lines[at])}    return None", ""]


def wrapped(lines: list[str], function: ast.FunctionDef) -> None:
    last = function.body[-1]
    start, stop = last.lineno - 1, last.end_lineno or last.lineno
    indent = _indent(lines[start])
    body = [f"    {line}" if line.strip() else line for line in lines[start:stop]]
    lines[start:stop] = [f"{indent}try:", *body, f"{indent}except (KeyError, ValueError):", f"{indent}    raise"]


def parameter(lines: list[str], function: ast.FunctionDef) -> None:
    at = function.lineno - 1
    lines[at] = lines[at].replace("(self)", "(self, *, strict=False)").replace("()", "(strict=False)")
    at = _statement(function).lineno - 1
    lines[at:at] = [f"{_indent(lines[at])}limit = 10 if len('a < b') > 3 else 20  # \"some\" & more"]


def removed(lines: list[str], function: ast.FunctionDef) -> None:
    statement = _statement(function)
    del lines[statement.lineno - 1 : statement.end_lineno]


def added(lines: list[str], function: ast.FunctionDef) -> None:
    stop, indent = function.end_lineno or function.lineno, _indent(lines[function.lineno - 1])
    new = ["", f"{indent}def {function.name}_twice(*given):", f"{indent}    for one in given:"]
    lines[stop:stop] = [*new, f"{indent}        yield one, one"]


KINDS: tuple[Callable[[list[str], ast.FunctionDef], None], ...] = (guard, wrapped, parameter, removed, added)
