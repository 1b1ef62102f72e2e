"""Jobs that stopped for want of money run again when there is some: a new month, a raise, a switch set back.

Oldest first. A job waits until the call that found no room would find it, and what one job is let in for is not
promised to the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workers.billing import budgets, ledger, totals
from workers.billing.policy import BudgetLimits
from workers.billing.totals import ZERO, Scope, Total
from workers.db import switches
from workers.db.tables import InstallationRow, JobRow, RepositoryRow
from workers.jobs import queue
from workers.jobs.job import State
from workers.months import month_of
from workers.usd import MICRO

_AT_ONCE = 200


def resume(
    session: Session, limits: BudgetLimits, now: datetime, *, repository_id: int | None = None
) -> tuple[int, ...]:
    """Put back in the queue what can be paid for now; the ids. Publish them after the commit (or the sweeper will)."""
    stop = switches.look(session, ledger.STOP_SPENDING)
    if stop is not None and stop.thrown:
        return ()
    query = (
        select(JobRow)
        .join(RepositoryRow, RepositoryRow.id == JobRow.repository_id)
        .join(InstallationRow, InstallationRow.id == JobRow.installation_id)
        .where(JobRow.state == State.OVER_BUDGET.value, RepositoryRow.active, ~InstallationRow.suspended)
        .order_by(JobRow.created_at, JobRow.id)
        .limit(_AT_ONCE)
        .with_for_update(of=JobRow, skip_locked=True)
    )
    if repository_id is not None:
        query = query.where(JobRow.repository_id == repository_id)
    promised: dict[Scope, Decimal] = {}
    resumed = []
    month = month_of(now)
    for row in session.scalars(query).all():
        needed = max(row.needed or ZERO, MICRO)
        wanted = totals.scopes(row.installation_id, row.repository_id, row.issue, month)
        sums = _with(totals.read(session, wanted), wanted, promised)
        caps = budgets.caps_of(session, row.repository_id, limits)
        if ledger.refused(caps, sums, needed) is not None:
            continue
        if queue.active(session, row.repository_id, row.issue) is not None:
            continue  # a newer request is at it; `enqueue` supersedes this one
        try:
            with session.begin_nested():
                row.attempts = 0
                row.finished_at = None
                row.needed = None
                queue.back_to_queue(session, row, now, "there is money again", now=now)
        except IntegrityError:  # asked for anew at this very moment
            continue
        for scope in wanted:
            promised[scope] = promised.get(scope, ZERO) + needed
        resumed.append(row.id)
    return tuple(resumed)


def _with(sums: Mapping[str, Total], wanted: tuple[Scope, ...], promised: Mapping[Scope, Decimal]) -> dict[str, Total]:
    """The totals as if the promises were set aside already."""
    return {
        scope.scope: Total(
            sums.get(scope.scope, Total()).spent,
            sums.get(scope.scope, Total()).reserved + promised.get(scope, ZERO),
        )
        for scope in wanted
    }
