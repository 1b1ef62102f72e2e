"""Remembers which wake-ups were sent, so that the sweeper need not send them again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from workers import deliveries, jobs
from workers.database import Database


def mark_published(database: Database, wakeups: Sequence[tuple[str, str | int]]) -> None:
    """Mark jobs and deliveries, in one transaction. Raises what the database raises."""
    job_ids = [int(which) for kind, which in wakeups if kind == "job"]
    guids = [str(which) for kind, which in wakeups if kind == "delivery"]
    if not job_ids and not guids:
        return
    now = datetime.now(UTC)
    with database.begin() as session:
        jobs.mark_published(session, job_ids, now)
        deliveries.mark_published(session, guids, now)
