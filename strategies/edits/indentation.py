"""Gives a replacement the indentation that the file has, however the model quoted it. Pure lines.

A model strips the first line, dedents both parts, each by itself, or only one of them. What was meant is told from how
the quotation differs from the file, and from where the replacement's first line belongs; where that leaves several
readings, they are all handed back and the caller parses them.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

BRACKETS = ("{", "(", "[")
OPENERS = (*BRACKETS, ":", "=>", "->")


@dataclass(frozen=True, slots=True)
class Fit:
    """Readings of a replacement in the file's own indentation, likeliest first. `sure`: the first needs no proof."""

    readings: tuple[tuple[str, ...], ...]
    sure: bool


def indent_of(line: str) -> str:
    """The white space that `line` begins with."""
    return line[: len(line) - len(line.lstrip())]


def anchors(search: Sequence[str], replace: Sequence[str]) -> dict[int, int]:
    """Line of the replacement → the line of the quotation that it repeats, whatever their indentation."""
    matcher = difflib.SequenceMatcher(None, [s.strip() for s in search], [r.strip() for r in replace], autojunk=False)
    return {j + k: i + k for i, j, size in matcher.get_matching_blocks() for k in range(size) if search[i + k].strip()}


def fit(found: Sequence[str], search: Sequence[str], replace: Sequence[str]) -> Fit | None:
    """`replace` as it belongs in place of `found`, which was quoted as `search` (of one length, alike but for
    indentation). None when the file's indentation cannot be told from it."""
    first = next((j for j, line in enumerate(replace) if line.strip()), None)
    if first is None:
        return Fit((tuple(replace),), sure=True)
    kept = anchors(search, replace)
    at = kept.get(first, next(i for i, line in enumerate(search) if line.strip()))
    wanted = indent_of(found[at])
    pairs = [(indent_of(f), indent_of(s)) for f, s in zip(found, search, strict=True) if s.strip()]
    fit_by = _Fitting(tuple(replace), first, wanted)
    literal, own, only_first = fit_by.literal(), fit_by.shifted_to_first(), fit_by.first_line_only()
    same = all(f == s for f, s in pairs)
    if same:
        if indent_of(replace[first]) == wanted:
            return Fit(_distinct(literal), sure=True)
        dedented = not _margin(replace) and len(indent_of(replace[first])) < len(wanted)
        if dedented and _margin(found):
            return Fit(_distinct(own, only_first, literal), sure=False)
        if dedented:
            return Fit(_distinct(only_first, own, literal), sure=False)
        moved_too = first in kept and all(indent_of(replace[j]) != indent_of(found[i]) for j, i in kept.items())
        if moved_too and [r.strip() for r in replace] != [s.strip() for s in search]:
            return Fit(
                _distinct(own, literal), sure=False
            )  # what stays is moved as well: nobody asked for that, or did
        return Fit(_distinct(literal, own), sure=True)
    if len(pairs) > 1 and not pairs[0][1] and all(f == s for f, s in pairs[1:]):  # only the first line was stripped
        if indent_of(replace[first]) == wanted:
            return Fit(_distinct(literal), sure=True)
        top = next(i for i, line in enumerate(search) if line.strip())
        further_down = top in kept.values() and kept.get(first) != top
        stripped = fit_by.lines_without() if further_down else only_first
        lost = any(not indent_of(stripped[j]) and indent_of(found[i]) for j, i in kept.items() if j != first)
        return Fit(_distinct(stripped, own), sure=not lost and _better(stripped, own, found, kept))
    moved = _mapped(pairs, replace)
    if moved is None and indent_of(replace[first]) == wanted and any(map(indent_of, replace)):
        return Fit((literal,), sure=True)
    if moved is None:
        return _paired(found, search, replace, kept)
    if indent_of(moved[first]) == wanted:
        single = len(pairs) == 1 and sum(1 for line in replace if line.strip()) > 1
        others = (moved, only_first) if single else (moved, own, literal)
        return Fit(_distinct(*others), sure=not single or moved == only_first)
    if indent_of(replace[first]) == wanted:
        return Fit(_distinct(literal, moved), sure=True)
    return Fit(_distinct(moved, own, literal), sure=False)


def is_plausible(lines: Sequence[str], openers: tuple[str, ...] = OPENERS) -> bool:
    """Whether what follows an opening bracket or colon is indented further."""
    some = [line for line in lines if line.strip()]
    for one, other in pairwise(some):
        closes = other.lstrip()[:1] in ")}]"
        if one.rstrip().endswith(openers) and not closes and len(indent_of(other)) <= len(indent_of(one)):
            return False
    return True


def _distinct(*readings: tuple[str, ...] | None) -> tuple[tuple[str, ...], ...]:
    return tuple(dict.fromkeys(reading for reading in readings if reading is not None))


def _margin(lines: Sequence[str]) -> int:
    return min((len(indent_of(line)) for line in lines if line.strip()), default=0)


