"""200 watchers of one job over real HTTP: how long until all have a step, and what it costs, beside one watcher."""

from __future__ import annotations

import asyncio
import resource
import time
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from deploy.demo.serving import Serving
from strategies.step import Step
from tests.bench.row import Row
from tests.fakes.dashboard import add_job
from tests.fakes.databases import sqlite_url
from tests.fakes.github_delivery import SECRET
from webhook.app import create_app
from webhook.pages.job import job_routes, live_events_of
from webhook.pages.session import digest
from webhook.pages.visitor import make_authenticator
from workers.config.operator_file import Operator
from workers.config.settings import load_settings
from workers.db import sessions
from workers.db.database import open_database
from workers.deliveries import installations
from workers.jobs import timeline
from workers.jobs.commands import Place
from workers.jobs.job import State
from workers.processes.context import Context, utc_now

WATCHERS = 200
STEPS = 8
COOKIE = "bench"


async def _watch(address: str, path: str, watchers: int, say: list[float], add: asyncio.Queue[str]) -> list[float]:
    """For each step, the seconds until the last watcher has it."""
    host, port = urlsplit(address).hostname, urlsplit(address).port
    arrived: list[list[float]] = [[] for _ in range(STEPS)]
    ready = asyncio.Event()
    connected = 0

    async def one() -> None:
        nonlocal connected
        reader, writer = await asyncio.open_connection(host, port)
        request = (
            f"GET {path} HTTP/1.1\r\nhost: {host}:{port}\r\ncookie: pennyfix={COOKIE}\r\naccept: text/html\r\n\r\n"
        )
        writer.write(request.encode())
        seen = 0
        while seen < STEPS:
            line = (await reader.readline()).decode()
            assert line, "the stream ended too early"
            if line.startswith("event: now") and seen == 0:
                connected += 1
                if connected == watchers:
                    ready.set()
            if line.startswith("data: ") and '"bench ' in line:
                arrived[seen].append(time.perf_counter())
                seen += 1
        writer.close()

    tasks = [asyncio.create_task(one()) for _ in range(watchers)]
    await asyncio.wait_for(ready.wait(), 60)
    for number in range(STEPS):
        say.append(time.perf_counter())
        await add.put(f"bench {number}")
        while len(arrived[number]) < watchers:  # noqa: ASYNC110  # a measurement adds no events of its own
            await asyncio.sleep(0.005)
    await asyncio.gather(*tasks)
    return [max(times) - said for times, said in zip(arrived, say, strict=True)]


def measure(watchers: int) -> tuple[float, float, float]:
    """Median seconds until all have a step, looks at the database per second, CPU seconds per second."""
    with TemporaryDirectory() as folder:
        url = sqlite_url(Path(folder))
        database = open_database(url)
        place = Place(1, 11, "acme/widgets", 7)
        now = utc_now()
        with database.begin() as session:
            installations.ensure_repository(session, place, now)
            sessions.open_session(
                session, digest=digest(COOKIE), github_id=1, login="ada", csrf="c", token="", sights={11: True},
                now=now + timedelta(hours=1), expires=now + timedelta(hours=9),
            )  # fmt: skip
        number = add_job(database, place, now, State.RUNNING)
        settings = load_settings(home=Path(folder), github_webhook_secret=SECRET, database_url=url, public_url="")
        context = Context(settings, Operator(), database, lambda _kind, _id: None)
        events = live_events_of(context)
        serving = Serving(
            create_app(settings, database, context.publish, routers=[job_routes(make_authenticator(context), events)])
        )
        address = serving.start()

        async def play() -> list[float]:
            queue: asyncio.Queue[str] = asyncio.Queue()

            async def write() -> None:
                while True:
                    text = await queue.get()
                    await asyncio.to_thread(_say, text)

            def _say(text: str) -> None:
                with database.begin() as session:
                    timeline.add_step(session, number, Step("agent", text), utc_now())

            writing = asyncio.create_task(write())
            took = await _watch(address, f"/jobs/{number}/events", watchers, [], queue)
            writing.cancel()
            return took

        began, cpu = time.perf_counter(), _cpu()
        took = sorted(asyncio.run(play()))
        seconds, used = time.perf_counter() - began, _cpu() - cpu
        serving.stop()
        database.close()
        return took[len(took) // 2], events.reads / seconds, used / seconds


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def run() -> list[Row]:
    """One after the other, in this process."""
    one, _, _ = measure(1)
    many, looks, cpu = measure(WATCHERS)
    return [
        Row(
            f"a step reaches {WATCHERS} watchers of one job",
            many * 1000,
            "ms",
            f"one watcher: {one * 1000:.0f} ms",
            many / one,
            "<= 2000 ms",
            many <= 2,
        ),
        Row(f"looks at the database for {WATCHERS} watchers", looks, "1/s", aim="<= 1.5/s", ok=looks <= 1.5),
        Row(f"processor for {WATCHERS} watchers (both ends)", cpu, "cores", aim="<= 0.5", ok=cpu <= 0.5),
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
