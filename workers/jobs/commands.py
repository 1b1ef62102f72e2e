"""What a delivery asks Pennyfix to do, as data: `webhook.triage` makes them, `workers` carries them out.

A command is recorded with its delivery in one transaction. `Start`, `Cancel` and `Lifecycle` change rows
in that same transaction; `Instruct`, `FollowUp`, `Observe` and `Learn` wait in the delivery's row for a worker
(`workers.pipeline.slash_commands`), because they need GitHub (the actor's permission, a file, an answer).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

COMMAND = "/autofix"
"""How a comment that asks for something begins."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where it happened. Numeric ids are the keys; names are for display. `issue` is 0 where there is none."""

    installation_id: int
    repository_id: int
    repository: str  # owner/name
    issue: int = 0


@dataclass(frozen=True, slots=True)
class Start:
    """A person put the label on an open issue."""

    place: Place
    actor: str
    label: str
    default_branch: str = ""


@dataclass(frozen=True, slots=True)
class Cancel:
    """The issue was unlabeled, closed, deleted, transferred or locked."""

    place: Place
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Instruct:
    """`/autofix [verb] [rest]` in a comment. `on_pull_request` when the comment stands on a pull request."""

    place: Place
    actor: str
    verb: Literal["start", "retry", "stop", "quote", "approve", "budget", "help", "instructions", "unknown"]
    rest: str
    comment_id: int
    on_pull_request: bool = False


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A review with requested changes, or failing checks, on a branch that may be ours (`head_branch`)."""

    place: Place  # `issue` is the pull request's number
    actor: str
    cause: Literal["review", "checks"]
    head_branch: str
    head_sha: str
    review_id: int = 0


@dataclass(frozen=True, slots=True)
class Observe:
    """A pull request that may be ours was merged, closed, reopened or reverted: an outcome to remember."""

    place: Place
    actor: str
    outcome: Literal["merged", "closed", "reopened", "reverted"]
    head_branch: str


@dataclass(frozen=True, slots=True)
class Learn:
    """The repository's own file may have changed on the default branch: a pull request was merged."""

    place: Place


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """An installation or repository came, went, was renamed or suspended."""

    installation_id: int
    account: str
    what: Literal[
        "created",
        "deleted",
        "suspended",
        "unsuspended",
        "repositories_added",
        "repositories_removed",
        "repository_renamed",
        "repository_archived",
        "repository_deleted",
        "repository_transferred",
    ]
    repositories: tuple[tuple[int, str], ...] = ()

    @property
    def teaches(self) -> bool:
        """Whether repositories came whose own file nobody has read yet."""
        return self.what in ("created", "repositories_added") and bool(self.repositories)


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing to do, and why (shown in the delivery's row)."""

    reason: str


Command = Start | Cancel | Instruct | FollowUp | Observe | Learn | Lifecycle
