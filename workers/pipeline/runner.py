"""The straight line of a job: line 4 (the lease) here, lines 5 to 11 in `workers.pipeline.run`.

`JobDependencies` is all that a run needs, handed in; `workers.processes.wiring` makes the real one.
`JobDependencies.at` is called with each line's number before it: production passes nothing, the tests kill there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from workers.billing.policy import Limits
from workers.billing.quote import Quote
from workers.config.repository_file import RepositoryFile
from workers.db.database import Database
from workers.github.types import RemoteIssue
from workers.jobs import queue
from workers.jobs.commands import Place
from workers.jobs.job import Job, Lease, LeaseLost, State
from workers.pipeline.admission import GitHubReader
from workers.pipeline.breaker import Breaker
from workers.pipeline.budget_alerts import Issues
from workers.pipeline.errors import Retry, classify_error
from workers.pipeline.finish import Ends
from workers.pipeline.follow_up import Reviews
from workers.pipeline.issue_text import Listing
from workers.pipeline.lease_heartbeat import LeaseHeartbeat
from workers.pipeline.publish import Publisher
from workers.pipeline.run import Run, place_of
from workers.pipeline.solve_request import Solver
from workers.pipeline.status_comment import Comments


class Forge(GitHubReader, Listing, Comments, Publisher, Ends, Reviews, Issues, Protocol):
    """GitHub, as a job uses it; each part is declared next to whoever decides with it."""

    @property
    def token(self) -> str:
        """For the mirror's fetch."""


def no_quote(_place: Place, _issue: RemoteIssue, _file: RepositoryFile) -> Quote:
    """For a course that never quotes."""
    raise LookupError("this course was made without a way to quote; give `JobDependencies.quote` one")


@dataclass(frozen=True, slots=True)
class JobDependencies:
    """What a run of jobs needs. Times in seconds; `lease` is how long a silent worker keeps a job."""

    database: Database
    home: Path
    owner: str
    open_forge: Callable[[Place], AbstractContextManager[Forge]]
    solver: Solver
    limits: Limits
    strategies: Collection[str]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    at: Callable[[int], None] = lambda _line: None
    wake: Callable[[int], None] = lambda _job_id: None
    wake_teller: Callable[[int], None] = lambda _job_id: None
    quote_above: Decimal | None = None
    breaker: Breaker = field(default_factory=Breaker)
    quote: Callable[[Place, RemoteIssue, RepositoryFile], Quote] = no_quote
    lease: float = 120.0
    heartbeat: float | None = None
    most_runs: int = 3
    edit_interval: float = 15.0
    page: Callable[[Job], str] = field(default=lambda _job: "")


def run(deps: JobDependencies, job_id: int) -> State | None:
    """Work on a job, if it is free and due. Its state afterwards; None when there was nothing to do or it was lost."""
    deps.at(4)
    ttl = timedelta(seconds=deps.lease)
    with deps.database.begin() as session:
        leased = queue.lease(session, job_id, deps.owner, ttl, deps.clock())
    return None if leased is None else carry_out(deps, *leased)


def run_next(deps: JobDependencies) -> State | None:
    """Work on the fairest due job; None when none is due."""
    deps.at(4)
    ttl = timedelta(seconds=deps.lease)
    with deps.database.begin() as session:
        leased = queue.lease_next(session, deps.owner, ttl, deps.clock())
    return None if leased is None else carry_out(deps, *leased)


def carry_out(deps: JobDependencies, job: Job, lease: Lease) -> State | None:
    """Lines 5 to 11 of a leased job. What goes wrong becomes a later run or an ending, in `workers.pipeline.errors`."""
    ttl = timedelta(seconds=deps.lease)
    with LeaseHeartbeat(deps.database, lease, ttl=ttl, clock=deps.clock, interval=deps.heartbeat) as heartbeat:
        try:
            with deps.open_forge(place_of(job)) as forge:
                return Run(deps, job, heartbeat, forge).go()
        except LeaseLost:
            return None
        except Exception as error:  # noqa: BLE001 - it ends or comes again; _away raises a bug
            return _away(deps, job, heartbeat, error)


def _away(deps: JobDependencies, job: Job, heartbeat: LeaseHeartbeat, error: Exception) -> State | None:
    """GitHub itself is not there to be told: try later, or end untold (the sweeper has it told)."""
    what = classify_error(error, job.attempts, deps.most_runs, deps.clock())
    state: State | None = State.QUEUED if isinstance(what, Retry) else what.state
    try:
        with deps.database.begin() as session:
            if isinstance(what, Retry):
                queue.requeue(
                    session, heartbeat.lease, what.at, what.reason, now=deps.clock(), count_attempt=what.counts
                )
            else:
                queue.finish(session, heartbeat.lease, what.state, what.reason, now=deps.clock(), told=not what.tell)
    except LeaseLost:
        state = None
    if what.loud:
        raise error
    return state
