"""Which workers are alive and what they work on, for the operator's page and `pennyfix doctor`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from workers.insert import upsert
from workers.tables import WorkerBeatRow


def beat(session: Session, worker_id: str, host: str, job_id: int | None, now: datetime) -> None:
    """This worker is alive."""
    upsert(
        session,
        WorkerBeatRow,
        ["worker_id"],
        {"worker_id": worker_id, "host": host, "at": now, "job_id": job_id},
    )


def alive(session: Session, now: datetime, *, within: timedelta = timedelta(minutes=2)) -> Sequence[WorkerBeatRow]:
    """The workers heard of lately."""
    query = select(WorkerBeatRow).where(WorkerBeatRow.at > now - within).order_by(WorkerBeatRow.worker_id)
    return session.scalars(query).all()
