"""Remembers which wake-ups were sent, so that the sweeper need not send them again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from workers.deliveries import inbox
from workers.jobs import queue


def mark_published(session: Session, wakeups: Sequence[tuple[str, str | int]], now: datetime) -> None:
    """Mark jobs and deliveries."""
    queue.mark_published(session, [int(which) for kind, which in wakeups if kind == "job"], now)
    inbox.mark_published(session, [str(which) for kind, which in wakeups if kind == "delivery"], now)
