"""Fixed orders of weak and strong attempts, as compared in arXiv 2505.20182, each judged by executed tests.

In the literature an attempt counts as valid when its edit applies; there weak-first accepts the first applicable patch,
right or wrong, and retries are blind. Here every attempt is judged, and each sees what the earlier ones learned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from strategies.attempt import Attempt
from strategies.issue import Issue
from strategies.methods.decision import asks_first
from strategies.solvers.attempt_task import AttemptHints
from strategies.solvers.solve import solve
from strategies.step import Step
from strategies.strategy import SolveContext

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Pipeline:
    """`steps` are (rank, times): rank 0 is the cheapest tier, -1 the dearest. Equal tiers in a row are one step.

    strong-once: one strong attempt. strong-first: one strong attempt, then up to ten weak ones that see it (the only
    order that beat a random mix of both at equal spend). weak-first: five weak attempts, then one strong.
    """

    steps: Sequence[tuple[int, int]]

    def attempts(self, issue: Issue, workspace: Workspace, context: SolveContext) -> Iterator[Attempt]:
        before = None
        for rank, times in self.steps:
            tier = context.tiers[rank]
            if asks_first(context.history, context.tiers, rank % len(context.tiers)):
                return
            if before is not None and before.name != tier.name:
                context.say(Step("escalate", f"going on to {tier.name}", {"tier": tier.name}))
            before = tier
            for i in range(times):
                yield solve(
                    context,
                    issue,
                    workspace,
                    tier,
                    AttemptHints(learned=tuple(context.history), temperature=min(0.1 * i, 1.0) if i else None),
                    note=f"{tier.name} {i + 1} of {times}",
                )
