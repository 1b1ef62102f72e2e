"""The `database` fixture: each test that asks for it runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.databases import empty, postgres_schema, sqlite_url
from workers.db.database import Database, open_database

BOTH = [pytest.param("sqlite"), pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    """A migrated schema for the tests of one module."""
    if not os.environ.get("PENNYFIX_TEST_POSTGRES"):
        pytest.skip("needs PENNYFIX_TEST_POSTGRES")  # the hook in tests/conftest.py fails it in CI before this
    with postgres_schema() as url:
        database = open_database(url)
        database.migrate()
        database.close()
        yield url


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a migrated, empty database."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    url = str(request.getfixturevalue("postgres_url"))
    database = open_database(url)
    empty(database)
    database.close()
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated, empty database."""
    database = open_database(database_url)
    yield database
    database.close()
