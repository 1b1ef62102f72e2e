"""The straight line of a job: line 4 (the lease) here, lines 5 to 11 in `workers.pipeline.run`.

`Course` is all that a run needs, handed in; `workers.processes.wiring` makes the real one. `Course.at` is called with
each line's number before it: production passes nothing, the tests kill there.
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
from workers.pipeline.admission import Seen
from workers.pipeline.breaker import Breaker
from workers.pipeline.budget_alerts import Issues
from workers.pipeline.errors import Again, trouble
from workers.pipeline.finish import Ends
from workers.pipeline.follow_up import Reviews
from workers.pipeline.issue_text import Listing
from workers.pipeline.lease_heartbeat import Watch
from workers.pipeline.publish import Publisher
from workers.pipeline.run import Run, place_of
from workers.pipeline.solve_request import Solver
from workers.pipeline.status_comment import Comments


class Forge(Seen, Listing, Comments, Publisher, Ends, Reviews, Issues, Protocol):
    """GitHub, as a job uses it; each part is declared next to whoever decides with it."""

    @property
    def token(self) -> str:
        """For the mirror's fetch."""


def no_quote(_place: Place, _issue: RemoteIssue, _file: RepositoryFile) -> Quote:
    """For a course that never quotes."""
    raise LookupError("this course was made without a way to quote; give `Course.quote` one")


@dataclass(frozen=True, slots=True)
class Course:
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


def run(course: Course, job_id: int) -> State | None:
    """Work on a job, if it is free and due. Its state afterwards; None when there was nothing to do or it was lost."""
    course.at(4)
    ttl = timedelta(seconds=course.lease)
    with course.database.begin() as session:
        leased = queue.lease(session, job_id, course.owner, ttl, course.clock())
    return None if leased is None else carry_out(course, *leased)


def run_next(course: Course) -> State | None:
    """Work on the fairest due job; None when none is due."""
    course.at(4)
    ttl = timedelta(seconds=course.lease)
    with course.database.begin() as session:
        leased = queue.lease_next(session, course.owner, ttl, course.clock())
    return None if leased is None else carry_out(course, *leased)


def carry_out(course: Course, job: Job, lease: Lease) -> State | None:
    """Lines 5 to 11 of a leased job. What goes wrong becomes a later run or an ending, in `workers.pipeline.errors`."""
    ttl = timedelta(seconds=course.lease)
    with Watch(course.database, lease, ttl=ttl, clock=course.clock, interval=course.heartbeat) as watch:
        try:
            with course.open_forge(place_of(job)) as forge:
                return Run(course, job, watch, forge).go()
        except LeaseLost:
            return None
        except Exception as error:  # noqa: BLE001 - it ends or comes again; _away raises a bug
            return _away(course, job, watch, error)


def _away(course: Course, job: Job, watch: Watch, error: Exception) -> State | None:
    """GitHub itself is not there to be told: try later, or end untold (the sweeper has it told)."""
    what = trouble(error, job.attempts, course.most_runs, course.clock())
    state: State | None = State.QUEUED if isinstance(what, Again) else what.state
    try:
        with course.database.begin() as session:
            if isinstance(what, Again):
                queue.requeue(session, watch.lease, what.at, what.reason, now=course.clock(), count_attempt=what.counts)
            else:
                queue.finish(session, watch.lease, what.state, what.reason, now=course.clock(), told=not what.tell)
    except LeaseLost:
        state = None
    if what.loud:
        raise error
    return state
