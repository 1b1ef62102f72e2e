"""The sweeper makes a crash harmless: it takes over what was left lying, publishes what was not, forgets what is old.

Several sweepers may run; a lock row lets one work at a time, and every step is a short transaction that would be
safe without it. No sweep talks to GitHub: a job that is given up is left unreported, and a worker is woken for it.

`python -m workers.processes.sweeper PARENT` sweeps every few seconds until SIGTERM.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog
from sqlalchemy import CursorResult, delete, select
from sqlalchemy.orm import Session

from workers import logging as logging_setup
from workers.billing import ledger, resume
from workers.billing.policy import BudgetLimits
from workers.config.settings import Settings, load_settings
from workers.db import locks
from workers.db.database import Database
from workers.db.tables import DeliveryRow, JobRow, SessionRow, WorkerBeatRow
from workers.deliveries import inbox
from workers.jobs import queue
from workers.jobs.job import State
from workers.parent import die_with_parent
from workers.processes.celery_app import publisher
from workers.processes.context import Context, open_context
from workers.processes.redelivery import keep_redelivering

Wake = Literal["job", "delivery", "tell"]
Publish = Callable[[Wake, str], None]
"""Sends a wake-up: a job's id, a delivery's guid, or the id of an ended job that GitHub has not been told of."""

LOCK = "sweeper"
LOCK_FOR = timedelta(minutes=2)
STALE = timedelta(minutes=5)  # a wake-up older than this may be lost
GRACE = timedelta(seconds=10)  # whoever recorded it is probably publishing it right now
MOST_ATTEMPTS = 3
BATCH = 200
SECONDS = 5.0  # between two sweeps
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Swept:
    """How many of each. `ran` False: another sweeper is at work. `broker_error`: only the publishing failed."""

    ran: bool = True
    requeued: int = 0
    given_up: int = 0
    cancelled: int = 0
    settled: int = 0
    resumed: int = 0
    published: int = 0
    deleted: int = 0
    broker_error: str = ""

    def __bool__(self) -> bool:
        """Whether anything was done."""
        return any(getattr(self, field.name) for field in fields(self) if field.name != "ran")


def sweep(
    database: Database,
    publish: Publish,
    now: datetime,
    *,
    owner: str = "sweeper",
    limits: BudgetLimits | None = None,
    most_attempts: int = MOST_ATTEMPTS,
    stale: timedelta = STALE,
) -> Swept:
    """One round. Without `limits`, jobs that wait for money go on waiting."""
    with database.begin() as session:
        if not locks.take(session, LOCK, owner, LOCK_FOR, now):
            return Swept(ran=False)
    with database.begin() as session:
        again, given_up, cancelled = _take_over(session, now, most_attempts)
        given_up += _give_up_deliveries(session, now)
    settled = _settle_orphans(database, now)
    resumed: tuple[int, ...] = ()
    if limits is not None:
        with database.begin() as session:
            resumed = resume.resume(session, limits, now)
    deleted = _forget(database, now)
    published, broker_error = _publish(database, publish, now, stale, ready=(*again, *resumed))
    with database.begin() as session:
        locks.give_back(session, LOCK, owner)
    return Swept(
        requeued=len(again),
        given_up=given_up,
        cancelled=cancelled,
        settled=settled,
        resumed=len(resumed),
        published=published,
        deleted=deleted,
        broker_error=broker_error,
    )


def _take_over(session: Session, now: datetime, most_attempts: int) -> tuple[list[int], int, int]:
    """Jobs whose worker is silent: again, or given up after so many attempts, or cancelled if that was asked for."""
    rows = session.scalars(
        select(JobRow)
        .where(JobRow.state == State.RUNNING.value, JobRow.lease_expires <= now)
        .order_by(JobRow.lease_expires)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    again: list[int] = []
    given_up = cancelled = 0
    for row in rows:
        if row.cancel_requested:
            queue.end(session, row, State.CANCELLED, row.reason, now=now, told=row.comment_id == 0)
            cancelled += 1
        elif row.attempts >= most_attempts:
            reason = f"the worker stopped without a word {row.attempts} times (killed, out of memory, or cut off)"
            queue.end(session, row, State.FAILED, reason, now=now, told=False)
            given_up += 1
        else:
            at = now + timedelta(seconds=10 * (row.attempts - 1))
            queue.back_to_queue(session, row, at, "its worker stopped without a word", now=now)
            again.append(row.id)
    return again, given_up, cancelled


def _give_up_deliveries(session: Session, now: datetime) -> int:
    """Deliveries on which one worker after the other died."""
    rows = session.scalars(
        select(DeliveryRow)
        .where(
            DeliveryRow.state == "pending",
            DeliveryRow.attempts >= inbox.MOST_ATTEMPTS,
            DeliveryRow.lease_expires <= now,
        )
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.state = "failed"
        row.reason = f"the worker stopped without a word {row.attempts} times"
    return len(rows)


def _settle_orphans(database: Database, now: datetime) -> int:
    """Calls nobody will settle: they may have been charged for, so they count at their worst case."""
    cost = ledger.Cost(None, error="the worker stopped during the call; counted at its worst case")
    settled = 0
    while True:
        with database.read() as session:
            orphans = ledger.orphans(session, now, limit=BATCH)
        for reservation_id in orphans:
            with database.begin() as session:
                settled += ledger.settle(session, reservation_id, cost, now=now, swept=True)
        if len(orphans) < BATCH:
            return settled


def _forget(database: Database, now: datetime) -> int:
    """Deliveries older than 30 days, expired sessions, workers not heard of for a day."""
    with database.begin() as session:
        statements = (
            delete(DeliveryRow).where(DeliveryRow.received_at < now - inbox.KEPT, DeliveryRow.state != "pending"),
            delete(SessionRow).where(SessionRow.expires <= now),
            delete(WorkerBeatRow).where(WorkerBeatRow.at < now - timedelta(days=1)),
        )
        deleted = 0
        for statement in statements:
            result: CursorResult[Any] = session.execute(statement)  # type: ignore[assignment] # DELETE: CursorResult
            deleted += result.rowcount
    return deleted


def _publish(
    database: Database, publish: Publish, now: datetime, stale: timedelta, *, ready: tuple[int, ...]
) -> tuple[int, str]:
    """Wake-ups that are missing or old, and those of the jobs made `ready` just now.

    A broker that is down costs nothing: the next round tries again.
    """
    with database.read() as session:
        job_ids = _unpublished_jobs(session, now, stale, ready)
        guids = _unpublished_deliveries(session, now, stale)
        untold = _untold(session, now, stale)
    wakes: list[tuple[Wake, str]] = [
        *(("job", str(job_id)) for job_id in job_ids),
        *(("delivery", guid) for guid in guids),
        *(("tell", str(job_id)) for job_id in untold),
    ]
    sent = 0
    error = ""
    try:
        for kind, key in wakes:
            publish(kind, key)
            sent += 1
    except Exception as problem:  # noqa: BLE001 - whatever the broker's client raises: the rows stay and are tried again
        error = f"{type(problem).__name__}: {problem}"
    done = wakes[:sent]
    if done:
        with database.begin() as session:
            queue.mark_published(session, [int(key) for kind, key in done if kind != "delivery"], now)
            inbox.mark_published(session, [key for kind, key in done if kind == "delivery"], now)
    return sent, error


def _unpublished_jobs(session: Session, now: datetime, stale: timedelta, ready: tuple[int, ...]) -> list[int]:
    missing = JobRow.published_at.is_(None) & ((JobRow.updated_at <= now - GRACE) | JobRow.id.in_(ready))
    query = select(JobRow.id).where(
        JobRow.state == State.QUEUED.value,
        JobRow.next_run_at <= now,
        missing | (JobRow.published_at <= now - stale),
    )
    return list(session.scalars(query.order_by(JobRow.next_run_at, JobRow.id).limit(BATCH)))


def _unpublished_deliveries(session: Session, now: datetime, stale: timedelta) -> list[str]:
    missing = DeliveryRow.published_at.is_(None) & (DeliveryRow.received_at <= now - GRACE)
    query = select(DeliveryRow.guid).where(
        DeliveryRow.state == "pending",
        DeliveryRow.next_run_at <= now,
        (DeliveryRow.lease_expires.is_(None)) | (DeliveryRow.lease_expires <= now),
        missing | (DeliveryRow.published_at <= now - stale),
    )
    return list(session.scalars(query.order_by(DeliveryRow.next_run_at).limit(BATCH)))


def _untold(session: Session, now: datetime, stale: timedelta) -> list[int]:
    query = select(JobRow.id).where(
        JobRow.told.is_(False),
        JobRow.lease_expires.is_(None) | (JobRow.lease_expires <= now),
        JobRow.published_at.is_(None)
        | (JobRow.published_at <= now - stale)
        | (JobRow.published_at <= JobRow.finished_at),
    )
    return list(session.scalars(query.order_by(JobRow.id).limit(BATCH)))


# -- the process ------------------------------------------------------------------------------------------


def keep_sweeping(context: Context, stop: threading.Event, *, seconds: float = SECONDS) -> None:
    """Sweep until `stop` is set. A sweep that fails is logged, and the next one tries again."""
    owner = f"{socket.gethostname()}/{os.getpid()}"
    while not stop.is_set():
        try:
            swept = sweep(
                context.database, context.publish, context.clock(), owner=owner,
                limits=context.limits, most_attempts=context.settings.job_attempts,
            )  # fmt: skip
            if swept:
                log.info("swept", **{k: v for k, v in asdict(swept).items() if v})
        except Exception as error:  # noqa: BLE001  # a database or broker that is away comes back; this loop is what waits for it
            log.warning("a sweep failed", error=f"{type(error).__name__}: {error}"[:500])
        stop.wait(seconds)


@contextmanager
def sweep_beside(settings: Settings) -> Iterator[None]:
    """Sweep in a thread of this process while the block runs: what a worker on its own machine does."""
    stop = threading.Event()
    context = open_context(settings, publisher(settings))
    thread = threading.Thread(target=keep_sweeping, args=(context, stop), name="sweeper", daemon=True)
    thread.start()
    _start_redelivering(context, stop)
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=SECONDS)
        context.database.close()


def _start_redelivering(context: Context, stop: threading.Event) -> None:
    """Deliveries that did not arrive, in a thread of its own: GitHub may take its time to answer."""
    threading.Thread(target=keep_redelivering, args=(context, stop), name="redelivery", daemon=True).start()


def main(parent: int) -> None:
    """The process."""
    die_with_parent(parent)
    settings = load_settings()
    logging_setup.configure(settings, "sweeper")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    context = open_context(settings, publisher(settings))
    _start_redelivering(context, stop)
    keep_sweeping(context, stop)


if __name__ == "__main__":
    main(int(sys.argv[1]))
