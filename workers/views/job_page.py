"""What a job's page and its record show: steps, attempts with evidence, every call. Read once; never writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workers.billing.totals import ZERO
from workers.db.tables import COUNTED_USD, AttemptRow, ChargeRow, JobRow, SightRow, StepRow
from workers.jobs.job import State
from workers.jobs.step_kinds import ENDING_STEPS, HIDDEN_STEPS
from workers.messages.attempt_view import AttemptView, attempt_json
from workers.views.attempts import attempts_of

MOST_STEPS = 500
MOST_CALLS = 200


@dataclass(frozen=True, slots=True)
class StepLine:
    """A line of the timeline."""

    id: int
    at: datetime
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class CallLine:
    """A call on the bill, USD and tokens. `usd` None: unknown, counted as `worst`."""

    at: datetime
    tier: str
    model: str
    purpose: str
    attempt: int
    input_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    output_tokens: int
    usd: Decimal | None
    worst: Decimal
    milliseconds: int
    error: str

    @property
    def counted(self) -> Decimal:
        """What it counts for."""
        return self.worst if self.usd is None else self.usd


@dataclass(frozen=True, slots=True)
class JobProgress:
    """What changes while a job runs. `usd` is spent so far, `steps` are new."""

    state: State
    reason: str
    usd: Decimal
    calls: int
    attempts: int
    steps: tuple[StepLine, ...]


@dataclass(frozen=True, slots=True)
class JobView:
    """Everything about one job. `headline` is how it ended, in words; `calls` at most `MOST_CALLS` unless asked."""

    row: JobRow
    administers: bool
    headline: str
    steps: tuple[StepLine, ...]
    attempts: tuple[AttemptView, ...]
    calls: tuple[CallLine, ...]
    calls_in_all: int
    usd: Decimal

    @property
    def state(self) -> State:
        """The job's state."""
        return State(self.row.state)


def repository_of(session: Session, digest: str, job_id: int) -> int | None:
    """The job's repository; None if the session may not see it or there is no such job: nobody can tell which."""
    return session.execute(
        select(JobRow.repository_id)
        .join(SightRow, SightRow.repository_id == JobRow.repository_id)
        .where(JobRow.id == job_id, SightRow.id_digest == digest)
    ).scalar_one_or_none()


def view(session: Session, digest: str, job_id: int, *, all_calls: bool = False) -> JobView | None:
    """The job; None as in `repository_of`."""
    found = session.execute(
        select(JobRow, SightRow.administers)
        .join(SightRow, SightRow.repository_id == JobRow.repository_id)
        .where(JobRow.id == job_id, SightRow.id_digest == digest)
    ).one_or_none()
    if found is None:
        return None
    row, administers = found
    usd, count = _bill(session, job_id)
    return JobView(
        row=row,
        administers=bool(administers),
        headline=_headline(session, job_id),
        steps=steps_after(session, job_id, 0),
        attempts=attempts_of(session, job_id),
        calls=_calls(session, job_id, None if all_calls else MOST_CALLS),
        calls_in_all=count,
        usd=usd,
    )


def _bill(session: Session, job_id: int) -> tuple[Decimal, int]:
    usd, count = session.execute(select(func.sum(COUNTED_USD), func.count()).where(ChargeRow.job_id == job_id)).one()
    return usd or ZERO, int(count)


def _calls(session: Session, job_id: int, limit: int | None) -> tuple[CallLine, ...]:
    rows: Sequence[Any] = session.execute(
        select(
            ChargeRow.at,
            ChargeRow.tier,
            ChargeRow.model,
            ChargeRow.purpose,
            ChargeRow.attempt,
            ChargeRow.input_tokens,
            ChargeRow.cached_tokens,
            ChargeRow.cache_write_tokens,
            ChargeRow.output_tokens,
            ChargeRow.usd,
            ChargeRow.worst,
            ChargeRow.milliseconds,
            ChargeRow.error,
        )
        .where(ChargeRow.job_id == job_id)
        .order_by(ChargeRow.id)
        .limit(limit)
    ).all()
    return tuple(CallLine(*row) for row in rows)


def _headline(session: Session, job_id: int) -> str:
    query = select(StepRow.text).where(StepRow.job_id == job_id, StepRow.kind.in_(ENDING_STEPS))
    return session.scalars(query.order_by(StepRow.id.desc()).limit(1)).first() or ""


def steps_after(session: Session, job_id: int, last: int) -> tuple[StepLine, ...]:
    """The readable steps with ids above `last`, oldest first; of very many the newest `MOST_STEPS`."""
    rows = session.execute(
        select(StepRow.id, StepRow.at, StepRow.kind, StepRow.text)
        .where(StepRow.job_id == job_id, StepRow.id > last, StepRow.kind.not_in(HIDDEN_STEPS))
        .order_by(StepRow.id.desc())
        .limit(MOST_STEPS)
    ).all()
    return tuple(StepLine(*row) for row in reversed(rows))


def job_progress(session: Session, job_id: int, last: int) -> JobProgress | None:
    """What happened since the step `last`; None when the job is gone."""
    row = session.execute(select(JobRow.state, JobRow.reason).where(JobRow.id == job_id)).one_or_none()
    if row is None:
        return None
    usd, calls = _bill(session, job_id)
    count = select(func.count()).select_from(AttemptRow).where(AttemptRow.job_id == job_id)
    attempts = int(session.execute(count).scalar_one())
    return JobProgress(State(row.state), row.reason, usd, calls, attempts, steps_after(session, job_id, last))


def record(it: JobView) -> dict[str, Any]:
    """The whole of it as JSON-able values; amounts are text in USD, times ISO 8601 in UTC."""
    row = it.row
    return {
        "schema": 1,
        "job": {
            "id": row.id,
            "kind": row.kind,
            "state": row.state,
            "reason": row.reason,
            "headline": it.headline,
            "repository_id": row.repository_id,
            "repository": row.repository,
            "issue": row.issue,
            "pull_request": row.pull_request or None,
            "branch": row.branch or None,
            "base_commit": row.base_commit or None,
            "strategy": row.strategy or None,
            "actor": row.actor,
            "runs": row.attempts,
            "created_at": row.created_at.isoformat(),
            "finished_at": row.finished_at.isoformat() if row.finished_at else None,
        },
        "usd": str(it.usd),
        "strong_only_usd": None if row.strong_usd is None else str(row.strong_usd),
        "steps": [{**asdict(step), "at": step.at.isoformat()} for step in it.steps],
        "attempts": [attempt_json(attempt) for attempt in it.attempts],
        "calls": [
            {
                **asdict(call),
                "at": call.at.isoformat(),
                "usd": None if call.usd is None else str(call.usd),
                "worst": str(call.worst),
            }
            for call in it.calls
        ],
    }
