"""Reads from Pennyfix's own database how the demo's issues are getting on."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from deploy.demo.stage import Scene

ENDED = ("opened", "declined", "failed", "cancelled", "over_budget")


@dataclass(frozen=True, slots=True)
class Progress:
    """One issue now. `usd` is what was charged so far; `state` is "" before there is a job."""

    scene: Scene
    state: str = ""
    step: str = ""
    usd: Decimal = Decimal(0)
    reason: str = ""
    pull_request: int = 0

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def as_expected(self) -> bool:
        return self.state == self.scene.ends


def look(database: Path, scenes: tuple[Scene, ...]) -> tuple[Progress, ...]:
    """How each issue is getting on; nothing yet while the database is not there or not migrated."""
    from sqlalchemy import select
    from sqlalchemy.exc import OperationalError

    from workers.database import open_database
    from workers.tables import ChargeRow, JobRow, StepRow

    if not database.is_file():
        return tuple(map(Progress, scenes))
    opened = open_database(f"sqlite:///{database}")
    found = []
    try:
        with opened.read() as session:
            for scene in scenes:
                own = select(JobRow).where(JobRow.repository == scene.repository, JobRow.issue == scene.number)
                job = session.scalars(own.order_by(JobRow.id.desc()).limit(1)).first()
                if job is None:
                    found.append(Progress(scene))
                    continue
                last = select(StepRow.text).where(StepRow.job_id == job.id).order_by(StepRow.id.desc()).limit(1)
                charges = session.scalars(select(ChargeRow).where(ChargeRow.job_id == job.id))
                usd = sum((c.worst if c.usd is None else c.usd for c in charges), Decimal(0))
                step = session.scalars(last).first() or ""
                found.append(Progress(scene, job.state, step, usd, job.reason, job.pull_request))
    except OperationalError:  # the schema is being made
        return tuple(map(Progress, scenes))
    finally:
        opened.close()
    return tuple(found)
