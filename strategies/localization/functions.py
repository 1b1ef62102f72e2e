"""The functions of one file, ranked by how much each has to do with a question; nothing is cut in the middle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from strategies.localization.bm25 import Ranking, words
from strategies.localization.bm25 import parts as split_name
from strategies.localization.symbols import Definition

LONG = 150
"""Lines above which a function is taken in pieces."""
PIECE = 60
POINTED = 1.5
"""What something points at, in units of the best part by its words."""
K1 = 2.0
B = 0.4
"""Of BM25: long functions are changed more often than short ones, so length is discounted less than between files."""
BESIDE = 0.3
"""What the better neighbour of a part adds: what belongs together stands together."""
NAMED, NAMED_FULLY = 0.3, 2.0
"""What words of the question in a function's name add, and the weight of words from which no more is added."""
HEAD = 0.3
"""What the top of a file adds: its imports and constants."""


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
    """A score for each part, about 1.0 for the first by its words: the question's words (word → weight) in it, in its
    name and in what stands beside it; more for the file's head, and much more if something points into it."""
    words_alone = _by_words(text, parts, weights)
    beside = [0.0, *words_alone, 0.0]
    result = []
    for n, (score, part) in enumerate(zip(words_alone, parts, strict=True)):
        named = sum(weights.get(word, 0.0) for name in part.names for word in split_name(name))
        hit = any(a <= part.last and b >= part.first for a, b in pointed)
        near = BESIDE * max(beside[n], beside[n + 2]) + NAMED * min(named / NAMED_FULLY, 1.0)
        result.append(score + near + (HEAD if n == 0 else 0.0) + (POINTED if hit else 0.0))
    return result


def _by_words(text: str, parts: Sequence[Part], weights: Mapping[str, float]) -> list[float]:
    """BM25 with the parts as documents, 1.0 for the first."""
    lines = text.split("\n")
    ranking = Ranking({n: words("\n".join(lines[p.first - 1 : p.last])) for n, p in enumerate(parts)}, k1=K1, b=B)
    scores = ranking.scores(weights)
    top = max(scores.values(), default=0.0) or 1.0
    return [scores.get(n, 0.0) / top for n in range(len(parts))]
