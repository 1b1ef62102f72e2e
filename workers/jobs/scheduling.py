"""Which job is next: fewest running of its installation first, then the one that has been due longest.

One look at the partial index `ix_jobs_queued` per installation that has queued jobs, however many it has:
a customer with 10,000 queued jobs slows nobody down, and does not get in front of one with a single job.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from workers.db.columns import Utc
from workers.db.tables import JobRow

_FAIREST = text("""
    WITH RECURSIVE waiting(installation_id) AS (
        SELECT min(installation_id) FROM jobs WHERE state = 'queued'
        UNION ALL
        SELECT (
            SELECT min(jobs.installation_id) FROM jobs
            WHERE jobs.state = 'queued' AND jobs.installation_id > waiting.installation_id
        )
        FROM waiting WHERE waiting.installation_id IS NOT NULL
    ),
    running(installation_id, jobs) AS (
        SELECT installation_id, count(*) FROM jobs WHERE state = 'running' GROUP BY installation_id
    ),
    oldest(installation_id, due_at, job_id) AS (
        SELECT waiting.installation_id, (
            SELECT min(jobs.next_run_at) FROM jobs
            WHERE jobs.state = 'queued' AND jobs.installation_id = waiting.installation_id
                AND jobs.next_run_at <= :now
        ), (
            SELECT jobs.id FROM jobs
            WHERE jobs.state = 'queued' AND jobs.installation_id = waiting.installation_id
                AND jobs.next_run_at <= :now
            ORDER BY jobs.next_run_at, jobs.id LIMIT 1
        )
        FROM waiting WHERE waiting.installation_id IS NOT NULL
    )
    SELECT oldest.job_id
    FROM oldest
    LEFT JOIN running ON running.installation_id = oldest.installation_id
    WHERE oldest.job_id IS NOT NULL
    ORDER BY coalesce(running.jobs, 0), oldest.due_at, oldest.job_id
    LIMIT 3
""").bindparams(bindparam("now", type_=Utc()))


def fairest(session: Session, now: datetime) -> Sequence[int]:
    """Ids of up to three due jobs, the fairest first (the others in case a worker just takes it)."""
    return session.execute(_FAIREST, {"now": now}).scalars().all()


def any_due(session: Session, now: datetime) -> int | None:
    """The longest due job that no other transaction holds, locked; None if there is none."""
    return session.execute(
        select(JobRow.id)
        .where(JobRow.state == "queued", JobRow.next_run_at <= now)
        .order_by(JobRow.next_run_at, JobRow.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).scalar_one_or_none()
