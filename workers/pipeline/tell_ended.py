"""Tells GitHub how a job ended that ended without its worker: cancelled in the queue, or given up by the sweeper.

Never silence. Being told twice is harmless: the sticky comment is edited, the labels are set again.
"""

from __future__ import annotations

from datetime import timedelta

from workers.billing.bill import bill
from workers.billing.job_account import JobAccount
from workers.github.types import CredentialsRefused, InstallationGone, RateLimited, Refused, Unreachable
from workers.jobs import queue
from workers.jobs.ending import JobEnding
from workers.jobs.job import Job, Kind, Lease, LeaseLost, State
from workers.jobs.step_kinds import HIDDEN_STEPS
from workers.jobs.timeline import steps
from workers.messages import comments
from workers.pipeline import labels
from workers.pipeline.dependencies import Forge, JobDependencies
from workers.pipeline.finish import HEADLINES, finish
from workers.pipeline.status_comment import StatusComment


def report_ended(deps: JobDependencies, job_id: int) -> bool:
    """Say how the job ended. False when that is done, another worker is at it, or GitHub is away (tried again)."""
    with deps.database.begin() as session:
        leased = queue.lease_untold(session, job_id, deps.owner, timedelta(seconds=deps.lease), deps.clock())
    if leased is None:
        return False
    job, lease = leased
    try:
        with deps.open_forge(job.place) as forge:
            _say(deps, forge, job, lease)
    except LeaseLost:
        return False
    except (Unreachable, RateLimited, CredentialsRefused):
        return False  # the lease expires, and the sweeper wakes somebody again
    except (Refused, InstallationGone):
        pass  # nobody is there to be told any more
    with deps.database.begin() as session:
        queue.mark_told(session, lease, now=deps.clock())
    return True


def _say(deps: JobDependencies, forge: Forge, job: Job, lease: Lease) -> None:
    def fence() -> None:
        with deps.database.begin() as session:
            queue.fenced(session, lease)

    def remember(comment_id: int) -> None:
        with deps.database.begin() as session:
            queue.update(session, lease, now=deps.clock(), comment_id=comment_id)

    with deps.database.read() as session:
        said = steps(session, job.id, HIDDEN_STEPS)
    status = StatusComment(
        forge,
        job.thread,
        comment_id=job.comment_id,
        said=said,
        store=lambda _step: None,
        remember=remember,
        fence=fence,
        page=deps.page(job),
    )
    labelled = None if job.kind is Kind.FOLLOW_UP else job.issue
    finish(forge, status, _ending(deps, job, lease), labelled, None, fence)


def _ending(deps: JobDependencies, job: Job, lease: Lease) -> JobEnding:
    account = JobAccount(deps.database, job, lease, deps.limits, deps.clock)
    bill_so_far = bill(account.charges())
    if job.state is State.CANCELLED:
        text = comments.cancelled(job.reason or "somebody stopped it", bill_so_far.total)
        return JobEnding(job.state, job.reason, HEADLINES[job.state], text, quiet=True)
    if job.state is State.OVER_BUDGET:
        text = comments.over_budget((), bill_so_far, account.month(), job.reason, "")
        return JobEnding(job.state, job.reason, HEADLINES[job.state], text, labels.OVER_BUDGET)
    text = comments.failed(job.reason or "the worker stopped without a word.", "")
    return JobEnding(job.state, job.reason, HEADLINES[State.FAILED], text, labels.NEEDS_HUMAN)
