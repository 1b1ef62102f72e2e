"""The "Pennyfix: budget" issue: opened at the first alert and never unasked, edited from then on, one comment an alert.

A crash between any two steps is harmless: the issue and the comments are found by their hidden marks, and an alert
counts as told only after its comment is there.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from workers.billing import budgets, spending_reports
from workers.billing.bill import Month
from workers.billing.forecast import forecast
from workers.billing.policy import BudgetLimits
from workers.billing.totals import CapScope
from workers.db import locks
from workers.db.database import Database
from workers.db.tables import JobRow, RepositoryRow
from workers.github.types import ForgeError, Missing, RemoteComment
from workers.jobs.job import State
from workers.messages import budget_issue, comments
from workers.months import month_of

PATIENCE = timedelta(minutes=2)
log = structlog.get_logger()


class BudgetIssueApi(Protocol):
    """What is needed of GitHub."""

    def find_issue(self, marker: str) -> int | None: ...
    def open_issue(self, title: str, body: str) -> int: ...
    def edit_issue(self, number: int, body: str) -> None: ...
    def find_comment(self, number: int, marker: str) -> RemoteComment | None: ...
    def add_comment(self, number: int, body: str) -> int: ...


def update_budget_issue(
    forge: BudgetIssueApi,
    database: Database,
    repository_id: int,
    limits: BudgetLimits,
    clock: Callable[[], datetime],
    *,
    ended: bool = False,
) -> tuple[int, ...]:
    """Tell of a mark that is reached, and bring the issue up to date; the marks told now. `ended`: a call found no room
    in the repository's month, which is its end. Never raises ForgeError: a budget that cannot be shown still holds.
    """
    now = clock()
    with database.read() as session:
        due = budgets.pending_alerts(session, repository_id, limits, now, ended=ended)
        known = session.get_one(RepositoryRow, repository_id).budget_issue
    if not due and not known:
        return ()
    lock, owner = f"budget:{repository_id}", uuid.uuid4().hex
    with database.begin() as session:
        if not locks.take(session, lock, owner, PATIENCE, now):
            return ()
        due = budgets.pending_alerts(session, repository_id, limits, now, ended=ended)
    try:
        _tell(forge, database, repository_id, limits, now, due)
    except ForgeError as error:
        log.warning("the budget issue could not be brought up to date", repository=repository_id, error=str(error))
        return ()
    finally:
        with database.begin() as session:
            locks.give_back(session, lock, owner)
    return due


def _tell(
    forge: BudgetIssueApi,
    database: Database,
    repository_id: int,
    limits: BudgetLimits,
    now: datetime,
    due: tuple[int, ...],
) -> None:
    with database.read() as session:
        facts = facts_of(session, repository_id, limits, now)
        number = session.get_one(RepositoryRow, repository_id).budget_issue
    number = _bring(forge, number, budget_issue.body(facts))
    with database.begin() as session:
        session.get_one(RepositoryRow, repository_id).budget_issue = number
    if not due:
        return
    highest = max(due)
    if forge.find_comment(number, budget_issue.alert_mark(facts.month, highest)) is None:
        forge.add_comment(number, budget_issue.alert(highest, facts))
    with database.begin() as session:
        budgets.mark_sent(session, repository_id, due, now)


def _bring(forge: BudgetIssueApi, number: int, body: str) -> int:
    """The issue with this text; its number. One that was deleted is opened again."""
    number = number or forge.find_issue(budget_issue.MARK) or 0
    if number:
        try:
            forge.edit_issue(number, body)
        except Missing:
            number = 0
    return number or forge.open_issue(budget_issue.TITLE, body)


def facts_of(session: Session, repository_id: int, limits: BudgetLimits, now: datetime) -> budget_issue.BudgetFacts:
    """What the issue says now."""
    month = month_of(now)
    budget = budgets.budget_of(session, repository_id, limits)
    total = spending_reports.spent(session, CapScope.REPOSITORY, str(repository_id), month)
    waiting = select(JobRow.issue).where(JobRow.repository_id == repository_id, JobRow.state == State.OVER_BUDGET.value)
    return budget_issue.BudgetFacts(
        month=month,
        money=Month(total.spent, budget.month, total.reserved),
        forecast=forecast(total.spent, now),
        source=comments.budget_source(budget.source, budget.by),
        issues=spending_reports.by_issue(session, repository_id, month),
        waiting=tuple(session.scalars(waiting.order_by(JobRow.created_at, JobRow.id))),
    )
