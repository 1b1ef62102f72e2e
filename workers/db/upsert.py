"""INSERT that leaves an existing row alone or updates it: one spelling for both databases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from workers.db.tables import Table

Insert = postgresql.Insert | sqlite.Insert


def insert(session: Session, table: type[Table]) -> Insert:
    """The dialect's own INSERT, which knows ON CONFLICT."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table.__table__)  # type: ignore[arg-type]  # Core, not ORM: half the time; a mapped class has a Table
    return sqlite.insert(table.__table__)  # type: ignore[arg-type]  # Core, not ORM: half the time; a mapped class has a Table


def insert_one(session: Session, table: type[Table], values: Mapping[str, Any], returning: str) -> Any:
    """Add the row and return its column `returning`; None if it collides with one that is there.

    The statement is made once and only its values change: building it costs more than running it.
    """
    statement = _insert_one(session.get_bind().dialect.name, table, returning)
    return session.execute(statement, dict(values)).scalar_one_or_none()


@cache
def _insert_one(dialect: str, table: type[Table], returning: str) -> ReturningInsert[Any]:
    made = postgresql.insert if dialect == "postgresql" else sqlite.insert
    core: Any = table.__table__  # Core, not ORM: half the time
    return made(core).on_conflict_do_nothing().returning(core.c[returning])


def insert_new(session: Session, table: type[Table], rows: Sequence[Mapping[str, Any]]) -> None:
    """Add the rows that are not there yet, in the order given."""
    session.execute(insert(session, table).values(list(rows)).on_conflict_do_nothing())


def upsert(session: Session, table: type[Table], keys: Sequence[str], values: Mapping[str, Any]) -> None:
    """Add the row, or set everything but its `keys` and `created_at`."""
    statement = insert(session, table).values(**values)
    changed = {name: statement.excluded[name] for name in values if name not in keys and name != "created_at"}
    session.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=changed))
