"""Publishes wake-ups from its own thread, so that a broker that is slow or down never delays an answer.

What cannot be published is only logged: the row is in the database, and the sweeper publishes what was missed.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog

WAITING = 10_000
GROUP = 200
Wakeup = tuple[str, str | int]

log = structlog.get_logger()


class Waker:
    """Use with `with`. `publish(kind, id)` and `mark`, told what was published, may block and may raise."""

    def __init__(self, publish: Callable[[str, str | int], None], mark: Callable[[list[Wakeup]], None]) -> None:
        self._publish = publish
        self._mark = mark
        self._queue: queue.Queue[Wakeup | None] = queue.Queue(WAITING)
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
            self._failed(kind, id, "too many wake-ups wait")

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            group = [item]
            while len(group) < GROUP and not self._queue.empty():
                more = self._queue.get()
                if more is None:
                    self._queue.put(None)
                    break
                group.append(more)
            done = [wakeup for wakeup in group if self._published(wakeup)]
            try:
                self._mark(done)
            except Exception as error:  # noqa: BLE001  # unmarked means published once more by the sweeper, which is harmless
                log.warning("what was published could not be marked", error=str(error)[:200])

    def _published(self, wakeup: Wakeup) -> bool:
        try:
            self._publish(*wakeup)
        except Exception as error:  # noqa: BLE001  # every broker has its own errors, and none may end this thread
            self._failed(*wakeup, f"{type(error).__name__}: {error}")
            return False
        return True

    def _failed(self, kind: str, id: str | int, why: str) -> None:  # noqa: A002  # see wake
        self.failures += 1
        if self.failures in (1, 10, 100) or self.failures % 1000 == 0:
            log.warning(
                "a wake-up was not published; the sweeper will", kind=kind, id=id, why=why[:200], failures=self.failures
            )
