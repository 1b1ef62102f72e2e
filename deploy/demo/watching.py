"""Reads from Pennyfix's own database how the demo's issues are getting on."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from deploy.demo.stage import Scene
from workers.jobs.job import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.db.database import Database


@dataclass(frozen=True, slots=True)
class IssueProgress:
    """One issue now. `usd` is what was spent so far; `state` is None before there is a job."""

    scene: Scene
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
        return self.state == self.scene.ends


def look(database: Database, scenes: tuple[Scene, ...], id_of: Callable[[str], int]) -> tuple[IssueProgress, ...]:
    """How each issue is getting on; `id_of` gives a repository's numeric id."""
    from workers.billing.spending_reports import spent
    from workers.jobs.queue import latest
    from workers.jobs.step_kinds import HIDDEN_STEPS
    from workers.jobs.timeline import steps

    found = []
    with database.read() as session:
        for scene in scenes:
            repository = id_of(scene.repository)
            job = latest(session, repository, scene.number)
            if job is None:
                found.append(IssueProgress(scene))
                continue
            usd = spent(session, "issue", f"{repository}#{scene.number}", "").spent
            said = steps(session, job.id, HIDDEN_STEPS)
            found.append(IssueProgress(scene, job.state, said[-1] if said else "", usd, job.reason, job.pull_request))
    return tuple(found)
