"""The functions of one file, ranked by how much each has to do with a question; nothing is cut in the middle."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from strategies.localization.bm25 import words
from strategies.localization.symbols import Definition

LONG = 150
"""Lines above which a function is taken in pieces."""
PIECE = 60
POINTED = 1.5
"""What something points at, in units of the best part by its words."""
K1 = 1.2
B = 0.75


@dataclass(frozen=True, slots=True)
class Part:
    """The 1-based lines `first` to `last` of a file: a function, or what stands between functions."""

    first: int
    last: int
    names: tuple[str, ...] = ()


def parts_of(text: str, defined: Sequence[Definition]) -> list[Part]:
    """The whole file in parts, in order: functions and methods with what stands right above them, and the rest."""
    lines = text.removesuffix("\n").split("\n")
    starts: list[tuple[int, int, str]] = []
    for one in defined:
        if one.block and not one.container and one.first > (starts[-1][1] if starts else 0):
            starts.append((one.first, min(one.last, len(lines)), one.name))
    result: list[Part] = []
    done = 0
    for first, last, name in starts:
        while result and done + 1 < first and not lines[done].strip():
            done += 1  # blank lines belong to what stands above them
            result[-1] = replace(result[-1], last=done)
        above = first
        while above - 1 > done and _belongs(lines[above - 2]):
            above -= 1
        if above - 1 > done:
            result += _pieces(done + 1, above - 1, ())
        result += _pieces(above, last, (name,))
        done = last
    while result and done < len(lines) and not lines[done].strip():
        done += 1
        result[-1] = replace(result[-1], last=done)
    if done < len(lines):
        result += _pieces(done + 1, len(lines), ())
    return result


def _belongs(line: str) -> bool:
    """Whether a line right above a definition is part of it: a decorator, an attribute, a comment."""
    return line.strip().startswith(("@", "#", "//", "/*", "*", "*/", "///"))


def _pieces(first: int, last: int, names: tuple[str, ...]) -> list[Part]:
    if last - first < LONG:
        return [Part(first, last, names)]
    return [Part(at, min(at + PIECE - 1, last), names) for at in range(first, last + 1, PIECE)]


def scored(
    text: str, parts: Sequence[Part], weights: Mapping[str, float], pointed: Sequence[tuple[int, int]]
) -> list[float]:
    """A score for each part: the question's words (word → weight) in it, and more if something points into it."""
    lines = text.split("\n")
    held = [words("\n".join(lines[part.first - 1 : part.last])) for part in parts]
    lengths = [sum(h.values()) for h in held]
    average = sum(lengths) / max(len(lengths), 1) or 1.0
    rarity = {}
    for word in weights:
        n = sum(word in h for h in held)
        rarity[word] = math.log(1 + (len(held) - n + 0.5) / (n + 0.5)) if n else 0.0
    result = []
    for counted, length in zip(held, lengths, strict=True):
        norm = K1 * (1 - B + B * length / average)
        result.append(
            sum(
                weight * rarity[word] * counted[word] * (K1 + 1) / (counted[word] + norm)
                for word, weight in weights.items()
                if word in counted
            )
        )
    top = max(result, default=0.0) or 1.0
    return [
        score / top + (POINTED if any(a <= part.last and b >= part.first for a, b in pointed) else 0.0)
        for score, part in zip(result, parts, strict=True)
    ]
