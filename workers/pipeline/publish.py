"""From a patch to a pull request, in steps that a second run finds done: commit, branch, pull request.

A commit object is invisible until a branch points at it. A branch is moved only when its tip is ours. The
pull request is looked for by its head before it is opened. So a crash between any two steps is harmless.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal, Protocol

from workers.github.types import RemoteCommit, RemotePull, Unprocessable
from workers.jobs.ending import Files, Publication
from workers.messages.pull_request import is_ours


class BranchApi(Protocol):
    """GitHub's git data."""

    def read_branch(self, branch: str) -> RemoteCommit | None: ...
    def add_commit(self, parent: str, files: Files, message: str) -> RemoteCommit: ...
    def add_branch(self, branch: str, sha: str) -> None: ...
    def move_branch(self, branch: str, sha: str, *, force: bool) -> None: ...


class PullRequestApi(Protocol):
    """GitHub's pull requests."""

    def find_pull(self, branch: str, state: Literal["open", "closed", "all"] = "open") -> RemotePull | None: ...
    def open_pull(self, *, title: str, head: str, base: str, body: str, draft: bool) -> RemotePull: ...
    def edit_pull(self, number: int, *, title: str, body: str) -> None: ...


class PublishApi(BranchApi, PullRequestApi, Protocol):
    """What publishing needs of GitHub."""


class BranchTaken(Exception):
    """The branch holds commits that are not ours; nothing was overwritten."""


class BranchMoved(Exception):
    """Somebody pushed to the branch while a follow-up was being made; it starts again from there."""


def publish(forge: PublishApi, p: Publication, fence: Callable[[], None]) -> RemotePull:
    """Make it so, however often it is called. Raises BranchTaken; `fence` raises LeaseLost."""
    sha = _bring_branch(forge, p, fence)
    found = forge.find_pull(p.branch)
    if found is None:
        fence()
        try:
            return _open(forge, p)
        except Unprocessable:
            found = forge.find_pull(p.branch)  # opened by a run that crashed before it could say so
            if found is None:
                raise
    if (found.title, found.body) != (p.title, p.body):
        fence()
        forge.edit_pull(found.number, title=p.title, body=p.body)
    return replace(found, head_sha=sha)  # GitHub may answer with the branch's earlier tip for a moment


def _bring_branch(forge: BranchApi, p: Publication, fence: Callable[[], None]) -> str:
    """The branch's new tip."""
    tip = forge.read_branch(p.branch)
    if tip is not None and not p.follow_up and not is_ours(tip.message, p.issue):
        raise BranchTaken(p.branch)
    commit = forge.add_commit(p.parent, p.files, p.message)
    if tip is not None and _same(tip, commit):
        return tip.sha
    fence()
    if tip is None:
        forge.add_branch(p.branch, commit.sha)
    elif p.follow_up and tip.sha != p.parent:
        raise BranchMoved(p.branch)
    else:
        forge.move_branch(p.branch, commit.sha, force=not p.follow_up)
    return commit.sha


def _same(a: RemoteCommit, b: RemoteCommit) -> bool:
    """The same change by the same job (dates and ids apart)."""
    return (a.tree, a.parents, a.message.strip()) == (b.tree, b.parents, b.message.strip())


def _open(forge: PullRequestApi, p: Publication) -> RemotePull:
    try:
        return forge.open_pull(title=p.title, head=p.branch, base=p.base, body=p.body, draft=p.draft)
    except Unprocessable as error:
        if not p.draft or "draft" not in error.message.lower():
            raise
        # Private repositories of free plans have no drafts; the body says that it is not verified.
        return forge.open_pull(title=p.title, head=p.branch, base=p.base, body=p.body, draft=False)
