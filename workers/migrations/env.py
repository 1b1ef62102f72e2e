"""Alembic's entry: runs the versions on the connection that `Database.migrate` opened, in its one transaction."""

from __future__ import annotations

from alembic import context

from workers.db.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    transactional_ddl=True,  # SQLite's DDL is transactional too, once BEGIN is ours
)
context.run_migrations()
