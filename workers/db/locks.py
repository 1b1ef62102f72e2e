"""Named locks with an expiry: what only one process of Pennyfix should do at a time, without anybody waiting."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, delete, update
from sqlalchemy.orm import Session

from workers.db.tables import LockRow
from workers.db.upsert import insert_new


def take(session: Session, name: str, owner: str, ttl: timedelta, now: datetime) -> bool:
    """Whether `owner` holds the lock until `now + ttl`: it was free, expired, or its own already."""
    insert_new(session, LockRow, [{"name": name, "owner": owner, "expires": now}])
    result: CursorResult[Any] = session.execute(  # type: ignore[assignment] # an UPDATE gives a CursorResult
        update(LockRow)
        .where(LockRow.name == name, (LockRow.owner == owner) | (LockRow.expires <= now))
        .values(owner=owner, expires=now + ttl)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount == 1


def give_back(session: Session, name: str, owner: str) -> None:
    """Free the lock if it is `owner`'s."""
    session.execute(delete(LockRow).where(LockRow.name == name, LockRow.owner == owner))
