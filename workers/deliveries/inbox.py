"""The rows of `deliveries`: a delivery and what it changes are one transaction, so that neither exists alone.

`Start`, `Cancel` and `Lifecycle` are carried out on the spot; `Instruct`, `FollowUp`, `Observe`, `Learn` and the files
of repositories that came wait here for a worker.

GitHub's delivery ids are the only defence against replays: they are kept 30 days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from workers.db.tables import DeliveryRow
from workers.db.upsert import insert_one
from workers.deliveries import installations
from workers.jobs import command_json, queue
from workers.jobs.commands import Cancel, Command, FollowUp, Ignored, Instruct, Learn, Lifecycle, Observe, Start

MOST_ATTEMPTS = 5
KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class RecordedDelivery:
    """What became of a delivery. Publish the wake-up (`job_id`, or the delivery's guid) after the commit."""

    duplicate: bool
    job_id: int | None = None
    wake: Literal["job", "delivery"] | None = None


@dataclass(frozen=True, slots=True)
class PendingDelivery:
    """A delivery that a worker has taken. `attempts` counts this one."""

    guid: str
    command: Command
    attempts: int
    owner: str


def record(
    session: Session,
    *,
    guid: str,
    event: str,
    action: str,
    body_digest: str,
    command: Command | Ignored,
    now: datetime,
) -> RecordedDelivery:
    """Keep the delivery and do at once what needs no GitHub. A guid seen before changes nothing."""
    taught = isinstance(command, Lifecycle) and command.teaches
    pending = taught or isinstance(command, Instruct | FollowUp | Observe | Learn)
    ignored = isinstance(command, Ignored)
    values = {
        "guid": guid,
        "event": event,
        "action": action,
        "installation_id": _installation(command),
        "repository_id": _repository(command),
        "received_at": now,
        "body_digest": body_digest,
        "state": "ignored" if ignored else "pending" if pending else "done",
        "reason": command.reason if isinstance(command, Ignored) else "",
        "command": None if isinstance(command, Ignored) else command_json.dump(command),
        "next_run_at": now,
    }
    if insert_one(session, DeliveryRow, values, "guid") is None:
        return RecordedDelivery(duplicate=True)
    if pending and not isinstance(command, Lifecycle):
        return RecordedDelivery(duplicate=False, wake="delivery")
    if isinstance(command, Start):
        return _start(session, command, now)
    if isinstance(command, Cancel):
        place = command.place
        job_id = queue.request_cancel(session, place.repository_id, place.issue, command.reason, now=now)
        return RecordedDelivery(duplicate=False, job_id=job_id)
    if isinstance(command, Lifecycle):
        done = installations.apply_lifecycle(session, command, now, keep_delivery=guid)
        session.execute(update(DeliveryRow).where(DeliveryRow.guid == guid).values(reason=done))
    return RecordedDelivery(duplicate=False, wake="delivery" if taught else None)


def _start(session: Session, command: Start, now: datetime) -> RecordedDelivery:
    place = command.place
    installations.ensure_repository(session, place, now)
    enqueued = queue.enqueue(session, queue.NewJob(place, actor=command.actor), now=now)
    return RecordedDelivery(duplicate=False, job_id=enqueued.job_id, wake="job" if enqueued.created else None)


def _installation(command: Command | Ignored) -> int | None:
    if isinstance(command, Ignored):
        return None
    return command.installation_id if isinstance(command, Lifecycle) else command.place.installation_id


def _repository(command: Command | Ignored) -> int | None:
    return None if isinstance(command, Ignored | Lifecycle) else command.place.repository_id


def lease_delivery(
    session: Session, owner: str, ttl: timedelta, now: datetime, *, guid: str | None = None
) -> PendingDelivery | None:
    """A pending delivery to act on: this one, or the one that has waited longest; None if there is none free."""
    query = select(DeliveryRow).where(
        DeliveryRow.state == "pending",
        DeliveryRow.next_run_at <= now,
        (DeliveryRow.lease_expires.is_(None)) | (DeliveryRow.lease_expires <= now),
    )
    if guid is not None:
        query = query.where(DeliveryRow.guid == guid)
    row = session.scalars(
        query.order_by(DeliveryRow.next_run_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        return None
    row.attempts += 1
    row.lease_owner = owner
    row.lease_expires = now + ttl
    session.flush()
    try:
        command = command_json.load(row.command or {})
    except command_json.CommandUnreadable as error:  # written by another version: no later try can read it either
        row.state = "failed"
        row.reason = str(error)
        session.flush()
        return None
    return PendingDelivery(row.guid, command, row.attempts, owner)


def finish_delivery(
    session: Session, pending: PendingDelivery, *, now: datetime, reason: str = "", error: str = "", retry: bool = True
) -> str:
    """End what `lease_delivery` began; the delivery's new state, or "lost" if another worker took it over.

    With an `error` it is tried again (after 1, 2, 4, 8 minutes) up to MOST_ATTEMPTS, then it has failed.
    """
    row = session.scalars(
        select(DeliveryRow)
        .where(DeliveryRow.guid == pending.guid)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None or row.lease_owner != pending.owner or row.attempts != pending.attempts or row.state != "pending":
        return "lost"
    if error and retry and row.attempts < MOST_ATTEMPTS:
        row.next_run_at = now + timedelta(minutes=2 ** (row.attempts - 1))
        row.published_at = None
    else:
        row.state = "failed" if error else "done"
    row.reason = error or reason
    row.lease_owner = ""
    row.lease_expires = None
    session.flush()
    return row.state


def mark_published(session: Session, guids: list[str], now: datetime) -> None:
    """Remember that a wake-up was sent for these."""
    if guids:
        session.execute(update(DeliveryRow).where(DeliveryRow.guid.in_(guids)).values(published_at=now))


def mark_wakeups(session: Session, wakeups: Sequence[tuple[str, str | int]], now: datetime) -> None:
    """Mark jobs and deliveries."""
    queue.mark_published(session, [int(which) for kind, which in wakeups if kind == "job"], now)
    mark_published(session, [str(which) for kind, which in wakeups if kind == "delivery"], now)
