"""A job's attempts, read from the database as `AttemptView`: for the job's page, its JSON and the command line."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workers.billing.totals import SOLVING
from workers.db.tables import COUNTED_USD, AttemptRow, ChargeRow
from workers.messages.attempt_view import AttemptView, views_of_rows


def attempts_of(session: Session, job_id: int) -> tuple[AttemptView, ...]:
    """The attempts in order. Their cost is that of the bill: solving calls only, unknown ones at their worst case."""
    rows = session.scalars(select(AttemptRow).where(AttemptRow.job_id == job_id).order_by(AttemptRow.number)).all()
    costs = session.execute(
        select(ChargeRow.attempt, func.sum(COUNTED_USD).label("usd"))
        .where(ChargeRow.job_id == job_id, ChargeRow.purpose.in_(SOLVING))
        .group_by(ChargeRow.attempt)
    ).all()
    return views_of_rows(rows, {int(row.attempt): row.usd for row in costs})
