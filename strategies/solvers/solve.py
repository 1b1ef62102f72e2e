"""Picks the tier's solver and turns a model's trouble into an attempt that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from sandbox.repository.patch import Patch
from strategies.attempt import Attempt
from strategies.issue import Issue
from strategies.localization.localize import Located
from strategies.models.model import ModelError, ModelRefused
from strategies.solvers.agent import agent
from strategies.solvers.repair import repair
from strategies.step import Step
from strategies.tier import Tier

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace
    from strategies.attempt import JudgedAttempt
    from strategies.strategy import SolveContext


def solve(
    context: SolveContext,
    issue: Issue,
    workspace: Workspace,
    tier: Tier,
    *,
    learned: Sequence[JudgedAttempt] = (),
    advice: str = "",
    note: str = "",
    temperature: float | None = None,
    located: Sequence[Located] | None = None,
) -> Attempt:
    """One attempt by `tier`, with the strategy's `note` on why; `located` asks for a repair of just these files.

    Raises OverBudget and SandboxUnavailable."""
    number = len(context.history) + 1
    prompts = context.prompts
    tier.model.attempt = number
    context.say(
        Step("attempt", f"attempt {number}: {tier.name} ({tier.model.name}), {tier.solver}", {"tier": tier.name})
    )
    try:
        if tier.solver == "agent" and located is None:
            attempt = agent(
                issue,
                workspace,
                tier,
                open_sandbox=context.verification.open_sandbox,
                number=number,
                say=context.say,
                learned=learned,
                advice="\n\n".join(c for c in (advice.strip(), context.tests) if c),
                temperature=temperature,
                prompts=prompts,
            )
        else:
            attempt = repair(
                issue,
                workspace,
                tier,
                number=number,
                say=context.say,
                learned=learned,
                advice=advice,
                temperature=temperature,
                prompts=prompts,
                located=located,
            )
    except ModelError as error:
        trouble: Literal["refused", "unavailable"] = "refused" if isinstance(error, ModelRefused) else "unavailable"
        attempt = Attempt(tier.name, tier.solver, Patch(), error=str(error), trouble=trouble)
    return replace(attempt, note=note)
