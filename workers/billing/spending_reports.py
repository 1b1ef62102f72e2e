"""Reading the ledger: what was spent, by whom, on what, when; and whether the sums are right. Never writes.

Amounts are USD; a call of unknown cost counts at its worst case and is counted in `unknown`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Integer, case, cast, func, select
from sqlalchemy.orm import Session

from workers.billing.totals import ZERO, CapScope, Scope, Total, read, scopes
from workers.db.tables import COUNTED_USD, ChargeRow, ReservationRow, TotalRow

_UNKNOWN = func.sum(case((ChargeRow.usd.is_(None), 1), else_=0))


@dataclass(frozen=True, slots=True)
class SpendingLine:
    """One row of a table of spending. `of` is what it is grouped by."""

    of: tuple[str, ...]
    calls: int
    unknown: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A total that is not the sum of its rows: a bug, or somebody wrote into the tables by hand."""

    scope: Scope
    total: Total
    summed: Total


def spent(session: Session, scope: CapScope, key: str, month: str) -> Total:
    """USD spent and set aside in a scope, named as in `ledger.scopes`."""
    return read(session, [Scope(scope, key, month)]).get(scope, Total())


def repositories(session: Session, month: str) -> dict[int, Total]:
    """Every repository that spent or set aside anything in the month."""
    rows = session.execute(
        select(TotalRow.key, TotalRow.spent, TotalRow.reserved).where(
            TotalRow.scope == CapScope.REPOSITORY, TotalRow.month == month
        )
    ).all()
    return {int(row.key): Total(row.spent, row.reserved) for row in rows}


def by_issue(session: Session, repository_id: int, month: str) -> tuple[SpendingLine, ...]:
    """The repository's month by issue, dearest first. Issue 0: before the App was installed again."""
    return _lines(session, [ChargeRow.issue], _where(month, repository_id))


def by_tier_model(session: Session, month: str, *, repository_id: int | None = None) -> tuple[SpendingLine, ...]:
    """The month by tier and model, dearest first, of one repository or of all."""
    return _lines(session, [ChargeRow.tier, ChargeRow.model], _where(month, repository_id))


def daily(session: Session, month: str, *, repository_id: int | None = None) -> dict[str, Decimal]:
    """USD by day (`2026-11-25`, UTC) on which the calls ended, days without calls left out."""
    if session.get_bind().dialect.name == "sqlite":
        day: ColumnElement[Any] = func.strftime("%Y-%m-%d", ChargeRow.at)
    else:
        day = func.to_char(func.timezone("UTC", ChargeRow.at), "YYYY-MM-DD")
    rows = session.execute(
        select(day.label("day"), func.sum(COUNTED_USD).label("usd"))
        .where(*_where(month, repository_id))
        .group_by("day")
        .order_by("day")
    ).all()
    return {row.day: row.usd for row in rows}


def _where(month: str, repository_id: int | None) -> list[ColumnElement[bool]]:
    conditions = [ChargeRow.month == month]
    if repository_id is not None:
        conditions.append(ChargeRow.repository_id == repository_id)
    return conditions


def _lines(session: Session, group: list[Any], conditions: list[ColumnElement[bool]]) -> tuple[SpendingLine, ...]:
    rows = session.execute(
        select(
            *group,
            func.count(),
            cast(_UNKNOWN, Integer),
            func.sum(ChargeRow.input_tokens),
            func.sum(ChargeRow.cached_tokens),
            func.sum(ChargeRow.output_tokens),
            func.sum(COUNTED_USD).label("usd"),
        )
        .where(*conditions)
        .group_by(*group)
        .order_by(func.sum(COUNTED_USD).desc(), *group)
    ).all()
    return tuple(_line(tuple(row), len(group)) for row in rows)


def _line(row: tuple[Any, ...], wide: int) -> SpendingLine:
    calls, unknown, input_tokens, cached_tokens, output_tokens, usd = row[wide:]
    of = tuple("" if value is None else str(value) for value in row[:wide])
    return SpendingLine(of, int(calls), int(unknown), int(input_tokens), int(cached_tokens), int(output_tokens), usd)


def discrepancies(session: Session) -> tuple[Discrepancy, ...]:
    """Every total that differs from the sum of its charges and reservations. Empty is the only right answer."""
    summed: dict[Scope, list[Decimal]] = {}
    tables: tuple[tuple[Any, Any], ...] = ((ChargeRow, COUNTED_USD), (ReservationRow, ReservationRow.worst))
    for index, (table, amount) in enumerate(tables):
        rows = session.execute(
            select(
                table.installation_id, table.repository_id, table.issue, table.month, func.sum(amount).label("usd")
            ).group_by(table.installation_id, table.repository_id, table.issue, table.month)
        ).all()
        for row in rows:
            for scope in scopes(row.installation_id, row.repository_id, row.issue, row.month):
                summed.setdefault(scope, [ZERO, ZERO])[index] += row.usd
    totals = {
        Scope(CapScope(row.scope), row.key, row.month): Total(row.spent, row.reserved)
        for row in session.scalars(select(TotalRow)).all()
    }
    found = []
    for scope in sorted(set(totals) | set(summed), key=lambda scope: (scope.scope, scope.key, scope.month)):
        total, right = totals.get(scope, Total()), Total(*summed.get(scope, (ZERO, ZERO)))
        if total != right:
            found.append(Discrepancy(scope, total, right))
    return tuple(found)
