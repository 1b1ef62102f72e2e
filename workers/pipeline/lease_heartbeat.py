"""The heartbeat of a leased job, beside the work: extends the lease, and notices when it must stop.

The worker calls `check` between steps, and `LeasedJob.fence` before every write that others can see. A lost lease
means that another worker may have the job: nothing more is written anywhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy.exc import OperationalError

from workers.db.database import Database
from workers.jobs import queue
from workers.jobs.job import Lease, LeaseLost

log = structlog.get_logger()


class Cancelled(Exception):
    """Somebody stopped the job: the label was taken off, the issue closed, `/autofix stop`."""


class LeaseHeartbeat:
    """Use with `with`. `after_beat` is called after each beat, in the heartbeat's thread."""

    def __init__(
        self,
        database: Database,
        lease: Lease,
        *,
        ttl: timedelta,
        clock: Callable[[], datetime],
        interval: float | None = None,
    ) -> None:
        self._database = database
        self.lease = lease
        self._ttl = ttl
        self._clock = clock
        self._interval = ttl.total_seconds() / 4 if interval is None else interval
        self.after_beat: Callable[[], None] | None = None
        self._stop = threading.Event()
        self._lost = False
        self._cancelled = False
        self._thread = threading.Thread(target=self._beat_on, name=f"heartbeat of job {lease.job_id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, t: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def beat(self) -> None:
        """Extend the lease once and look whether the job should stop."""
        try:
            with self._database.begin() as session:
                found = queue.heartbeat(session, self.lease, self._ttl, self._clock())
        except LeaseLost:
            self._lost = True
            return
        except OperationalError:
            return  # the database is busy or away: the lease itself says how long we may go on
        self.lease = found.lease
        self._cancelled = self._cancelled or found.cancel_requested

    def check(self) -> None:
        """Raises LeaseLost or Cancelled when the work should stop."""
        if self._lost or self._clock() >= self.lease.expires:
            raise LeaseLost(f"job {self.lease.job_id} is no longer ours")
        if self._cancelled:
            raise Cancelled

    def check_now(self) -> None:
        """Look at the row now, then `check`: before something that cannot be undone."""
        self.beat()
        self.check()

    def _beat_on(self) -> None:
        while not self._stop.wait(self._interval):
            self.beat()
            if self._lost:
                return
            if self.after_beat is not None:
                try:
                    self.after_beat()
                except LeaseLost:
                    self._lost = True
                    return
                except Exception:
                    log.warning("progress could not be shown", job=self.lease.job_id, exc_info=True)
