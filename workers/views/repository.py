"""What a repository's page shows beside its line: spending by day, tier and model, past months, jobs, changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from workers.billing.totals import ZERO, CapScope
from workers.db.tables import COUNTED_USD, AuditRow, ChargeRow, JobRow, TotalRow

JOBS = 20


@dataclass(frozen=True, slots=True)
class DailySpending:
    """The calls of one day (UTC), tier and model; a call of unknown cost counts as its worst case. USD, tokens."""

    day: str
    tier: str
    model: str
    calls: int
    unknown: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    usd: Decimal


@dataclass(frozen=True, slots=True)
class RepositoryJob:
    """A job in a list."""

    id: int
    kind: str
    state: str
    issue: int
    pull_request: int
    actor: str
    reason: str
    created_at: datetime
    finished_at: datetime | None
    usd: Decimal


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A line of the audit trail."""

    at: datetime
    actor: str
    what: str
    place: str
    before: dict[str, Any]
    after: dict[str, Any]


def spending(session: Session, repository_id: int, month: str) -> tuple[DailySpending, ...]:
    """The month's calls, by day, tier and model."""
    day = _day(session).label("day")
    rows = session.execute(
        select(
            day,
            ChargeRow.tier,
            ChargeRow.model,
            func.count(),
            func.count() - func.count(ChargeRow.usd),
            func.sum(ChargeRow.input_tokens),
            func.sum(ChargeRow.cached_tokens),
            func.sum(ChargeRow.output_tokens),
            func.sum(COUNTED_USD),
        )
        .where(ChargeRow.repository_id == repository_id, ChargeRow.month == month)
        .group_by("day", ChargeRow.tier, ChargeRow.model)
        .order_by("day", ChargeRow.tier, ChargeRow.model)
    ).all()
    return tuple(DailySpending(*row) for row in map(_whole, rows))


def _whole(row: Sequence[Any]) -> tuple[Any, ...]:
    """PostgreSQL sums whole numbers to NUMERIC."""
    return (*row[:3], *(int(number) for number in row[3:8]), row[8])


def _day(session: Session) -> ColumnElement[Any]:
    """A call that ended after midnight of the last day is booked, and shown, in its month."""
    if session.get_bind().dialect.name == "sqlite":
        return func.substr(ChargeRow.at, 1, 10)
    return func.to_char(func.timezone("UTC", ChargeRow.at), "YYYY-MM-DD")


def months(session: Session, repository_id: int, *, limit: int = 12) -> tuple[tuple[str, Decimal], ...]:
    """The repository's newest months with what they cost, oldest first."""
    rows = session.execute(
        select(TotalRow.month, TotalRow.spent)
        .where(TotalRow.scope == CapScope.REPOSITORY, TotalRow.key == str(repository_id))
        .order_by(TotalRow.month.desc())
        .limit(limit)
    ).all()
    return tuple((row.month, row.spent) for row in reversed(rows))


def jobs(session: Session, repository_id: int, *, before: int = 0) -> tuple[tuple[RepositoryJob, ...], bool]:
    """The newest jobs (with ids below `before`), and whether there are older ones."""
    query = (
        select(
            JobRow.id,
            JobRow.kind,
            JobRow.state,
            JobRow.issue,
            JobRow.pull_request,
            JobRow.actor,
            JobRow.reason,
            JobRow.created_at,
            JobRow.finished_at,
        )
        .where(JobRow.repository_id == repository_id)
        .order_by(JobRow.id.desc())
        .limit(JOBS + 1)
    )
    if before:
        query = query.where(JobRow.id < before)
    rows = session.execute(query).all()
    usd = costs(session, [row.id for row in rows])
    return tuple(RepositoryJob(*row, usd.get(row.id, ZERO)) for row in rows[:JOBS]), len(rows) > JOBS


def costs(session: Session, job_ids: list[int]) -> dict[int, Decimal]:
    """USD of each job so far."""
    if not job_ids:
        return {}
    rows = session.execute(
        select(ChargeRow.job_id, func.sum(COUNTED_USD).label("usd"))
        .where(ChargeRow.job_id.in_(job_ids))
        .group_by(ChargeRow.job_id)
    ).all()
    return {int(row.job_id): row.usd for row in rows if row.job_id is not None}


def changes(session: Session, repository_id: int | None = None, *, limit: int = 8) -> tuple[AuditLine, ...]:
    """The newest lines of the audit trail, of one repository or of all."""
    query = select(
        AuditRow.at, AuditRow.actor, AuditRow.what, AuditRow.place, AuditRow.before, AuditRow.after
    ).order_by(AuditRow.id.desc())
    if repository_id is not None:
        query = query.where(AuditRow.repository_id == repository_id)
    rows = session.execute(query.limit(limit)).all()
    return tuple(AuditLine(r.at, r.actor, r.what, r.place, r.before or {}, r.after or {}) for r in rows)
