"""What one process works with: made once when it starts, handed down, never looked up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from workers.billing.policy import Limits
from workers.config.operator_file import Operator, load_operator
from workers.config.settings import Settings, load_settings
from workers.db.database import Database, open_database
from workers.processes.celery_app import Publish, publisher

Clock = Callable[[], datetime]


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
    def limits(self) -> Limits:
        """What the operator allows, as the budget's rules take it."""
        limits = self.operator.limits
        return Limits(
            operator_month=limits.monthly_usd,
            repository_month=limits.repository_monthly_usd,
            issue=limits.issue_usd,
            installation_month=limits.installation_monthly_usd,
        )


def open_context(settings: Settings | None = None, *, publish: Publish | None = None) -> Context:
    """Load what is configured and open the database (made and migrated). Raises ConfigError, DatabaseUrlError."""
    settings = settings or load_settings()
    operator = load_operator(settings.config)
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = open_database(settings.database_url)
    database.migrate()
    return Context(settings, operator, database, publish or publisher(settings))
