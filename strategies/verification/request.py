"""What one issue's verification is asked for: a repository, an issue, and how much evidence it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.backend import Backend
from sandbox.recipe import Recipe
from sandbox.repository.workspace import Workspace
from strategies.issue import Issue
from strategies.judge import Accept
from strategies.prompts.prompt import PromptFolder
from strategies.step import Step
from strategies.tier import Tier


@dataclass(frozen=True, slots=True)
class VerificationRequest:
    """`scope` names who may share the environment, `memory` is a folder that outlives the job (None: nothing is kept).

    `tester` writes `tests` (an odd number of) tests from the issue, None for no such test; `stand_ins` write them, in
    this order, while the tester's model is not there. `deny` are path patterns that no patch may touch; `accept` is the
    rung a patch must earn; `say` receives the progress.
    """

    backend: Backend
    scope: str
    recipe: Recipe
    workspace: Workspace
    issue: Issue
    tester: Tier | None
    accept: Accept
    say: Callable[[Step], None]
    deny: tuple[str, ...] = ()
    memory: Path | None = None
    prompts: PromptFolder = field(default_factory=PromptFolder)
    tests: int = 1
    stand_ins: tuple[Tier, ...] = ()
