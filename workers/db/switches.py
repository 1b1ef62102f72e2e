"""The operator's switches. `ledger.STOP_SPENDING` stops every new model call at once, on all workers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from workers.db import audit
from workers.db.tables import SwitchRow
from workers.db.upsert import upsert


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch as it was last set."""

    name: str
    thrown: bool
    actor: str
    reason: str
    at: datetime


def turn(session: Session, name: str, *, thrown: bool, actor: str, now: datetime, reason: str = "") -> None:
    """Throw a switch or set it back; audited. Takes effect with the commit."""
    was = look(session, name)
    upsert(
        session,
        SwitchRow,
        ["name"],
        {"name": name, "thrown": thrown, "actor": actor, "reason": reason, "at": now},
    )
    audit.note(
        session,
        actor,
        f"switch {name} {'thrown' if thrown else 'set back'}",
        now=now,
        before={"thrown": was is not None and was.thrown},
        after={"thrown": thrown, "reason": reason},
    )
    session.flush()


def look(session: Session, name: str) -> Switch | None:
    """How the switch stands, None if it was never touched."""
    row = session.get(SwitchRow, name, populate_existing=True)
    return None if row is None else Switch(row.name, row.thrown, row.actor, row.reason, row.at)
