"""What decisions learn from: each attempt's model, situation and cost, which was published, and the issue's text."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempts", sa.Column("model", sa.Text(), nullable=False, server_default=""))
    op.add_column("attempts", sa.Column("situation", sa.String(length=10), nullable=False, server_default=""))
    op.add_column("attempts", sa.Column("usd", sa.BigInteger(), nullable=True))
    op.add_column("attempts", sa.Column("chosen", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "issue_texts",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("more", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_issue_texts_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_issue_texts")),
    )


def downgrade() -> None:
    op.drop_table("issue_texts")
    for name in ("chosen", "usd", "situation", "model"):
        op.drop_column("attempts", name)
