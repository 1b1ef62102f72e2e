"""Deliveries that never arrived are asked for again: GitHub does not redeliver by itself.

A redelivery carries the guid of the first attempt, so what did arrive after all is a duplicate and changes nothing.
https://docs.github.com/webhooks/using-webhooks/automatically-redelivering-failed-deliveries-for-a-github-app-webhook
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from workers.db import locks
from workers.github.app_client import AppApi, SentDelivery, app_api
from workers.github.types import ForgeError
from workers.processes.context import Context

WINDOW = timedelta(days=3)
"""How long GitHub can redeliver (GHES: 7 days)."""
MOST = 5
"""Attempts of one delivery after which nobody asks again: the receiver answers, and its answer is no."""
SETTLE = timedelta(seconds=30)
"""An attempt that is younger may be followed by one that is under way."""
FIRST_SECONDS = 20.0
"""After the start, so that the receiver is there."""
HOURLY_SECONDS = 3600.0
LOCK, LOCK_FOR = "redelivery", timedelta(minutes=5)

log = structlog.get_logger()


def missed_deliveries(attempts: Iterable[SentDelivery], now: datetime) -> tuple[SentDelivery, ...]:
    """The newest attempt of every delivery none of whose attempts arrived, oldest delivery first."""
    by_guid: dict[str, list[SentDelivery]] = {}
    for one in attempts:
        by_guid.setdefault(one.guid, []).append(one)
    found = [
        max(group, key=lambda a: (a.delivered_at, a.id))
        for group in by_guid.values()
        if not any(a.arrived for a in group) and len(group) < MOST
    ]
    ripe = (a for a in found if a.delivered_at <= now - SETTLE)
    return tuple(sorted(ripe, key=lambda a: (a.delivered_at, a.id)))


def redeliver(api: AppApi, now: datetime) -> tuple[SentDelivery, ...]:
    """Ask for everything that was missed; what was asked for. Raises ForgeError."""
    wanted = missed_deliveries(api.deliveries(now - WINDOW), now)
    for one in wanted:
        api.redeliver(one.id)
    return wanted


def keep_redelivering(
    context: Context, stop: threading.Event, *, first: float = FIRST_SECONDS, every: float = HOURLY_SECONDS
) -> None:
    """Soon after the start and hourly until `stop` is set; one of several processes at a time."""
    owner = f"{socket.gethostname()}/{os.getpid()}"
    wait = first
    while not stop.wait(wait):
        wait = every
        try:
            ask_once(context, owner)
        except ForgeError as error:
            log.warning("missed deliveries were not asked for; the next look is in an hour", error=str(error)[:500])
        except Exception as error:  # noqa: BLE001 - a database that is away comes back; this loop waits for it
            log.warning("missed deliveries were not asked for", error=f"{type(error).__name__}: {error}"[:500])


def ask_once(context: Context, owner: str) -> tuple[SentDelivery, ...]:
    """One look. Raises ForgeError."""
    now = context.clock()
    with context.database.begin() as session:
        if not locks.take(session, LOCK, owner, LOCK_FOR, now):
            return ()
    try:
        with app_api(context.settings) as api:
            asked = redeliver(api, now)
    finally:
        with context.database.begin() as session:
            locks.give_back(session, LOCK, owner)
    if asked:
        log.info("asked GitHub for missed deliveries", count=len(asked), events=sorted({a.event for a in asked}))
    return asked
