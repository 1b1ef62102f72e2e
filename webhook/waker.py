"""Publishes wake-ups from its own thread, so that a broker that is slow or down never delays an answer.

What cannot be published is only logged: the row is in the database, and the sweeper publishes what was missed.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog

WAITING = 10_000
GROUP = 500
MOST_JOBS = 16  # messages for the jobs of one group
PACE = 0.02  # seconds of rest for each message sent, in which a flood gathers into a group
Wakeup = tuple[str, str | int]

log = structlog.get_logger()


class Waker:
    """Use with `with`. `publish(kind, id)` may block and may raise. `failures` counts what was not published."""

    def __init__(self, publish: Callable[[str, str | int], None], rest: Callable[[float], None] = time.sleep) -> None:
        self._publish = publish
        self._rest = rest
        self._queue: queue.Queue[Wakeup | None] = queue.Queue(WAITING)
        self._published: deque[Wakeup] = deque(maxlen=WAITING)
        self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
        self.failures = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, t: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        """Publish what waits for at most five seconds; the sweeper does the rest."""
        try:
            self._queue.put(None, timeout=1)
        except queue.Full:
            return
        self._thread.join(5)

    def wake(self, kind: str, id: str | int) -> None:  # noqa: A002  # the word of `workers.processes.celery_app.publish`
        """Publish soon. Never blocks, never raises."""
        try:
            self._queue.put_nowait((kind, id))
        except queue.Full:
            self._failed((kind, id), "too many wake-ups wait")

    def published(self) -> list[Wakeup]:
        """What was published since the last call, to be marked in the database by the one thread that writes there."""
        done: list[Wakeup] = []
        while self._published:
            done.append(self._published.popleft())
        return done

    def _run(self) -> None:
        last = False
        while not last:
            group, last = self._gather()
            sent = self._publish_all(group)
            if not last:
                self._rest(sent * PACE)

    def _gather(self) -> tuple[list[Wakeup], bool]:
        group: list[Wakeup] = []
        while len(group) < GROUP and not (group and self._queue.empty()):
            item = self._queue.get()
            if item is None:
                return group, True
            group.append(item)
        return group, False

    def _publish_all(self, group: list[Wakeup]) -> int:
        """In a flood not every job needs its own message: whoever ran one looks for the next.

        All of a group are in the database before its first message goes out, so that whoever looks finds them.
        Returns how many messages for jobs were sent.
        """
        jobs = 0
        for wakeup in group:
            jobs += wakeup[0] == "job"
            try:
                if wakeup[0] != "job" or jobs <= MOST_JOBS:
                    self._publish(*wakeup)
            except Exception as error:  # noqa: BLE001  # every broker has its own errors, and none may end this thread
                self._failed(wakeup, f"{type(error).__name__}: {error}")
            else:
                self._published.append(wakeup)
        return min(jobs, MOST_JOBS)

    def _failed(self, wakeup: Wakeup, why: str) -> None:
        self.failures += 1
        if self.failures in (1, 10, 100) or self.failures % 1000 == 0:
            kind, which = wakeup
            log.warning(
                "not published, left to the sweeper", kind=kind, id=which, why=why[:200], failures=self.failures
            )
