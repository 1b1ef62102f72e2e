"""Which label a repository's `.github/autofix.yml` named when a worker last read it (its row keeps it)."""

from __future__ import annotations

import time

from sqlalchemy.exc import SQLAlchemyError

from workers.db.database import Database
from workers.db.tables import RepositoryRow

CACHE_SECONDS = 10.0
MAX_CACHED = 10_000


class LabelUnknown(Exception):
    """The database does not answer: whether a label is ours cannot be said now."""


class NotCached(LookupError):
    """The label would have to be looked up in the database."""


class TriggerLabels:
    """From repository id to label; None while the file was never read. Answers may be `CACHE_SECONDS` old."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cached: dict[int, tuple[float, str | None]] = {}

    def cached(self, repository_id: int) -> str | None:
        """The label, without touching the database. Raises NotCached."""
        found = self._cached.get(repository_id)
        if found is None or time.monotonic() - found[0] >= CACHE_SECONDS:
            raise NotCached(repository_id)
        return found[1]

    def look_up(self, repository_id: int) -> str | None:
        """The label; may block. Raises LabelUnknown when the database does not answer."""
        try:
            with self._database.read() as session:
                row = session.get(RepositoryRow, repository_id)
                label = (row.settings or {}).get("label") if row is not None else None
        except SQLAlchemyError as error:
            raise LabelUnknown(f"the database does not answer: {type(error).__name__}") from error
        if len(self._cached) >= MAX_CACHED:
            self._cached.clear()
        self._cached[repository_id] = (time.monotonic(), label if isinstance(label, str) else None)
        return self._cached[repository_id][1]
