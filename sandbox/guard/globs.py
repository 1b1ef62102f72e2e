"""The globs of JavaScript's test runners as regular expressions (micromatch, https://github.com/micromatch/micromatch)."""

from __future__ import annotations

import re
from functools import lru_cache

_EXTENDED = {"?": "?", "*": "*", "+": "+", "@": ""}


@lru_cache(maxsize=512)
def glob_pattern(glob: str) -> re.Pattern[str] | None:
    """A glob with `**`, `{a,b}`, `[ab]`, `?(x)`, `+(x)` as a pattern for a whole path; None when it is malformed."""
    glob = glob.removeprefix("<rootDir>/").removeprefix("./").lstrip("/")
    try:
        return re.compile(_translate(glob))
    except (re.error, RecursionError):
        return None


def matches_glob(path: str, glob: str) -> bool:
    """Whether `path` (relative to where the glob starts) matches."""
    pattern = glob_pattern(glob)
    return pattern is not None and pattern.fullmatch(path) is not None


def _translate(glob: str) -> str:
    out: list[str] = []
    closing: list[str] = []
    i = 0
    while i < len(glob):
        c, after = glob[i], glob[i + 1 : i + 2]
        if c in _EXTENDED and after == "(":
            out.append("(?:")
            closing.append(")" + _EXTENDED[c])
            i += 2
            continue
        if glob.startswith("**/", i):
            out.append("(?:[^/]+/)*")
            i += 3
            continue
        if glob.startswith("**", i):
            out.append(".*")
            i += 2
            continue
        if c == "[" and (end := glob.find("]", i + 2)) > 0:
            inner = glob[i + 1 : end].replace("\\", r"\\")
            out.append("[" + ("^" + inner[1:] if inner[0] in "!^" else inner) + "]")
            i = end + 1
            continue
        out.append(_one(c, closing))
        i += 1
    return "".join(out)


def _one(c: str, closing: list[str]) -> str:
    """One character outside of classes; `closing` is the stack of open groups."""
    if c == "*":
        return "[^/]*"
    if c == "?":
        return "[^/]"
    if c == "{":
        closing.append(")")
        return "(?:"
    if c in ")}" and closing:
        return closing.pop()
    if c in ",|" and closing:
        return "|"
    return re.escape(c)
