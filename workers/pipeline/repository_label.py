"""A repository's own file, read when nobody asks for a job: so that its label starts the first one.

When the App is installed, when repositories are added, and when a pull request was merged (the file may have come
with it). A push straight to the default branch is not heard of; any job or command reads the file anew.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from workers.billing.budgets import record_file_budget
from workers.billing.policy import RequestedBudget
from workers.config.errors import ConfigError
from workers.config.repository_file import RepositoryFile
from workers.db.tables import RepositoryRow
from workers.github.types import Missing
from workers.jobs.commands import Learn, Lifecycle, Place
from workers.pipeline.admission import read_repository_file
from workers.pipeline.dependencies import JobDependencies

MOST = 100
"""Repositories read at once; those of a larger installation are read at their first job or command."""


def record_repository_file(session: Session, repository_id: int, file: RepositoryFile, now: datetime) -> None:
    """Keep what the file says, so that its budget and label hold from now on."""
    record_file_budget(session, repository_id, RequestedBudget(file.budget.monthly_usd, file.budget.issue_usd), now=now)
    row = session.get_one(RepositoryRow, repository_id)
    row.settings = {**(row.settings or {}), "label": file.label, "strategy": file.strategy}
    row.settings_at = now


def read_repository_files(deps: JobDependencies, command: Learn | Lifecycle) -> str:
    """Read the files of the repositories that are meant and known here. What became of it. Raises ForgeError."""
    if isinstance(command, Learn):
        places: Collection[Place] = (command.place,)
    else:
        places = [Place(command.installation_id, number, name) for number, name in command.repositories[:MOST]]
    done = sum(_learn(deps, place) for place in places)
    return f"read the files of {done} repositories"


def _learn(deps: JobDependencies, place: Place) -> bool:
    with deps.database.read() as session:
        row = session.get(RepositoryRow, place.repository_id)
        if row is None or not row.active or row.installation_id != place.installation_id:
            return False
    try:
        with deps.open_forge(place) as forge:
            file = read_repository_file(forge, forge.read_repository(), deps.strategies)
    except Missing:
        return False
    if isinstance(file, ConfigError):  # it is reported at the first job, where somebody reads it
        return False
    with deps.database.begin() as session:
        if session.get(RepositoryRow, place.repository_id) is None:
            return False
        record_repository_file(session, place.repository_id, file, deps.clock())
    return True
