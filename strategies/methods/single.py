"""One tier alone, as often as it is set to try: the two ends that every strategy is read beside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from strategies.attempt import Attempt
from strategies.issue import Issue
from strategies.solvers.attempt_task import AttemptHints
from strategies.solvers.solve import solve
from strategies.strategy import SolveContext

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Single:
    """`rank` counts tiers from the cheapest (0) or from the dearest (-1)."""

    rank: int

    def attempts(self, issue: Issue, workspace: Workspace, context: SolveContext) -> Iterator[Attempt]:
        tier = context.tiers[self.rank]
        for _ in range(tier.attempts):
            yield solve(context, issue, workspace, tier, AttemptHints(learned=tuple(context.history)))
