"""What a job needs, handed in: the database, GitHub, the solver, the limits.

`workers.processes.wiring` makes the real one, the tests make theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from strategies.issue import IssueImage
from strategies.prompts.prompt import PromptFolder
from workers.billing.policy import BudgetLimits
from workers.billing.quote import Quote
from workers.config.repository_file import RepositoryFile
from workers.db.database import Database
from workers.github.types import RemoteIssue
from workers.jobs.commands import Place
from workers.jobs.job import Job
from workers.pipeline.admission import GitHubReader
from workers.pipeline.breaker import Breaker
from workers.pipeline.budget_alerts import BudgetIssueApi
from workers.pipeline.follow_up import ReviewApi
from workers.pipeline.issue_text import CommentLister
from workers.pipeline.publish import PublishApi
from workers.pipeline.show_ending import EndingApi
from workers.pipeline.status_comment import CommentApi
from workers.solving.solve_request import Solver


class Forge(GitHubReader, CommentLister, CommentApi, PublishApi, EndingApi, ReviewApi, BudgetIssueApi, Protocol):
    """GitHub, as a job uses it; each part is declared next to whoever decides with it."""

    @property
    def token(self) -> str:
        """For the mirror's fetch."""


def cannot_quote(_place: Place, _issue: RemoteIssue, _file: RepositoryFile) -> Quote:
    """The default of `JobDependencies.quote`. Raises LookupError."""
    raise LookupError("these dependencies hold no way to quote; set `JobDependencies.quote`")


@dataclass(frozen=True, slots=True)
class JobDependencies:
    """What a run of jobs needs. Times in seconds; `lease` is how long a silent worker keeps a job."""

    database: Database
    home: Path
    owner: str
    open_forge: Callable[[Place], AbstractContextManager[Forge]]
    solver: Solver
    limits: BudgetLimits
    strategies: Collection[str]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    at_line: Callable[[int], None] = lambda _line: None
    wake: Callable[[int], None] = lambda _job_id: None
    wake_reporter: Callable[[int], None] = lambda _job_id: None
    quote_above: Decimal | None = None
    prompts: PromptFolder = field(default_factory=PromptFolder)
    breaker: Breaker = field(default_factory=Breaker)
    quote: Callable[[Place, RemoteIssue, RepositoryFile], Quote] = cannot_quote
    lease: float = 120.0
    heartbeat: float | None = None
    max_runs: int = 3
    edit_interval: float = 15.0
    fetch_images: Callable[[Sequence[str], str], tuple[IssueImage, ...]] = field(default=lambda _texts, _token: ())
    page: Callable[[Job], str] = field(default=lambda _job: "")
