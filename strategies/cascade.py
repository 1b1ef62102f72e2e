"""The default: tiers in order, cheapest first, each told what was learned before; executed evidence is the gate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from strategies.attempt import Attempt
from strategies.issue import Issue
from strategies.solve import solve
from strategies.step import Step
from strategies.strategy import Bench

if TYPE_CHECKING:
    from sandbox.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Cascade:
    """Each tier tries as often as it is set to; a refused or lost model is passed over.

    Differs from the literature's weak-first (arXiv 2505.20182) in its gate: not "an edit applied" but executed tests,
    and in its hand-over: the next tier sees diagnosis, diff and failing output of what was tried.
    """

    def attempts(self, issue: Issue, workspace: Workspace, bench: Bench) -> Iterator[Attempt]:
        for rank, tier in enumerate(bench.tiers):
            if rank:
                bench.say(Step("escalate", f"escalating to {tier.name}", {"tier": tier.name}))
            for _ in range(tier.attempts):
                yield solve(bench, issue, workspace, tier, learned=tuple(bench.history))
