"""The default: cheapest hope first, each attempt told what was learned before, executed evidence as the gate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from strategies.attempt import Attempt, JudgedAttempt
from strategies.issue import Issue
from strategies.methods.decision import Decision, Option, asks_first, decide, right_if_green, second_opinion
from strategies.solvers.attempt_task import AttemptHints
from strategies.solvers.solve import solve
from strategies.step import Step
from strategies.strategy import SolveContext
from strategies.verdict import Judged, Rung

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Cascade:
    """Each step (retry, another tier, accept, stop) is the one of greatest expected value; a tier is tried at most as
    often as it is set to.

    Differs from the literature's weak-first (arXiv 2505.20182) in its gate: not "an edit applied" but executed tests;
    in its hand-over: the next tier sees diagnosis, diff and failing output; and in its order: by expected value from
    this repository's own outcomes, not a fixed number of attempts. With the prior alone it goes from weak to strong.
    A patch that asks about pinned tests goes to people before a dearer tier is paid.
    """

    def attempts(self, issue: Issue, workspace: Workspace, context: SolveContext) -> Iterator[Attempt]:
        record = _Record(context)
        while True:
            decision = record.decide()
            note = words(decision, context)
            context.say(Step("decision", note, {"options": facts(decision, context), "tried": list(record.tried)}))
            if decision.chosen is None:
                return
            option = decision.chosen
            tier = context.tiers[option.tier]
            if asks_first(context.history, context.tiers, option.tier):
                text = f"ask about the tests that pin the old behaviour before {tier.name} is paid"
                context.say(Step("decision", text, {"tier": tier.name}))
                return
            if record.tried and record.tried[-1] != option.tier:
                context.say(Step("escalate", f"escalating to {tier.name}", {"tier": tier.name}))
            attempt = record.add(
                option, solve(context, issue, workspace, tier, AttemptHints(learned=tuple(context.history)), note=note)
            )
            yield attempt
            if attempt.patch and context.history and _green(context.history[-1]):
                yield from self._unverified(issue, workspace, context, record, context.history[-1])
                return

    def _unverified(
        self, issue: Issue, workspace: Workspace, context: SolveContext, record: _Record, first: JudgedAttempt
    ) -> Iterator[Attempt]:
        """No test speaks against `first`, and none can be written that speaks for it: accept it as it is, or have
        another tier solve the issue independently and see whether both behave alike."""
        now = right_if_green(record.last_q)
        used = set(record.tried)
        options = [o for o in record.decide().options if o.tier not in used]
        option = second_opinion(now, options, context.resolved_usd)
        numbers = {"options": facts(Decision(tuple(options), option), context), "right": round(now, 4)}
        if option is None:
            text = f"accept what there is, unverified: its chance is {now:.0%}, and another costs more than it adds"
            context.say(Step("decision", text, numbers))
            return
        tier = context.tiers[option.tier]
        note = f"a second opinion by {tier.name}: chance {option.q:.0%}, about ${option.usd:.4f}; now {now:.0%}"
        context.say(Step("decision", note, numbers))
        attempt = record.add(option, solve(context, issue, workspace, tier, note=note))
        if not attempt.patch or attempt.patch.digest == first.attempt.patch.digest:
            yield replace(attempt, agreement=1.0) if attempt.patch else attempt
            return
        if context.verification.judge(attempt.patch).judged is Judged.UNJUDGED:
            both = context.verification.compare(first.attempt.patch, attempt.patch, context.roles["tester"])
            alike = 1.0 if both.alike and both.tests else None
            attempt = replace(attempt, agreement=alike, preferred=both.better == 1)
        yield attempt


@dataclass(slots=True)
class _Record:
    """What was tried on this issue and what it cost. Tiers that are not there are closed and count as not tried."""

    context: SolveContext
    tried: list[int] = field(default_factory=list)
    closed: set[int] = field(default_factory=set)
    spent: dict[int, list[Decimal]] = field(default_factory=dict)
    last_q: float = 0.0
    left: Decimal = Decimal(0)

    def decide(self) -> Decision:
        self.left = self.context.tiers[0].model.meter.left()
        return decide(
            self.context.tiers,
            self.tried,
            self.context.outcomes,
            self.context.resolved_usd,
            measured=self.measured,
            closed=self.closed,
        )

    def measured(self, tier: int) -> Decimal | None:
        """Mean USD of this tier's attempts at this issue."""
        paid = self.spent.get(tier)
        return sum(paid, Decimal(0)) / len(paid) if paid else None

    def add(self, option: Option, attempt: Attempt) -> Attempt:
        if attempt.trouble:
            self.closed.add(option.tier)
            return attempt
        self.last_q = option.q
        self.tried.append(option.tier)
        cost = self.left - self.context.tiers[0].model.meter.left()
        if cost > 0:
            self.spent.setdefault(option.tier, []).append(cost)
        return attempt


def _green(tried: JudgedAttempt) -> bool:
    return tried.verdict.judged is Judged.UNJUDGED and Rung.REGRESSION in tried.verdict.evidence.rungs


def words(decision: Decision, context: SolveContext) -> str:
    """The decision in a sentence with its numbers."""
    if not decision.options:
        return "stop: every tier has been tried as often as it may"
    if decision.chosen is None:
        return f"stop: no further attempt is worth its money (a resolved issue is worth ${context.resolved_usd})"
    o = decision.chosen
    name = context.tiers[o.tier].name
    verb = {"first": "start with", "again": "try again", "other": "go on to"}[o.situation]
    return f"{verb} {name}: chance {o.q:.0%}, about ${o.usd:.4f}, value {o.value:.2f}"


def facts(decision: Decision, context: SolveContext) -> list[dict[str, str | float]]:
    """Every option with its numbers, best first; money as text."""
    return [
        {
            "tier": context.tiers[o.tier].name,
            "situation": str(o.situation),
            "q": round(o.q, 4),
            "usd": str(o.usd),
            "value": round(o.value, 4),
        }
        for o in decision.options
    ]
