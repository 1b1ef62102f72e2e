"""Small mistakes put into the lines that a patch changes: tests that notice none of them say little. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sandbox.repository.patch import Patch
from strategies.edits.parses import parse_problems

COMMENTS = ("#", "//", "/*", "*", '"""', "'''")
_SWAPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<![=!<>])==(?!=)"), "!="),
    (re.compile(r"!=(?!=)"), "=="),
    (re.compile(r"==="), "!=="),
    (re.compile(r"!=="), "==="),
    (re.compile(r"<="), "<"),
    (re.compile(r">="), ">"),
    (re.compile(r"(?<=[\w)\]] )<(?= )"), "<="),
    (re.compile(r"(?<=[\w)\]] )>(?= )"), ">="),
    (re.compile(r"(?<=[\w)\]] )\+(?= )"), "-"),
    (re.compile(r"(?<=[\w)\]] )-(?= )"), "+"),
    (re.compile(r"(?<=[\w)\]] )\*(?= )"), "+"),
    (re.compile(r"\band\b"), "or"),
    (re.compile(r"\bor\b"), "and"),
    (re.compile(r"&&"), "||"),
    (re.compile(r"\|\|"), "&&"),
    (re.compile(r"\bnot "), ""),
    (re.compile(r"\bTrue\b"), "False"),
    (re.compile(r"\bFalse\b"), "True"),
    (re.compile(r"\btrue\b"), "false"),
    (re.compile(r"\bfalse\b"), "true"),
    (re.compile(r"(?<![\w.\"'])0(?![\w.\"'])"), "1"),
    (re.compile(r"(?<![\w.\"'])([1-9]\d*)(?![\w.\"'])"), "0"),
)
_RETURN = re.compile(r"^(\s*return)\s+(?!None\b|nil\b|null\b)([^;{(\[\n]*[^;{(\[,\s\\])(;?)\s*$")
_EMPTY = {"py": "None", "js": "undefined", "jsx": "undefined", "mjs": "undefined", "cjs": "undefined"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake: the line as it is and as it becomes, and the whole file with it."""

    path: str
    line: int
    before: str
    after: str
    content: str

    @property
    def name(self) -> str:
        """What was changed where, for people."""
        return f"{self.path}:{self.line}: {self.before.strip()} → {self.after.strip()}"


def mutants_of(path: str, text: str, lines: Sequence[int], most: int) -> tuple[Mutant, ...]:
    """At most `most` mutants of these lines (from 1), one per line before a second one; those that parse."""
    found: list[list[Mutant]] = [list(_of_line(path, text, number)) for number in lines]
    picked: list[Mutant] = []
    while len(picked) < most and any(found):
        for choices in found:
            if choices and len(picked) < most:
                picked.append(choices.pop(0))
    return tuple(picked)


def _of_line(path: str, text: str, number: int) -> Iterator[Mutant]:
    rows = text.splitlines(keepends=True)
    if number > len(rows):
        return
    row = rows[number - 1]
    if not row.strip() or row.strip().startswith(COMMENTS):
        return
    for changed in _changed(path, row):
        content = "".join([*rows[: number - 1], changed, *rows[number:]])
        if not parse_problems(Patch({path: content.encode("utf-8", "surrogateescape")})):
            yield Mutant(path, number, row, changed, content)


def _changed(path: str, row: str) -> Iterator[str]:
    """The row with one mistake, the likeliest to matter first; text in quotes is left alone."""
    quoted = [m.span() for m in re.finditer(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`", row)]
    for pattern, instead in _SWAPS:
        for found in pattern.finditer(row):
            if not any(a <= found.start() < b for a, b in quoted):
                yield row[: found.start()] + instead + row[found.end() :]
                break
    empty = _EMPTY.get(path.rsplit(".", 1)[-1])
    if empty and (plain := _RETURN.match(row)):
        yield f"{plain[1]} {empty}{plain[3]}\n"
