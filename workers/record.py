"""What a job leaves behind while it runs: its timeline and its attempts, for the comment and the job's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workers import jobs
from workers.job import Lease
from workers.tables import AttemptRow, StepRow


def add_step(
    session: Session, lease: Lease, *, kind: str, text: str, facts: Mapping[str, Any] | None = None, now: datetime
) -> None:
    """Add a line to the job's timeline. Raises LeaseLost."""
    jobs.fenced(session, lease)
    session.add(StepRow(job_id=lease.job_id, at=now, kind=kind, text=text, facts=dict(facts or {})))
    session.flush()


def steps(session: Session, job_id: int, *, after: int = 0, limit: int = 1000) -> Sequence[StepRow]:
    """The timeline, oldest first, after the step with the id `after` (for a live view)."""
    return session.scalars(
        select(StepRow).where(StepRow.job_id == job_id, StepRow.id > after).order_by(StepRow.id).limit(limit)
    ).all()


def add_attempt(
    session: Session,
    lease: Lease,
    *,
    tier: str,
    solver: str,
    strategy: str,
    verdict: str,
    evidence: Mapping[str, Any],
    diff: str,
    note: str = "",
    error: str = "",
    started_at: datetime,
    seconds: float = 0.0,
) -> int:
    """Keep a judged attempt; its number within the job, from 1. Raises LeaseLost."""
    jobs.fenced(session, lease)
    number = 1 + len(session.scalars(select(AttemptRow.id).where(AttemptRow.job_id == lease.job_id)).all())
    session.add(
        AttemptRow(
            job_id=lease.job_id,
            number=number,
            tier=tier,
            solver=solver,
            strategy=strategy,
            verdict=verdict,
            evidence=dict(evidence),
            diff=diff,
            note=note,
            error=error,
            started_at=started_at,
            seconds=round(seconds),
        )
    )
    session.flush()
    return number


def attempts(session: Session, job_id: int) -> Sequence[AttemptRow]:
    """The attempts of a job in order."""
    return session.scalars(select(AttemptRow).where(AttemptRow.job_id == job_id).order_by(AttemptRow.number)).all()
