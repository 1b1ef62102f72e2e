"""The issue as a model may see it: only words of people with write access or of its author, cleaned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from strategies.issue import Issue, IssueImage
from strategies.prompts.cleaning import clean_issue
from workers.github.issue_images import Fetch
from workers.github.types import RemoteComment, RemoteIssue
from workers.jobs.commands import COMMAND

TRUSTED = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
"""https://docs.github.com/en/graphql/reference/enums#commentauthorassociation"""


class CommentLister(Protocol):
    """What is needed of GitHub."""

    def list_comments(self, number: int) -> tuple[RemoteComment, ...]: ...


def no_images(_texts: Sequence[str]) -> tuple[IssueImage, ...]:
    """Where no model is shown any."""
    return ()


def visible_issue(
    forge: CommentLister, issue: RemoteIssue, repository: str, instructions: str = "", *, fetch: Fetch = no_images
) -> Issue:
    """The issue with the comments that count, and the images that they show, by `fetch`. Raises ForgeError."""
    comments = [
        (c.author, c.body)
        for c in forge.list_comments(issue.number)
        if not c.is_bot
        and (c.association in TRUSTED or c.author == issue.author)
        and not c.body.lstrip().lower().startswith(COMMAND)
    ]
    return clean_issue(
        issue.title,
        issue.body,
        comments,
        number=issue.number,
        repository=repository,
        instructions=instructions,
        images=fetch([issue.body, *(text for _, text in comments)]),
    )
