"""What a solver is given, and what it gives back: between the pipeline (or the command line) and solving."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sandbox.repository.workspace import Workspace
from strategies.issue import Issue
from strategies.models.meter import Meter
from strategies.models.price import Price
from strategies.outcomes import NoOutcomes, Outcomes
from strategies.resolution import Resolution
from strategies.step import Step
from workers.config.repository_file import RepositoryFile
from workers.jobs.versions import Versions


@dataclass(frozen=True, slots=True)
class SolveRequest:
    """What to solve and with whose money. `scope` names who may share environments.

    `memory` outlives the job; `outcomes` is what earlier jobs of this repository came to.
    `stop` is called before every attempt and may raise.
    """

    issue: Issue
    workspace: Workspace
    scope: str
    file: RepositoryFile
    strategy: str
    meter: Meter
    say: Callable[[Step], None]
    at_line: Callable[[int], None] = lambda _line: None
    stop: Callable[[], None] = lambda: None
    memory: Path | None = None
    outcomes: Outcomes = field(default_factory=NoOutcomes)


@dataclass(frozen=True, slots=True)
class SolveResult:
    """The resolution and what its reader needs. `looked` and `log` are for "could not be judged".

    `suggestion` are lines of `.github/autofix.yml` that were run and work, when people should hear of them.
    """

    resolution: Resolution
    versions: Versions
    strong: tuple[str, str, Price] | None = None
    looked: tuple[str, ...] = ()
    suggestion: str = ""
    log: str = ""


class Solver(Protocol):
    """Solves one issue. Raises OverBudget, ModelError, SandboxUnavailable, or what `say` raises."""

    def __call__(self, request: SolveRequest) -> SolveResult: ...
