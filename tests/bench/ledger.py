"""Reservations settled per second by 8 worker processes that share one operator's cap, on both databases."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text

from tests.bench.row import Row
from tests.fakes.databases import forks, migrate, postgres_schema, sqlite_url
from workers.billing import ledger, ledger_transactions, spending_reports, totals
from workers.billing.totals import CapScope
from workers.db import locks
from workers.db.database import open_database
from workers.months import month_of

WORKERS = 8
SECONDS = 4.0
CAPS = ledger.Caps(Decimal(100_000), Decimal(100_000), Decimal(100_000), Decimal(100_000))


def _work(url: str, number: int, start: float, results: multiprocessing.Queue[int]) -> None:
    database = open_database(url)
    account = ledger.Payer(job_id=number, installation_id=number % 3, repository_id=number, issue=1)
    cost = ledger.Cost(Decimal("0.01"), input_tokens=1000, output_tokens=100)
    with database.read() as session:
        totals.read(session, ())
    time.sleep(max(0.0, start - time.time()))
    settled = 0
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        now = datetime.now(UTC)
        reserved = ledger_transactions.reserve(
            database, account, CAPS, tier="weak", model="m", purpose="repair", worst=Decimal("0.02"), now=now
        )
        ledger_transactions.settle(database, reserved.id, cost, now=now)
        settled += 1
    database.close()
    results.put(settled)


def _bare(url: str, number: int, start: float, results: multiprocessing.Queue[int]) -> None:
    """The peer: two commits a turn that change one row nobody else wants."""
    database = open_database(url)
    with database.begin() as session:
        locks.take(session, str(number), "bench", timedelta(minutes=1), datetime.now(UTC))
    change = text("UPDATE locks SET owner = owner WHERE name = :name")
    time.sleep(max(0.0, start - time.time()))
    turns = 0
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        for _ in range(2):
            with database.begin() as session:
                session.execute(change, {"name": str(number)})
        turns += 1
    database.close()
    results.put(turns)


def _together(work: Callable[..., None], url: str) -> int:
    """Turns of all workers together."""
    context = forks()
    results: multiprocessing.Queue[int] = context.Queue()
    start = time.time() + 3
    workers = [context.Process(target=work, args=(url, number + 1, start, results)) for number in range(WORKERS)]
    for worker in workers:
        worker.start()
    turns = sum(results.get(timeout=120) for _ in workers)
    for worker in workers:
        worker.join()
    return turns


def settled_per_second(url: str) -> tuple[float, float]:
    """Full turns (set aside, book) of all workers together, and those of the peer; checks that the sums are right."""
    bare = _together(_bare, url)
    turns = _together(_work, url)
    database = open_database(url)
    with database.read() as session:
        month = month_of(datetime.now(UTC))
        assert spending_reports.discrepancies(session) == ()
        assert spending_reports.spent(session, CapScope.OPERATOR, "", month).spent == turns * Decimal("0.01")
    database.close()
    return turns / SECONDS, bare / SECONDS


def _row(name: str, url: str, aim: int) -> Row:
    rate, bare = settled_per_second(url)
    return Row(
        f"reservations settled, {WORKERS} workers, {name}",
        rate,
        "1/s",
        peer=f"two bare commits: {bare:.0f}/s",
        ratio=rate / bare,
        aim=f">= {aim}/s",
        ok=rate >= aim,
    )


def run() -> list[Row]:
    """SQLite always, PostgreSQL where PENNYFIX_TEST_POSTGRES names one."""
    rows = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        rows.append(_row("SQLite", sqlite_url(folder), 200))
        if os.environ.get("PENNYFIX_TEST_POSTGRES"):
            url = stack.enter_context(postgres_schema())
            migrate(url)
            rows.append(_row("PostgreSQL", url, 500))
    return rows


if __name__ == "__main__":
    for row in run():
        print(row)
