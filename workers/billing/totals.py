"""The rows of `totals`: what a scope has spent and set aside, changed in the transaction that changes what it sums up.

A call has four scopes: its issue (all its jobs, all months), and the month of its repository, its installation and
the operator. Their rows are always locked in that order, the busiest last, so that nobody deadlocks and the
operator's row is held shortest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Text, bindparam, text
from sqlalchemy.orm import Session

from workers.db.columns import Usd
from workers.db.tables import TotalRow
from workers.db.upsert import insert_new
from workers.jobs.job import LeaseLost

ZERO = Decimal(0)
SOLVING = frozenset({"repair", "agent"})
"""Purposes of calls that write a patch; the others (reproduction, judge …) prepare or check."""


class CapScope(StrEnum):
    """What a cap bounds. The values are those of the column `totals.scope`."""

    ISSUE = "issue"  # all jobs of an issue, in all months
    REPOSITORY = "repository"  # a month of a repository, and so on
    INSTALLATION = "installation"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Scope:
    """One row of `totals`."""

    scope: CapScope
    key: str
    month: str


@dataclass(frozen=True, slots=True)
class Total:
    """USD of one scope."""

    spent: Decimal = ZERO
    reserved: Decimal = ZERO

    @property
    def used(self) -> Decimal:
        """Spent and set aside."""
        return self.spent + self.reserved


def scopes(installation_id: int, repository_id: int, issue: int, month: str) -> tuple[Scope, ...]:
    """The scopes of a call, in the order in which their rows are locked: the busiest last. Issue 0 is no issue."""
    issue_scope = (Scope(CapScope.ISSUE, f"{repository_id}#{issue}", ""),) if issue else ()
    return (
        *issue_scope,
        Scope(CapScope.REPOSITORY, str(repository_id), month),
        Scope(CapScope.INSTALLATION, str(installation_id), month),
        Scope(CapScope.OPERATOR, "", month),
    )


# Constants and placeholders only, no value is ever in the text; an absent scope has a key that matches nothing.
_NONE = "-"
MATCH = """(
    scope = 'issue' AND key = :issue AND month = ''
    OR scope = 'repository' AND key = :repository AND month = :month
    OR scope = 'installation' AND key = :installation AND month = :month
    OR scope = 'operator' AND key = :operator AND month = :month
)"""
ORDER = "CASE scope WHEN 'issue' THEN 0 WHEN 'repository' THEN 1 WHEN 'installation' THEN 2 ELSE 3 END"
_CHANGE = "spent = totals.spent + :spent, reserved = totals.reserved + :reserved"
_NOW_IS = "RETURNING totals.scope, totals.spent, totals.reserved"
_AMOUNTS = (bindparam("spent", type_=Usd), bindparam("reserved", type_=Usd))

COUNT = f"SELECT count(*) FROM totals WHERE {MATCH}"  # noqa: S608 - constants, see above
_READ = text(f"SELECT scope, spent, reserved FROM totals WHERE {MATCH}").columns(  # noqa: S608 - constants
    scope=Text, spent=Usd, reserved=Usd
)
_CHANGE_SQLITE = (
    text(f"UPDATE totals SET {_CHANGE} WHERE {MATCH} {_NOW_IS}")  # noqa: S608 - constants
    .bindparams(*_AMOUNTS)
    .columns(scope=Text, spent=Usd, reserved=Usd)
)
_CHANGE_POSTGRES = (
    text(
        "WITH locked AS MATERIALIZED ("  # noqa: S608 - constants
        f"SELECT scope, key, month FROM totals WHERE {MATCH} ORDER BY {ORDER} FOR UPDATE) "
        f"UPDATE totals SET {_CHANGE} FROM locked "
        "WHERE totals.scope = locked.scope AND totals.key = locked.key AND totals.month = locked.month "
        f"{_NOW_IS}"
    )
    .bindparams(*_AMOUNTS)
    .columns(scope=Text, spent=Usd, reserved=Usd)
)


def parameters(wanted: Sequence[Scope]) -> dict[str, str]:
    """What `COUNT` and its neighbours ask for."""
    keys = {"issue": _NONE, "repository": _NONE, "installation": _NONE, "operator": _NONE, "month": ""}
    for scope in wanted:
        keys[scope.scope] = scope.key
        keys["month"] = scope.month or keys["month"]
    return keys


def read(session: Session, wanted: Sequence[Scope]) -> dict[str, Total]:
    """What the scopes (of one month, at most one of a kind) have spent and set aside, by the scope's name."""
    rows = session.execute(_READ, parameters(wanted))
    return {row.scope: Total(row.spent, row.reserved) for row in rows}


def open_books(session: Session, wanted: Sequence[Scope]) -> None:
    """Make the rows that are missing. Called before any of them is locked, in the order of locking: no deadlock."""
    zero = {"spent": ZERO, "reserved": ZERO}
    rows = [{"scope": scope.scope, "key": scope.key, "month": scope.month, **zero} for scope in wanted]
    insert_new(session, TotalRow, rows)


def change(
    session: Session, wanted: Sequence[Scope], *, spent: Decimal = ZERO, reserved: Decimal = ZERO
) -> dict[str, Total]:
    """Lock the rows in the order of `scopes` and add to them; what they say now. They stay locked until the commit.

    SQLite's transaction is the lock; on PostgreSQL one statement locks in order, then changes. Raises LeaseLost
    if a row is gone: its installation was purged.
    """
    query = _CHANGE_SQLITE if session.get_bind().dialect.name == "sqlite" else _CHANGE_POSTGRES
    rows = session.connection().execute(query, {**parameters(wanted), "spent": spent, "reserved": reserved}).all()
    if len(rows) != len(wanted):
        raise LeaseLost("the books of this repository were closed: the App was uninstalled")
    return {row.scope: Total(row.spent, row.reserved) for row in rows}
