"""Reads from Pennyfix's own database the state of the demo's issues."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from deploy.demo.setup import DemoCase
from workers.jobs.job import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.db.database import Database


@dataclass(frozen=True, slots=True)
class IssueProgress:
    """One issue now. `usd` is what was spent so far; `state` is None before there is a job."""

    issue: DemoCase
    state: State | None = None
    step: str = ""
    usd: Decimal = Decimal(0)
    reason: str = ""
    pull_request: int = 0

    @property
    def ended(self) -> bool:
        return self.state is not None and not self.state.active

    @property
    def as_expected(self) -> bool:
        return self.state == self.issue.ends


def read_progress(
    database: Database, issues: tuple[DemoCase, ...], id_of: Callable[[str], int]
) -> tuple[IssueProgress, ...]:
    """State, step and cost of each issue; `id_of` gives a repository's numeric id."""
    from workers.billing.spending_reports import spent
    from workers.billing.totals import CapScope
    from workers.jobs.queue import latest
    from workers.jobs.step_kinds import HIDDEN_STEPS
    from workers.jobs.timeline import steps

    found = []
    with database.read() as session:
        for issue in issues:
            repository = id_of(issue.repository)
            job = latest(session, repository, issue.number)
            if job is None:
                found.append(IssueProgress(issue))
                continue
            usd = spent(session, CapScope.ISSUE, f"{repository}#{issue.number}", "").spent
            shown = steps(session, job.id, HIDDEN_STEPS)
            found.append(IssueProgress(issue, job.state, shown[-1] if shown else "", usd, job.reason, job.pull_request))
    return tuple(found)
