"""A workspace's files as words, definitions and texts: each blob read once per mirror, within bounds."""

from __future__ import annotations

import posixpath
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from strategies.localization.bm25 import Ranking, identifiers, parts, words
from strategies.localization.facts_store import keep_facts, known_facts
from strategies.localization.file_facts import FileFacts
from strategies.localization.file_kinds import is_prose, is_skipped
from strategies.localization.history import History, history
from strategies.localization.symbols import Definition

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace
    from sandbox.tree import TreeFile

MAX_FILES = 20_000
MAX_BYTES = 300_000
MAX_TOTAL = 80_000_000
"""Bounds in files, bytes of one file, bytes of all; what lies beyond is found by its path only."""
PATH_WEIGHT = 4
_REGULAR = ("100644", "100755")


@dataclass
class Index:
    """Everything localization asks of one base commit. `paths` are all regular files, `facts` those of the texts."""

    paths: tuple[str, ...]
    facts: dict[str, FileFacts]
    _workspace: weakref.ReferenceType[Workspace]
    _texts: dict[str, str] = field(default_factory=dict)
    _defining: dict[str, dict[str, list[Definition]]] = field(default_factory=dict)

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
    def ranking(self) -> Ranking[str]:
        """BM25 over the texts, with the words of the path counted several times."""
        documents: dict[str, dict[str, int]] = {}
        lengths: dict[str, int] = {}
        for path, facts in self.facts.items():
            counted = facts.word_counts()
            length = facts.length
            for word, n in words(path.replace("/", " ").replace(".", " ")).items():
                counted[word] = counted.get(word, 0) + n * PATH_WEIGHT
                length += n * PATH_WEIGHT
            documents[path] = counted
            lengths[path] = length
        return Ranking(documents, lengths)

    @cached_property
    def history(self) -> History:
        """What the commits up to this one tell."""
        workspace = self._workspace()
        return history(workspace) if workspace else History()

    def text(self, path: str) -> str:
        """The text of one file, "" when it is none."""
        if path not in self._texts:
            workspace = self._workspace()
            self._texts[path] = (workspace.read_text(path) if workspace and path in self.facts else None) or ""
        return self._texts[path]

    def holding(self, name: str) -> Sequence[str]:
        """The files that may hold an identifier: those with its word, or all where it is too common to be indexed."""
        spoken = max(identifiers(name), key=len, default="")
        if not parts(spoken):
            return tuple(self.facts)
        return [path for path, _ in self.ranking.holding(spoken.lower())]

    def defining(self, name: str) -> dict[str, list[Definition]]:
        """Path → definitions of `name` (as it is spelled), prose left out."""
        if name not in self._defining:
            self._defining[name] = {
                path: found
                for path in self.holding(name)
                if not is_prose(path) and (found := [d for d in self.facts[path].definitions if d.name == name])
            }
        return self._defining[name]


_INDEXES: weakref.WeakKeyDictionary[object, Index] = weakref.WeakKeyDictionary()


def index(workspace: Workspace) -> Index:
    """The index of `workspace`, made on first use and kept as long as the workspace lives."""
    made = _INDEXES.get(workspace)
    if made is None:
        made = _INDEXES[workspace] = _read(workspace)
    return made


def _read(workspace: Workspace) -> Index:
    paths: list[str] = []
    wanted: list[TreeFile] = []
    total = 0
    for file in workspace.files():
        if file.mode not in _REGULAR:
            continue
        paths.append(file.path)
        fits = file.size <= MAX_BYTES and total + file.size <= MAX_TOTAL and len(wanted) < MAX_FILES
        if fits and not is_skipped(file.path):
            wanted.append(file)
            total += file.size
    keys = {file.path: file.oid + posixpath.splitext(file.path)[1] for file in wanted}
    kept = known_facts(workspace.git_dir, keys.values())
    fresh: dict[str, FileFacts] = {}
    facts: dict[str, FileFacts] = {}
    for path, key in keys.items():
        found = kept.get(key)
        if found is None:
            text = workspace.read_text(path)
            # a binary file is remembered as an empty one, so that it is not read again
            found = kept[key] = fresh[key] = FileFacts.read(path, text or "")
        if found.length:
            facts[path] = found
    if fresh:
        keep_facts(workspace.git_dir, fresh, keys.values())
    return Index(tuple(paths), facts, weakref.ref(workspace))
