"""Server-sent events of running jobs: one poller per job, shared by everybody who watches it.

https://html.spec.whatwg.org/multipage/server-sent-events.html
A poller asks the database once a second in a thread and hands what is new to all; it ends with its last watcher.
Now and then it asks whether the watchers may still look: a stream does not outlive its sign-in.
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

from workers.views.job_page import Pulse, StepLine

EVERY = 1.0  # seconds between two looks
QUIET = 15.0  # seconds after which a sign of life is sent, and rights are asked again
KEPT = 500  # steps a latecomer is told
MOST = 400  # watchers of one process
BEHIND = 1000  # messages a slow reader may be behind

Look = Callable[[int, int], Pulse | None]
MayLook = Callable[[Collection[str], int], Collection[str]]
log = structlog.get_logger()


class Busy(Exception):
    """Too many watch already."""


@dataclass(slots=True, eq=False)
class _Watcher:
    digest: str
    queue: asyncio.Queue[str | None] = field(default_factory=lambda: asyncio.Queue(BEHIND))

    def tell(self, message: str | None) -> None:
        """A reader that is too far behind is let go; its browser asks again for what it missed."""
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            self.queue.get_nowait()
            self.queue.put_nowait(None)


@dataclass(slots=True)
class _Channel:
    watchers: set[_Watcher] = field(default_factory=set)
    steps: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=KEPT))
    now: str = ""
    over: bool = False
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    poller: asyncio.Task[None] | None = None


class Events:
    """All streams of one process; used from one event loop. `look(job, last step)` and `may_look(digests, job)` read
    the database and may block; they run in a thread. `looks` counts the former."""

    def __init__(self, look: Look, may_look: MayLook, *, every: float = EVERY, quiet: float = QUIET) -> None:
        self._look = look
        self._may_look = may_look
        self._every = every
        self._quiet = quiet
        self._channels: dict[int, _Channel] = {}
        self.looks = 0

    @property
    def watchers(self) -> int:
        """How many watch now."""
        return sum(len(channel.watchers) for channel in self._channels.values())

    def check_room(self) -> None:
        """Raises Busy."""
        if self.watchers >= MOST:
            raise Busy(f"{MOST} people watch already; reload the page instead")

    async def watch(self, job_id: int, digest: str, last: int) -> AsyncIterator[str]:
        """The messages after the step `last`, until the job is over or the watcher may not look any more."""
        watcher = _Watcher(digest)
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

    async def _next(self, watcher: _Watcher) -> str | None:
        try:
            return await asyncio.wait_for(watcher.queue.get(), self._quiet)
        except TimeoutError:
            return ": still here\n\n"

    async def _poll(self, job_id: int, channel: _Channel) -> None:
        loop = asyncio.get_running_loop()
        last, asked = 0, loop.time()
        while True:
            try:
                last = await self._once(job_id, channel, last)
                if loop.time() - asked > self._quiet:
                    asked = loop.time()
                    await self._ask_rights(job_id, channel)
            except Exception as error:  # noqa: BLE001  # a database that is away for a moment ends no stream
                log.warning("a job could not be looked at", job=job_id, error=f"{type(error).__name__}: {error}"[:300])
            channel.ready.set()
            if channel.over:
                return
            await asyncio.sleep(self._every)

    async def _once(self, job_id: int, channel: _Channel, last: int) -> int:
        self.looks += 1
        pulse = await anyio.to_thread.run_sync(self._look, job_id, last)
        if pulse is None:
            channel.over = True
            channel.now = _message("gone", {})
            self._tell(channel, channel.now, None)
            return last
        for step in pulse.steps:
            message = step_message(step)
            channel.steps.append((step.id, message))
            self._tell(channel, message)
            last = step.id
        now = _message(
            "now",
            {
                "state": pulse.state.value,
                "reason": pulse.reason,
                "usd": str(pulse.usd),
                "calls": pulse.calls,
                "attempts": pulse.attempts,
            },
        )
        if now != channel.now:
            channel.now = now
            self._tell(channel, now)
        if not pulse.state.active:
            channel.over = True
            self._tell(channel, _END, None)
        return last

    async def _ask_rights(self, job_id: int, channel: _Channel) -> None:
        digests = {watcher.digest for watcher in channel.watchers}
        allowed = await anyio.to_thread.run_sync(self._may_look, digests, job_id)
        for watcher in channel.watchers:
            if watcher.digest not in allowed:
                watcher.tell(None)

    def _tell(self, channel: _Channel, *messages: str | None) -> None:
        if not channel.ready.is_set():  # nobody has read yet: they begin with what is kept
            return
        for watcher in channel.watchers:
            for message in messages:
                watcher.tell(message)


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
