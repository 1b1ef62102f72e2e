"""What earlier commits tell of files: read from the mirror, before the base commit, without any file's content."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.errors import MirrorError
from sandbox.repository.git import git
from strategies.localization.bm25 import Ranking, words

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace

COMMITS = 3_000
"""Of the base commit's ancestors, the latest."""
ALIKE = 25
"""Commits that have a say in what a question is about."""
MOST_FILES = 30
"""A commit that touches more files says nothing about one of them."""
MESSAGE = 2_000
"""Characters of a message that are read."""
LATELY = 1_500
"""After so many commits, a change counts a third as much."""
DOUBT = 3
"""Added to the number of a file's commits, so that a single one proves little."""
_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Commit:
    """One earlier commit: what it says, and which files it changed."""

    message: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class History:
    """The latest commits up to the base, newest first; those that changed very many files are left out."""

    commits: tuple[Commit, ...] = ()

    @cached_property
    def _messages(self) -> Ranking[int]:
        return Ranking({place: words(commit.message) for place, commit in enumerate(self.commits)})

    @cached_property
    def often(self) -> dict[str, float]:
        """Path → how often it changed, lately above all; 1.0 for the first."""
        votes: dict[str, float] = {}
        for place, commit in enumerate(self.commits):
            vote = math.exp(-place / LATELY) / math.sqrt(len(commit.paths))
            for path in commit.paths:
                votes[path] = votes.get(path, 0.0) + vote
        return _scaled({path: math.log1p(vote) for path, vote in votes.items()})

    def alike(self, wanted: Mapping[str, float]) -> dict[str, float]:
        """Path → how much the commits most like the question (word → weight) changed it; 1.0 for the first."""
        scores = self._messages.scores(wanted)
        votes: dict[str, float] = {}
        for place in sorted(scores, key=lambda place: (-scores[place], place))[:ALIKE]:
            paths = self.commits[place].paths
            for path in paths:
                votes[path] = votes.get(path, 0.0) + scores[place] / math.sqrt(len(paths))
        return _scaled(votes)

    def together(self, files: Mapping[str, float]) -> dict[str, float]:
        """Path → how often it changed in one commit with these files (path → weight); 1.0 for the first."""
        votes: dict[str, float] = {}
        for file, weight in files.items():
            shared = [commit.paths for commit in self.commits if file in commit.paths]
            for paths in shared:
                for path in paths:
                    if path != file:
                        vote = weight / math.sqrt(len(paths)) / (len(shared) + DOUBT)
                        votes[path] = votes.get(path, 0.0) + vote
        return _scaled(votes)


def history(workspace: Workspace) -> History:
    """The history of a workspace's base commit; an empty one where the mirror cannot tell."""
    return History(read_log(_log(workspace.git_dir, workspace.base)))


def _log(git_dir: Path, base: str) -> str:
    options = ("--no-merges", "--no-renames", "--name-only", "--format=%x01%B%x02")
    try:
        told = git(git_dir, "log", f"--max-count={COMMITS}", *options, base, "--", timeout=_SECONDS)
    except MirrorError:
        return ""
    return told.decode("utf-8", "surrogateescape")


def read_log(told: str) -> tuple[Commit, ...]:
    """The commits in the output of `git log`: each as byte 1, the message, byte 2, one path a line."""
    found = []
    for entry in told.split("\x01")[1:]:
        message, _, listed = entry.partition("\x02")
        paths = tuple(line for line in listed.split("\n") if line)
        if 0 < len(paths) <= MOST_FILES:
            found.append(Commit(message[:MESSAGE], paths))
    return tuple(found)


def _scaled(votes: Mapping[str, float]) -> dict[str, float]:
    top = max(votes.values(), default=0.0)
    return {path: vote / top for path, vote in votes.items()} if top else {}
