"""What a lease costs with 10 and with 10,000 queued jobs of the same 10 installations."""

from __future__ import annotations

import os
import statistics
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.row import Row
from tests.fakes.databases import postgres_schema, sqlite_url
from workers.db.database import Database, open_database
from workers.db.tables import JobRow
from workers.deliveries import installations
from workers.jobs import queue
from workers.jobs.commands import Place
from workers.jobs.job import State

INSTALLATIONS = 10
ROUNDS = 300


def _fill(database: Database, count: int) -> None:
    now = datetime.now(UTC) - timedelta(hours=1)
    with database.begin() as session:
        for number in range(INSTALLATIONS):
            installations.ensure_repository(session, Place(number + 1, number + 1, f"o{number}/r"), now)
        session.add_all(
            JobRow(
                kind="resolve",
                state=State.QUEUED.value,
                installation_id=number % INSTALLATIONS + 1,
                repository_id=number % INSTALLATIONS + 1,
                repository="o/r",
                issue=number + 1,
                actor="a",
                created_at=now,
                updated_at=now,
                next_run_at=now + timedelta(milliseconds=number),
            )
            for number in range(count)
        )


def milliseconds_per_lease(urls: tuple[str, str]) -> tuple[float, float]:
    """Medians of a lease from a short and a long queue, measured in turns so that both see the same machine.

    Each job is given back, so that the queues stay as long.
    """
    ttl = timedelta(minutes=1)
    databases = [open_database(url) for url in urls]
    took: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for database, times in zip(databases, took, strict=True):
            now = datetime.now(UTC)
            began = time.perf_counter()
            with database.begin() as session:
                leased = queue.lease_next(session, "bench", ttl, now)
            times.append(time.perf_counter() - began)
            assert leased is not None
            with database.begin() as session:
                queue.requeue(session, leased[1], now, "bench", now=now, count_attempt=False)
    for database in databases:
        database.close()
    return statistics.median(took[0]) * 1000, statistics.median(took[1]) * 1000


def _filled(url: str, count: int) -> str:
    database = open_database(url)
    database.migrate()
    _fill(database, count)
    database.close()
    return url


def _compare(name: str, few: float, many: float) -> Row:
    ratio = many / few
    return Row(
        f"job lease with 10,000 queued, {name}",
        many,
        "ms",
        peer=f"with 10 queued: {few:.2f} ms",
        ratio=ratio,
        aim="<= 2x",
        ok=ratio <= 2,
    )


def run() -> list[Row]:
    """SQLite always, PostgreSQL where PENNYFIX_TEST_POSTGRES names one."""
    rows = []
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(TemporaryDirectory())) for _ in range(2)]
        few, many = (_filled(sqlite_url(folder), count) for folder, count in zip(folders, (10, 10_000), strict=True))
        rows.append(_compare("SQLite", *milliseconds_per_lease((few, many))))
        if os.environ.get("PENNYFIX_TEST_POSTGRES"):
            few, many = (_filled(stack.enter_context(postgres_schema()), count) for count in (10, 10_000))
            rows.append(_compare("PostgreSQL", *milliseconds_per_lease((few, many))))
    return rows


if __name__ == "__main__":
    for row in run():
        print(row)
