"""A small repository's files become a commit in a bare mirror, so that a study works on it like on any other.

The commit has a fixed author and date: the same files give the same commit id everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sandbox.repository.git import git
from sandbox.repository.mirror import Mirror
from sandbox.repository.workspace import Workspace

WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "study"), ("EMAIL", "study@example.org"), ("DATE", "2026-01-01T00:00:00Z"))
}


def plant(home: Path, key: str, files: Mapping[str, bytes]) -> Workspace:
    """A workspace at one commit that holds exactly `files` (path → content). Raises MirrorError."""
    mirror = Mirror.open(home, key)
    lines = []
    for path, content in sorted(files.items()):
        oid = git(mirror.path, "hash-object", "-w", "--no-filters", "--stdin", stdin=content).decode().strip()
        lines.append((path, oid))
    commit = (
        git(mirror.path, "commit-tree", _tree(mirror.path, lines), "-m", "the repository", extra=WHO).decode().strip()
    )
    git(mirror.path, "update-ref", "refs/heads/main", commit)
    return mirror.workspace(commit)


def _tree(git_dir: Path, lines: list[tuple[str, str]]) -> str:
    """A tree object of (path, blob) pairs, folders first made as trees of their own."""
    here: list[bytes] = []
    below: dict[str, list[tuple[str, str]]] = {}
    for path, oid in lines:
        folder, slash, rest = path.partition("/")
        if slash:
            below.setdefault(folder, []).append((rest, oid))
        else:
            here.append(b"100644 blob %s\t%s\0" % (oid.encode(), path.encode()))
    for folder, inner in below.items():
        here.append(b"040000 tree %s\t%s\0" % (_tree(git_dir, inner).encode(), folder.encode()))
    return git(git_dir, "mktree", "-z", stdin=b"".join(here)).decode().strip()
