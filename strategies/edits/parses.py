"""Whether changed files still parse, in the formats the standard library reads. Nothing is executed."""

from __future__ import annotations

import ast
import json
import tomllib
import warnings
from collections.abc import Callable

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
