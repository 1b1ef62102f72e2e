"""A job's steps and attempts in the database: what happened, for the sticky comment, the pages and a resumed run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from strategies.issue import Comment, Issue
from strategies.models.meter import Charge
from strategies.resolution import Resolution
from strategies.step import Step
from strategies.verdict import Evidence
from workers.db.tables import AttemptRow, IssueTextRow, JobRow, StepRow
from workers.jobs import ending
from workers.jobs.ending import JobEnding
from workers.jobs.history import situations
from workers.jobs.job import Kind
from workers.jobs.step_kinds import ENDING_STEPS, KEPT, SETTLEMENT, VERSIONS
from workers.jobs.versions import Versions
from workers.redact import redact

LONGEST_DIFF, LONGEST_ISSUE = 400_000, 60_000
"""Characters of a diff and of an issue's text that are kept."""


def add_step(session: Session, job_id: int, step: Step, now: datetime) -> None:
    """Append a step."""
    facts = dict(step.facts)
    session.add(StepRow(job_id=job_id, at=now, kind=step.kind, text=redact(step.text)[:2_000], facts=facts))


def steps(session: Session, job_id: int, hidden: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The texts of the job's steps so far, oldest first."""
    rows = session.scalars(select(StepRow).where(StepRow.job_id == job_id).order_by(StepRow.id))
    return tuple(r.text for r in rows if r.kind not in hidden)


def pending_settlement(session: Session, job_id: int) -> JobEnding | None:
    """What an earlier run decided and did not finish; None when there is nothing to resume."""
    query = select(StepRow).where(StepRow.job_id == job_id, StepRow.kind.in_(ENDING_STEPS)).order_by(StepRow.id.desc())
    row = session.scalars(query.limit(1)).first()
    if row is None or row.kind != SETTLEMENT:
        return None
    return ending.from_facts(row.facts)


def keep_publication(session: Session, job_id: int, kept: JobEnding, now: datetime) -> None:
    """Keep a fix that could not be published."""
    add_step(session, job_id, Step(KEPT, kept.headline, ending.to_facts(kept)), now)


def kept_publication(session: Session, repository_id: int, issue: int, before: int) -> JobEnding | None:
    """The fix that the issue's last job before the job `before` could not publish; None when it kept none."""
    of_issue = (JobRow.repository_id == repository_id, JobRow.issue == issue, JobRow.kind == Kind.RESOLVE.value)
    older = select(JobRow.id).where(*of_issue, JobRow.id < before)
    last = session.scalars(older.order_by(JobRow.id.desc()).limit(1)).first()
    if last is None:
        return None
    found = select(StepRow).where(StepRow.job_id == last, StepRow.kind == KEPT).order_by(StepRow.id.desc()).limit(1)
    row = session.scalars(found).first()
    return None if row is None else ending.from_facts(row.facts)


def keep_attempts(
    session: Session,
    job_id: int,
    versions: Versions,
    resolution: Resolution,
    diffs: Sequence[str],
    charges: Sequence[Charge],
    now: datetime,
) -> None:
    """Store the attempts of this run, with their `charges` (an earlier run's rows of the job are replaced)."""
    session.execute(delete(AttemptRow).where(AttemptRow.job_id == job_id))
    attempts = resolution.attempts
    for number, (one, diff, situation) in enumerate(zip(attempts, diffs, situations(attempts), strict=True), 1):
        session.add(
            AttemptRow(
                job_id=job_id,
                number=number,
                tier=one.attempt.tier,
                solver=one.attempt.solver,
                strategy=versions.strategy,
                verdict=one.verdict.judged.value,
                evidence=_evidence(one.verdict.evidence),
                diff=redact(diff)[:LONGEST_DIFF],
                note=redact(one.attempt.diagnosis or one.attempt.note)[:4_000],
                error=redact(one.attempt.error or one.verdict.feedback)[:8_000],
                started_at=now,
                model=str(versions.tiers.get(one.attempt.tier, {}).get("model", "")),
                situation=situation or "",
                usd=_cost([c for c in charges if c.attempt == number]),
                chosen=one is resolution.chosen,
            )
        )


def keep_issue(session: Session, job_id: int, issue: Issue) -> None:
    """The issue's text as the models saw it."""
    title, body = redact(issue.title)[:1_000], redact(issue.body)[:LONGEST_ISSUE]
    comments = [[c.author, redact(c.body)[:LONGEST_ISSUE]] for c in issue.comments[:100]]
    more = {"comments": comments, "instructions": redact(issue.instructions)[:LONGEST_ISSUE]}
    session.merge(IssueTextRow(job_id=job_id, title=title, body=body, more=more))


def kept_issue(session: Session, job_id: int) -> Issue | None:
    """The inverse; None where no model was asked."""
    row = session.get(IssueTextRow, job_id)
    job = session.get(JobRow, job_id)
    if row is None or job is None:
        return None
    comments = tuple(Comment(author, body) for author, body in row.more.get("comments", ()))
    return Issue(job.issue, row.title, row.body, comments, job.repository, row.more.get("instructions", ""))


def keep_versions(session: Session, job_id: int, versions: Versions, now: datetime) -> None:
    """What exactly ran: for whoever asks later what produced a patch, also when none was published."""
    text = f"Pennyfix {versions.pennyfix}, strategy {versions.strategy}"
    add_step(session, job_id, Step(VERSIONS, text, versions.json()), now)


def _cost(charges: Sequence[Charge]) -> Decimal | None:
    """USD of these calls; None without any, and when the cost of one is unknown."""
    known = [c.usd for c in charges if c.usd is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(charges) else None


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {**evidence.json(), "notes": [redact(n) for n in evidence.notes[:20]]}
