"""Where in a text the words of a question stand closest together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from strategies.localization.bm25 import identifiers, parts

PASSAGE = 60
"""Lines of a passage."""
STEP = 15
"""A passage starts at every so many lines."""
MOST_LINES = 20_000


@dataclass(frozen=True, slots=True)
class Passage:
    """The 1-based lines `first` to `last`, and the summed weights of the different words in them."""

    score: float
    first: int
    last: int


def best_passage(text: str, weights: Mapping[str, float]) -> Passage | None:
    """The passage of `text` that holds the weightiest words (word → weight), the first of equals; None without any."""
    lines = text.split("\n")[:MOST_LINES]
    buckets = [
        {w for name in set(identifiers("\n".join(lines[at : at + STEP]))) for w in parts(name) if w in weights}
        for at in range(0, len(lines), STEP)
    ]
    best: Passage | None = None
    for start in range(max(len(buckets) - PASSAGE // STEP, 0) + 1):
        held = set[str]().union(*buckets[start : start + PASSAGE // STEP])
        score = sum(sorted(weights[w] for w in held))
        if score and (best is None or score > best.score):
            first = start * STEP + 1
            best = Passage(score, first, min(first + PASSAGE - 1, len(lines)))
    return best
