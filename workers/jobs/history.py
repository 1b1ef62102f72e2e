"""What a repository's earlier attempts came to, as the strategies' `Outcomes`: read from the database, once per job.

People have the last word: a merged pull request makes its attempt good, one closed without a merge, or reverted, makes
it bad. Until then an accepted attempt is good and a failed one bad; one that nobody could judge, or that passed with
doubts, counts as neither.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from strategies.attempt import JudgedAttempt
from strategies.issue import Issue
from strategies.outcomes import AttemptRecord, Example, Situation
from strategies.verdict import Judged
from workers.db.database import Database
from workers.db.tables import AttemptRow, IssueTextRow, JobRow, OutcomeRow
from workers.jobs.job import Kind

NEWEST = 1_000
"""Attempts that are looked back at: models and code change."""
EXAMPLES = 50
"""Merged pull requests that examples are chosen from."""
LONGEST = 20_000
"""Characters of an issue's text, and of an example's diff, that are kept in mind."""
BAD = frozenset({"closed", "reverted"})


class AttemptHistory:
    """One repository's history. Implements `strategies.outcomes.Outcomes`; nothing is read before the first question,
    and what was read stays as it was, so that one job decides by one history."""

    def __init__(self, database: Database, repository_id: int) -> None:
        self._database = database
        self._repository_id = repository_id
        self._records: Mapping[tuple[str, str, Situation], AttemptRecord] | None = None
        self._examples: Sequence[Example] | None = None

    def record(self, tier: str, model: str, situation: Situation) -> AttemptRecord:
        """Attempts by this tier with this very model in this situation."""
        if self._records is None:
            with self._database.read() as session:
                self._records = records(session, self._repository_id)
        return self._records.get((tier, model, situation), AttemptRecord())

    def examples(self) -> Sequence[Example]:
        """Issues solved by our merged pull requests that stayed, newest first."""
        if self._examples is None:
            with self._database.read() as session:
                self._examples = examples(session, self._repository_id)
        return self._examples


def records(session: Session, repository_id: int) -> Mapping[tuple[str, str, Situation], AttemptRecord]:
    """Counts and cost of the newest attempts by tier, model and situation."""
    a = AttemptRow
    query = (
        _judged(repository_id, a.tier, a.model, a.situation, a.usd, a.verdict, a.chosen, a.evidence, *_JOB)
        .where(AttemptRow.situation != "")
        .order_by(AttemptRow.id.desc())
        .limit(NEWEST)
    )
    found: dict[tuple[str, str, Situation], AttemptRecord] = {}
    for row in session.execute(query):
        key = (row.tier, row.model, Situation(row.situation))
        now = found.get(key, AttemptRecord())
        published = row.chosen and row.newest == row.job_id
        doubts = bool(row.evidence.get("doubts"))
        good = is_good(row.verdict, row.outcome or "", published=published, doubts=doubts)
        found[key] = AttemptRecord(
            good=now.good + (good is True),
            bad=now.bad + (good is False),
            usd=now.usd + (row.usd or Decimal(0)),
            paid=now.paid + (row.usd is not None),
        )
    return found


def is_good(verdict: str, outcome: str, *, published: bool, doubts: bool = False) -> bool | None:
    """Whether an attempt ended well; None when nobody knows. `outcome` is its job's pull request's, "" without one;
    `published`: that pull request held this attempt. One that passed with `doubts` waits for what people say."""
    if published and outcome == "merged":
        return True
    if published and outcome in BAD:
        return False
    return {Judged.PASSED: None if doubts else True, Judged.FAILED: False}.get(Judged(verdict))


def examples(session: Session, repository_id: int) -> tuple[Example, ...]:
    """Issues with the change that was merged for them, newest first."""
    query = (
        _judged(repository_id, JobRow.issue, JobRow.repository, IssueTextRow.title, IssueTextRow.body, AttemptRow.diff)
        .join(IssueTextRow, IssueTextRow.job_id == JobRow.id)
        .where(
            OutcomeRow.outcome == "merged",
            AttemptRow.chosen,
            AttemptRow.diff != "",
            JobRow.id == _NEWEST,
        )
        .order_by(OutcomeRow.pull_request.desc())
        .limit(EXAMPLES)
    )
    return tuple(
        Example(Issue(row.issue, row.title, row.body[:LONGEST], repository=row.repository), row.diff[:LONGEST])
        for row in session.execute(query)
    )


def situations(tried: Sequence[JudgedAttempt]) -> tuple[Situation | None, ...]:
    """The situation of each attempt of one run, in order; None for one without any answer, which teaches nothing."""
    counts: Counter[str] = Counter()
    found: list[Situation | None] = []
    for one in tried:
        if one.attempt.trouble or one.attempt.question:
            found.append(None)
            continue
        tier = one.attempt.tier
        before = Situation.OTHER if counts else Situation.FIRST
        found.append(Situation.AGAIN if counts[tier] else before)
        counts[tier] += 1
    return tuple(found)


_LATER = JobRow.__table__.alias("later")
_NEWEST = (
    select(func.max(_LATER.c.id))
    .where(
        _LATER.c.repository_id == JobRow.repository_id,
        _LATER.c.issue == JobRow.issue,
        _LATER.c.pull_request == JobRow.pull_request,
        _LATER.c.kind == Kind.RESOLVE.value,
    )
    .scalar_subquery()
)
"""The newest job that put a solution of its issue into the pull request: it replaced what was there before."""
_JOB = (OutcomeRow.outcome, JobRow.id.label("job_id"), _NEWEST.label("newest"))


def _judged(repository_id: int, *columns: Any) -> Select[Any]:
    """Attempts at the repository's issues (not at reviews), with their pull request's outcome where there is one."""
    return (
        select(*columns)
        .select_from(AttemptRow)
        .join(JobRow, JobRow.id == AttemptRow.job_id)
        .outerjoin(
            OutcomeRow,
            and_(
                OutcomeRow.repository_id == JobRow.repository_id,
                OutcomeRow.pull_request == JobRow.pull_request,
                JobRow.pull_request != 0,
            ),
        )
        .where(JobRow.repository_id == repository_id, JobRow.kind == Kind.RESOLVE.value)
    )
