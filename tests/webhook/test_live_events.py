from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from webhook.live_events import MOST, LiveEvents, TooManyWatchers
from workers.jobs.job import State
from workers.views.job_page import JobProgress, StepLine


class Job:
    """A job's steps in memory; `reads` counts the reads, `told` is the last step sent, `allowed` who may watch."""

    def __init__(self) -> None:
        self.steps: list[StepLine] = []
        self.state = State.RUNNING
        self.reads = 0
        self.gone = False
        self.broken = False
        self.allowed: set[str] | None = None
        self.asked: list[set[str]] = []
        self.told = 0

    def say(self, text: str) -> None:
        self.steps.append(StepLine(len(self.steps) + 1, datetime(2026, 11, 1, tzinfo=UTC), "agent", text))

    def read_progress(self, _job: int, last: int) -> JobProgress | None:
        self.reads += 1
        if self.broken:
            raise OSError("the database is away")
        if self.gone:
            return None
        steps = tuple(s for s in self.steps if s.id > last)
        self.told = max(self.told, last)
        return JobProgress(self.state, "", Decimal("0.1"), 1, 0, steps)

    def still_allowed(self, digests: Collection[str], _job: int) -> Collection[str]:
        self.asked.append(set(digests))
        return digests if self.allowed is None else self.allowed


async def texts(events: LiveEvents, digest: str = "d", last: int = 0) -> list[str]:
    return [m async for m in events.watch(1, digest, last) if m.startswith(("id", "event"))]


async def until(true: Callable[[], bool]) -> None:
    """Wait until it is so; fails after 20 seconds."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110  # what is waited for is a count, not an event
            await asyncio.sleep(0.005)


def names(messages: list[str]) -> list[str]:
    return [line[7:] for m in messages for line in m.splitlines() if line.startswith("event: ")]


def test_two_hundred_watchers_share_one_poller_and_all_hear_everything() -> None:
    job = Job()
    job.say("before")

    async def play() -> list[list[str]]:
        events = LiveEvents(job.read_progress, job.still_allowed, every=0.02)
        watching = [asyncio.create_task(texts(events, f"d{n}")) for n in range(200)]
        await until(lambda: events.watchers == 200 and job.reads > 1)
        job.say("during")
        await until(lambda: job.told == 2)
        job.state = State.OPENED
        heard = await asyncio.wait_for(asyncio.gather(*watching), 10)
        assert events.watchers == 0
        return heard

    heard = asyncio.run(play())
    assert job.reads < 200, "one poller reads for all, so fewer reads than watchers"
    for messages in heard:
        assert names(messages) == ["step", "now", "step", "now", "end"]
        assert "before" in messages[0]
        assert "during" in messages[2]


def test_a_browser_that_comes_back_is_told_only_what_it_missed() -> None:
    job = Job()
    for text in ("one", "two", "three"):
        job.say(text)
    job.state = State.DECLINED
    messages = asyncio.run(texts(LiveEvents(job.read_progress, job.still_allowed, every=0.01), last=2))
    assert names(messages) == ["step", "now", "end"]
    assert messages[0].startswith("id: 3\n")


def test_text_cannot_end_an_event_or_begin_another() -> None:
    job = Job()
    job.say("x\n\nevent: end\ndata: {}\n\n\r\u2028<script>")
    job.state = State.FAILED
    first = asyncio.run(texts(LiveEvents(job.read_progress, job.still_allowed)))[0]
    assert first.count("\n\n") == 1
    assert len(first.splitlines()) == 4
    assert "\u2028" not in first


def test_a_database_that_is_away_for_a_moment_ends_no_stream() -> None:
    job = Job()
    job.broken = True

    async def play() -> list[str]:
        watching = asyncio.create_task(texts(LiveEvents(job.read_progress, job.still_allowed, every=0.01)))
        await until(lambda: job.reads > 1)
        job.say("back")
        job.broken = False
        await until(lambda: job.told == 1)
        job.state = State.OPENED
        return await asyncio.wait_for(watching, 20)

    heard = names(asyncio.run(play()))
    assert "step" in heard
    assert heard[-1] == "end"
    assert job.reads > 2


def test_a_stream_does_not_outlive_its_sign_in() -> None:
    job = Job()
    job.allowed = {"stays"}

    async def play() -> None:
        events = LiveEvents(job.read_progress, job.still_allowed, every=0.01, quiet=0.05)
        leaves = asyncio.create_task(texts(events, "leaves"))
        stays = asyncio.create_task(texts(events, "stays"))
        await asyncio.wait_for(leaves, 20)
        assert not stays.done()
        assert events.watchers == 1
        job.gone = True
        assert names(await asyncio.wait_for(stays, 20))[-1] == "gone"

    asyncio.run(play())
    assert {"leaves", "stays"} in job.asked


def test_the_last_watcher_takes_the_poller_along() -> None:
    job = Job()

    async def play() -> None:
        others = asyncio.all_tasks()
        watching = asyncio.create_task(texts(LiveEvents(job.read_progress, job.still_allowed, every=0.01)))
        await until(lambda: job.reads > 1)
        assert len(asyncio.all_tasks() - others) > 1, "the watcher and the poller"
        watching.cancel()
        await until(lambda: asyncio.all_tasks() <= others)

    asyncio.run(play())


def test_a_quiet_stream_shows_that_it_lives() -> None:
    job = Job()

    async def first_comment() -> str:
        async for message in LiveEvents(job.read_progress, job.still_allowed, every=0.01, quiet=0.05).watch(1, "d", 0):
            if message.startswith(":"):
                return message
        return ""

    assert asyncio.run(asyncio.wait_for(first_comment(), 20)) == ": still here\n\n"


def test_more_watchers_than_a_process_bears_are_sent_away() -> None:
    job = Job()

    async def play() -> None:
        events = LiveEvents(job.read_progress, job.still_allowed)
        watching = [asyncio.create_task(texts(events)) for _ in range(MOST)]
        await until(lambda: events.watchers == MOST)
        with pytest.raises(TooManyWatchers, match="reload"):
            events.check_room()
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)

    asyncio.run(play())
