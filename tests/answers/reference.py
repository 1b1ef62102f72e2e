"""Reference patches: what files were, what they shall become, and the blocks that say so when nobody errs."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

CONTEXT = 2


@dataclass(frozen=True, slots=True)
class Hunk:
    """One change of one file: whole lines without their ends."""

    path: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    line: int
    """Of the first line in the file as it was, from 1."""


@dataclass(frozen=True, slots=True)
class ReferencePatch:
    """`before` and `after` are the changed files; `others` are further files of the repository."""

    name: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, str]:
        """The repository as it is."""
        return {**self.others, **self.before}

    def hunks(self) -> tuple[Hunk, ...]:
        """The changes, each with as much around it as makes it unique in its file."""
        return tuple(h for path in self.before for h in _hunks(path, self.before[path], self.after[path]))


def _hunks(path: str, before: str, after: str) -> list[Hunk]:
    old, new = before.splitlines(), after.splitlines()
    changes = [op for op in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if op[0] != "equal"]
    spans: list[tuple[int, int, int, int]] = []
    for _, i1, i2, j1, j2 in changes:
        above, below = min(CONTEXT, i1), min(CONTEXT, len(old) - i2)
        while not _unique(old, i1 - above, i2 + below) and (above < i1 or i2 + below < len(old)):
            above, below = min(above + 1, i1), min(below + 1, len(old) - i2)
        span = (i1 - above, i2 + below, j1 - above, j2 + below)
        if spans and span[0] <= spans[-1][1]:
            last = spans.pop()
            span = (last[0], max(span[1], last[1]), last[2], max(span[3], last[3]))
        spans.append(span)
    return [Hunk(path, tuple(old[a:b]), tuple(new[c:d]), a + 1) for a, b, c, d in spans]


def _unique(lines: list[str], start: int, stop: int) -> bool:
    passage = [line.strip() for line in lines[start:stop]]
    if not any(passage):
        return False
    shown = [line.strip() for line in lines]
    size = len(passage)
    return sum(shown[i : i + size] == passage for i in range(len(shown) - size + 1)) == 1
