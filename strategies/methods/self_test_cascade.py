"""Cascading by self-written tests: each tier answers k times, writes k tests, and is believed if both agree enough.

Source: arXiv 2405.15842. There it is single functions, tests are never checked, and a larger model starts from nothing.
Here an answer is a patch and a test a test file; every test must fail at the base commit for the right reason before it
counts; what was tried is handed up; and the repository's own tests judge the winner like any other attempt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from strategies.attempt import Attempt, JudgedAttempt
from strategies.issue import Issue
from strategies.methods.decision import asks_first
from strategies.methods.sampling import variation
from strategies.models.meter import OverBudget
from strategies.solvers.attempt_task import AttemptHints
from strategies.solvers.solve import solve
from strategies.step import Step
from strategies.strategy import SolveContext
from strategies.tier import Tier
from strategies.verdict import Evidence, Judged, Reproduction, Verdict

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace

SKIP = -1
Matrix = Sequence[Sequence[bool]]
"""Rows are answers, columns tests."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`k` answers and tests per tier (SKIP: not used; 0: one greedy answer, accepted unverified by self-tests), `t`
    assertions per test, `theta` from 0 to 1. One theta is shared by all tiers. Raises ValueError outside.

    An empty `k` means 3 for every tier but the dearest, and 0 for that one.
    """

    k: tuple[int, ...] = ()
    t: int = 2
    theta: float = 0.5

    def __post_init__(self) -> None:
        if any(k < SKIP for k in self.k):
            raise ValueError(f"k is {self.k}; allowed are {SKIP} (skip), 0 (one unverified answer) and more")
        if not 0 <= self.theta <= 1:
            raise ValueError(f"theta is {self.theta}; allowed is 0 to 1")
        if self.t < 0:
            raise ValueError(f"t is {self.t}; allowed is 0 or more assertions")

    def of(self, tiers: int) -> tuple[int, ...]:
        """K for each of so many tiers. Raises ValueError when the plan was made for another number."""
        if not self.k:
            return (*(3,) * (tiers - 1), 0)
        if len(self.k) != tiers:
            raise ValueError(f"the plan has k for {len(self.k)} tiers, but there are {tiers}")
        return self.k


@dataclass(frozen=True, slots=True)
class Cell:
    """The best answer and test of a matrix. `share` is the product over its maximum, 0 to 1."""

    answer: int
    test: int
    share: float


def best_cell(matrix: Matrix) -> Cell | None:
    """The passing cell that maximises (tests the answer passes) × (answers that pass the test); None if none passes.

    Ties go to the earliest answer, then the earliest test.
    """
    if not matrix or not matrix[0]:
        return None
    answers, tests = len(matrix), len(matrix[0])
    columns = [sum(row[j] for row in matrix) for j in range(tests)]
    cells = [(sum(row) * columns[j], -i, -j) for i, row in enumerate(matrix) for j in range(tests) if row[j]]
    if not cells:
        return None
    product, i, j = max(cells)
    return Cell(-i, -j, product / (answers * tests))


@dataclass(frozen=True, slots=True)
class SelfTestCascade:
    """Tiers in order under a plan."""

    plan: Plan = field(default_factory=Plan)

    def attempts(self, issue: Issue, workspace: Workspace, context: SolveContext) -> Iterator[Attempt]:
        handed: list[JudgedAttempt] = []
        try:
            for rank, (tier, k) in enumerate(zip(context.tiers, self.plan.of(len(context.tiers)), strict=True)):
                if k == SKIP:
                    continue
                if asks_first(context.history, context.tiers, rank):
                    break
                if rank:
                    context.say(Step("escalate", f"escalating to {tier.name}", {"tier": tier.name}))
                learned = (*context.history, *handed)
                if k == 0:
                    yield solve(
                        context, issue, workspace, tier, AttemptHints(learned=learned), note="one answer, no self-tests"
                    )
                else:
                    yield from self._tier(issue, workspace, context, tier, k, learned, handed)
        except OverBudget:
            yield from (t.attempt for t in handed)  # paid for: the repository's own tests cost no money
            raise
        yield from (t.attempt for t in handed)

    def _tier(
        self,
        issue: Issue,
        workspace: Workspace,
        context: SolveContext,
        tier: Tier,
        k: int,
        learned: Sequence[JudgedAttempt],
        handed: list[JudgedAttempt],
    ) -> Iterator[Attempt]:
        """One tier: its answers, its tests, and what they say. What is not believed goes into `handed`."""
        answers: list[Attempt] = []
        try:
            for i in range(k):
                heat = None if k == 1 else i / (k - 1)
                advice = variation(i, context.prompts)
                one = solve(
                    context, issue, workspace, tier, AttemptHints(learned=learned, advice=advice, temperature=heat)
                )
                if one.patch:
                    answers.append(one)
                else:
                    yield one
                if one.trouble:
                    break
            tests = self._tests(context, tier, k) if answers else []
        except OverBudget:
            handed += [JudgedAttempt(a, _doubted("the money ended before the self-tests", None)) for a in answers[:1]]
            raise
        if not answers:
            return
        matrix = [[context.verification.passes(a.patch, t) is True for t in tests] for a in answers]
        cell = best_cell(matrix)
        share = cell.share if cell else 0.0
        accepted = cell is not None and share >= self.plan.theta
        words = f"{len(answers)} answers, {len(tests)} valid self-tests, score {share:.2f} of {self.plan.theta:.2f}"
        facts = {"tier": tier.name, "share": share, "theta": self.plan.theta, "accepted": accepted}
        context.say(Step("self-tests", words, facts))
        best = replace(answers[cell.answer if cell else 0], note=words)
        if accepted or not tests:
            # without any valid test the score says nothing: the repository's own tests judge the first answer
            yield replace(best, agreement=share if accepted else None)
        else:
            handed.append(
                JudgedAttempt(best, _doubted(f"The self-written tests do not agree with it enough: {words}.", share))
            )

    def _tests(self, context: SolveContext, tier: Tier, k: int) -> list[Reproduction]:
        if not self.plan.t:
            return []
        written = (context.verification.write_test(tier, i, self.plan.t) for i in range(k))
        return [t for t in written if t is not None]


def _doubted(why: str, share: float | None) -> Verdict:
    return Verdict(Judged.FAILED, Evidence(agreement=share), why)
