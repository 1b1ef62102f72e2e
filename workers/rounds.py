"""The follow-ups of one pull request: how often it was answered, which is what the breaker counts."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from workers.job import Job, Kind
from workers.jobs import to_job
from workers.tables import JobRow


def follow_ups(session: Session, repository_id: int, branch: str) -> tuple[Job, ...]:
    """Every follow-up on this branch so far, oldest first."""
    query = select(JobRow).where(
        JobRow.repository_id == repository_id, JobRow.branch == branch, JobRow.kind == Kind.FOLLOW_UP.value
    )
    return tuple(to_job(row) for row in session.scalars(query.order_by(JobRow.id)))
