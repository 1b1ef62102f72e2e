"""One labeled issue on its way: its states, its lease, and what may follow what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from workers.jobs.commands import Place


class State(StrEnum):
    """`queued → running → opened | declined | failed | cancelled | over_budget`."""

    QUEUED = "queued"
    RUNNING = "running"
    OPENED = "opened"
    DECLINED = "declined"
    FAILED = "failed"
    CANCELLED = "cancelled"
    OVER_BUDGET = "over_budget"

    @property
    def active(self) -> bool:
        """At most one active job exists per (repository id, issue number)."""
        return self in (State.QUEUED, State.RUNNING)


class Kind(StrEnum):
    """What the job is for."""

    RESOLVE = "resolve"  # an issue
    FOLLOW_UP = "follow_up"  # a review, instructions or failing checks on our pull request


AWAITS_APPROVAL = "waits for approval"
"""The stored reason of a job that ended because its estimate is above what may be spent unasked."""


class LeaseLost(Exception):
    """Another worker owns this job now (or it was ended): stop, write nothing outside."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a job until `expires` (UTC). `fence` grows with every lease of the job."""

    job_id: int
    owner: str
    fence: int
    expires: datetime


@dataclass(frozen=True, slots=True)
class Job:
    """A row of `jobs`, detached. `attempts` counts leases taken (crashes included), not model attempts.

    `strategy` is what was asked for ("" = the repository's). `request` is JSON of what a follow-up is about.
    Times are UTC.
    """

    id: int
    kind: Kind
    state: State
    installation_id: int
    repository_id: int
    repository: str
    issue: int
    actor: str
    strategy: str
    request: str
    attempts: int
    cancel_requested: bool
    reason: str
    branch: str
    pull_request: int
    comment_id: int
    base_commit: str
    approved: bool
    created_at: datetime
    updated_at: datetime
    next_run_at: datetime
    finished_at: datetime | None

    @property
    def place(self) -> Place:
        """Where the job is at work."""
        return Place(self.installation_id, self.repository_id, self.repository, self.issue)

    @property
    def awaits_approval(self) -> bool:
        """Whether it ended to wait for `/autofix approve`. The row holds it as the job's reason."""
        return self.state is State.DECLINED and self.reason == AWAITS_APPROVAL

    @property
    def thread(self) -> int:
        """The number under which the job is talked about: its issue, or for a follow-up the pull request."""
        return self.pull_request if self.kind is Kind.FOLLOW_UP else self.issue
