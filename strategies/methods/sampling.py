"""Several answers of one tier: diverse, from one cached prompt prefix, told apart by their syntax tree.

Sources: self-consistency (arXiv 2203.11171, 2311.17311) as compared in arXiv 2505.20182. There the winner is chosen
without running anything, and best of n peeks at the hidden tests. Here the choice only orders the candidates; executed
tests decide, and without tests the first of the order is the literature's choice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from strategies.attempt import Attempt
from strategies.issue import Issue
from strategies.methods.similarity import clusters, normal
from strategies.models.asking import ask
from strategies.models.meter import OverBudget
from strategies.models.model import Message, ModelError, Prompt
from strategies.prompts.cleaning import shorten
from strategies.prompts.fence import fence
from strategies.prompts.prompt import PromptFolder
from strategies.prompts.sections import issue_section
from strategies.solvers.attempt_task import AttemptHints
from strategies.solvers.solve import solve
from strategies.step import Step
from strategies.strategy import SolveContext
from strategies.verdict import Judged

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace

VARIATIONS = ("sample-caller", "sample-smallest", "sample-neighbour", "sample-invariant")
"""Prompt files that vary the samples after the first, put behind the cached prefix."""
CANDIDATE = 4_000
TWO = 2

Order = Callable[[Issue, "Workspace", SolveContext, Sequence[Attempt]], Sequence[Attempt]]


def variation(number: int, prompts: PromptFolder) -> str:
    """What sample `number` (from 0) is asked to consider first; "" for the first of each round. Raises PromptError."""
    place = number % (len(VARIATIONS) + 1)
    return prompts.load(VARIATIONS[place - 1]).fill() if place else ""


def draw(issue: Issue, workspace: Workspace, context: SolveContext, n: int) -> Iterator[Attempt]:
    """Up to `n` different answers of the cheapest tier, temperatures rising from 0 to 1."""
    seen: set[str] = set()
    for i in range(n):
        heat = i / max(n - 1, 1)
        attempt = solve(
            context,
            issue,
            workspace,
            context.weak,
            AttemptHints(advice=variation(i, context.prompts), temperature=heat),
        )
        mark = normal(attempt.patch) if attempt.patch else ""
        if mark and mark in seen:
            context.say(Step("sample", f"sample {i + 1} is the same as an earlier one", {"sample": i + 1}))
        seen.add(mark)
        yield replace(attempt, note=f"sample {i + 1} of {n}, temperature {heat:.1f}")


@dataclass(frozen=True, slots=True)
class BestOfN:
    """Draws one at a time and stops at the first that executed tests pass: no oracle, and no sample too many."""

    n: int = 5

    def attempts(self, issue: Issue, workspace: Workspace, context: SolveContext) -> Iterator[Attempt]:
        seen: set[str] = set()
        for attempt in draw(issue, workspace, context, self.n):
            mark = normal(attempt.patch)
            if attempt.patch and mark in seen:
                continue
            seen.add(mark)
            yield attempt


@dataclass(frozen=True, slots=True)
class SelfConsistency:
    """Draws all samples, then proposes them in the order of `order`; what gave no patch is told last.

    When the money ends while they are drawn, those that were paid for are proposed before it is said. Where two pass,
    a test that tells them apart may put the second first (`settled`).
    """

    order: Order
    n: int = 5

    def attempts(self, issue: Issue, workspace: Workspace, context: SolveContext) -> Iterator[Attempt]:
        drawn: list[Attempt] = []
        broke: OverBudget | None = None
        try:
            for attempt in draw(issue, workspace, context, self.n):
                drawn.append(attempt)  # noqa: PERF402 - what was drawn before the money ended must not be lost
        except OverBudget as error:
            broke = error
        patches = [a for a in drawn if a.patch]
        ordered: Sequence[Attempt] = ()
        if patches:
            try:
                ordered = self.order(issue, workspace, context, patches)
            except OverBudget as error:
                broke = error
                ordered = by_majority(issue, workspace, context, patches)  # the judge costs too much: count instead
            ordered = settled(context, ordered)
        yield from ordered
        yield from (a for a in drawn if not a.patch)
        if broke is not None:
            raise broke


def settled(context: SolveContext, ordered: Sequence[Attempt]) -> Sequence[Attempt]:
    """The order, but of the first two patches that pass the one that a distinguishing test speaks for.

    Judging costs test time but no money, and is remembered. Raises nothing of the judge's: no money, no comparison.
    """
    if len(ordered) < TWO or not context.verification.can_judge:
        return ordered
    passing: list[int] = []
    for i, attempt in enumerate(ordered):
        if context.verification.judge(attempt.patch).judged is not Judged.PASSED:
            continue
        passing.append(i)
        if len(passing) == TWO:
            break
    if len(passing) < TWO:
        return ordered
    first, second = (ordered[i] for i in passing)
    try:
        if context.verification.compare(first.patch, second.patch, context.roles["judge"]).better != 1:
            return ordered
    except OverBudget as error:
        context.say(Step("distinguish", f"two patches pass and are not compared: {error}"))
        return ordered
    best = replace(second, note=f"{second.note}; a test tells it from another that passes", preferred=True)
    return [best, *(a for a in ordered if a is not second)]


def distinct(attempts: Sequence[Attempt]) -> list[tuple[Attempt, int]]:
    """Each different patch once, with how many samples gave it, in order of appearance."""
    found: dict[str, tuple[Attempt, int]] = {}
    for attempt in attempts:
        first, count = found.get(normal(attempt.patch), (attempt, 0))
        found[normal(attempt.patch)] = (first, count + 1)
    return list(found.values())


def by_majority(
    issue: Issue, workspace: Workspace, context: SolveContext, attempts: Sequence[Attempt]
) -> Sequence[Attempt]:
    """Most frequent patch first (equal syntax trees count as one)."""
    del issue, workspace
    votes = sorted(distinct(attempts), key=lambda x: -x[1])
    context.say(Step("vote", f"votes: {', '.join(str(n) for _, n in votes)}", {"votes": [n for _, n in votes]}))
    return [replace(a, note=f"{a.note}; {n} of {len(attempts)} samples agree") for a, n in votes]


def by_cluster(
    issue: Issue, workspace: Workspace, context: SolveContext, attempts: Sequence[Attempt]
) -> Sequence[Attempt]:
    """Largest cluster of alike patches first, one representative each, then the remaining different ones."""
    del issue, workspace
    groups = clusters([a.patch for a in attempts])
    context.say(
        Step("vote", f"clusters of {', '.join(str(len(g)) for g in groups)}", {"clusters": [len(g) for g in groups]})
    )
    heads = [replace(attempts[g[0]], note=f"{attempts[g[0]].note}; in a cluster of {len(g)}") for g in groups]
    known = {normal(a.patch) for a in heads}
    return [*heads, *(a for a, _ in distinct(attempts) if normal(a.patch) not in known)]


def by_judge(
    issue: Issue, workspace: Workspace, context: SolveContext, attempts: Sequence[Attempt]
) -> Sequence[Attempt]:
    """The judge reads all different candidates and orders them (universal self-consistency, arXiv 2311.17311).

    An answer that cannot be read, or a judge that is not there, leaves the order of the majority.
    """
    found = by_majority(issue, workspace, context, attempts)
    if len(found) == 1:
        return found
    shown = "\n\n".join(
        fence("candidate", shorten(workspace.diff(a.patch), CANDIDATE), number=str(i)) for i, a in enumerate(found, 1)
    )
    prompt = context.prompts.load("choose")
    judge = context.roles["judge"]
    question = prompt.fill(issue=issue_section(issue, context.prompts), candidates=shown, count=str(len(found)))
    try:
        answer = ask(judge.model, Prompt((Message("user", question),), purpose="judge", digest=prompt.digest))
    except ModelError as error:
        context.say(Step("vote", f"no judgment: {error}"))
        return found
    numbers = re.search(r"order:\s*([\d,\s]+)", answer.text, re.IGNORECASE)
    picks = [int(n) - 1 for n in re.findall(r"\d+", numbers[1])] if numbers else []
    picks = [i for i in dict.fromkeys(picks) if 0 <= i < len(found)]
    context.say(Step("vote", f"the judge prefers candidate {picks[0] + 1 if picks else '(none)'}", {"order": picks}))
    return [*(found[i] for i in picks), *(a for i, a in enumerate(found) if i not in picks)]
