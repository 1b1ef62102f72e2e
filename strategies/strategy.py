"""The generator protocol: a strategy proposes attempts, cheapest hope first; one loop consumes them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from strategies.attempt import Attempt, JudgedAttempt
from strategies.issue import Issue
from strategies.judge import Judge
from strategies.outcomes import NoOutcomes, Outcomes
from strategies.prompts.prompt import PromptFolder
from strategies.step import Step
from strategies.tier import Tier

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace

Role = Literal["tester", "judge", "writer"]


@dataclass(slots=True)
class SolveContext:
    """What a strategy may use. `tiers` are cheapest first; `history` grows as the loop judges attempts.

    A strategy reads the verdict on what it just yielded as `context.history[-1]`. `memory` is a folder
    that outlives the job (repository context per commit), None where there is none. `outcomes` is this
    repository's history, `resolved_usd` what a resolved issue is worth to the operator, in USD; `prompts` is where
    prompt files come from, `tests` how the repository's tests are run, for a solver that can run them. `more_tests`
    are written from the issue at most when one test rejects two models (0: never; even, so that they decide with it).
    """

    tiers: Sequence[Tier]
    roles: Mapping[Role, Tier]
    verification: Judge
    say: Callable[[Step], None]
    history: list[JudgedAttempt] = field(default_factory=list)
    random: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - sampling, not secrets
    memory: Path | None = None
    outcomes: Outcomes = field(default_factory=NoOutcomes)
    resolved_usd: Decimal = Decimal(2)
    prompts: PromptFolder = field(default_factory=PromptFolder)
    tests: str = ""
    more_tests: int = 0

    @property
    def weak(self) -> Tier:
        """The cheapest tier."""
        return self.tiers[0]

    @property
    def strong(self) -> Tier:
        """The dearest tier."""
        return self.tiers[-1]


class Strategy(Protocol):
    """Proposes attempts, cheapest hope first; whoever consumes them decides when to stop."""

    def attempts(self, issue: Issue, workspace: Workspace, context: SolveContext) -> Iterator[Attempt]:
        """Yield attempts. Raises OverBudget from a metered call; a ModelError becomes an Attempt with `error`."""
