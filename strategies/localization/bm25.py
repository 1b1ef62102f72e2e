"""Ranks documents by the words they share with a text: BM25 over identifiers split at case and underscores.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), k1 = 1.2, b = 0.75.
No network, no model, no randomness.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)
K1 = 1.2
B = 0.75
_WORD = re.compile(r"[^\W\d_][\w]*|\d{2,}")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_STOP = """
the a an and or of to in is it this that for with as on be by are was were not when if then than from at we i
you he she they but have has had do does did can could should would will which what there here its my your our
so no yes any all some into out up down also just like only more most other such because while where who how
self return import def none true false var let const new
"""
_COMMON = frozenset(_STOP.split())


def words(text: str) -> Counter[str]:
    """The words of `text`, lower case: every identifier whole and in its parts."""
    result: Counter[str] = Counter()
    get = result.get
    for word, n in Counter(_WORD.findall(text)).items():
        for part in parts(word):
            result[part] = get(part, 0) + n
    return result


@lru_cache(maxsize=200_000)
def parts(word: str) -> tuple[str, ...]:
    """An identifier as it is indexed: whole, and split at case, digits and underscores; () for a common word."""
    whole = word.lower()
    pieces = _PART.findall(word)
    found = [whole]
    if len(pieces) > 1:
        found += [_stem(part.lower()) for part in pieces if len(part) > 1]
    elif _stem(whole) != whole:
        found.append(_stem(whole))
    return tuple(one for one in found if one not in _COMMON)


def identifiers(text: str) -> list[str]:
    """The identifiers and numbers of `text` as they stand, in order."""
    return _WORD.findall(text)


def _stem(word: str) -> str:
    """`parsers` and `parser` alike; nothing cleverer."""
    return word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word  # noqa: PLR2004 - a word, not an abbreviation


class Ranking(Generic[Name]):
    """BM25 over named documents, each given as its words; only what a query asks for is ever counted."""

    def __init__(
        self,
        documents: Mapping[Name, Mapping[str, int]],
        lengths: Mapping[Name, int] | None = None,
        *,
        k1: float = K1,
        b: float = B,
    ) -> None:
        self._documents = documents
        self._k1, self._b = k1, b
        self._length = lengths or {name: sum(c.values()) for name, c in documents.items()}
        self._average = sum(self._length.values()) / max(len(documents), 1) or 1.0
        self._found: dict[str, list[tuple[Name, int]]] = {}

    def rarity(self, word: str) -> float:
        """Inverse document frequency; 0.0 for a word that no document has."""
        n = len(self.holding(word))
        return math.log(1 + (len(self._documents) - n + 0.5) / (n + 0.5)) if n else 0.0

    def holding(self, word: str) -> Sequence[tuple[Name, int]]:
        """The documents that have `word`, each with how often."""
        found = self._found.get(word)
        if found is None:
            found = [(name, n) for name, counted in self._documents.items() if (n := counted.get(word))]
            self._found[word] = found
        return found

    def scores(self, query: Mapping[str, float]) -> dict[Name, float]:
        """The documents that share a word with `query` (word → weight), with their scores."""
        norm = {n: self._k1 * (1 - self._b + self._b * length / self._average) for n, length in self._length.items()}
        result: dict[Name, float] = {}
        for word in sorted(query):
            idf = self.rarity(word) * query[word] * (self._k1 + 1)
            for name, tf in self.holding(word):
                result[name] = result.get(name, 0.0) + idf * tf / (tf + norm[name])
        return result


def query(texts: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Weighted words of several texts; a word counts once per text, repeated words grow slowly."""
    result: dict[str, float] = {}
    for text, weight in texts:
        for word, n in words(text).items():
            result[word] = result.get(word, 0.0) + weight * (1 + math.log(n))
    return result
