"""Every strategy by its name, as a repository, a command or the study may choose it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from strategies.methods.cascade import Cascade
from strategies.methods.few_shot import FewShot
from strategies.methods.informed import Informed
from strategies.methods.issue_context import IssueContext
from strategies.methods.pipeline import Pipeline
from strategies.methods.prompt_reduction import PromptReduction
from strategies.methods.repository_context import RepositoryContext
from strategies.methods.router import Router
from strategies.methods.sampling import BestOfN, SelfConsistency, by_cluster, by_judge, by_majority
from strategies.methods.self_test_cascade import SelfTestCascade
from strategies.methods.single import Single
from strategies.strategy import Strategy

STRATEGIES: dict[str, Callable[[], Strategy]] = {
    "cascade": Cascade,
    "self-test-cascade": SelfTestCascade,
    # single
    "weak": lambda: Single(0),
    "strong": lambda: Single(-1),
    "best-of-n": BestOfN,
    "majority": lambda: SelfConsistency(by_majority),
    "clustering": lambda: SelfConsistency(by_cluster),
    "universal": lambda: SelfConsistency(by_judge),
    # context, from the strong model
    "repo-summary": lambda: Informed(RepositoryContext("summary")),
    "repo-structure": lambda: Informed(RepositoryContext("structure")),
    "repo-qa": lambda: Informed(RepositoryContext("qa")),
    "few-shot-1-random": lambda: Informed(FewShot(1, "random")),
    "few-shot-5-random": lambda: Informed(FewShot(5, "random")),
    "few-shot-1-similar": lambda: Informed(FewShot(1, "similar")),
    "few-shot-5-similar": lambda: Informed(FewShot(5, "similar")),
    "plan": lambda: Informed(IssueContext("plan")),
    "issue-qa": lambda: Informed(IssueContext("issue-qa")),
    # pipeline
    "strong-once": lambda: Pipeline(((-1, 1),)),
    "strong-first": lambda: Pipeline(((-1, 1), (0, 10))),
    "weak-first": lambda: Pipeline(((0, 5), (-1, 1))),
    "prompt-reduction": PromptReduction,
    # dynamic
    "weak-router": lambda: Router(0),
    "strong-router": lambda: Router(-1),
}
DEFAULT = "cascade"


def strategy_of(name: str, *, theta: float | None = None) -> Strategy:
    """The strategy `name`, with the operator's self-test threshold (0 to 1) where it has one. Raises KeyError."""
    strategy = STRATEGIES[name]()
    if theta is not None and isinstance(strategy, SelfTestCascade):
        return replace(strategy, plan=replace(strategy.plan, theta=theta))
    return strategy
