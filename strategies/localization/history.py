"""Which files earlier commits touched whose messages sound like the issue: read from the mirror, before the base."""

from __future__ import annotations

import math
from dataclasses import dataclass
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
"""Commits that have a say."""
MOST_FILES = 30
"""A commit that touches more files says nothing about one of them."""
MESSAGE = 2_000
"""Characters of a message that are read."""
_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Commit:
    """One earlier commit: what it says, and which files it changed."""

    message: str
    paths: tuple[str, ...]


def earlier_commits(workspace: Workspace) -> tuple[Commit, ...]:
    """The latest commits up to the base that changed few files; () where the mirror cannot tell."""
    return read_log(_log(workspace.git_dir, workspace.base))


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


def touched_alike(commits: tuple[Commit, ...], wanted: dict[str, float]) -> dict[str, float]:
    """Path → how much the commits most like the question (word → weight) changed it; 1.0 for the first of them."""
    ranking = Ranking({str(place): words(commit.message) for place, commit in enumerate(commits)})
    scores = ranking.scores(wanted)
    best = sorted(scores, key=lambda place: (-scores[place], int(place)))[:ALIKE]
    votes: dict[str, float] = {}
    for place in best:
        paths = commits[int(place)].paths
        for path in paths:
            votes[path] = votes.get(path, 0.0) + scores[place] / math.sqrt(len(paths))
    top = max(votes.values(), default=0.0)
    return {path: vote / top for path, vote in votes.items()} if top else {}
