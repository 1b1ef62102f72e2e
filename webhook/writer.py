"""One thread that writes deliveries, many in one transaction; a delivery is acknowledged only after its commit.

Grouping is what makes a single SQLite writer fast: while one commit waits for the disk, the next group
gathers. When a group fails, each of its deliveries is tried alone, so that one cannot take others with it.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

import structlog

from workers.deliveries.inbox import RecordedDelivery, mark_wakeups, record
from workers.jobs.commands import Command, Ignored

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

GROUP = 64
WAITING = 4096
MARK_SECONDS = 1.0
PATIENCE = 9.0  # seconds; GitHub gives up after 10

log = structlog.get_logger()


class NotWritten(Exception):
    """The database did not take the delivery: answer 503, GitHub's list shows it as failed."""


class WritableDatabase(Protocol):
    """What the writer needs of `workers.db.database.Database`."""

    def begin(self) -> AbstractContextManager[Session]:
        """One write transaction."""


@dataclass(frozen=True, slots=True)
class ReceivedDelivery:
    """What is recorded of a delivery; `digest` is the SHA-256 of its body, in hex."""

    guid: str
    event: str
    action: str
    digest: str
    command: Command | Ignored


@dataclass(slots=True, eq=False)
class _Waiting:
    delivery: ReceivedDelivery
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[RecordedDelivery]
    outcome: RecordedDelivery | Exception = field(default_factory=lambda: NotWritten("not tried"))


class Writer:
    """Use with `with`. `wake(kind, id)` is called for each recorded delivery after its commit; it must not block.

    `published()` returns the wake-ups sent since it was last asked; they are marked in passing.
    """

    def __init__(
        self,
        database: WritableDatabase,
        wake: Callable[[str, str | int], None],
        published: Callable[[], list[tuple[str, str | int]]] = list,
    ) -> None:
        self._database = database
        self._wake = wake
        self._published = published
        self._marked = 0.0
        self._queue: queue.Queue[_Waiting | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._run, name="delivery-writer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, t: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        """Write what waits, then end."""
        self._queue.put(None)
        self._thread.join(30)

    async def write(self, delivery: ReceivedDelivery) -> RecordedDelivery:
        """Record it durably. Raises NotWritten after `PATIENCE` s, when too many wait, or when the database fails."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(delivery, loop, loop.create_future())
        try:
            self._queue.put_nowait(waiting)
        except queue.Full:
            raise NotWritten(f"more than {WAITING} deliveries wait for the database") from None
        try:
            return await asyncio.wait_for(waiting.answer, PATIENCE)
        except TimeoutError:
            raise NotWritten(f"the database did not answer within {PATIENCE:g} s") from None

    def _run(self) -> None:
        while True:
            group, last = self._gather()
            self._mark()
            self._record(group)
            for loop in {w.loop for w in group}:
                mine = [w for w in group if w.loop is loop]
                try:
                    loop.call_soon_threadsafe(_resolve, mine)
                except RuntimeError:  # the loop closed meanwhile; the rows are safe
                    log.warning("the receiver ended before it could answer", deliveries=len(mine))
            self._wake_all(group)
            if last:
                return

    def _gather(self) -> tuple[list[_Waiting], bool]:
        """What waits, at most a group and after at most a second; and whether it is the last."""
        group: list[_Waiting] = []
        while len(group) < GROUP:
            try:
                more = self._queue.get(block=not group, timeout=1.0)
            except queue.Empty:
                break
            if more is None:
                return group, True
            group.append(more)
        return group, False

    def _mark(self) -> None:
        """Once a second: it costs a commit."""
        if time.monotonic() - self._marked < MARK_SECONDS:
            return
        self._marked = time.monotonic()
        done = self._published()
        if not done:
            return
        try:
            with self._database.begin() as session:
                mark_wakeups(session, done, datetime.now(UTC))
        except Exception as error:  # noqa: BLE001  # unmarked means published once more by the sweeper, which is harmless
            log.warning("what was published could not be marked", error=f"{type(error).__name__}: {error}"[:300])

    def _record(self, group: list[_Waiting]) -> None:
        if not group:
            return
        now = datetime.now(UTC)
        try:
            with self._database.begin() as session:
                outcomes = [_record_one(session, w.delivery, now) for w in group]
        except Exception as error:  # noqa: BLE001  # whatever the database says becomes a 503 for exactly the faulty ones
            if len(group) > 1:
                for waiting in group:
                    self._record([waiting])
                return
            why = f"{type(error).__name__}: {error}"[:500]
            log.warning("a delivery could not be written", guid=group[0].delivery.guid, error=why)
            group[0].outcome = NotWritten(type(error).__name__)
            return
        for waiting, outcome in zip(group, outcomes, strict=True):
            waiting.outcome = outcome

    def _wake_all(self, group: list[_Waiting]) -> None:
        for waiting in group:
            recorded = waiting.outcome
            if not isinstance(recorded, Exception) and not recorded.duplicate:
                if recorded.wake == "job" and recorded.job_id is not None:
                    self._wake("job", recorded.job_id)
                elif recorded.wake == "delivery":
                    self._wake("delivery", waiting.delivery.guid)


def _record_one(session: Session, delivery: ReceivedDelivery, now: datetime) -> RecordedDelivery:
    return record(
        session,
        guid=delivery.guid,
        event=delivery.event,
        action=delivery.action,
        body_digest=delivery.digest,
        command=delivery.command,
        now=now,
    )


def _resolve(group: list[_Waiting]) -> None:
    for waiting in group:
        if waiting.answer.done():  # given up on
            continue
        if isinstance(waiting.outcome, Exception):
            waiting.answer.set_exception(waiting.outcome)
        else:
            waiting.answer.set_result(waiting.outcome)
