"""Shows on GitHub how a job ended: the status comment, the label, the check run. Each is safe to do twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from workers.github.types import Missing, Refused, RemoteIssue, RemotePull
from workers.jobs.ending import JobEnding
from workers.jobs.job import State
from workers.messages import comments
from workers.pipeline import labels
from workers.pipeline.labels import LabelApi
from workers.pipeline.status_comment import StatusComment

CHECK = "Pennyfix: evidence"


class CheckRunApi(Protocol):
    """GitHub's check runs."""

    def add_check(self, sha: str, *, name: str, conclusion: str, title: str, summary: str, url: str = "") -> None: ...


class EndingApi(LabelApi, CheckRunApi, Protocol):
    """What showing an ending needs of GitHub, besides the comment."""

    def read_issue(self, number: int) -> RemoteIssue: ...


def show_ending(
    forge: EndingApi,
    comment: StatusComment,
    ending: JobEnding,
    issue: int | None,
    pull: RemotePull | None,
    fence: Callable[[], None],
) -> None:
    """Show the ending. `issue`: whose label changes, None for no label. Raises ForgeError or LeaseLost."""
    text = ending.text
    if pull is not None:
        text = f"{_what_was_published(ending, pull)} {ending.text}"
        _add_check(forge, ending, pull, fence)
    try:
        comment.end(ending.headline, text, quiet=ending.quiet)
        if issue is not None:
            labels.set_state_label(forge, issue, ending.label, forge.read_issue(issue).labels, fence)
    except Missing:
        if ending.state is not State.CANCELLED:  # a deleted or transferred issue has no comments any more
            raise


def _what_was_published(ending: JobEnding, pull: RemotePull) -> str:
    if ending.publication is not None and ending.publication.follow_up:
        return comments.committed(pull.head_sha)
    return comments.opened(pull.html_url, pull.number, draft=pull.draft)


def _add_check(forge: CheckRunApi, ending: JobEnding, pull: RemotePull, fence: Callable[[], None]) -> None:
    if not ending.check:
        return
    fence()
    enough = ending.check == "success"
    usual = "The evidence is what this repository asks for" if enough else "Less evidence than this repository asks for"
    title = ending.check_title or usual
    text = f"{ending.text}\n\nThe evidence and the bill are in the description of #{pull.number}."
    try:
        forge.add_check(
            pull.head_sha, name=CHECK, conclusion=ending.check, title=title, summary=text, url=pull.html_url
        )
    except Refused:
        return  # the App may lack the permission, and the pull request says the same
