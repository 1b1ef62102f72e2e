"""A repository's budget in the database: what its file said last, what an administrator set, what was told.

The precedence is `workers/billing/policy.py`'s; every change is in the audit trail.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from workers.billing import totals
from workers.billing.ledger import Caps
from workers.billing.policy import (
    MARKS,
    Budget,
    BudgetLimits,
    ChosenBudget,
    RequestedBudget,
    caps,
    due_alerts,
    effective_budget,
)
from workers.db import audit
from workers.db.tables import AlertRow, InstallationRow, RepositoryRow
from workers.db.upsert import insert_new
from workers.months import month_of
from workers.usd import check_usd


class UnknownRepository(LookupError):
    """No repository with this id is known here; the message says how it becomes known."""

    def __init__(self, repository_id: int) -> None:
        super().__init__(
            f"repository {repository_id} is not known here; known are those the App is installed on "
            "(pennyfix budget list shows them)"
        )


def _row(session: Session, repository_id: int, *, lock: bool = False) -> RepositoryRow:
    query = select(RepositoryRow).where(RepositoryRow.id == repository_id)
    row = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise UnknownRepository(repository_id)
    return row


def budget_of(session: Session, repository_id: int, limits: BudgetLimits) -> Budget:
    """What is in force for the repository. Raises UnknownRepository."""
    return _in_force(_row(session, repository_id), limits)


def _in_force(row: RepositoryRow, limits: BudgetLimits) -> Budget:
    setting = None
    if row.budget is not None and row.budget_at is not None:
        setting = ChosenBudget(row.budget, row.budget_by, row.budget_at, row.budget_file)
    return effective_budget(limits, RequestedBudget(row.file_budget, row.file_issue), setting)


def caps_of(session: Session, repository_id: int, limits: BudgetLimits) -> Caps:
    """All caps of a call for the repository. Raises UnknownRepository."""
    row = _row(session, repository_id)
    installation = session.get(InstallationRow, row.installation_id)
    return caps(_in_force(row, limits), limits, None if installation is None else installation.budget)


def record_file_budget(session: Session, repository_id: int, wish: RequestedBudget, *, now: datetime) -> None:
    """Remember what the repository's file asks for; a change of it is in the audit trail."""
    row = _row(session, repository_id, lock=True)
    if (row.file_budget, row.file_issue) == (wish.month, wish.issue):
        return
    audit.note(
        session,
        "file",
        "budget in the repository's file",
        now=now,
        place=row.name,
        installation_id=row.installation_id,
        repository_id=repository_id,
        before={"monthly_usd": _text(row.file_budget), "issue_usd": _text(row.file_issue)},
        after={"monthly_usd": _text(wish.month), "issue_usd": _text(wish.issue)},
    )
    row.file_budget = wish.month
    row.file_issue = wish.issue
    session.flush()


def set_budget(
    session: Session, repository_id: int, amount: Decimal | None, actor: str, now: datetime, *, limits: BudgetLimits
) -> Budget:
    """Set the month's budget (USD), or with None go back to the file's; what is in force then.

    Raises MoneyError for an amount that is negative, not finite, finer than a millionth, or above the operator's
    limit for one repository; UnknownRepository.
    """
    if amount is not None:
        check_usd(amount, most=limits.repository_month)
    row = _row(session, repository_id, lock=True)
    before = _in_force(row, limits)
    row.budget = amount
    row.budget_by = actor if amount is not None else ""
    row.budget_at = now if amount is not None else None
    row.budget_file = row.file_budget
    session.flush()
    after = _in_force(row, limits)
    audit.note(
        session,
        actor,
        "budget set" if amount is not None else "budget setting removed",
        now=now,
        place=row.name,
        installation_id=row.installation_id,
        repository_id=repository_id,
        before={"monthly_usd": str(before.month), "source": before.source},
        after={"monthly_usd": str(after.month), "source": after.source},
    )
    session.flush()
    return after


def pending_alerts(
    session: Session, repository_id: int, limits: BudgetLimits, now: datetime, *, ended: bool = False
) -> tuple[int, ...]:
    """The marks (percent of the month) that the repository has yet to be told of; each once a month.

    `ended`: a call found no room in the month, which counts as reaching its end.
    """
    month = month_of(now)
    row = _row(session, repository_id)
    total = totals.read(session, totals.scopes(row.installation_id, repository_id, 0, month)).get("repository")
    told_already = session.scalars(
        select(AlertRow.mark).where(AlertRow.repository_id == repository_id, AlertRow.month == month)
    ).all()
    if ended:
        return tuple(mark for mark in MARKS if mark not in told_already)
    spent = totals.ZERO if total is None else total.spent
    return due_alerts(spent, _in_force(row, limits).month, told_already)


def mark_sent(session: Session, repository_id: int, marks: tuple[int, ...], now: datetime) -> None:
    """Remember that the repository was told of these marks this month; the end includes all that lie before it."""
    month = month_of(now)
    reached = [mark for mark in MARKS if marks and mark <= max(marks)]
    rows = [{"repository_id": repository_id, "month": month, "mark": mark, "at": now} for mark in reached]
    if rows:
        insert_new(session, AlertRow, rows)


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
