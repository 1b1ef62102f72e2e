"""The places where a patch changes the product, and the file with only that place taken back. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.guard.path_names import is_code, is_test

APART = 3
"""Unchanged lines between two hunks, as in a unified diff."""
Texts = Mapping[str, str | None]
"""A file's text by its path, None where there is no such file."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """One place: `lines` are those of the patched file (empty where lines were only removed), counted from 1.

    `without` is the file with this place as it was; None where there was no file.
    """

    path: str
    start: int
    lines: tuple[int, ...]
    without: str | None

    @property
    def name(self) -> str:
        """Where it is, for people."""
        last = self.lines[-1] if self.lines else self.start
        return f"{self.path}:{self.start}" + (f"–{last}" if last > self.start else "")

    @property
    def is_code(self) -> bool:
        """Whether a test can need it: nobody runs documentation."""
        return is_code(self.path)


def hunks_of(before: Texts, after: Texts) -> tuple[Hunk, ...]:
    """The hunks of the files in `after` that are no tests, in their order."""
    found: list[Hunk] = []
    for path in sorted(p for p in after if not is_test(p)):
        old, new = before.get(path), after[path]
        if old is None or new is None:
            count = len((new or "").splitlines())
            found.append(Hunk(path, 1, tuple(range(1, count + 1)), old))
            continue
        found += _of_file(path, old.splitlines(keepends=True), new.splitlines(keepends=True))
    return tuple(found)


def _of_file(path: str, old: list[str], new: list[str]) -> list[Hunk]:
    found = []
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(APART):
        changed = [op for op in group if op[0] != "equal"]
        i1, i2 = changed[0][1], changed[-1][2]
        j1, j2 = changed[0][3], changed[-1][4]
        lines = tuple(n + 1 for op in changed for n in range(op[3], op[4]))
        found.append(Hunk(path, j1 + 1, lines, "".join([*new[:j1], *old[i1:i2], *new[j2:]])))
    return found
