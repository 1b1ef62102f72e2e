"""One judgment decides which tier gets the issue, or that its author must be asked first.

In arXiv 2505.20182 the routers read all files and do not know what the models cost. Here the judge sees the issue, the
names of the likely files, cheap features, the prices and how the tiers did in this repository, which is far cheaper
and decides for money; and it may abstain: an issue that does not say enough costs one question, no attempt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.repository.patch import Patch
from strategies.attempt import Attempt
from strategies.issue import Issue
from strategies.localization.localize import localize
from strategies.methods.decision import decide, situation
from strategies.models.asking import ask
from strategies.models.model import Message, ModelError, Prompt
from strategies.prompts.cleaning import shorten
from strategies.prompts.sections import issue_section
from strategies.solvers.attempt_task import AttemptHints
from strategies.solvers.solve import solve
from strategies.step import Step
from strategies.strategy import SolveContext

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace

OUTPUT_TOKENS = 300
SHOWN_FILES = 12
TRACE = r"Traceback|^\s+at \w|panic:"


@dataclass(frozen=True, slots=True)
class Choice:
    """`tier` is an index into the tiers, None when the author must be asked `question`."""

    tier: int | None
    why: str
    question: str = ""


@dataclass(frozen=True, slots=True)
class Router:
    """`rank` says which tier judges: 0 is the weak router, -1 the strong one."""

    rank: int

    def attempts(self, issue: Issue, workspace: Workspace, context: SolveContext) -> Iterator[Attempt]:
        judge = context.tiers[self.rank]
        try:
            choice = self.choose(issue, workspace, context)
        except ModelError as error:
            choice = Choice(len(context.tiers) - 1, f"the router is not there ({error}), so the strong model tries")
        context.say(Step("route", choice.why, {"judge": judge.name, "tier": choice.tier}))
        if choice.tier is None:
            yield Attempt(judge.name, "router", Patch(), note=choice.why, question=choice.question)
            return
        tier = context.tiers[choice.tier]
        for _ in range(tier.attempts):
            yield solve(
                context,
                issue,
                workspace,
                tier,
                AttemptHints(learned=tuple(context.history)),
                note=f"routed: {choice.why}",
            )

    def choose(self, issue: Issue, workspace: Workspace, context: SolveContext) -> Choice:
        """The judgment. Raises OverBudget, ModelError."""
        prompt = context.prompts.load("route")
        located = localize(issue, workspace, limit_tokens=2_000)
        text = prompt.fill(
            issue=issue_section(issue, context.prompts),
            files="\n".join(f"{o.path} ({', '.join(o.reasons[:2])})" for o in located[:SHOWN_FILES]) or "(none)",
            features=features(issue, workspace),
            tiers=ladder(context),
        )
        answer = ask(
            context.tiers[self.rank].model,
            Prompt((Message("user", text),), purpose="route", max_output_tokens=OUTPUT_TOKENS, digest=prompt.digest),
        )
        return parse_choice(answer.text, [t.name for t in context.tiers])


def features(issue: Issue, workspace: Workspace) -> str:
    """What costs nothing to know of an issue."""
    body = issue.body
    return "\n".join(
        (
            f"{len(workspace.files())} files in the repository",
            f"{len(body.split())} words in the issue, {len(issue.comments)} comments",
            "a stack trace is given"
            if re.search(r"Traceback|^\s+at \w|panic:", body, re.MULTILINE)
            else "no stack trace",
            "code is quoted" if "```" in body else "no code is quoted",
        )
    )


def ladder(context: SolveContext) -> str:
    """The tiers with their prices, chance and expected cost of a first attempt, in this repository where known."""
    options = {o.tier: o for o in decide(context.tiers, (), context.outcomes, context.resolved_usd).options}
    zero = [0] * len(context.tiers)
    rows = []
    for i, tier in enumerate(context.tiers):
        record = context.outcomes.record(tier.name, tier.model.name, situation(i, zero))
        p = tier.model.model.price
        known = (
            f"{record.good} of {record.good + record.bad} here" if record.good + record.bad else "not tried here yet"
        )
        rows.append(
            f"{tier.name}: ${p.input} input and ${p.output} output per million tokens; first attempts accepted: {known}"
            + (f"; expected {options[i].q:.0%} for ${options[i].usd}" if i in options else "")
        )
    return "\n".join(rows)


def parse_choice(text: str, tiers: list[str]) -> Choice:
    """The JSON in an answer. What cannot be read, or names no tier, goes to the dearest: the safe side."""
    found = re.search(r"\{.*\}", text, re.DOTALL)
    try:
        row = json.loads(found[0]) if found else {}
    except ValueError:
        row = {}
    row = row if isinstance(row, dict) else {}
    why = shorten(str(row.get("why") or "no reason given"), 300)
    name, question = row.get("tier"), str(row.get("question") or "").strip()
    if name == "ask" and question:
        return Choice(None, why, shorten(question, 600))
    if name in tiers:
        return Choice(tiers.index(name), why)
    return Choice(len(tiers) - 1, "the router's answer names no tier, so the strong model tries")
