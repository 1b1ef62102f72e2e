"""A workspace's files as words, definitions and imports: read once per workspace, within bounds."""

from __future__ import annotations

import posixpath
import re
import weakref
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from strategies.localization.bm25 import Ranking, words
from strategies.localization.symbols import definitions

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace

MAX_FILES = 20_000
MAX_BYTES = 300_000
MAX_TOTAL = 80_000_000
"""Bounds in files, bytes of one file, bytes of all; what lies beyond is found by its path only."""
PATH_WEIGHT = 4
_REGULAR = ("100644", "100755")
_SKIP = re.compile(
    r"(?:^|/)(?:node_modules|bower_components|vendor|third_party|dist|\.venv|site-packages|__pycache__|\.git)/"
    r"|\.(?:min\.js|min\.css|map|svg|lock|snap|csv|tsv|ipynb|po|pot|mo|pem|crt|pdf|png|jpe?g|gif|ico|woff2?|ttf|eot|zip"
    r"|gz|jar|so|dll|exe|bin|pyc|class)$|(?:^|/)(?:package-lock\.json|yarn\.lock|pnpm-lock\.yaml|go\.sum|Cargo\.lock)$",
    re.IGNORECASE,
)
_TEST = re.compile(
    r"(?:^|/)(?:tests?|testing|__tests__|specs?|e2e|fixtures|testdata)/|(?:^|/)(?:test_[^/]*|conftest)\.py$"
    r"|_test\.(?:go|py|rb|cc|cpp)$|\.(?:test|spec)\.[jt]sx?$|Tests?\.(?:java|kt|cs|scala)$",
    re.IGNORECASE,
)
_PROSE = re.compile(
    r"\.(?:md|rst|txt|adoc|html?)$|(?:^|/)(?:docs?|changes|changelog|news|examples?)(?:/|\.|$)", re.IGNORECASE
)


def is_test(path: str) -> bool:
    """Whether a path looks like a test or a fixture."""
    return bool(_TEST.search(path))


def is_prose(path: str) -> bool:
    """Whether a path looks like documentation or an example."""
    return bool(_PROSE.search(path))


@dataclass
class Index:
    """Everything localization asks of one base commit. `paths` are all regular files, sorted."""

    paths: tuple[str, ...]
    texts: dict[str, str]

    @cached_property
    def known(self) -> frozenset[str]:
        """The paths, for lookup."""
        return frozenset(self.paths)

    @cached_property
    def by_name(self) -> dict[str, list[str]]:
        """File name → paths."""
        result: dict[str, list[str]] = {}
        for path in self.paths:
            result.setdefault(posixpath.basename(path), []).append(path)
        return result

    @cached_property
    def ranking(self) -> Ranking:
        """BM25 over the texts, with the words of the path counted several times."""
        documents: dict[str, Counter[str]] = {}
        for path, text in self.texts.items():
            counted = words(text)
            for word, n in words(path.replace("/", " ").replace(".", " ")).items():
                counted[word] += n * PATH_WEIGHT
            documents[path] = counted
        return Ranking(documents)

    @cached_property
    def defined(self) -> dict[str, dict[str, list[tuple[int, int]]]]:
        """Name → path → line ranges of its definitions."""
        result: dict[str, dict[str, list[tuple[int, int]]]] = {}
        for path, text in self.texts.items():
            if is_prose(path):
                continue
            for name, ranges in definitions(text).items():
                result.setdefault(name, {})[path] = ranges
        return result


_INDEXES: weakref.WeakKeyDictionary[object, Index] = weakref.WeakKeyDictionary()


def index(workspace: Workspace) -> Index:
    """The index of `workspace`, made on first use and kept as long as the workspace lives."""
    made = _INDEXES.get(workspace)
    if made is None:
        made = _INDEXES[workspace] = _read(workspace)
    return made


def _read(workspace: Workspace) -> Index:
    paths: list[str] = []
    texts: dict[str, str] = {}
    total = 0
    for file in workspace.files():
        if file.mode not in _REGULAR:
            continue
        paths.append(file.path)
        if file.size > MAX_BYTES or total + file.size > MAX_TOTAL or len(texts) >= MAX_FILES or _SKIP.search(file.path):
            continue
        text = workspace.read_text(file.path)
        if text is not None:
            texts[file.path] = text
            total += file.size
    return Index(tuple(paths), texts)
