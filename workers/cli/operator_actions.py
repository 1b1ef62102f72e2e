"""The operator's actions: set a budget, cancel a job, retry one. Each is written to the audit log.

The actor is `cli:` and the name of the system's user. Nothing here talks to GitHub; a worker does when it is woken.
"""

from __future__ import annotations

import os
import pwd
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from workers.billing import resume
from workers.billing.budget_reports import find_repository
from workers.billing.budgets import budget_of, set_budget
from workers.billing.policy import Budget
from workers.db import audit
from workers.jobs import queue
from workers.jobs.job import Job, Kind, State
from workers.processes.context import Context
from workers.usd import parse_usd
from workers.views.job_report import find_job

FILE = "file"
"""Instead of an amount: back to what the repository's file says."""


class ActionRefused(Exception):
    """The state of a job does not allow the action; the message says why, and what is possible instead."""


@dataclass(frozen=True, slots=True)
class BudgetChange:
    """A budget before and after, and the jobs that go on because of it."""

    repository: str
    before: Budget
    after: Budget
    resumed: tuple[int, ...]


def cli_actor() -> str:
    """The actor for the audit log: `cli:` and the name (or number) of the system's user."""
    try:
        return f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"cli:{os.getuid()}"


def change_budget(context: Context, repository: str, amount: str, *, actor: str) -> BudgetChange:
    """Set a repository's month in USD, or `file`. Raises MoneyError, NoSuchRepository."""
    now = context.clock()
    usd: Decimal | None = None if amount.strip().lower() == FILE else parse_usd(amount)
    with context.database.begin() as session:
        row = find_repository(session, repository)
        before = budget_of(session, row.id, context.limits)
        after = set_budget(session, row.id, usd, actor, now, limits=context.limits)
        resumed = tuple(resume.resume(session, context.limits, now, repository_id=row.id))
        name = row.name
    for job_id in resumed:
        wake(context, "job", job_id)
    return BudgetChange(name, before, after, resumed)


def cancel_job(context: Context, job_id: int, *, actor: str) -> Job:
    """Cancel a job and return it: a queued or waiting one at once; a running one when its worker notices.

    Raises NoSuchJob, ActionRefused when it has ended.
    """
    now = context.clock()
    with context.database.begin() as session:
        job = find_job(session, job_id)
        if not (job.state.active or job.state is State.OVER_BUDGET):
            raise ActionRefused(
                f"job {job_id} has ended already ({job.state}); only jobs that have not can be cancelled"
            )
        stopped = queue.request_cancel(session, job.repository_id, job.issue, f"{actor} stopped it", now=now)
        _note(session, job, "job cancelled", actor, context)
    if stopped is not None:
        wake(context, "tell", stopped)
    with context.database.read() as session:
        return find_job(session, job_id)


def retry_job(context: Context, job_id: int, *, actor: str, strategy: str = "") -> Job:
    """A new job for the same issue or follow-up, in the name of the person who asked at first: their right to spend is
    checked again. `strategy` "" keeps the old job's. The new job.

    Raises NoSuchJob, ActionRefused when one is active.
    """
    with context.database.begin() as session:
        old = find_job(session, job_id)
        if old.state.active:
            raise ActionRefused(f"job {job_id} is {old.state}; cancel it first: pennyfix jobs cancel {job_id}")
        follow_up = old.kind is Kind.FOLLOW_UP
        made = queue.enqueue(
            session,
            queue.NewJob(
                old.place,
                kind=old.kind,
                actor=old.actor,
                strategy=strategy or old.strategy,
                request=old.request if follow_up else "",
                branch=old.branch if follow_up else "",
                pull_request=old.pull_request if follow_up else 0,
                comment_id=old.comment_id,
                approved=old.approved,
            ),
            now=context.clock(),
        )
        if not made.created:
            raise ActionRefused(
                f"issue {old.repository}#{old.issue} has an active job already: pennyfix jobs show {made.job_id}"
            )
        _note(session, old, f"job retried as {made.job_id}", actor, context)
        job = find_job(session, made.job_id)
    wake(context, "job", job.id)
    return job


def wake(context: Context, kind: str, job_id: int) -> None:
    """Wake a worker; without a broker the sweeper does it later."""
    with suppress(Exception):  # whatever the broker's client raises: the row is what counts
        context.publish(kind, job_id)


def _note(session: Session, job: Job, what: str, actor: str, context: Context) -> None:
    audit.note(
        session,
        actor,
        what,
        now=context.clock(),
        place=f"{job.repository}#{job.issue}",
        installation_id=job.installation_id,
        repository_id=job.repository_id,
        before={"job": job.id, "state": job.state.value},
    )
