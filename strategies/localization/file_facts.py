"""What localization keeps of one file's content: its words with their counts, and its definitions. Kept as text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Self

from strategies.localization.bm25 import words
from strategies.localization.symbols import Definition, definitions

VERSION = 2
"""Raise it when the words or the definitions of an unchanged file become others."""
_MOST = 255


@dataclass(slots=True)
class FileFacts:
    """`length` counts all words; `counts` has a byte for each of `vocabulary`, so more than 255 are kept as 255."""

    vocabulary: str
    counts: bytes
    length: int
    defined: str
    _definitions: list[Definition] | None = field(default=None, repr=False)

    @classmethod
    def read(cls, path: str, text: str) -> Self:
        """The facts of `text`; only the ending of `path` matters."""
        counted: Counter[str] = words(text)
        rows = (f"{d.name} {d.first} {d.last} {d.block:d}{d.container:d}" for d in definitions(path, text))
        return cls(
            " ".join(counted),
            bytes([min(n, _MOST) for n in counted.values()]),
            sum(counted.values()),
            "\n".join(rows),
        )

    def word_counts(self) -> dict[str, int]:
        """Word → how often; a new one each time, because it is several times as large as what is kept."""
        return dict(zip(self.vocabulary.split(" "), self.counts, strict=False))

    @property
    def definitions(self) -> list[Definition]:
        """In the order of the lines."""
        if self._definitions is None:
            self._definitions = []
            for row in self.defined.split("\n") if self.defined else ():
                name, first, last, flags = row.split(" ")
                self._definitions.append(Definition(name, int(first), int(last), flags[0] == "1", flags[1] == "1"))
        return self._definitions
