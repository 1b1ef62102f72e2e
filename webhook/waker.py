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
MOST_JOBS = 16  # messages for jobs within SECONDS
SECONDS = 1.0
Wakeup = tuple[str, str | int]

log = structlog.get_logger()


class Waker:
    """Use with `with`. `publish(kind, id)` may block and may raise. `failures` counts what was not published."""

    def __init__(self, publish: Callable[[str, str | int], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._publish = publish
        self._clock = clock
        self._since = float("-inf")
        self._jobs = 0
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

    def wake(self, kind: str, id: str | int) -> None:  # noqa: A002  # the word of `workers.app.publish`
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
            self._publish_all(group)

    def _gather(self) -> tuple[list[Wakeup], bool]:
        group: list[Wakeup] = []
        while len(group) < GROUP and not (group and self._queue.empty()):
            item = self._queue.get()
            if item is None:
                return group, True
            group.append(item)
        return group, False

    def _publish_all(self, group: list[Wakeup]) -> None:
        """In a flood not every job needs its own message: whoever ran one looks for the next (`workers.app`)."""
        for wakeup in group:
            try:
                if wakeup[0] != "job" or self._may_wake():
                    self._publish(*wakeup)
            except Exception as error:  # noqa: BLE001  # every broker has its own errors, and none may end this thread
                self._failed(wakeup, f"{type(error).__name__}: {error}")
            else:
                self._published.append(wakeup)

    def _may_wake(self) -> bool:
        """Whether one more message for a job is wanted in this second."""
        now = self._clock()
        if now - self._since >= SECONDS:
            self._since, self._jobs = now, 0
        self._jobs += 1
        return self._jobs <= MOST_JOBS

    def _failed(self, wakeup: Wakeup, why: str) -> None:
        self.failures += 1
        if self.failures in (1, 10, 100) or self.failures % 1000 == 0:
            kind, which = wakeup
            log.warning(
                "not published, left to the sweeper", kind=kind, id=which, why=why[:200], failures=self.failures
            )
