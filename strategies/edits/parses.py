"""Whether changed files still parse, in the formats the standard library reads. Nothing is executed."""

from __future__ import annotations

import ast
import json
import tomllib
import warnings
from collections.abc import Callable
from functools import lru_cache

from sandbox.repository.patch import Patch


def _python(content: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape in somebody's code is not ours to report
        ast.parse(content)  # bytes: the file says its own coding


READERS: dict[str, Callable[[bytes], object]] = {
    ".py": _python,
    ".json": json.loads,
    ".toml": lambda content: tomllib.loads(content.decode("utf-8-sig")),
}


def _compiles(content: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compile(content, "file", "exec", dont_inherit=True)


STRICT: dict[str, Callable[[bytes], object]] = {**READERS, ".py": _compiles, ".pyi": _compiles}


def broken(path: str, text: str) -> str | None:
    """Why `text` cannot be what `path` says it is; "" when it can, None for a format that is not read here.

    Stricter than `parse_problems`: a `return` that has slipped out of its function is noticed, too.
    """
    ending = next((e for e in STRICT if path.endswith(e)), None)
    return None if ending is None else _why(ending, text)


@lru_cache(maxsize=32)
def _why(ending: str, text: str) -> str:
    try:
        STRICT[ending](text.encode("utf-8", "surrogateescape"))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return str(error) or type(error).__name__
    return ""


def parse_problems(patch: Patch) -> tuple[str, ...]:
    """One sentence per changed file that no longer parses. Files of other formats are passed over."""
    problems = []
    for path in patch.paths:
        content = patch.files[path]
        reader = next((r for ending, r in READERS.items() if path.endswith(ending)), None)
        if content is None or reader is None:
            continue
        try:
            reader(content)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            problems.append(f"{path} does not parse: {error}")
    return tuple(problems)
