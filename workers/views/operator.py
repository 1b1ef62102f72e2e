"""What the operator's page shows: queue, workers, leases, installations, failures, the switch. Never writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Text, and_, cast, func, select
from sqlalchemy.orm import Session

from workers.billing.ledger import STOP_SPENDING
from workers.billing.totals import ZERO, CapScope, Total
from workers.db import switches
from workers.db.switches import Switch
from workers.db.tables import DeliveryRow, InstallationRow, JobRow, ReservationRow, TotalRow, WorkerBeatRow
from workers.jobs.job import State
from workers.processes.heartbeat import live_workers
from workers.views.repository import AuditLine, changes

INSTALLATIONS = 25
LISTED = 20


@dataclass(frozen=True, slots=True)
class OperatorJob:
    """A queued, running or failed job, in one line. Times are UTC."""

    id: int
    repository: str
    issue: int
    attempts: int
    reason: str
    next_run_at: datetime
    lease_owner: str
    lease_expires: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class InstallationLine:
    """An installation and its month in USD. `budget` None: no cap of its own."""

    id: int
    account: str
    suspended: bool
    budget: Decimal | None
    spent: Decimal
    reserved: Decimal


@dataclass(frozen=True, slots=True)
class OperatorView:
    """All of it."""

    month: Total
    switch: Switch | None
    queued: int
    due: int
    oldest_due: datetime | None
    running: int
    over_budget: int
    in_flight: int
    pending_deliveries: int
    failed_deliveries: int
    queue: tuple[OperatorJob, ...]
    leases: tuple[OperatorJob, ...]
    failures: tuple[OperatorJob, ...]
    workers: tuple[WorkerBeatRow, ...]
    installations: tuple[InstallationLine, ...]
    installations_in_all: int
    changes: tuple[AuditLine, ...]


def operator_view(session: Session, month: str, now: datetime, *, page: int = 1) -> OperatorView:
    """The page; `page` is that of the installations."""
    total = session.get(TotalRow, ("operator", "", month))
    queued = JobRow.state == State.QUEUED.value
    due, oldest = session.execute(
        select(func.count(), func.min(JobRow.next_run_at)).where(queued, JobRow.next_run_at <= now)
    ).one()
    lines, in_all = _installations(session, month, page)
    return OperatorView(
        month=Total() if total is None else Total(total.spent, total.reserved),
        switch=switches.look(session, STOP_SPENDING),
        queued=_count(session, State.QUEUED),
        due=int(due),
        oldest_due=oldest,
        running=_count(session, State.RUNNING),
        over_budget=_count(session, State.OVER_BUDGET),
        in_flight=int(session.execute(select(func.count()).select_from(ReservationRow)).scalar_one()),
        pending_deliveries=_deliveries(session, "pending", now),
        failed_deliveries=_deliveries(session, "failed", now),
        queue=_jobs(session, State.QUEUED),
        leases=_jobs(session, State.RUNNING),
        failures=_jobs(session, State.FAILED),
        workers=tuple(live_workers(session, now)),
        installations=lines,
        installations_in_all=in_all,
        changes=changes(session, limit=LISTED),
    )


def _count(session: Session, state: State) -> int:
    query = select(func.count()).select_from(JobRow).where(JobRow.state == state.value)
    return int(session.execute(query).scalar_one())


def _deliveries(session: Session, state: str, now: datetime) -> int:
    """Of the last day, so that the answer costs the same with any number of old ones."""
    since = DeliveryRow.received_at > now - timedelta(days=1)
    query = select(func.count()).select_from(DeliveryRow).where(DeliveryRow.state == state, since)
    return int(session.execute(query).scalar_one())


def _jobs(session: Session, state: State) -> tuple[OperatorJob, ...]:
    order = JobRow.next_run_at if state is State.QUEUED else JobRow.id.desc()
    rows = session.execute(
        select(
            JobRow.id,
            JobRow.repository,
            JobRow.issue,
            JobRow.attempts,
            JobRow.reason,
            JobRow.next_run_at,
            JobRow.lease_owner,
            JobRow.lease_expires,
            JobRow.finished_at,
        )
        .where(JobRow.state == state.value)
        .order_by(order)
        .limit(LISTED)
    ).all()
    return tuple(OperatorJob(*row) for row in rows)


def _installations(session: Session, month: str, page: int) -> tuple[tuple[InstallationLine, ...], int]:
    spent = func.coalesce(TotalRow.spent, 0)
    rows = session.execute(
        select(
            InstallationRow.id,
            InstallationRow.account,
            InstallationRow.suspended,
            InstallationRow.budget,
            spent.label("spent"),
            func.coalesce(TotalRow.reserved, 0).label("reserved"),
            func.count().over().label("all"),
        )
        .outerjoin(
            TotalRow,
            and_(
                TotalRow.scope == CapScope.INSTALLATION,
                TotalRow.key == cast(InstallationRow.id, Text),
                TotalRow.month == month,
            ),
        )
        .order_by(spent.desc(), InstallationRow.account)
        .limit(INSTALLATIONS)
        .offset((page - 1) * INSTALLATIONS)
    ).all()
    lines = tuple(
        InstallationLine(r.id, r.account, r.suspended, r.budget, r.spent or ZERO, r.reserved or ZERO) for r in rows
    )
    return lines, rows[0].all if rows else 0
