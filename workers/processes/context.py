"""What one process works with: made once when it starts, handed down, never looked up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from workers.billing.policy import BudgetLimits, limits_of
from workers.config.operator_file import Operator, load_operator
from workers.config.settings import Settings
from workers.db.database import Database, open_database

Clock = Callable[[], datetime]
Publish = Callable[[str, str | int], None]
"""Sends a wake-up: `publish(kind, id)` with kind "job", "delivery" or "tell"."""


def utc_now() -> datetime:
    """Now, with its time zone."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Context:
    """`publish(kind, id)` sends a wake-up ("job", "delivery", "tell") and may raise; `clock` gives UTC."""

    settings: Settings
    operator: Operator
    database: Database
    publish: Publish
    clock: Clock = utc_now

    @property
    def limits(self) -> BudgetLimits:
        """What the operator allows, as the budget's rules take it."""
        return limits_of(self.operator)


def open_context(settings: Settings, publish: Publish) -> Context:
    """Load what is configured and open the database (made and migrated). Raises ConfigError, DatabaseUrlError."""
    operator = load_operator(settings.config)
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = open_database(settings.database_url)
    database.migrate()
    return Context(settings, operator, database, publish)
