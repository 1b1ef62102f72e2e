"""The default: cheapest hope first, each attempt told what was learned before, executed evidence as the gate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from strategies.attempt import Attempt
from strategies.decision import Decision, decide
from strategies.issue import Issue
from strategies.solve import solve
from strategies.step import Step
from strategies.strategy import Bench

if TYPE_CHECKING:
    from sandbox.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Cascade:
    """Each step (retry, another tier, stop) is the one of greatest expected value; a tier is tried at most as often as
    it is set to.

    Differs from the literature's weak-first (arXiv 2505.20182) in its gate: not "an edit applied" but executed tests;
    in its hand-over: the next tier sees diagnosis, diff and failing output; and in its order: by expected value from
    this repository's own outcomes, not a fixed number of attempts. With the prior alone it goes from weak to strong.
    """

    def attempts(self, issue: Issue, workspace: Workspace, bench: Bench) -> Iterator[Attempt]:
        tried: list[int] = []
        while True:
            decision = decide(bench.tiers, tried, bench.outcomes, bench.resolved_usd)
            note = words(decision, bench)
            bench.say(Step("decision", note, {"options": facts(decision, bench), "tried": list(tried)}))
            if decision.chosen is None:
                return
            tier = bench.tiers[decision.chosen.tier]
            if tried and tried[-1] != decision.chosen.tier:
                bench.say(Step("escalate", f"escalating to {tier.name}", {"tier": tier.name}))
            tried.append(decision.chosen.tier)
            yield solve(bench, issue, workspace, tier, learned=tuple(bench.history), note=note)


def words(decision: Decision, bench: Bench) -> str:
    """The decision in a sentence with its numbers."""
    if not decision.options:
        return "stop: every tier has been tried as often as it may"
    if decision.chosen is None:
        return f"stop: no further attempt is worth its money (a resolved issue is worth ${bench.resolved_usd})"
    o = decision.chosen
    name = bench.tiers[o.tier].name
    verb = {"first": "start with", "again": "try again", "other": "go on to"}[o.situation]
    return f"{verb} {name}: chance {o.q:.0%}, about ${o.usd:.4f}, value {o.value:.2f}"


def facts(decision: Decision, bench: Bench) -> list[dict[str, str | float]]:
    """Every option with its numbers, best first; money as text."""
    return [
        {
            "tier": bench.tiers[o.tier].name,
            "situation": str(o.situation),
            "q": round(o.q, 4),
            "usd": str(o.usd),
            "value": round(o.value, 4),
        }
        for o in decision.options
    ]
