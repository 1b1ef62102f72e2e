"""What one process works with: made once when it starts, handed down, never looked up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from workers.app import Publish, publisher
from workers.database import Database, open_database
from workers.operator_file import Operator, load_operator
from workers.settings import Settings, load_settings

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Now, with its time zone."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Context:
    """`publish(kind, id)` sends a wake-up ("job", "delivery") and may raise; `clock` gives UTC."""

    settings: Settings
    operator: Operator
    database: Database
    publish: Publish
    clock: Clock = utc_now


def open_context(settings: Settings | None = None, *, publish: Publish | None = None) -> Context:
    """Load what is configured and open the database (made and migrated). Raises ConfigError, DatabaseUrlError."""
    settings = settings or load_settings()
    operator = load_operator(settings.config)
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = open_database(settings.database_url)
    database.migrate()
    return Context(settings, operator, database, publish or publisher(settings))
