"""Which label a repository's `.github/autofix.yml` named when a worker last read it (its row keeps it)."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from workers.database import Database
from workers.tables import RepositoryRow

SECONDS = 10.0
MOST = 10_000


class LabelUnknown(Exception):
    """The database does not answer: whether a label is ours cannot be said now."""


def label_of(database: Database) -> Callable[[int], str | None]:
    """A function from repository id to label; None while the file was never read. Answers may be 10 s old.

    It reads the database, so it may block. Raises LabelUnknown when the database does not answer.
    """
    kept: dict[int, tuple[float, str | None]] = {}

    def look_up(repository_id: int) -> str | None:
        now = time.monotonic()
        found = kept.get(repository_id)
        if found is not None and now - found[0] < SECONDS:
            return found[1]
        try:
            with database.read() as session:
                row = session.get(RepositoryRow, repository_id)
                label = (row.settings or {}).get("label") if row is not None else None
        except SQLAlchemyError as error:
            raise LabelUnknown(f"the database does not answer: {type(error).__name__}") from error
        if len(kept) >= MOST:
            kept.clear()
        kept[repository_id] = (now, label if isinstance(label, str) else None)
        return kept[repository_id][1]

    return look_up
