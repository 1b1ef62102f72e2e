"""Reservations settled per second by 8 worker processes that share one operator's cap, on both databases."""

from __future__ import annotations

import multiprocessing
import os
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.row import Row
from tests.fakes.databases import postgres_schema, sqlite_url
from workers import books, ledger, totals
from workers.database import open_database

WORKERS = 8
SECONDS = 4.0
CAPS = ledger.Caps(Decimal(100_000), Decimal(100_000), Decimal(100_000), Decimal(100_000))


def _work(url: str, number: int, start: float, results: multiprocessing.Queue[int]) -> None:
    database = open_database(url)
    account = ledger.Account(job_id=number, installation_id=number % 3, repository_id=number, issue=1)
    cost = ledger.Cost(Decimal("0.01"), input_tokens=1000, output_tokens=100)
    with database.read() as session:
        totals.read(session, ())
    time.sleep(max(0.0, start - time.time()))
    settled = 0
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        now = datetime.now(UTC)
        with database.begin() as session:
            reserved = ledger.reserve(
                session, account, CAPS, tier="weak", model="m", purpose="repair", worst=Decimal("0.02"), now=now
            )
        with database.begin() as session:
            ledger.settle(session, reserved.id, cost, now=now)
        settled += 1
    database.close()
    results.put(settled)


def settled_per_second(url: str) -> float:
    """Full turns (set aside, book) of all workers together; checks that the sums are right."""
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[int] = context.Queue()
    start = time.time() + 3
    workers = [context.Process(target=_work, args=(url, number + 1, start, results)) for number in range(WORKERS)]
    for worker in workers:
        worker.start()
    turns = sum(results.get(timeout=120) for _ in workers)
    for worker in workers:
        worker.join()
    database = open_database(url)
    with database.read() as session:
        month = totals.month_of(datetime.now(UTC))
        assert books.discrepancies(session) == ()
        assert books.spent(session, "operator", "", month).spent == turns * Decimal("0.01")
    database.close()
    return turns / SECONDS


def run() -> list[Row]:
    """SQLite always, PostgreSQL where PENNYFIX_TEST_POSTGRES names one."""
    rows = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        rate = settled_per_second(sqlite_url(folder))
        rows.append(Row("reservations settled, 8 workers, SQLite", rate, "1/s", aim=">= 200/s", ok=rate >= 200))
        if os.environ.get("PENNYFIX_TEST_POSTGRES"):
            url = stack.enter_context(postgres_schema())
            database = open_database(url)
            database.migrate()
            database.close()
            rate = settled_per_second(url)
            rows.append(Row("reservations settled, 8 workers, PostgreSQL", rate, "1/s", aim=">= 500/s", ok=rate >= 500))
    return rows


if __name__ == "__main__":
    for row in run():
        print(row)
