"""Server-sent events of running jobs: one poller per job, shared by everybody who watches that job.

https://html.spec.whatwg.org/multipage/server-sent-events.html
A poller reads the database once a second in a thread and sends what is new to every watcher; it ends with its last
watcher. Every 15 seconds it checks that each watcher is still signed in and may still see the job.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field

import anyio.to_thread
import structlog

from workers.usd import show_usd
from workers.views.job_page import JobProgress, StepLine

EVERY = 1.0  # seconds between two reads of the database
QUIET = 15.0  # seconds after which a sign of life is sent, and rights are asked again
KEPT = 500  # steps that are sent to a watcher who joins late
MOST = 400  # watchers of one process
BEHIND = 1000  # messages a slow reader may be behind

ReadProgress = Callable[[int, int], JobProgress | None]
StillAllowed = Callable[[Collection[str], int], Collection[str]]
log = structlog.get_logger()


class TooManyWatchers(Exception):
    """This process has as many watchers as it takes (`MOST`); the message is for people."""


@dataclass(slots=True, eq=False)
class _Subscriber:
    digest: str
    queue: asyncio.Queue[str | None] = field(default_factory=lambda: asyncio.Queue(BEHIND))

    def send(self, message: str | None) -> None:
        """Queue a message; a reader that is too far behind is disconnected, and its browser reconnects."""
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            self.queue.get_nowait()
            self.queue.put_nowait(None)


@dataclass(slots=True)
class _Channel:
    watchers: set[_Subscriber] = field(default_factory=set)
    steps: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=KEPT))
    now: str = ""
    over: bool = False
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    poller: asyncio.Task[None] | None = None


class LiveEvents:
    """All streams of one process; used from one event loop. `read_progress(job id, last step id)` and
    `still_allowed(session digests, job id)` read the database and may block, so they run in a thread. `every` and
    `quiet` are seconds; `reads` counts the calls of `read_progress`."""

    def __init__(
        self, read_progress: ReadProgress, still_allowed: StillAllowed, *, every: float = EVERY, quiet: float = QUIET
    ) -> None:
        self._read = read_progress
        self._still_allowed = still_allowed
        self._every = every
        self._quiet = quiet
        self._channels: dict[int, _Channel] = {}
        self.reads = 0

    @property
    def watchers(self) -> int:
        """How many watch now."""
        return sum(len(channel.watchers) for channel in self._channels.values())

    def check_room(self) -> None:
        """Raises Busy."""
        if self.watchers >= MOST:
            raise TooManyWatchers(f"{MOST} people watch already; reload the page instead")

    async def watch(self, job_id: int, digest: str, last: int) -> AsyncIterator[str]:
        """The messages after the step `last`, until the job is over or the watcher may not look any more."""
        watcher = _Subscriber(digest)
        channel = self._channels.setdefault(job_id, _Channel())
        channel.watchers.add(watcher)
        if channel.poller is None:
            channel.poller = asyncio.create_task(self._poll(job_id, channel))
        try:
            await channel.ready.wait()
            seen = last
            for number, message in list(channel.steps):
                if number > last:
                    seen = number
                    yield message
            yield channel.now
            if channel.over:
                yield _END
                return
            while (more := await self._next(watcher)) is not None:
                number = _id_of(more)
                if not number or number > seen:
                    yield more
        finally:
            channel.watchers.discard(watcher)
            if not channel.watchers and self._channels.get(job_id) is channel:
                del self._channels[job_id]
                channel.poller.cancel()

    async def _next(self, watcher: _Subscriber) -> str | None:
        try:
            return await asyncio.wait_for(watcher.queue.get(), self._quiet)
        except TimeoutError:
            return ": still here\n\n"

    async def _poll(self, job_id: int, channel: _Channel) -> None:
        loop = asyncio.get_running_loop()
        last, checked = 0, loop.time()
        while True:
            try:
                last = await self._once(job_id, channel, last)
                if loop.time() - checked > self._quiet:
                    checked = loop.time()
                    await self._check_rights(job_id, channel)
            except Exception as error:  # noqa: BLE001  # a database that is away for a moment ends no stream
                log.warning(
                    "the progress of a job could not be read",
                    job=job_id,
                    error=f"{type(error).__name__}: {error}"[:300],
                )
            channel.ready.set()
            if channel.over:
                return
            await asyncio.sleep(self._every)

    async def _once(self, job_id: int, channel: _Channel, last: int) -> int:
        self.reads += 1
        progress = await anyio.to_thread.run_sync(self._read, job_id, last)
        if progress is None:
            channel.over = True
            channel.now = _message("gone", {})
            self._send(channel, channel.now, None)
            return last
        for step in progress.steps:
            message = step_message(step)
            channel.steps.append((step.id, message))
            self._send(channel, message)
            last = step.id
        now = _message(
            "now",
            {
                "state": progress.state.value,
                "reason": progress.reason,
                "usd": show_usd(progress.usd),
                "calls": progress.calls,
                "attempts": progress.attempts,
            },
        )
        if now != channel.now:
            channel.now = now
            self._send(channel, now)
        if not progress.state.active:
            channel.over = True
            self._send(channel, _END, None)
        return last

    async def _check_rights(self, job_id: int, channel: _Channel) -> None:
        digests = {watcher.digest for watcher in channel.watchers}
        allowed = await anyio.to_thread.run_sync(self._still_allowed, digests, job_id)
        for watcher in channel.watchers:
            if watcher.digest not in allowed:
                watcher.send(None)

    def _send(self, channel: _Channel, *messages: str | None) -> None:
        if not channel.ready.is_set():  # before the first read is done, watchers start from the kept steps
            return
        for watcher in channel.watchers:
            for message in messages:
                watcher.send(message)


def step_message(step: StepLine) -> str:
    """A step as an event; its id lets a browser that lost the connection go on where it was."""
    return f"id: {step.id}\n" + _message("step", {"at": step.at.isoformat(), "kind": step.kind, "text": step.text})


def _message(event: str, content: dict[str, object]) -> str:
    return f"event: {event}\ndata: {json.dumps(content)}\n\n"


_END = _message("end", {})


def _id_of(message: str) -> int:
    if message.startswith("id: "):
        with suppress(ValueError):
            return int(message[4 : message.index("\n")])
    return 0
