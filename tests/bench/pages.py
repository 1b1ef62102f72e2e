"""Server time of the pages with 1,000 repositories and 100,000 charges, beside a database with one and none.

Asked in-process over ASGI (no network), with a real session and a database on disk; medians of 40.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from sqlalchemy import insert

from tests.bench.row import Row
from tests.fakes.databases import migrate, postgres_schema, sqlite_url
from tests.fakes.github_delivery import SECRET
from webhook.app import create_app
from webhook.pages.router import pages
from webhook.pages.session import digest
from workers.config.operator_file import Operator
from workers.config.settings import load_settings
from workers.db import sessions
from workers.db.database import Database, open_database
from workers.db.tables import ChargeRow, JobRow, OutcomeRow, TotalRow
from workers.deliveries import installations
from workers.jobs.commands import Place
from workers.months import month_of
from workers.processes.context import Context

REPOSITORIES = 1000
CHARGES = 100_000
JOBS = 20_000
BUSY = 1  # this repository has a tenth of all charges
ROUNDS = 40
COOKIE = "bench"
AIM = 100.0
Table = list[dict[str, Any]]


def _fill(database: Database, repositories: int, charges: int, jobs: int, now: datetime) -> None:
    month = month_of(now)
    with database.begin() as session:
        for number in range(1, repositories + 1):
            installations.ensure_repository(
                session, Place(1 + number % 50, number, f"owner{number % 50}/repository-{number}"), now
            )
        session.flush()
        sessions.open_session(
            session, digest=digest(COOKIE), github_id=1, login="ada", csrf="c", token="",
            sights=dict.fromkeys(range(1, repositories + 1), True), now=now + timedelta(hours=1),
            expires=now + timedelta(hours=9),
        )  # fmt: skip
        rows: Table = [_job(n, 1 + n % repositories, now) for n in range(1, jobs + 1)]
        _insert(session, JobRow, rows)
        _insert(session, OutcomeRow, [_outcome(n, 1 + n % repositories, now) for n in range(1, jobs // 2 + 1)])
        bills: Table = []
        totals: dict[str, int] = {}
        for n in range(charges):
            where = BUSY if n % 10 == 0 else 1 + n % repositories
            totals[str(where)] = totals.get(str(where), 0) + 1
            bills.append(_charge(n, where, jobs, now, month))
        _insert(session, ChargeRow, bills)
        sums = [
            {"scope": "repository", "key": k, "month": month, "spent": Decimal("0.001") * v, "reserved": Decimal(0)}
            for k, v in totals.items()
        ]
        _insert(session, TotalRow, sums)


def _insert(session: Any, table: Any, rows: Table) -> None:
    for start in range(0, len(rows), 5000):
        session.execute(insert(table), rows[start : start + 5000])


def _job(number: int, repository: int, now: datetime) -> dict[str, Any]:
    return {
        "id": number, "kind": "resolve", "state": ("opened", "declined", "failed", "opened")[number % 4],
        "installation_id": 1 + repository % 50, "repository_id": repository, "repository": f"o/r{repository}",
        "issue": number, "actor": "bob", "created_at": now, "updated_at": now, "next_run_at": now, "finished_at": now,
        "usd": Decimal("0.1"), "strong_usd": Decimal("0.3"),
    }  # fmt: skip


def _outcome(number: int, repository: int, now: datetime) -> dict[str, Any]:
    return {
        "repository_id": repository, "pull_request": number, "issue": number, "job_id": number, "branch": "b",
        "outcome": "merged" if number % 2 else "closed", "opened_at": now, "at": now,
    }  # fmt: skip


def _charge(number: int, repository: int, jobs: int, now: datetime, month: str) -> dict[str, Any]:
    day = now.replace(day=1 + number % max(now.day, 1))
    return {
        "reservation": f"{number:032}", "job_id": 1 + number % jobs, "installation_id": 1 + repository % 50,
        "repository_id": repository, "issue": number % 100, "month": month, "tier": ("weak", "strong")[number % 7 == 0],
        "model": ("haiku", "opus")[number % 7 == 0], "purpose": "repair", "input_tokens": 9000, "output_tokens": 500,
        "usd": Decimal("0.001"), "worst": Decimal("0.01"), "price": {}, "at": day,
    }  # fmt: skip


async def _times(apps: tuple[Any, Any], paths: tuple[str, ...]) -> tuple[dict[str, float], dict[str, float]]:
    """Milliseconds, medians; page after page, the two databases in turns so that both see the same machine."""
    found: tuple[dict[str, float], dict[str, float]] = ({}, {})
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(app), base_url="http://bench", cookies={"pennyfix": COOKIE}
                )
            )
            for app in apps
        ]
        for path in paths:
            taken: tuple[list[float], list[float]] = ([], [])
            for round_ in range(ROUNDS + 3):
                for client, times in zip(clients, taken, strict=True):
                    began = time.perf_counter()
                    answer = await client.get(path)
                    if round_ >= 3:
                        times.append(time.perf_counter() - began)
                    assert answer.status_code == 200, answer.text[:500]
            for medians, times in zip(found, taken, strict=True):
                medians[path] = statistics.median(times) * 1000
    return found


def _app(url: str, folder: Path, sizes: tuple[int, int, int]) -> tuple[Any, Database]:
    database = open_database(url)
    now = datetime.now(UTC)
    _fill(database, *sizes, now)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
    settings = load_settings(
        home=folder, github_webhook_secret=SECRET, github_client_id="x", github_client_secret="y", operators="ada",
        database_url=url, public_url="",
    )  # fmt: skip
    context = Context(settings, Operator(), database, lambda _kind, _id: None)
    return create_app(settings, database, context.publish, routers=pages(context)), database


PAGES = {
    "overview": "/",
    "repository": "/repositories/2",
    "repository with 10,000 charges": f"/repositories/{BUSY}",
    "operator": "/operator",
}


def measure(few: str, many: str, folder: Path, name: str) -> list[Row]:
    """Rows for two databases (URLs), an empty one and a full one."""
    empty_app, empty = _app(few, folder, (2, 0, 0))
    full_app, full = _app(many, folder, (REPOSITORIES, CHARGES, JOBS))
    paths = tuple(PAGES.values())
    before, after = asyncio.run(_times((empty_app, full_app), paths))
    empty.close()
    full.close()
    rows = []
    for what, path in PAGES.items():
        ratio = after[path] / before[path]
        good = after[path] <= AIM and (ratio <= 2 or what not in ("overview", "repository"))
        aim = "<= 100 ms, <= 2x" if what in ("overview", "repository") else "<= 100 ms"
        rows.append(
            Row(f"{what} page, {name}", after[path], "ms", f"empty database: {before[path]:.1f} ms", ratio, aim, good)
        )
    return rows


def run() -> list[Row]:
    """SQLite always, PostgreSQL where PENNYFIX_TEST_POSTGRES names one."""
    rows: list[Row] = []
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(TemporaryDirectory())) for _ in range(2)]
        rows += measure(sqlite_url(folders[0]), sqlite_url(folders[1]), folders[0], "SQLite")
        if os.environ.get("PENNYFIX_TEST_POSTGRES"):
            urls = [stack.enter_context(postgres_schema()) for _ in range(2)]
            for url in urls:
                migrate(url)
            rows += measure(urls[0], urls[1], folders[0], "PostgreSQL")
    return rows


if __name__ == "__main__":
    for row in run():
        print(row)
