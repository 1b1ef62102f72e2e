"""What became of our pull requests: the only judgement that counts in the end, kept to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workers.db.tables import OutcomeRow
from workers.db.upsert import upsert
from workers.jobs.job import Job

_FINAL = frozenset({"merged", "reverted"})  # a late "closed" or "reopened" does not undo these


@dataclass(frozen=True, slots=True)
class MergeRecord:
    """How often the pull requests of one tier and strategy were merged and stayed."""

    tier: str
    strategy: str
    opened: int
    merged: int
    closed: int
    reverted: int


def opened(
    session: Session,
    job: Job,
    *,
    pull_request: int,
    branch: str,
    tier: str,
    strategy: str,
    evidence: str,
    now: datetime,
) -> None:
    """A pull request of ours is open; said twice, it is one."""
    upsert(
        session,
        OutcomeRow,
        ["repository_id", "pull_request"],
        {
            "repository_id": job.repository_id,
            "pull_request": pull_request,
            "issue": job.issue,
            "job_id": job.id,
            "branch": branch,
            "outcome": "opened",
            "tier": tier,
            "strategy": strategy,
            "evidence": evidence,
            "opened_at": now,
            "at": now,
        },
    )


def observe(session: Session, repository_id: int, branch: str, outcome: str, now: datetime) -> OutcomeRow | None:
    """Remember what became of the newest pull request from `branch`; None if it is not ours."""
    row = session.scalars(
        select(OutcomeRow)
        .where(OutcomeRow.repository_id == repository_id, OutcomeRow.branch == branch)
        .order_by(OutcomeRow.pull_request.desc())
        .limit(1)
        .with_for_update()
    ).one_or_none()
    if row is None:
        return None
    if row.outcome in _FINAL and outcome not in _FINAL:
        return row
    row.outcome = outcome
    row.at = now
    session.flush()
    return row


def of_repository(session: Session, repository_id: int, *, limit: int = 200) -> Sequence[OutcomeRow]:
    """The newest outcomes first."""
    query = select(OutcomeRow).where(OutcomeRow.repository_id == repository_id)
    return session.scalars(query.order_by(OutcomeRow.id.desc()).limit(limit)).all()


def records(session: Session, repository_id: int) -> tuple[MergeRecord, ...]:
    """Counts by tier and strategy, for routing learned from the repository's own outcomes."""
    rows = session.execute(
        select(OutcomeRow.tier, OutcomeRow.strategy, OutcomeRow.outcome, func.count())
        .where(OutcomeRow.repository_id == repository_id)
        .group_by(OutcomeRow.tier, OutcomeRow.strategy, OutcomeRow.outcome)
    ).all()
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for tier, strategy, outcome, count in rows:
        counts.setdefault((tier, strategy), {})[outcome] = count
    return tuple(
        MergeRecord(
            tier,
            strategy,
            opened=sum(by.values()),
            merged=by.get("merged", 0),
            closed=by.get("closed", 0),
            reverted=by.get("reverted", 0),
        )
        for (tier, strategy), by in sorted(counts.items())
    )
