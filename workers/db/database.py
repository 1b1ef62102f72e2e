"""The database: SQLite in the state folder by default, PostgreSQL by URL. Sessions, transactions, migrations.

It refuses to know what a row means. On SQLite every write transaction begins IMMEDIATE, so that what was
read in it is still true when it writes; on PostgreSQL rows are locked by those who need them to stay.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.orm import Session

MIGRATIONS = Path(__file__).parent.parent / "migrations"
BUSY_SECONDS = 30.0  # how long a SQLite writer waits for another
CACHE_KIB = 16_384  # of pages, per SQLite connection, used only as far as there are pages
IDLE_SECONDS = 5.0  # a PostgreSQL connection idle for longer is asked whether it lives
_MIGRATION_LOCK = 7_066_979  # PostgreSQL advisory lock: one process migrates, the others wait
_READ = "pennyfix_read"


class DatabaseUrlError(ValueError):
    """The database's URL cannot be used; the message says what would."""


class Database:
    """An engine and the ways to use it: `begin()` to write, `read()` to look, `alone()` for one statement."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._alone = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._reading = engine.execution_options(
            **({_READ: True} if engine.dialect.name == "sqlite" else {"postgresql_readonly": True})
        )

    @property
    def sqlite(self) -> bool:
        """Whether this is SQLite (one writer at a time)."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """One write transaction: committed at the end, rolled back if the block raises."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent look; nothing in it is ever written (PostgreSQL refuses, SQLite rolls back)."""
        with Session(self._reading, expire_on_commit=False) as session:
            try:
                yield session
            finally:
                session.expunge_all()  # rows that were loaded stay readable afterwards
                session.rollback()

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """Each statement is a transaction of its own, begun and committed by the server. PostgreSQL only."""
        with self._alone.connect() as connection:
            yield connection

    def migrate(self) -> None:
        """Bring the schema up to date. Safe when several processes start at once: one works, the others wait."""
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        with self.engine.begin() as connection:
            if not self.sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def revision(self) -> tuple[str | None, str | None]:
        """The schema's revision and the newest one; equal when migrated."""
        from alembic.config import Config
        from alembic.runtime.migration import MigrationContext
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        with self._reading.connect() as connection:
            here = MigrationContext.configure(connection).get_current_revision()
        return here, ScriptDirectory.from_config(config).get_current_head()

    def after_fork(self) -> None:
        """Forget connections that belong to the parent process."""
        self.engine.dispose(close=False)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """A database by URL: `sqlite:////folder/pennyfix.db` or `postgresql+psycopg://user:password@host/name`.

    Nothing is connected yet. Raises DatabaseUrlError.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseUrlError(
            "the database URL cannot be read; write sqlite:////folder/pennyfix.db "
            "or postgresql://user:password@host/name"
        ) from error
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "postgresql+psycopg":
        engine = create_engine(parsed, pool_size=5, max_overflow=10)
        event.listen(engine, "checkin", _note_idle)
        event.listen(engine, "checkout", _check_idle)
        return Database(engine)
    if parsed.drivername in {"sqlite", "sqlite+pysqlite"}:
        if not parsed.database or parsed.database == ":memory:":
            raise DatabaseUrlError("a SQLite database needs a file: sqlite:////folder/pennyfix.db (four slashes)")
        engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS}, pool_use_lifo=True)  # warm page caches
        event.listen(engine, "connect", _open_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return Database(engine)
    raise DatabaseUrlError(
        f"databases of the kind {parsed.drivername!r} are not supported; use sqlite:// or postgresql+psycopg://"
    )


def _open_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # BEGIN is ours, see _begin_sqlite
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA synchronous = FULL")  # what was acknowledged survives a power cut
    deadline = time.monotonic() + BUSY_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:  # another process is switching it right now: no busy timeout applies there
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    """Begin; to write, wait for the one writer's place. SQLite's own waiting sleeps up to 100 ms at a time and lets
    the place lie idle; asking every millisecond gives twice the transactions with eight writers."""
    if connection.get_execution_options().get(_READ, False):
        connection.exec_driver_sql("BEGIN")
        return
    raw: Any = connection.connection.dbapi_connection
    raw.execute("PRAGMA busy_timeout = 0")
    deadline = time.monotonic() + BUSY_SECONDS
    try:
        while time.monotonic() < deadline:
            try:
                raw.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                time.sleep(random.uniform(0.0003, 0.0015))  # noqa: S311 - to spread the waiting, no secret
            else:
                return
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # raises what SQLAlchemy's callers expect
    finally:
        raw.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")


def _note_idle(_connection: Any, record: Any) -> None:
    record.info["idle_since"] = time.monotonic()


def _check_idle(connection: Any, record: Any, _proxy: Any) -> None:
    """A connection that lay idle may be dead (the server restarted): ask before it is used."""
    if time.monotonic() - record.info.get("idle_since", time.monotonic()) < IDLE_SECONDS:
        return
    try:
        connection.autocommit = True
        connection.execute("SELECT 1")
        connection.autocommit = False
    except Exception as error:  # each driver has its own errors, and any of them means that the pool opens another
        raise DisconnectionError("the connection died while idle") from error
