"""Real databases for tests: a fresh SQLite file, and a fresh schema of the PostgreSQL that the tests were given."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from tempfile import mkdtemp

from sqlalchemy import make_url

from workers.db.database import Database, open_database
from workers.db.tables import Table


@cache
def _migrated() -> Path:
    """An empty SQLite database to copy, made once per test process."""
    path = Path(mkdtemp(prefix="pennyfix-tests-")) / "empty.db"
    migrate(f"sqlite:///{path}")
    return path


def sqlite_url(folder: Path) -> str:
    """The URL of a migrated, empty SQLite database in `folder`."""
    path = folder / "pennyfix.db"
    shutil.copy(_migrated(), path)
    return f"sqlite:///{path}"


def migrate(url: str) -> None:
    """Migrate and close: what one of several starting processes does."""
    database = open_database(url)
    database.migrate()
    database.close()


def forks() -> ForkServerContext:
    """Processes that start fast, with our modules loaded, and share no connection with the test."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.fakes.spender", "tests.fakes.databases", "alembic.command"])
    return context


@contextmanager
def postgres_schema() -> Iterator[str]:
    """The URL of an empty schema (not migrated), dropped afterwards."""
    import psycopg

    url = make_url(os.environ["PENNYFIX_TEST_POSTGRES"])
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    schema = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'create schema "{schema}"'.encode())
    try:
        yield url.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(f'drop schema "{schema}" cascade'.encode())


def empty(database: Database) -> None:
    """Take all rows away."""
    with database.begin() as session:
        for table in reversed(Table.metadata.sorted_tables):
            session.execute(table.delete())
