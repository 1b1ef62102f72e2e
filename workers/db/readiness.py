"""Whether the database can do its work: it answers, and its schema is there."""

from __future__ import annotations

from sqlalchemy import select

from workers.db.database import Database
from workers.db.tables import DeliveryRow


def database_answers(database: Database) -> None:
    """Return, or raise what the database raises."""
    with database.read() as session:
        session.execute(select(DeliveryRow.guid).limit(1)).all()
