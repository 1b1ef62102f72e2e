"""The follow-ups of one pull request, and the breaker that ends a ping-pong of reviews, checks and commits.

Only rounds since a person last said `/autofix …` there count: a person who wants more gets it, inside the budget.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workers.billing.totals import ZERO
from workers.db.columns import Usd
from workers.db.tables import COUNTED_USD, ChargeRow, JobRow
from workers.jobs.job import Job, Kind
from workers.jobs.queue import to_job
from workers.usd import show_usd


@dataclass(frozen=True, slots=True)
class Breaker:
    """After so many `rounds`, or so many USD spent in them, nothing starts by itself any more. `usd` None: no limit."""

    rounds: int = 5
    usd: Decimal | None = None

    def out(self, rounds: int, spent: Decimal) -> str:
        """Why it is out, "" while it is not."""
        if rounds >= self.rounds:
            return f"the breaker tripped after {rounds} round{'' if rounds == 1 else 's'}"
        if self.usd is not None and spent >= self.usd:
            return f"the breaker tripped after {show_usd(spent)} in {rounds} round{'' if rounds == 1 else 's'}"
        return ""


def follow_ups(session: Session, repository_id: int, branch: str) -> tuple[Job, ...]:
    """Every follow-up on this branch so far, oldest first."""
    query = select(JobRow).where(
        JobRow.repository_id == repository_id, JobRow.branch == branch, JobRow.kind == Kind.FOLLOW_UP.value
    )
    return tuple(to_job(row) for row in session.scalars(query.order_by(JobRow.id)))


def cause_of(job: Job) -> str:
    """What a follow-up answers: review, checks or instructions."""
    return str(json.loads(job.request or "{}").get("cause", ""))


def since_a_person_asked(rounds: Sequence[Job]) -> tuple[int, tuple[Job, ...]]:
    """(the last one that a person's words started, 0 for none; those after it)."""
    for place in range(len(rounds), 0, -1):
        if cause_of(rounds[place - 1]) == "instructions":
            return rounds[place - 1].id, tuple(rounds[place:])
    return 0, tuple(rounds)


def cost_of(session: Session, rounds: Sequence[Job]) -> Decimal:
    """USD of their calls; a call of unknown cost counts at its worst case."""
    spent = func.sum(COUNTED_USD, type_=Usd())
    return session.scalars(select(spent).where(ChargeRow.job_id.in_([r.id for r in rounds]))).one() or ZERO
