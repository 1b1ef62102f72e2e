"""Jobs and money as Prometheus gauges: sums over everything, no name of a repository or person. Never writes.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from workers.billing import spending_reports
from workers.billing.ledger import STOP_SPENDING
from workers.billing.totals import CapScope
from workers.db import switches
from workers.db.database import Database
from workers.db.tables import DeliveryRow, JobRow
from workers.jobs.job import State
from workers.months import month_of

COUNTED = (State.QUEUED, State.RUNNING, State.OVER_BUDGET)
"""The states that have an index; the ended jobs would be counted row by row."""


def gauges(database: Database, now: datetime | None = None) -> str:
    """The lines; when the database does not answer, only that it does not."""
    try:
        values = _read(database, now or datetime.now(UTC))
    except SQLAlchemyError:
        values = [("pennyfix_database_up", "Whether the database answers.", "", "0")]
    out = []
    named = ""
    for name, words, labels, value in values:
        if name != named:
            out += [f"# HELP {name} {words}", f"# TYPE {name} gauge"]
            named = name
        out.append(f"{name}{labels} {value}")
    return "\n".join(out) + "\n"


def _read(database: Database, now: datetime) -> list[tuple[str, str, str, str]]:
    with database.read() as session:
        jobs = {
            state: session.scalars(select(func.count()).select_from(JobRow).where(JobRow.state == state.value)).one()
            for state in COUNTED
        }
        due = session.scalars(
            select(func.min(JobRow.next_run_at)).where(JobRow.state == State.QUEUED.value, JobRow.next_run_at <= now)
        ).one()
        pending = session.scalars(
            select(func.count()).select_from(DeliveryRow).where(DeliveryRow.state == "pending")
        ).one()
        month = spending_reports.spent(session, CapScope.OPERATOR, "", month_of(now))
        stop = switches.look(session, STOP_SPENDING)
    waited = int((now - due).total_seconds()) if due is not None else 0
    stopped = int(stop is not None and stop.thrown)
    return [
        ("pennyfix_database_up", "Whether the database answers.", "", "1"),
        *(
            ("pennyfix_jobs", "Jobs that are not over, by state.", f'{{state="{state.value}"}}', str(count))
            for state, count in jobs.items()
        ),
        ("pennyfix_oldest_due_job_seconds", "How long the oldest due job has waited.", "", str(waited)),
        ("pennyfix_pending_deliveries", "Deliveries that wait for a worker.", "", str(pending)),
        ("pennyfix_month_spent_usd", "USD spent this calendar month (UTC).", "", f"{month.spent:f}"),
        ("pennyfix_month_reserved_usd", "USD set aside for calls under way.", "", f"{month.reserved:f}"),
        ("pennyfix_spending_stopped", "Whether the operator has stopped all spending.", "", str(stopped)),
    ]
