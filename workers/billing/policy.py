"""How much a repository may spend: the operator's limits, its own file, and what an administrator set. Pure.

Precedence, for the month of a repository:
1. An administrator's setting (`/autofix budget`, the dashboard, `pennyfix budget set`) counts until the file's
   value changes: whoever spoke last is heard.
2. Else the file's `budget.monthly_usd`.
3. Else the operator's `repository_monthly_usd`.
Nothing exceeds the operator's limit: effective = min. Amounts in USD, months are calendar months in UTC.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from workers.billing.ledger import Caps
from workers.config.operator_file import Operator

MARKS = (80, 100)  # percent of a month's budget at which a repository hears of it, once each


@dataclass(frozen=True, slots=True)
class BudgetLimits:
    """What the operator allows, in USD. `installation` None: no cap of its own for one installation."""

    operator_month: Decimal
    repository_month: Decimal
    issue: Decimal
    installation_month: Decimal | None = None


def limits_of(operator: Operator) -> BudgetLimits:
    """The operator's limits in the ledger's words."""
    given = operator.limits
    return BudgetLimits(
        operator_month=given.monthly_usd,
        repository_month=given.repository_monthly_usd,
        issue=given.issue_usd,
        installation_month=given.installation_monthly_usd,
    )


@dataclass(frozen=True, slots=True)
class RequestedBudget:
    """What the repository's file asks for, in USD; None where it says nothing."""

    month: Decimal | None = None
    issue: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ChosenBudget:
    """What an administrator set, when, and what the file's month said at that time."""

    month: Decimal
    by: str
    at: datetime
    file_then: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """What is in force. `asked` is what `source` wanted before the operator's limit; `by` who set it."""

    month: Decimal
    issue: Decimal
    source: Literal["operator", "file", "setting"]
    asked: Decimal
    by: str = ""

    @property
    def bounded(self) -> bool:
        """Whether the operator's limit is lower than what was asked for."""
        return self.month < self.asked


def effective_budget(limits: BudgetLimits, wish: RequestedBudget, setting: ChosenBudget | None) -> Budget:
    """The budget of a repository by the precedence above."""
    issue = limits.issue if wish.issue is None else min(wish.issue, limits.issue)
    if setting is not None and setting.file_then == wish.month:
        month = min(setting.month, limits.repository_month)
        return Budget(month, issue, "setting", setting.month, setting.by)
    if wish.month is not None:
        return Budget(min(wish.month, limits.repository_month), issue, "file", wish.month)
    return Budget(limits.repository_month, issue, "operator", limits.repository_month)


def caps(budget: Budget, limits: BudgetLimits, installation: Decimal | None = None) -> Caps:
    """All caps of a call. `installation` is what this installation was given; the operator's bound stays."""
    bounds = [cap for cap in (installation, limits.installation_month) if cap is not None]
    return Caps(budget.issue, budget.month, min(bounds) if bounds else None, limits.operator_month)


def due_alerts(spent: Decimal, month: Decimal, told: Collection[int], marks: Sequence[int] = MARKS) -> tuple[int, ...]:
    """The marks that are reached and not told yet. A budget of 0 is never "reached" by having spent nothing."""
    if spent <= 0:
        return ()
    return tuple(mark for mark in marks if mark not in told and spent * 100 >= month * mark)


def next_month(now: datetime) -> datetime:
    """When the next calendar month begins, UTC."""
    here = now.astimezone(UTC)
    year, month = (here.year + 1, 1) if here.month == 12 else (here.year, here.month + 1)  # noqa: PLR2004 - December
    return datetime(year, month, 1, tzinfo=UTC)
