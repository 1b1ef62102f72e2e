"""The rows of `jobs`: asked for, leased, cancelled, ended. The database is the truth, a message only a wake-up.

Whoever works on a job holds a `Lease`; its fence grows with every lease, so that a worker that was taken for
dead finds out at its next write (`fenced` raises LeaseLost) and writes nothing more. All times are passed in.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Update, bindparam, select
from sqlalchemy import update as sql_update
from sqlalchemy.orm import Session

from workers.db.tables import JobRow
from workers.db.upsert import insert_one
from workers.jobs import scheduling
from workers.jobs.commands import Place
from workers.jobs.job import Job, Kind, Lease, LeaseLost, State

_ACTIVE = (State.QUEUED.value, State.RUNNING.value)
_FIELDS = tuple(field.name for field in fields(Job))
_UPDATABLE = frozenset(
    {"branch", "pull_request", "comment_id", "base_commit", "approved", "reason", "request", "strategy", "repository"}
)


@dataclass(frozen=True, slots=True)
class Enqueued:
    """`created` False: the issue already has an active job, and `job_id` is that one."""

    job_id: int
    created: bool


def to_job(row: JobRow) -> Job:
    """The row, detached."""
    values: dict[str, Any] = {name: getattr(row, name) for name in _FIELDS}
    return Job(**{**values, "kind": Kind(row.kind), "state": State(row.state)})


def _to_lease(row: JobRow) -> Lease:
    if row.lease_expires is None:
        raise LeaseLost(f"job {row.id} is not leased")
    return Lease(row.id, row.lease_owner, row.lease_fence, row.lease_expires)


@dataclass(frozen=True, slots=True)
class NewJob:
    """What is asked for. `strategy` "" is the repository's own; `request` is JSON of what a follow-up is about.

    `branch` and `pull_request` are those a follow-up works on, `comment_id` is the sticky comment's where there is one.
    """

    place: Place
    actor: str
    kind: Kind = Kind.RESOLVE
    strategy: str = ""
    request: str = ""
    branch: str = ""
    pull_request: int = 0
    comment_id: int = 0
    approved: bool = False


def enqueue(session: Session, new: NewJob, *, now: datetime) -> Enqueued:
    """A queued job for the issue, or the active one if there is one. The repository's row must exist.

    A job of the issue that waits for money is superseded. If the active job is being cancelled, it starts
    anew once it has ended. Publish `job_id` after the commit.
    """
    place = new.place
    session.flush()
    values = {
        "kind": new.kind.value,
        "state": State.QUEUED.value,
        "installation_id": place.installation_id,
        "repository_id": place.repository_id,
        "repository": place.repository,
        "issue": place.issue,
        "actor": new.actor,
        "strategy": new.strategy,
        "request": new.request,
        "branch": new.branch,
        "pull_request": new.pull_request,
        "comment_id": new.comment_id,
        "approved": new.approved,
        "created_at": now,
        "updated_at": now,
        "next_run_at": now,
    }
    for _ in range(10):
        created = insert_one(session, JobRow, values, "id")
        if created is not None:
            _supersede(session, place.repository_id, place.issue, now)
            return Enqueued(created, created=True)
        row = _active_row(session, place.repository_id, place.issue)
        if row is not None:
            if row.cancel_requested and not row.restart_by:
                row.restart_by = new.actor
                session.flush()
            return Enqueued(row.id, created=False)
    raise RuntimeError(
        f"issue {place.issue} of repository {place.repository_id}: jobs come and go too fast to enqueue one"
    )


def _supersede(session: Session, repository_id: int, issue: int, now: datetime) -> None:
    session.execute(_superseding(), {"of": repository_id, "number": issue, "now": now})


@cache
def _superseding() -> Update:
    jobs: Any = JobRow.__table__  # Core, not ORM, and made once: half the time
    return (
        sql_update(jobs)
        .where(jobs.c.repository_id == bindparam("of"), jobs.c.issue == bindparam("number"))
        .where(jobs.c.state == State.OVER_BUDGET.value)
        .values(state=State.CANCELLED.value, reason="superseded by a newer request", updated_at=bindparam("now"))
    )


def _active_row(session: Session, repository_id: int, issue: int) -> JobRow | None:
    return session.scalars(
        select(JobRow)
        .where(JobRow.repository_id == repository_id, JobRow.issue == issue, JobRow.state.in_(_ACTIVE))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def find(session: Session, job_id: int) -> Job | None:
    """The job, or None."""
    row = session.get(JobRow, job_id)
    return None if row is None else to_job(row)


def active(session: Session, repository_id: int, issue: int) -> Job | None:
    """The one active job of the issue, or None."""
    row = session.scalars(
        select(JobRow).where(JobRow.repository_id == repository_id, JobRow.issue == issue, JobRow.state.in_(_ACTIVE))
    ).one_or_none()
    return None if row is None else to_job(row)


def latest(session: Session, repository_id: int, issue: int) -> Job | None:
    """The newest job of the issue, active or ended, or None."""
    row = session.scalars(
        select(JobRow)
        .where(JobRow.repository_id == repository_id, JobRow.issue == issue)
        .order_by(JobRow.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else to_job(row)


def by_branch(session: Session, repository_id: int, branch: str) -> Job | None:
    """The newest job that published this branch, or None: whether a branch is ours."""
    row = session.scalars(
        select(JobRow)
        .where(JobRow.repository_id == repository_id, JobRow.branch == branch)
        .order_by(JobRow.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else to_job(row)


def _lock(session: Session, *conditions: ColumnElement[bool]) -> JobRow | None:
    """The row under these conditions, locked; None if there is none or another worker is at it."""
    return session.scalars(
        select(JobRow)
        .where(*conditions)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).one_or_none()


def _take(session: Session, row: JobRow, owner: str, ttl: timedelta, now: datetime) -> tuple[Job, Lease]:
    row.state = State.RUNNING.value
    row.lease_owner = owner
    row.lease_fence += 1
    row.lease_expires = now + ttl
    row.attempts += 1
    row.reason = ""
    row.updated_at = now
    session.flush()
    return to_job(row), _to_lease(row)


def lease_next(session: Session, owner: str, ttl: timedelta, now: datetime) -> tuple[Job, Lease] | None:
    """The fairest due job (fewest running of its installation, then longest due), now running; None if none is due."""
    candidates = scheduling.fairest(session, now)
    for job_id in candidates:
        row = _lock(session, JobRow.id == job_id, JobRow.state == State.QUEUED.value)
        if row is not None:
            return _take(session, row, owner, ttl, now)
    # other workers hold all of those: take whatever is due
    due = scheduling.any_due(session, now) if candidates else None
    row = None if due is None else session.get(JobRow, due)
    return None if row is None else _take(session, row, owner, ttl, now)


def lease(session: Session, job_id: int, owner: str, ttl: timedelta, now: datetime) -> tuple[Job, Lease] | None:
    """This job, now running; None if it is not queued, not due, or another worker is taking it."""
    row = _lock(session, JobRow.id == job_id, JobRow.state == State.QUEUED.value, JobRow.next_run_at <= now)
    return None if row is None else _take(session, row, owner, ttl, now)


def fenced(session: Session, lease: Lease) -> JobRow:
    """The job's row, locked until the transaction ends: the start of every write by a worker. Raises LeaseLost."""
    row = session.scalars(
        select(JobRow).where(JobRow.id == lease.job_id).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if row is None or row.lease_owner != lease.owner or row.lease_fence != lease.fence:
        raise LeaseLost(f"job {lease.job_id} is no longer leased to {lease.owner} (fence {lease.fence})")
    return row


@dataclass(frozen=True, slots=True)
class Beat:
    """An extended lease, and whether somebody wants the job stopped."""

    lease: Lease
    cancel_requested: bool


def heartbeat(session: Session, lease: Lease, ttl: timedelta, now: datetime) -> Beat:
    """Extend the lease to `now + ttl`. Raises LeaseLost."""
    row = fenced(session, lease)
    row.lease_expires = now + ttl
    session.flush()
    return Beat(_to_lease(row), row.cancel_requested)


def update(session: Session, lease: Lease, *, now: datetime, **columns: Any) -> Job:
    """Set columns of the job: branch, pull_request, comment_id, base_commit, approved, reason, request, strategy.

    Raises LeaseLost, or TypeError for another column.
    """
    unknown = set(columns) - _UPDATABLE
    if unknown:
        raise TypeError(f"update() sets {', '.join(sorted(_UPDATABLE))}; not {', '.join(sorted(unknown))}")
    row = fenced(session, lease)
    for name, value in columns.items():
        setattr(row, name, value)
    row.updated_at = now
    session.flush()
    return to_job(row)


def finish(
    session: Session,
    lease: Lease,
    state: State,
    reason: str,
    *,
    now: datetime,
    told: bool = True,
    needed: Decimal | None = None,
) -> Enqueued | None:
    """End the job and give up the lease. `told` False: GitHub has yet to hear of it (`lease_untold`).

    `needed`: USD of the call that found no room; an over-budget job runs again once there is that much.

    Returns the job that starts anew if that was asked for during a cancellation; publish it after the commit.
    Raises LeaseLost, or ValueError for an active state.
    """
    if state.active:
        raise ValueError(f"a job ends as something else than {state}; use requeue() to try again")
    row = fenced(session, lease)
    row.needed = needed
    return end(session, row, state, reason, now=now, told=told)


def end(session: Session, row: JobRow, state: State, reason: str, *, now: datetime, told: bool) -> Enqueued | None:
    """End a locked row without a lease (sweeper, cancellation). Workers use `finish`."""
    restart_by = row.restart_by
    row.state = state.value
    row.reason = reason
    row.told = told
    row.finished_at = now
    row.updated_at = now
    row.lease_owner = ""
    row.lease_expires = None
    row.restart_by = ""
    session.flush()
    if not restart_by:
        return None
    return enqueue(
        session,
        NewJob(
            Place(row.installation_id, row.repository_id, row.repository, row.issue),
            actor=restart_by,
            comment_id=row.comment_id if row.kind == Kind.RESOLVE.value else 0,
        ),
        now=now,
    )


def requeue(
    session: Session, lease: Lease, at: datetime, reason: str, *, now: datetime, count_attempt: bool = True
) -> Job:
    """Give up the lease and run again from `at` on (a rate limit, a sandbox that broke). Raises LeaseLost.

    `count_attempt` False: this run does not count towards the attempts after which a job is given up.
    """
    row = fenced(session, lease)
    return to_job(back_to_queue(session, row, at, reason, now=now, count_attempt=count_attempt))


def back_to_queue(
    session: Session, row: JobRow, at: datetime, reason: str, *, now: datetime, count_attempt: bool = True
) -> JobRow:
    """Put a locked row back in the queue. A pending cancellation ends it instead."""
    if row.cancel_requested:
        end(session, row, State.CANCELLED, row.reason or reason, now=now, told=row.comment_id == 0)
        return row
    row.state = State.QUEUED.value
    row.reason = reason
    row.lease_owner = ""
    row.lease_expires = None
    row.published_at = None
    row.next_run_at = at
    row.updated_at = now
    if not count_attempt:
        row.attempts = max(row.attempts - 1, 0)
    session.flush()
    return row


def request_cancel(session: Session, repository_id: int, issue: int, reason: str, *, now: datetime) -> int | None:
    """Stop what the issue has: queued or waiting for money → cancelled at once; running → a flag that the
    heartbeat reports. Returns the job's id, or None if there was nothing to stop."""
    rows = session.scalars(
        select(JobRow)
        .where(
            JobRow.repository_id == repository_id,
            JobRow.issue == issue,
            JobRow.state.in_((*_ACTIVE, State.OVER_BUDGET.value)),
        )
        .order_by(JobRow.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        _cancel(session, row, reason, now)
    return rows[-1].id if rows else None


def cancel_all(
    session: Session,
    reason: str,
    *,
    now: datetime,
    installation_id: int | None = None,
    repository_id: int | None = None,
    tell: bool = False,
) -> int:
    """Cancel every job of an installation or repository; how many. `tell` False: the App may not write there now."""
    if (installation_id is None) == (repository_id is None):
        raise TypeError("cancel_all() needs an installation_id or a repository_id")
    whose = (
        JobRow.installation_id == installation_id if repository_id is None else JobRow.repository_id == repository_id
    )
    rows = session.scalars(
        select(JobRow)
        .where(whose, JobRow.state.in_((*_ACTIVE, State.OVER_BUDGET.value)))
        .order_by(JobRow.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        _cancel(session, row, reason, now, tell=tell)
    return len(rows)


def _cancel(session: Session, row: JobRow, reason: str, now: datetime, *, tell: bool = True) -> None:
    if row.state == State.RUNNING.value:
        row.cancel_requested = True
        row.restart_by = ""
        row.reason = reason
        row.updated_at = now
        session.flush()
    else:
        row.restart_by = ""
        end(session, row, State.CANCELLED, reason, now=now, told=row.comment_id == 0 or not tell)


def mark_published(session: Session, job_ids: list[int], now: datetime) -> None:
    """Remember that a wake-up was sent for these."""
    if job_ids:
        session.execute(sql_update(JobRow).where(JobRow.id.in_(job_ids)).values(published_at=now))


def lease_untold(session: Session, job_id: int, owner: str, ttl: timedelta, now: datetime) -> tuple[Job, Lease] | None:
    """The right to tell GitHub how an ended job ended; None if that is done or another worker is at it."""
    row = _lock(
        session,
        JobRow.id == job_id,
        JobRow.told.is_(False),
        (JobRow.lease_expires.is_(None)) | (JobRow.lease_expires <= now),
    )
    if row is None:
        return None
    row.lease_owner = owner
    row.lease_fence += 1
    row.lease_expires = now + ttl
    session.flush()
    return to_job(row), _to_lease(row)


def mark_told(session: Session, lease: Lease, *, now: datetime) -> None:
    """GitHub heard of it (or never can). Raises LeaseLost."""
    row = fenced(session, lease)
    row.told = True
    row.lease_owner = ""
    row.lease_expires = None
    row.updated_at = now
    session.flush()
