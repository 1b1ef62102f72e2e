"""Jobs as people ask for them: a list, and one job whole: what exactly produced this patch? Never writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workers.db.tables import COUNTED_USD, ChargeRow, JobRow, StepRow
from workers.jobs import queue
from workers.jobs.job import Job, State
from workers.jobs.step_kinds import HIDDEN_STEPS, VERSIONS
from workers.messages.attempt_view import AttemptView
from workers.views.attempts import attempts_of


class NoSuchJob(LookupError):
    """No job has this number."""


@dataclass(frozen=True, slots=True)
class JobLine:
    """One job in a list. `usd` counts calls of unknown cost at their worst case."""

    job: Job
    usd: Decimal


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call to a model. `usd` None: unknown, counted as `worst_usd`. `price` is what was in force, as kept."""

    at: datetime
    tier: str
    model: str
    purpose: str
    attempt: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    usd: Decimal | None
    worst_usd: Decimal
    seconds: float
    error: str
    price: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JobReport:
    """One job. `versions` is what ran (strategy, tiers with parameters, prompt digests), None when nothing did yet."""

    job: Job
    versions: Mapping[str, Any] | None
    steps: Sequence[tuple[datetime, str]]
    attempts: Sequence[AttemptView]
    calls: Sequence[ModelCall]

    @property
    def usd(self) -> Decimal:
        """What it cost; unknown costs at their worst case."""
        return sum((c.worst_usd if c.usd is None else c.usd for c in self.calls), Decimal(0))


def list_jobs(
    session: Session, *, state: State | None = None, repository_id: int | None = None, limit: int = 20
) -> tuple[JobLine, ...]:
    """The newest jobs first."""
    query = select(JobRow).order_by(JobRow.id.desc()).limit(limit)
    if state is not None:
        query = query.where(JobRow.state == state.value)
    if repository_id is not None:
        query = query.where(JobRow.repository_id == repository_id)
    found = [queue.to_job(row) for row in session.scalars(query)]
    spent = session.execute(
        select(ChargeRow.job_id, func.sum(COUNTED_USD).label("usd"))
        .where(ChargeRow.job_id.in_([job.id for job in found]))
        .group_by(ChargeRow.job_id)
    ).all()
    usd = {row.job_id: row.usd for row in spent}
    return tuple(JobLine(job, usd.get(job.id, Decimal(0))) for job in found)


def find_job(session: Session, job_id: int) -> Job:
    """The job. Raises NoSuchJob."""
    job = queue.find(session, job_id)
    if job is None:
        newest = session.scalar(select(func.max(JobRow.id)))
        which = f"the newest is {newest}" if newest else "there is none yet"
        raise NoSuchJob(f"there is no job {job_id} ({which}); `pennyfix jobs list` shows them")
    return job


def job_report(session: Session, job_id: int) -> JobReport:
    """Everything about one job. Raises NoSuchJob."""
    job = find_job(session, job_id)
    steps = session.scalars(select(StepRow).where(StepRow.job_id == job_id).order_by(StepRow.id)).all()
    charges = session.scalars(select(ChargeRow).where(ChargeRow.job_id == job_id).order_by(ChargeRow.id)).all()
    ran = [step.facts for step in steps if step.kind == VERSIONS]
    return JobReport(
        job=job,
        versions=ran[-1] if ran else None,
        steps=tuple((step.at, step.text) for step in steps if step.kind not in HIDDEN_STEPS),
        attempts=attempts_of(session, job_id),
        calls=tuple(_call(row) for row in charges),
    )


def versions_of(session: Session, job_id: int) -> Mapping[str, Any] | None:
    """What ran in a job, as `workers.jobs.timeline.keep_versions` kept it; None when no model was asked."""
    query = select(StepRow.facts).where(StepRow.job_id == job_id, StepRow.kind == VERSIONS).order_by(StepRow.id.desc())
    return session.scalars(query.limit(1)).first()


def _call(row: ChargeRow) -> ModelCall:
    return ModelCall(
        at=row.at,
        tier=row.tier,
        model=row.model,
        purpose=row.purpose,
        attempt=row.attempt,
        input_tokens=row.input_tokens,
        cached_tokens=row.cached_tokens,
        output_tokens=row.output_tokens,
        usd=row.usd,
        worst_usd=row.worst,
        seconds=row.milliseconds / 1000,
        error=row.error,
        price=row.price,
    )
