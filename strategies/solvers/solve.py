"""One attempt: picks the tier's solver, and turns a model's error into an attempt that says so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from sandbox.repository.patch import Patch
from strategies.attempt import Attempt
from strategies.issue import Issue
from strategies.models.model import ModelError, ModelRefused, ModelUnavailable
from strategies.prompts.sections import ATTEMPTS
from strategies.solvers.agent import agent
from strategies.solvers.attempt_task import AttemptHints, AttemptTask
from strategies.solvers.repair import repair
from strategies.step import Step
from strategies.tier import Tier
from strategies.verification.further_tests import rejected_by_test

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace
    from strategies.strategy import SolveContext


def solve(
    context: SolveContext,
    issue: Issue,
    workspace: Workspace,
    tier: Tier,
    hints: AttemptHints | None = None,
    note: str = "",
) -> Attempt:
    """One attempt by `tier` with what the strategy adds; `note` is the strategy's, on why.

    Raises OverBudget and SandboxUnavailable; ModelUnavailable where an outage is to be waited out.
    """
    hints = hints or AttemptHints()
    number = len(context.history) + 1
    tier.model.attempt = number
    context.say(
        Step("attempt", f"attempt {number}: {tier.name} ({tier.model.name}), {tier.solver}", {"tier": tier.name})
    )
    task = AttemptTask(issue, workspace, tier, number, hints)
    try:
        if tier.solver == "agent" and hints.located is None:
            advice = "\n\n".join(text for text in (hints.advice.strip(), context.tests) if text)
            task = replace(task, hints=replace(hints, advice=advice))
            attempt = agent(task, context.verification.open_sandbox, context.say, context.prompts)
        else:
            attempt = repair(task, context.say, context.prompts)
    except ModelError as error:
        if isinstance(error, ModelUnavailable) and tier.waits(error):
            raise
        trouble: Literal["refused", "unavailable"] = "refused" if isinstance(error, ModelRefused) else "unavailable"
        attempt = Attempt(tier.name, tier.solver, Patch(), error=str(error), trouble=trouble)
    told = any(rejected_by_test(earlier) for earlier in hints.learned[-ATTEMPTS:])
    return replace(attempt, note=note, told=told)
