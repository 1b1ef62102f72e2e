"""Which workers are alive and what they work on, for the operator's page and `pennyfix doctor`."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from workers.config.settings import Settings
from workers.db.database import Database, open_database
from workers.db.tables import WorkerBeatRow
from workers.db.upsert import upsert
from workers.processes.context import Clock, utc_now


def record_heartbeat(session: Session, worker_id: str, host: str, job_id: int | None, now: datetime) -> None:
    """This worker is alive."""
    upsert(
        session,
        WorkerBeatRow,
        ["worker_id"],
        {"worker_id": worker_id, "host": host, "at": now, "job_id": job_id},
    )


def live_workers(
    session: Session, now: datetime, *, within: timedelta = timedelta(minutes=2)
) -> Sequence[WorkerBeatRow]:
    """The workers heard of lately."""
    query = select(WorkerBeatRow).where(WorkerBeatRow.at > now - within).order_by(WorkerBeatRow.worker_id)
    return session.scalars(query).all()


SECONDS = 30.0


def keep_heartbeat(
    settings: Settings, name: str, stop: threading.Event, *, seconds: float = SECONDS, clock: Clock = utc_now
) -> threading.Thread:
    """Say that this worker is alive until `stop` is set, from a thread of its main process.

    The connection is closed after each beat, so that no forked process inherits an open one.
    """

    def once(database: Database) -> None:
        host = socket.gethostname()
        with database.begin() as session:
            record_heartbeat(session, f"{name}@{host}"[:100], host, None, clock())
        database.close()

    def run() -> None:
        database = open_database(settings.database_url)
        while not stop.is_set():
            try:
                once(database)
            except Exception as error:  # noqa: BLE001  # a database that is away comes back; the worker itself goes on
                structlog.get_logger().warning("no beat", error=f"{type(error).__name__}: {error}"[:300])
            stop.wait(seconds)

    thread = threading.Thread(target=run, name="beats", daemon=True)
    thread.start()
    return thread
