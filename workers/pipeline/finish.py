"""The last line: the sticky comment's final words, the label, the check run. Each is safe to do twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from workers.github.types import Missing, Refused, RemoteIssue, RemotePull
from workers.jobs.ending import JobEnding
from workers.jobs.job import State
from workers.messages import comments
from workers.pipeline import labels
from workers.pipeline.labels import LabelWriter
from workers.pipeline.status_comment import StatusComment

CHECK = "Pennyfix: evidence"

HEADLINES: dict[State, str] = {
    State.OPENED: "Opened a pull request",
    State.DECLINED: "Not started",
    State.FAILED: "I could not finish",
    State.CANCELLED: "Stopped",
    State.OVER_BUDGET: "Stopped: over budget",
}


class Checks(Protocol):
    """What the check run needs of GitHub."""

    def add_check(self, sha: str, *, name: str, conclusion: str, title: str, summary: str, url: str = "") -> None: ...


class Ends(LabelWriter, Checks, Protocol):
    """What settling needs of GitHub, besides the comment."""

    def read_issue(self, number: int) -> RemoteIssue: ...


def finish(
    forge: Ends,
    status: StatusComment,
    s: JobEnding,
    issue: int | None,
    pull: RemotePull | None,
    fence: Callable[[], None],
) -> None:
    """Say and show the ending. `issue`: whose label changes, None for nobody's. Raises ForgeError or LeaseLost."""
    text = s.text
    if pull is not None:
        follow_up = s.publication is not None and s.publication.follow_up
        did = (
            comments.committed(pull.head_sha)
            if follow_up
            else comments.opened(pull.html_url, pull.number, draft=pull.draft)
        )
        text = f"{did} {s.text}"
        _check(forge, s, pull, fence)
    try:
        status.end(s.headline, text, quiet=s.quiet)
        if issue is not None:
            labels.show_state(forge, issue, s.label, forge.read_issue(issue).labels, fence)
    except Missing:
        if s.state is not State.CANCELLED:  # a deleted or transferred issue has nobody left to be told
            raise


def _check(forge: Checks, s: JobEnding, pull: RemotePull, fence: Callable[[], None]) -> None:
    if not s.check:
        return
    fence()
    title = {"success": "The evidence is what this repository asks for"}.get(s.check, "Less evidence than asked for")
    summary = f"{s.text}\n\nThe evidence and the bill are in the description of #{pull.number}."
    try:
        forge.add_check(pull.head_sha, name=CHECK, conclusion=s.check, title=title, summary=summary, url=pull.html_url)
    except Refused:
        return  # a check run is an ornament: the pull request itself says the same
