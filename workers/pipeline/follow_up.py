"""What a follow-up is about, as GitHub tells it: the review and its lines, the failed checks, or instructions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from strategies.prompts.prompt import PromptFolder
from workers.github.types import FailedCheck, RemotePull, ReviewComment
from workers.messages import comments
from workers.pipeline.issue_text import TRUSTED


class ReviewApi(Protocol):
    """What is needed of GitHub."""

    def read_pull(self, number: int) -> RemotePull: ...
    def list_review(self, pull: int, review_id: int) -> tuple[str, tuple[ReviewComment, ...]]: ...
    def list_failed_checks(self, sha: str) -> tuple[FailedCheck, ...]: ...
    def list_answered(self, pull: int) -> frozenset[int]: ...
    def answer_line(self, pull: int, comment_id: int, body: str) -> None: ...


@dataclass(frozen=True, slots=True)
class FollowUpRequest:
    """A follow-up's `request` column, read."""

    cause: str
    pull: int
    review_id: int = 0
    head_sha: str = ""
    text: str = ""


def read_request(text: str) -> FollowUpRequest:
    """From JSON as `workers.pipeline.slash_commands` wrote it."""
    raw = json.loads(text or "{}")
    return FollowUpRequest(
        cause=str(raw.get("cause", "instructions")),
        pull=int(raw.get("pull", 0)),
        review_id=int(raw.get("review_id", 0)),
        head_sha=str(raw.get("head_sha", "")),
        text=str(raw.get("text", "")),
    )


def threads_to_answer(forge: ReviewApi, request: FollowUpRequest, reviewer: str) -> tuple[int, ...]:
    """The line comments that a commit answers."""
    if request.cause != "review":
        return ()
    _, lines = forge.list_review(request.pull, request.review_id)
    return tuple(c.id for c in lines if _counts(c, reviewer))


def _counts(comment: ReviewComment, reviewer: str) -> bool:
    """Whether it is heard: the reviewer's right to spend was looked up, others must belong to the repository."""
    return comment.author == reviewer or comment.association in TRUSTED


def answer_threads(forge: ReviewApi, pull: RemotePull, threads: tuple[int, ...], fence: Callable[[], None]) -> None:
    """Answer each thread once, however often it is called."""
    if not threads:
        return
    done = forge.list_answered(pull.number)
    for comment_id in threads:
        if comment_id not in done:
            fence()
            forge.answer_line(pull.number, comment_id, comments.answered(pull.head_sha))


def instructions(forge: ReviewApi, request: FollowUpRequest, reviewer: str, prompts: PromptFolder) -> str:
    """What the model is asked to do on top of the issue; untrusted text, cleaned by the caller.

    Raises ForgeError and PromptError.
    """
    if request.cause == "checks":
        check = prompts.load("follow-up-check")
        failed = [
            check.fill(name=repr(c.name), title=c.title, summary=c.summary)
            for c in forge.list_failed_checks(request.head_sha)
        ]
        return prompts.load("follow-up-checks").fill(checks="\n\n".join(failed))
    if request.cause == "review":
        body, review_comments = forge.list_review(request.pull, request.review_id)
        line = prompts.load("follow-up-line")
        lines = [
            line.fill(path=c.path, line=str(c.line), hunk=c.hunk, body=c.body)
            for c in review_comments
            if _counts(c, reviewer)
        ]
        return prompts.load("follow-up-review").fill(body=body, lines="\n\n".join(lines))
    return prompts.load("follow-up-instructions").fill(text=request.text)