def _better(one: Sequence[str], other: Sequence[str] | None, found: Sequence[str], kept: dict[int, int]) -> bool:
    """Whether `one` puts more lines where the file has them, or has any, than `other` does; or the two are the same."""
    if other is None or tuple(one) == tuple(other) or not is_plausible(other):
        return True
    own = {indent_of(line) for line in found if line.strip()}
    hits = [
        sum(
            indent_of(line) == indent_of(found[kept[j]]) if j in kept else indent_of(line) in own
            for j, line in enumerate(some)
            if line.strip()
        )
        for some in (one, other)
    ]
    return hits[0] > hits[1]


@dataclass(frozen=True, slots=True)
class _Fitting:
    replace: tuple[str, ...]
    first: int
    wanted: str

    def literal(self) -> tuple[str, ...]:
        return self.replace

    def first_line_only(self) -> tuple[str, ...]:
        line = self.wanted + self.replace[self.first].lstrip()
        return (*self.replace[: self.first], line, *self.replace[self.first + 1 :])

    def lines_without(self) -> tuple[str, ...]:
        """Every line that has no indentation gets that of the first: a new one may stand above the stripped one."""
        return _each(self.replace, lambda line: line if indent_of(line) else self.wanted + line)

    def shifted_to_first(self) -> tuple[str, ...] | None:
        have = indent_of(self.replace[self.first])
        if self.wanted.endswith(have):
            added = self.wanted[: len(self.wanted) - len(have)]
            return _each(self.replace, lambda line: added + line)
        if have.endswith(self.wanted):
            size = len(have) - len(self.wanted)
            if all(not line.strip() or not line[:size].strip() for line in self.replace):
                return _each(self.replace, lambda line: line[size:])
        return None


def _each(lines: Sequence[str], change: Callable[[str], str]) -> tuple[str, ...]:
    return tuple(change(line) if line.strip() else line for line in lines)


def _mapped(pairs: Sequence[tuple[str, str]], replace: Sequence[str]) -> tuple[str, ...] | None:
    """`replace` moved as the quotation has to be moved to stand in the file; None when that is no one movement."""
    own, quoted = pairs[0]
    if own.endswith(quoted):
        added = own[: len(own) - len(quoted)]
        if all(f == added + s for f, s in pairs):
            return _each(replace, lambda line: added + line)
    if quoted.endswith(own):
        cut = quoted[: len(quoted) - len(own)]
        if all(s == cut + f for f, s in pairs):
            moved = _each(replace, lambda line: line.removeprefix(cut))
            return moved if all(not r.strip() or r.startswith(cut) for r in replace) else None
    for width in (4, 2, 8, 3):
        for narrow in (_spaces(width), _tabs(width)):
            if all(narrow(s) == f for f, s in pairs):
                return _each(replace, lambda line, way=narrow: way(indent_of(line)) + line.lstrip())  # type: ignore[misc]  # bound at once
    table: dict[str, str] = {}
    for own, quoted in pairs:
        if table.setdefault(quoted, own) != own:
            return None
    return _by_table(table, replace)


def _spaces(width: int) -> Callable[[str], str]:
    return lambda indent: indent.expandtabs(width)


def _tabs(width: int) -> Callable[[str], str]:
    def change(indent: str) -> str:
        size = len(indent.expandtabs(width))
        return "\t" * (size // width) + " " * (size % width)

    return change


def _by_table(table: dict[str, str], replace: Sequence[str]) -> tuple[str, ...] | None:
    """Each line by what the quotation's indentations stand for; a deeper one by the step between two of them."""
    quoted = sorted(table, key=len)
    steps = {
        (b[len(a) :], table[b][len(table[a]) :])
        for a, b in pairwise(quoted)
        if b.startswith(a) and table[b].startswith(table[a])
    }
    result = []
    for line in replace:
        have = indent_of(line)
        if not line.strip():
            result.append(line)
        elif have in table:
            result.append(table[have] + line.lstrip())
        else:
            base = next((q for q in reversed(quoted) if have.startswith(q)), None)
            rest = have[len(base) :] if base is not None else ""
            step = next(
                ((q, o) for q, o in steps if q and len(rest) % len(q) == 0 and rest == q * (len(rest) // len(q))), None
            )
            if base is None or step is None:
                return None
            result.append(table[base] + step[1] * (len(rest) // len(step[0])) + line.lstrip())
    return tuple(result)


def _paired(found: Sequence[str], search: Sequence[str], replace: Sequence[str], kept: dict[int, int]) -> Fit | None:
    """Where the quotation lost its indentation: lines that are repeated, or replaced one by one, have the file's."""
    matcher = difflib.SequenceMatcher(None, [s.strip() for s in search], [r.strip() for r in replace], autojunk=False)
    if any(indent_of(line) for line in replace):
        return None
    result = []
    for step, i1, i2, j1, j2 in matcher.get_opcodes():
        if step == "insert" or (step == "replace" and i2 - i1 != j2 - j1):
            return None
        result += [
            indent_of(found[i]) + replace[j].lstrip() for i, j in zip(range(i1, i2), range(j1, j2), strict=False)
        ]
    return Fit((tuple(result),), sure=bool(kept) or len(replace) == 1)
