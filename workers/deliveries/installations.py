"""Installations and repositories as GitHub tells of them: who is there, what they are called, what was purged.

Numeric ids are the keys. A repository that turns up under another installation or name is moved or renamed.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from workers.billing import ledger
from workers.db.tables import (
    AlertRow,
    AuditRow,
    DeliveryRow,
    InstallationRow,
    JobRow,
    OutcomeRow,
    RepositoryRow,
)
from workers.db.upsert import insert_new
from workers.jobs import queue
from workers.jobs.commands import Lifecycle, Place

_GONE = {
    "repositories_removed": "the repository was taken away from this App",
    "repository_archived": "the repository was archived",
    "repository_deleted": "the repository was deleted",
    "repository_transferred": "the repository was transferred",
}


def ensure_repository(session: Session, place: Place, now: datetime, *, account: str = "") -> RepositoryRow:
    """The repository's row, made or corrected to what `place` says."""
    row = session.get(RepositoryRow, place.repository_id)
    if row is None or row.installation_id != place.installation_id:
        row = _add(session, place, now, account or place.repository.partition("/")[0])
    if (row.installation_id, row.name) != (place.installation_id, place.repository):
        row.installation_id = place.installation_id
        row.name = place.repository
    if not row.active:
        row.active = True
    session.flush()
    return row


def _add(session: Session, place: Place, now: datetime, account: str) -> RepositoryRow:
    insert_new(
        session,
        InstallationRow,
        [{"id": place.installation_id, "account": account, "suspended": False, "created_at": now}],
    )
    values = {"id": place.repository_id, "installation_id": place.installation_id, "name": place.repository}
    insert_new(session, RepositoryRow, [{**values, "active": True, "archived": False, "created_at": now}])
    row = session.get(RepositoryRow, place.repository_id)
    if row is None:  # deleted between the two statements: only PostgreSQL, and then for good
        raise LookupError(f"repository {place.repository_id} was purged just now")
    return row


def apply_lifecycle(session: Session, change: Lifecycle, now: datetime, *, keep_delivery: str = "") -> str:
    """Carry out a life-cycle change; a sentence about what was done. `keep_delivery` survives a purge."""
    if change.what == "deleted":
        ended = purge(session, change.installation_id, now, keep_delivery=keep_delivery)
        return f"installation purged; {ended} jobs ended"
    if change.what in _GONE:
        reason = _GONE[change.what]
        ended = sum(_remove(session, number, change, reason, now) for number, _ in change.repositories)
        return f"{reason}; {ended} jobs cancelled"
    _ensure_installation(session, change, now)
    if change.what == "suspended":
        ended = queue.cancel_all(
            session, "the installation was suspended", now=now, installation_id=change.installation_id
        )
        return f"installation suspended; {ended} jobs cancelled"
    for number, name in change.repositories:
        ensure_repository(session, Place(change.installation_id, number, name), now, account=change.account)
        if change.what == "repository_renamed":
            session.execute(update(JobRow).where(JobRow.repository_id == number).values(repository=name))
    return f"{change.what.replace('_', ' ')}: {len(change.repositories)} repositories"


def _ensure_installation(session: Session, change: Lifecycle, now: datetime) -> None:
    suspended = change.what == "suspended"
    values = {"id": change.installation_id, "account": change.account, "suspended": suspended, "created_at": now}
    insert_new(session, InstallationRow, [values])
    row = session.get(InstallationRow, change.installation_id)
    if row is None:
        return
    row.account = change.account or row.account
    if change.what in {"created", "suspended", "unsuspended"}:
        row.suspended = suspended
    session.flush()


def _remove(session: Session, repository_id: int, change: Lifecycle, reason: str, now: datetime) -> int:
    row = session.get(RepositoryRow, repository_id)
    if row is None or row.installation_id != change.installation_id:
        return 0
    row.active = False
    row.archived = change.what == "repository_archived"
    session.flush()
    return queue.cancel_all(session, reason, now=now, repository_id=repository_id)


def purge(session: Session, installation_id: int, now: datetime, *, keep_delivery: str = "") -> int:
    """Forget an installation: its jobs, deliveries' contents, settings, outcomes. Returns how many jobs it had running.

    What stays: one sum per repository, month, tier and model, so that no cap and no month's total changes;
    and the ids of deliveries, which are the defence against replays.
    """
    mine = select(RepositoryRow.id).where(RepositoryRow.installation_id == installation_id)
    repositories = session.scalars(mine).all()
    ended = queue.cancel_all(session, "the App was uninstalled", now=now, installation_id=installation_id)
    ledger.condense(session, installation_id, now)
    # their workers find no row at their next write, which is LeaseLost; attempts and steps go along (cascade)
    session.execute(delete(JobRow).where(JobRow.installation_id == installation_id))
    for table in (AlertRow, OutcomeRow):
        session.execute(delete(table).where(table.repository_id.in_(repositories)))
    session.execute(delete(AuditRow).where(AuditRow.installation_id == installation_id))
    session.execute(delete(AuditRow).where(AuditRow.repository_id.in_(repositories)))
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.installation_id == installation_id, DeliveryRow.guid != keep_delivery)
        .values(command=None, reason="purged", repository_id=None, body_digest="")
    )
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.installation_id == installation_id, DeliveryRow.state == "pending")
        .values(state="done")
    )
    session.execute(delete(JobRow).where(JobRow.repository_id.in_(repositories)))
    session.execute(delete(RepositoryRow).where(RepositoryRow.installation_id == installation_id))
    session.execute(delete(InstallationRow).where(InstallationRow.id == installation_id))
    return ended
