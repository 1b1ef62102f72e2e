"""Reports on GitHub a job that ended without its worker: cancelled in the queue, or given up by the sweeper.

A report that is made twice changes nothing: the status comment is edited, the labels are set again.
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
from workers.pipeline import endings
from workers.pipeline.dependencies import Forge, JobDependencies
from workers.pipeline.leased_job import LeasedJob
from workers.pipeline.show_ending import show_ending
from workers.pipeline.status_comment import StatusComment


def report_ended(deps: JobDependencies, job_id: int) -> bool:
    """Report how the job ended. False when that is done, another worker does it, or GitHub is away (tried again)."""
    with deps.database.begin() as session:
        leased = queue.lease_untold(session, job_id, deps.owner, timedelta(seconds=deps.lease), deps.clock())
    if leased is None:
        return False
    job, lease = leased
    try:
        with deps.open_forge(job.place) as forge:
            _report(deps, forge, job, lease)
    except LeaseLost:
        return False
    except (Unreachable, RateLimited, CredentialsRefused):
        return False  # the lease expires, and the sweeper wakes a worker again
    except (Refused, InstallationGone):
        pass  # the App may not write there any more
    with deps.database.begin() as session:
        queue.mark_told(session, lease, now=deps.clock())
    return True


def _report(deps: JobDependencies, forge: Forge, job: Job, lease: Lease) -> None:
    leased = LeasedJob(deps.database, job, lease, deps.clock)
    with deps.database.read() as session:
        earlier = steps(session, job.id, HIDDEN_STEPS)
    comment = StatusComment(forge, job.thread, leased, comment_id=job.comment_id, steps=earlier, page=deps.page(job))
    labelled = None if job.kind is Kind.FOLLOW_UP else job.issue
    show_ending(forge, comment, _ending(deps, job, lease), labelled, None, leased.fence)


def _ending(deps: JobDependencies, job: Job, lease: Lease) -> JobEnding:
    account = JobAccount(deps.database, job, lease, deps.limits, deps.clock)
    bill_so_far = bill(account.charges())
    if job.state is State.CANCELLED:
        return endings.cancelled(job.reason or "somebody stopped it", bill_so_far.total)
    if job.state is State.OVER_BUDGET:
        return endings.over_budget(job.reason, bill_so_far, account.month())
    return endings.failed(job.reason or "the worker stopped without saying why", state=job.state)
