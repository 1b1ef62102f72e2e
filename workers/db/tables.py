"""The tables, as SQLAlchemy classes; `workers/migrations` makes them. Rules about rows live in the neighbours.

GitHub's numeric ids are the keys; names are for display. Money is micro-dollars, times are UTC (`columns.py`).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, MetaData, String, false, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from workers.db.columns import Usd, Utc, Words

# SQLite numbers rows only in a column that is exactly INTEGER.
RowId = BigInteger().with_variant(Integer(), "sqlite")
ACTIVE = text("state IN ('queued', 'running')")
QUEUED = text("state = 'queued'")
RUNNING = text("state = 'running'")
FAILED = text("state = 'failed'")


class Table(DeclarativeBase):
    """What all tables share: how constraints are named, and what Python types become."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Utc(),
        Decimal: Usd(),
        dict[str, Any]: JSON(),
        int: BigInteger(),
        str: Words(),
    }


class DeliveryRow(Table):
    """A signed delivery. `state`: ignored | pending (a worker must act on `command`) | done | failed."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index(
            "ix_deliveries_pending",
            "next_run_at",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_deliveries_received_at", "received_at"),
        Index("ix_deliveries_installation_id", "installation_id"),
    )

    guid: Mapped[str] = mapped_column(String(100), primary_key=True)
    event: Mapped[str]
    action: Mapped[str]
    installation_id: Mapped[int | None]
    repository_id: Mapped[int | None]
    received_at: Mapped[datetime]
    body_digest: Mapped[str]
    state: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(default="")
    command: Mapped[dict[str, Any] | None]
    attempts: Mapped[int] = mapped_column(default=0)
    next_run_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    lease_owner: Mapped[str] = mapped_column(default="")
    lease_expires: Mapped[datetime | None]


class InstallationRow(Table):
    """An account that installed the App. `budget` is its monthly cap in USD, None for none."""

    __tablename__ = "installations"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    account: Mapped[str]
    suspended: Mapped[bool] = mapped_column(default=False)
    budget: Mapped[Decimal | None]
    created_at: Mapped[datetime]


class RepositoryRow(Table):
    """A repository of an installation. `budget` is the monthly override in USD set by `budget_by` at `budget_at`;
    `budget_file` is what the repository's file said then, `file_budget` and `file_issue` what it says now
    (`workers/billing/policy.py` has the precedence). `budget_issue` is the issue where GitHub is told of it."""

    __tablename__ = "repositories"
    __table_args__ = (Index("ix_repositories_installation_id", "installation_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    installation_id: Mapped[int] = mapped_column(ForeignKey("installations.id"))
    name: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    archived: Mapped[bool] = mapped_column(default=False)
    budget: Mapped[Decimal | None]
    budget_by: Mapped[str] = mapped_column(default="")
    budget_at: Mapped[datetime | None]
    budget_file: Mapped[Decimal | None]
    file_budget: Mapped[Decimal | None]
    file_issue: Mapped[Decimal | None]
    settings: Mapped[dict[str, Any] | None]
    settings_at: Mapped[datetime | None]
    budget_issue: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class JobRow(Table):
    """`workers.jobs.job.Job` and its lease. `told` False: it ended, and GitHub has not been told yet.
    `restart_by`: who asked again while the cancelled run was still going. `needed`: the USD whose lack stopped it.
    `usd`: what its calls cost, `strong_usd`: what the strong model alone would have (an estimate); known at its end."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("uq_jobs_active", "repository_id", "issue", unique=True, sqlite_where=ACTIVE, postgresql_where=ACTIVE),
        Index("ix_jobs_queued", "installation_id", "next_run_at", "id", sqlite_where=QUEUED, postgresql_where=QUEUED),
        Index("ix_jobs_queued_published", "published_at", sqlite_where=QUEUED, postgresql_where=QUEUED),
        Index("ix_jobs_running", "installation_id", "lease_expires", sqlite_where=RUNNING, postgresql_where=RUNNING),
        Index(
            "ix_jobs_over_budget",
            "created_at",
            sqlite_where=text("state = 'over_budget'"),
            postgresql_where=text("state = 'over_budget'"),
        ),
        Index("ix_jobs_untold", "id", sqlite_where=text("NOT told"), postgresql_where=text("NOT told")),
        Index("ix_jobs_failed", "id", sqlite_where=FAILED, postgresql_where=FAILED),
        Index("ix_jobs_repository_issue", "repository_id", "issue"),
        Index("ix_jobs_repository_id_id", "repository_id", "id"),
        Index("ix_jobs_repository_id_created_at", "repository_id", "created_at"),
        Index("ix_jobs_installation_id", "installation_id"),
        {"sqlite_autoincrement": True},  # an id is never given twice, also after a purge
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    installation_id: Mapped[int] = mapped_column(ForeignKey("installations.id"))
    repository_id: Mapped[int] = mapped_column(ForeignKey("repositories.id"))
    repository: Mapped[str]
    issue: Mapped[int]
    actor: Mapped[str]
    strategy: Mapped[str] = mapped_column(default="")
    request: Mapped[str] = mapped_column(default="")
    attempts: Mapped[int] = mapped_column(default=0)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(default="")
    branch: Mapped[str] = mapped_column(default="")
    pull_request: Mapped[int] = mapped_column(default=0)
    comment_id: Mapped[int] = mapped_column(default=0)
    base_commit: Mapped[str] = mapped_column(default="")
    approved: Mapped[bool] = mapped_column(default=False)
    told: Mapped[bool] = mapped_column(default=True)
    restart_by: Mapped[str] = mapped_column(default="")
    needed: Mapped[Decimal | None]
    usd: Mapped[Decimal | None]
    strong_usd: Mapped[Decimal | None]
    lease_owner: Mapped[str] = mapped_column(default="")
    lease_fence: Mapped[int] = mapped_column(default=0)
    lease_expires: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    next_run_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class AttemptRow(Table):
    """One model attempt of a job, with what the verification said about it.

    `situation` is `strategies.outcomes.Situation`, "" when there was no answer at all (nothing is learned from it);
    `usd` what its calls cost, None when unknown; `chosen`: what the job came to, and published if anything was."""

    __tablename__ = "attempts"
    __table_args__ = (Index("uq_attempts_job_id_number", "job_id", "number", unique=True),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    number: Mapped[int]
    tier: Mapped[str]
    solver: Mapped[str]
    strategy: Mapped[str]
    verdict: Mapped[str]
    evidence: Mapped[dict[str, Any]]
    diff: Mapped[str]
    note: Mapped[str]
    error: Mapped[str]
    started_at: Mapped[datetime]
    seconds: Mapped[int] = mapped_column(default=0)
    model: Mapped[str] = mapped_column(default="", server_default="")
    situation: Mapped[str] = mapped_column(String(10), default="", server_default="")
    usd: Mapped[Decimal | None]
    chosen: Mapped[bool] = mapped_column(default=False, server_default=false())


class IssueTextRow(Table):
    """The issue as the models saw it: an example for later issues, and what a repetition starts from.
    `more` holds its comments and a maintainer's instructions."""

    __tablename__ = "issue_texts"

    job_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    title: Mapped[str]
    body: Mapped[str]
    more: Mapped[dict[str, Any]] = mapped_column(default=dict)


class StepRow(Table):
    """One line of a job's timeline, for the sticky comment and the job's page."""

    __tablename__ = "steps"
    __table_args__ = (Index("ix_steps_job_id_id", "job_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    kind: Mapped[str]
    text: Mapped[str]
    facts: Mapped[dict[str, Any]]


class ReservationRow(Table):
    """Money set aside for a call in flight; the row goes when the call is settled or given back."""

    __tablename__ = "reservations"
    __table_args__ = (Index("ix_reservations_job_id", "job_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    job_id: Mapped[int]
    fence: Mapped[int]
    installation_id: Mapped[int]
    repository_id: Mapped[int]
    issue: Mapped[int]
    month: Mapped[str] = mapped_column(String(7))
    tier: Mapped[str]
    model: Mapped[str]
    purpose: Mapped[str]
    worst: Mapped[Decimal]
    created_at: Mapped[datetime]


class ChargeRow(Table):
    """A call on the bill. `usd` None: the cost is unknown and counts as `worst`. `swept`: nobody settled it,
    the sweeper did. `issue` 0 and `job_id` None: the sum of a purged installation's calls."""

    __tablename__ = "charges"
    __table_args__ = (
        Index("uq_charges_reservation", "reservation", unique=True),
        Index("ix_charges_repository_id_month_issue", "repository_id", "month", "issue"),
        Index("ix_charges_job_id", "job_id"),
        Index("ix_charges_month_installation_id", "month", "installation_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    reservation: Mapped[str] = mapped_column(String(32))
    job_id: Mapped[int | None]
    installation_id: Mapped[int]
    repository_id: Mapped[int]
    issue: Mapped[int]
    month: Mapped[str] = mapped_column(String(7))
    tier: Mapped[str]
    model: Mapped[str]
    purpose: Mapped[str]
    attempt: Mapped[int] = mapped_column(default=0)
    input_tokens: Mapped[int] = mapped_column(default=0)
    cached_tokens: Mapped[int] = mapped_column(default=0)
    cache_write_tokens: Mapped[int] = mapped_column(default=0)
    output_tokens: Mapped[int] = mapped_column(default=0)
    usd: Mapped[Decimal | None]
    worst: Mapped[Decimal]
    price: Mapped[dict[str, Any]]
    milliseconds: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    swept: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime]


COUNTED_USD = func.coalesce(ChargeRow.usd, ChargeRow.worst, type_=Usd())
"""USD that a charge counts as: its cost, or its worst case where the cost is unknown."""


class TotalRow(Table):
    """What a scope has spent and set aside: kept in the same transaction as the rows it sums up.
    `scope`: issue (key `repository#issue`, month "") | repository | installation | operator (key "")."""

    __tablename__ = "totals"

    scope: Mapped[str] = mapped_column(String(12), primary_key=True)
    key: Mapped[str] = mapped_column(String(50), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    spent: Mapped[Decimal]
    reserved: Mapped[Decimal]


class AlertRow(Table):
    """A mark (percent of the month's budget) that a repository has been told of."""

    __tablename__ = "alerts"

    repository_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    mark: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime]


class AuditRow(Table):
    """Who asked for what, when, and what it changed."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_repository_id", "repository_id"), Index("ix_audit_at", "at"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    what: Mapped[str]
    place: Mapped[str] = mapped_column(default="")
    installation_id: Mapped[int | None]
    repository_id: Mapped[int | None]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]


class OutcomeRow(Table):
    """What became of a pull request of ours: opened | merged | closed | reopened | reverted."""

    __tablename__ = "outcomes"
    __table_args__ = (
        Index("uq_outcomes_pull_request", "repository_id", "pull_request", unique=True),
        Index("ix_outcomes_job_id", "job_id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    repository_id: Mapped[int]
    pull_request: Mapped[int]
    issue: Mapped[int]
    job_id: Mapped[int | None]
    branch: Mapped[str]
    outcome: Mapped[str]
    tier: Mapped[str] = mapped_column(default="")
    strategy: Mapped[str] = mapped_column(default="")
    evidence: Mapped[str] = mapped_column(default="")
    opened_at: Mapped[datetime]
    at: Mapped[datetime]


class SessionRow(Table):
    """A signed-in browser. Only the digest of its cookie is kept; `token` is the GitHub user token, sealed with a key
    that only the cookie holds. `seen_at`: when GitHub was last asked what this person can see (`SightRow`)."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_expires", "expires"),)

    id_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    github_id: Mapped[int]
    login: Mapped[str]
    csrf: Mapped[str]
    token: Mapped[str] = mapped_column(default="")
    facts: Mapped[dict[str, Any] | None]
    seen_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    expires: Mapped[datetime]


class SignInRow(Table):
    """A sign-in under way: the digest of the browser's cookie, and where to go afterwards. Taken away on first use."""

    __tablename__ = "sign_ins"
    __table_args__ = (Index("ix_sign_ins_expires", "expires"),)

    id_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    next: Mapped[str]
    expires: Mapped[datetime]


class SightRow(Table):
    """A repository that the person of a session can see, and whether they administer it."""

    __tablename__ = "sights"

    id_digest: Mapped[str] = mapped_column(
        String(64), ForeignKey("sessions.id_digest", ondelete="CASCADE"), primary_key=True
    )
    repository_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    administers: Mapped[bool]


class SwitchRow(Table):
    """An operator's switch, such as the one that stops all new spending."""

    __tablename__ = "switches"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    thrown: Mapped[bool]
    actor: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]


class LockRow(Table):
    """A named lock with an expiry, for what only one process should do at a time."""

    __tablename__ = "locks"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    owner: Mapped[str]
    expires: Mapped[datetime]


class WorkerBeatRow(Table):
    """A worker that said it is alive, and what it works on."""

    __tablename__ = "worker_beats"

    worker_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    host: Mapped[str]
    at: Mapped[datetime]
    job_id: Mapped[int | None]
