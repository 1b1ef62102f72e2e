"""The audit trail: who asked for what, when, where, and what it changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workers.db.tables import AuditRow


def note(
    session: Session,
    actor: str,
    what: str,
    *,
    now: datetime,
    place: str = "",
    installation_id: int | None = None,
    repository_id: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add a line in the caller's transaction. `before` and `after` must be JSON-able (money as text)."""
    session.add(
        AuditRow(
            at=now,
            actor=actor,
            what=what,
            place=place,
            installation_id=installation_id,
            repository_id=repository_id,
            before=None if before is None else dict(before),
            after=None if after is None else dict(after),
        )
    )


def latest(session: Session, *, repository_id: int | None = None, limit: int = 100) -> Sequence[AuditRow]:
    """The newest lines first, of one repository or of all."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    if repository_id is not None:
        query = query.where(AuditRow.repository_id == repository_id)
    return session.scalars(query).all()
