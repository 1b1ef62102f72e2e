"""What a person sees of their repositories in a month: spending against budget, outcomes, savings. Never writes.

Reads kept totals and indexed rows of one page of repositories, so that it costs the same with any number of charges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Text, and_, case, cast, func, select
from sqlalchemy.orm import Session

from workers.billing.forecast import forecast
from workers.billing.policy import Budget, BudgetLimits, ChosenBudget, RequestedBudget, effective_budget
from workers.billing.totals import ZERO, CapScope
from workers.db.tables import JobRow, OutcomeRow, RepositoryRow, SightRow, TotalRow
from workers.jobs.job import Kind, State
from workers.months import bounds, month_of

SIZE = 20


@dataclass(slots=True)
class MonthRecord:
    """What the jobs and pull requests of a month came to. `strong` is an estimate for the jobs that cost `known`."""

    jobs: int = 0
    ended: int = 0
    opened: int = 0
    merged: int = 0
    known: Decimal = ZERO
    strong: Decimal = ZERO

    @property
    def rate(self) -> Decimal | None:
        """Resolved issues per ended one, 0 to 1."""
        return Decimal(self.opened) / self.ended if self.ended else None

    @property
    def saved(self) -> Decimal | None:
        """USD that the strong model alone would have cost more; negative when it would have been cheaper."""
        return self.strong - self.known if self.strong else None


@dataclass(frozen=True, slots=True)
class RepositoryLine:
    """A repository in a month. Amounts in USD; `forecast` None for a month that is over."""

    id: int
    name: str
    active: bool
    administers: bool
    spent: Decimal
    reserved: Decimal
    budget: Budget
    forecast: Decimal | None
    record: MonthRecord

    @property
    def per_merge(self) -> Decimal | None:
        """USD per merged pull request, None before the first."""
        return self.spent / self.record.merged if self.record.merged else None


@dataclass(frozen=True, slots=True)
class RepositoryOverview:
    """One page of repositories, dearest first, and the sums of all of them."""

    lines: tuple[RepositoryLine, ...] = ()
    repositories: int = 0
    spent: Decimal = ZERO
    more: bool = False


def overview(
    session: Session, digest: str, month: str, limits: BudgetLimits, now: datetime, *, page: int = 1
) -> RepositoryOverview:
    """The page of what the session may see."""
    spent = func.coalesce(TotalRow.spent, 0).label("spent")
    some = (  # few and narrow columns of all, then the wide ones of the page
        select(
            SightRow.repository_id,
            SightRow.administers,
            spent,
            func.coalesce(TotalRow.reserved, 0).label("reserved"),
            func.count().over().label("all"),
            func.sum(func.coalesce(TotalRow.spent, 0)).over().label("sum"),
        )
        .outerjoin(
            TotalRow,
            and_(
                TotalRow.scope == CapScope.REPOSITORY,
                TotalRow.key == cast(SightRow.repository_id, Text),
                TotalRow.month == month,
            ),
        )
        .where(SightRow.id_digest == digest)
        .order_by(spent.desc(), SightRow.repository_id)
        .limit(SIZE)
        .offset((page - 1) * SIZE)
        .subquery()
    )
    rows = session.execute(
        select(*_COLUMNS, some.c.administers, some.c.spent, some.c.reserved, some.c.all, some.c.sum)
        .join(some, some.c.repository_id == RepositoryRow.id)
        .order_by(some.c.spent.desc(), RepositoryRow.id)
    ).all()
    if not rows:
        return RepositoryOverview()
    found = month_records(session, [row.id for row in rows], month)
    lines = tuple(make_line(row, month, limits, now, found[row.id]) for row in rows)
    return RepositoryOverview(lines, rows[0].all, _usd(rows[0].sum), more=rows[0].all > page * SIZE)


_COLUMNS = (
    RepositoryRow.id,
    RepositoryRow.installation_id,
    RepositoryRow.name,
    RepositoryRow.active,
    RepositoryRow.budget,
    RepositoryRow.budget_by,
    RepositoryRow.budget_at,
    RepositoryRow.budget_file,
    RepositoryRow.file_budget,
    RepositoryRow.file_issue,
)


def make_line(row: Any, month: str, limits: BudgetLimits, now: datetime, record: MonthRecord) -> RepositoryLine:
    """The line of a database row that holds `_COLUMNS`, `spent`, `reserved` and `administers`."""
    setting = None
    if row.budget is not None and row.budget_at is not None:
        setting = ChosenBudget(row.budget, row.budget_by, row.budget_at, row.budget_file)
    spent = _usd(row.spent)
    return RepositoryLine(
        id=row.id,
        name=row.name,
        active=row.active,
        administers=bool(row.administers),
        spent=spent,
        reserved=_usd(row.reserved),
        budget=effective_budget(limits, RequestedBudget(row.file_budget, row.file_issue), setting),
        forecast=forecast(spent, now) if month == month_of(now) else None,
        record=record,
    )


def repository_line(
    session: Session, digest: str, repository_id: int, month: str, limits: BudgetLimits, now: datetime
) -> RepositoryLine | None:
    """One repository's line; None if the session may not see it (or there is none: nobody can tell which)."""
    row = session.execute(
        select(
            *_COLUMNS,
            SightRow.administers,
            func.coalesce(TotalRow.spent, 0).label("spent"),
            func.coalesce(TotalRow.reserved, 0).label("reserved"),
        )
        .join(SightRow, SightRow.repository_id == RepositoryRow.id)
        .outerjoin(
            TotalRow,
            and_(
                TotalRow.scope == CapScope.REPOSITORY,
                TotalRow.key == str(repository_id),
                TotalRow.month == month,
            ),
        )
        .where(SightRow.id_digest == digest, RepositoryRow.id == repository_id)
    ).one_or_none()
    if row is None:
        return None
    return make_line(row, month, limits, now, month_records(session, [repository_id], month)[repository_id])


def month_records(session: Session, repository_ids: Sequence[int], month: str) -> dict[int, MonthRecord]:
    """What the month's jobs came to, by repository."""
    found = {number: MonthRecord() for number in repository_ids}
    begin, end = bounds(month)
    known = JobRow.strong_usd.is_not(None)
    jobs = session.execute(
        select(
            JobRow.repository_id,
            JobRow.kind,
            JobRow.state,
            func.count().label("many"),
            func.sum(case((known, JobRow.usd), else_=None)).label("usd"),
            func.sum(JobRow.strong_usd).label("strong"),
        )
        .where(JobRow.repository_id.in_(repository_ids), JobRow.created_at >= begin, JobRow.created_at < end)
        .group_by(JobRow.repository_id, JobRow.kind, JobRow.state)
    ).all()
    for row in jobs:
        record = found[row.repository_id]
        record.known += _usd(row.usd)
        record.strong += _usd(row.strong)
        if row.kind == Kind.RESOLVE.value:
            record.jobs += row.many
            record.opened += row.many if row.state == State.OPENED.value else 0
            record.ended += row.many if row.state in _ENDED else 0
    merged = session.execute(
        select(OutcomeRow.repository_id, func.count().label("many"))
        .where(
            OutcomeRow.repository_id.in_(repository_ids),
            OutcomeRow.outcome == "merged",
            OutcomeRow.at >= begin,
            OutcomeRow.at < end,
        )
        .group_by(OutcomeRow.repository_id)
    ).all()
    for row in merged:
        found[row.repository_id].merged = row.many
    return found


_ENDED = frozenset({State.OPENED.value, State.DECLINED.value, State.FAILED.value, State.OVER_BUDGET.value})


def _usd(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else ZERO
