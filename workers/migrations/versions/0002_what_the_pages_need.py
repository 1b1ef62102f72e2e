"""What the pages need: who can see what, sign-ins under way, what a job cost at its end, and the ways to find jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sign_ins",
        sa.Column("id_digest", sa.String(length=64), nullable=False),
        sa.Column("next", sa.Text(), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id_digest", name=op.f("pk_sign_ins")),
    )
    op.create_index("ix_sign_ins_expires", "sign_ins", ["expires"], unique=False)
    op.create_table(
        "sights",
        sa.Column("id_digest", sa.String(length=64), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("administers", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["id_digest"], ["sessions.id_digest"], name=op.f("fk_sights_id_digest"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id_digest", "repository_id", name=op.f("pk_sights")),
    )
    op.add_column("sessions", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("usd", sa.BigInteger(), nullable=True))
    op.add_column("jobs", sa.Column("strong_usd", sa.BigInteger(), nullable=True))
    op.create_index("ix_jobs_repository_id_id", "jobs", ["repository_id", "id"], unique=False)
    op.create_index("ix_jobs_repository_id_created_at", "jobs", ["repository_id", "created_at"], unique=False)
    op.create_index(
        "ix_jobs_failed",
        "jobs",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'failed'"),
        postgresql_where=sa.text("state = 'failed'"),
    )


def downgrade() -> None:
    op.drop_index("ix_jobs_failed", table_name="jobs")
    op.drop_index("ix_jobs_repository_id_created_at", table_name="jobs")
    op.drop_index("ix_jobs_repository_id_id", table_name="jobs")
    op.drop_column("jobs", "strong_usd")
    op.drop_column("jobs", "usd")
    op.drop_column("sessions", "seen_at")
    op.drop_table("sights")
    op.drop_index("ix_sign_ins_expires", table_name="sign_ins")
    op.drop_table("sign_ins")
