from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, StatementError

from tests.fakes.databases import forks, migrate, postgres_schema
from tests.workers.conftest import BOTH
from workers.db import locks
from workers.db.database import Database, DatabaseUrlError, open_database
from workers.db.tables import AttemptRow, SessionRow, Table, TotalRow

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(params=BOTH)
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/new.db"
    else:
        with postgres_schema() as url:
            yield url


def test_several_processes_may_migrate_at_once(bare_url: str) -> None:
    context = forks()
    processes = [context.Process(target=migrate, args=(bare_url,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    here, newest = open_database(bare_url).revision()
    assert here == newest is not None


def test_the_migrations_make_exactly_the_tables_that_the_code_describes(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": not database.sqlite})
        assert compare_metadata(context, Table.metadata) == []


def test_a_block_that_raises_leaves_nothing_behind(database: Database) -> None:
    with contextlib.suppress(ZeroDivisionError), database.begin() as session:
        locks.take(session, "x", "me", timedelta(minutes=1), NOW)
        _ = 1 / 0
    with database.begin() as session:
        assert locks.take(session, "x", "you", timedelta(minutes=1), NOW)


def test_a_reading_block_never_writes(database: Database) -> None:
    refusal: type[Exception] = StatementError  # PostgreSQL refuses, SQLite rolls back
    with contextlib.nullcontext() if database.sqlite else pytest.raises(refusal), database.read() as session:
        locks.take(session, "x", "me", timedelta(minutes=1), NOW)
    with database.begin() as session:
        assert locks.take(session, "x", "you", timedelta(minutes=1), NOW)


def test_money_and_times_come_back_as_they_were(database: Database) -> None:
    there = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5)))
    with database.begin() as session:
        session.add(TotalRow(scope="operator", key="", month="2026-11", spent=Decimal("0.1"), reserved=Decimal("1e6")))
        session.add(
            SessionRow(id_digest="d", github_id=1, login="ada\0\udc80é", csrf="", created_at=there, expires=there)
        )
    with database.read() as session:
        total = session.get_one(TotalRow, ("operator", "", "2026-11"))
        assert (total.spent, total.reserved) == (Decimal("0.1"), Decimal(1000000))
        row = session.get_one(SessionRow, "d")
        assert (row.expires, row.expires.tzinfo) == (there, UTC)
        assert row.login == "ada\ufffd\ufffdé"


def test_a_float_or_a_time_without_zone_is_refused(database: Database) -> None:
    for bad in (
        TotalRow(scope="operator", key="", month="", spent=0.1, reserved=Decimal(0)),
        SessionRow(id_digest="d", github_id=1, login="a", csrf="", created_at=datetime(2026, 1, 1), expires=NOW),  # noqa: DTZ001 - the mistake
    ):
        with pytest.raises((StatementError, TypeError)), database.begin() as session:
            session.add(bad)


def test_foreign_keys_are_enforced(database: Database) -> None:
    row = AttemptRow(job_id=404, number=1, tier="", solver="", strategy="", verdict="", evidence={}, diff="", note="",
                     error="", started_at=NOW)  # fmt: skip
    with pytest.raises(IntegrityError), database.begin() as session:
        session.add(row)


def test_sqlite_survives_a_power_cut_by_its_settings(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/x.db")
    with database.engine.connect() as connection:
        assert connection.execute(text("pragma journal_mode")).scalar() == "wal"
        assert connection.execute(text("pragma synchronous")).scalar() == 2
    database.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "not a url", ""])
def test_a_database_that_cannot_be_used_is_named_with_what_would_do(url: str) -> None:
    with pytest.raises(DatabaseUrlError, match="sqlite"):
        open_database(url)


def test_a_lock_is_held_by_one_until_it_expires_or_is_given_back(database: Database) -> None:
    minute = timedelta(minutes=1)

    def take(owner: str, now: datetime) -> bool:
        with database.begin() as session:
            return locks.take(session, "sweeper", owner, minute, now)

    assert take("a", NOW)
    assert take("a", NOW)
    assert not take("b", NOW + minute / 2)
    assert take("b", NOW + minute)
    with database.begin() as session:
        locks.give_back(session, "sweeper", "a")
    assert not take("a", NOW + minute)
