"""How much of each file fits: the best files get fixed shares of the tokens, and whole functions fill them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strategies.localization.functions import parts_of, scored
from strategies.localization.symbols import definitions
from strategies.models import tokens

SHARES = (0.4, 0.25, 0.15, 0.1, 0.1)
"""Of the tokens, for the first files; what one does not need goes on to the next."""
FENCE = 45
"""Tokens of the lines around a shown range, estimated."""
DENSITY = 0.35
"""How much a part's size counts against it: 0 not at all, 1 as much as its score for it."""
FAINT = 0.05
"""A part that scores less, with 1.0 for the first by its words, is not shown although there is room."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to lay out, with the 1-based ranges that something points at."""

    path: str
    text: str
    pointed: tuple[tuple[int, int], ...] = ()


Ranges = tuple[tuple[int, int], ...]


def lay_out(files: Sequence[Candidate], weights: Mapping[str, float], limit: int) -> dict[str, Ranges]:
    """Path → 1-based ranges to show, in the order of `files`; (1, last) is the whole file. Files that get no room are
    left out. `weights` are the question's words, `limit` is in estimated tokens."""
    result: dict[str, Ranges] = {}
    carried = 0
    spent = 0
    for place, file in enumerate(files):
        share = int(SHARES[place] * limit) if place < len(SHARES) else 0
        room = min(share + carried, limit - spent)
        ranges, used = fitted(file, weights, room)
        if ranges:
            result[file.path] = ranges
        spent += used
        carried = max(share + carried - used, 0)
    # what is left goes to the files that were cut, the best first
    for file in files:
        left = limit - spent
        if left < FENCE:
            break
        shown = result.get(file.path, ())
        if not shown or shown == whole(file.text):
            continue
        before = cost(file.text, shown)
        ranges, used = fitted(file, weights, before + left)
        if used > before:
            result[file.path] = ranges
            spent += used - before
    return result


def fitted(file: Candidate, weights: Mapping[str, float], room: int) -> tuple[Ranges, int]:
    """The ranges of one file that fit into `room` tokens, with the tokens used: the whole, or its best functions."""
    size = tokens.estimate(file.text) + FENCE
    if size <= room:
        return whole(file.text), size
    lines = file.text.split("\n")
    parts = parts_of(file.text, definitions(file.path, file.text))
    scores = scored(file.text, parts, weights, file.pointed)
    chosen: set[int] = set()
    left = room
    sizes = [tokens.estimate("\n".join([*lines[part.first - 1 : part.last], ""])) for part in parts]
    for n in sorted(range(len(parts)), key=lambda n: (-scores[n] / sizes[n] ** DENSITY, n)):
        size = sizes[n]
        alone = not {n - 1, n + 1} & chosen
        if scores[n] > FAINT and size + FENCE * alone <= left:
            chosen.add(n)
            left -= size + FENCE * alone
    ranges: list[tuple[int, int]] = []
    for n in sorted(chosen):
        if ranges and ranges[-1][1] + 1 >= parts[n].first:
            ranges[-1] = (ranges[-1][0], parts[n].last)
        else:
            ranges.append((parts[n].first, parts[n].last))
    return tuple(ranges), room - left if ranges else 0


def cost(text: str, ranges: Ranges) -> int:
    """Estimated tokens of these ranges with what stands around them."""
    lines = text.split("\n")
    return sum(tokens.estimate("\n".join(lines[a - 1 : b])) + FENCE for a, b in ranges)


def whole(text: str) -> Ranges:
    """All lines of a file, as one range."""
    return ((1, text.removesuffix("\n").count("\n") + 1),)
