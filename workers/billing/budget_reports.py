"""Repositories with their month: budget, spent, forecast. What `pennyfix budget` shows. Never writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workers.billing import spending_reports
from workers.billing.budgets import budget_of
from workers.billing.forecast import forecast
from workers.billing.policy import Budget, BudgetLimits
from workers.billing.totals import CapScope, Total
from workers.config.validation import nearest
from workers.db.tables import RepositoryRow
from workers.months import month_of


class NoSuchRepository(LookupError):
    """No repository of this name is known here; the message says which are."""


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """One repository's calendar month (UTC). Amounts in USD; `asked` is the budget before the operator's limit."""

    repository_id: int
    repository: str
    active: bool
    month: str
    budget: Decimal
    asked: Decimal
    source: str
    by: str
    issue_budget: Decimal
    spent: Decimal
    reserved: Decimal
    forecast: Decimal

    @property
    def left(self) -> Decimal:
        """USD that may still be spent this month."""
        return max(self.budget - self.spent - self.reserved, Decimal(0))


def budget_lines(session: Session, limits: BudgetLimits, now: datetime) -> tuple[BudgetLine, ...]:
    """All repositories, dearest first; those that left only while they have spent something this month."""
    month = month_of(now)
    spent = spending_reports.repositories(session, month)
    rows = session.scalars(select(RepositoryRow).order_by(RepositoryRow.name)).all()
    lines = [
        _line(row, budget_of(session, row.id, limits), spent.get(row.id, Total()), month, now)
        for row in rows
        if row.active or row.id in spent
    ]
    return tuple(sorted(lines, key=lambda line: -line.spent))


def budget_line(session: Session, row: RepositoryRow, limits: BudgetLimits, now: datetime) -> BudgetLine:
    """One repository."""
    month = month_of(now)
    spent = spending_reports.spent(session, CapScope.REPOSITORY, str(row.id), month)
    return _line(row, budget_of(session, row.id, limits), spent, month, now)


def find_repository(session: Session, name: str) -> RepositoryRow:
    """The repository `owner/name` as GitHub reads names: in any case. Raises NoSuchRepository."""
    wanted = name.strip().lower()
    query = select(RepositoryRow).where(func.lower(RepositoryRow.name) == wanted)
    row = session.scalars(query.order_by(RepositoryRow.active.desc(), RepositoryRow.created_at.desc())).first()
    if row is not None:
        return row
    known = session.scalars(
        select(RepositoryRow.name).where(RepositoryRow.active.is_(True)).order_by(RepositoryRow.name)
    )
    names = list(known)
    meant = nearest(wanted, [n.lower() for n in names])
    hint = f"did you mean {next(n for n in names if n.lower() == meant)}?" if meant else _known(names)
    raise NoSuchRepository(f"no repository {name!r} is known here (write it as OWNER/NAME); {hint}")


def _known(names: list[str]) -> str:
    if not names:
        return "known are those the App is installed on, and there is none yet"
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""  # noqa: PLR2004 - a line is long enough
    return f"known are {', '.join(names[:10])}{more}"


def _line(row: RepositoryRow, budget: Budget, total: Total, month: str, now: datetime) -> BudgetLine:
    return BudgetLine(
        repository_id=row.id,
        repository=row.name,
        active=row.active,
        month=month,
        budget=budget.month,
        asked=budget.asked,
        source=budget.source,
        by=budget.by,
        issue_budget=budget.issue,
        spent=total.spent,
        reserved=total.reserved,
        forecast=forecast(total.spent, now),
    )
