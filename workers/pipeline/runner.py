"""The straight line of a job (docs/architecture.md): line 4, the lease, is here; lines 5 to 11 are in `run.py`.

`JobDependencies.at_line` is called with each line's number before it: production passes nothing, the tests kill there.
"""

from __future__ import annotations

from datetime import timedelta

from workers.jobs import queue
from workers.jobs.job import Job, Lease, LeaseLost, State
from workers.pipeline.dependencies import JobDependencies
from workers.pipeline.errors import Retry, classify_error
from workers.pipeline.lease_heartbeat import LeaseHeartbeat
from workers.pipeline.run import Run


def run(deps: JobDependencies, job_id: int) -> State | None:
    """Work on a job, if it is free and due. Its state afterwards; None when there was nothing to do or it was lost."""
    deps.at_line(4)
    ttl = timedelta(seconds=deps.lease)
    with deps.database.begin() as session:
        leased = queue.lease(session, job_id, deps.owner, ttl, deps.clock())
    return None if leased is None else carry_out(deps, *leased)


def run_next(deps: JobDependencies) -> State | None:
    """Work on the fairest due job; None when none is due."""
    deps.at_line(4)
    ttl = timedelta(seconds=deps.lease)
    with deps.database.begin() as session:
        leased = queue.lease_next(session, deps.owner, ttl, deps.clock())
    return None if leased is None else carry_out(deps, *leased)


def carry_out(deps: JobDependencies, job: Job, lease: Lease) -> State | None:
    """Lines 5 to 11 of a leased job. What goes wrong becomes a later run or an ending, in `workers.pipeline.errors`."""
    ttl = timedelta(seconds=deps.lease)
    with LeaseHeartbeat(deps.database, lease, ttl=ttl, clock=deps.clock, interval=deps.heartbeat) as heartbeat:
        try:
            with deps.open_forge(job.place) as forge:
                return Run(deps, job, heartbeat, forge).go()
        except LeaseLost:
            return None
        except Exception as error:  # noqa: BLE001 - it ends or comes again; a bug is raised there
            return _requeue_or_end(deps, job, heartbeat.lease, error)


def _requeue_or_end(deps: JobDependencies, job: Job, lease: Lease, error: Exception) -> State | None:
    """Without GitHub: run the job again later, or end it (the sweeper has the ending reported)."""
    decision = classify_error(error, job.attempts, deps.max_runs, deps.clock())
    state: State | None = State.QUEUED if isinstance(decision, Retry) else decision.state
    now = deps.clock()
    try:
        with deps.database.begin() as session:
            if isinstance(decision, Retry):
                queue.requeue(session, lease, decision.at, decision.reason, now=now, count_attempt=decision.counts)
            else:
                queue.finish(session, lease, decision.state, decision.reason, now=now, told=not decision.shown)
    except LeaseLost:
        state = None
    if decision.is_bug:
        raise error
    return state
