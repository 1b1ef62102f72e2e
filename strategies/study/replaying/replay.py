"""What a chain of models would have earned and cost on recorded outcomes, under a verifier that errs.

A chain tries its models in order. After each but the last, the verifier accepts or rejects the patch; a rejected
one escalates, an accepted one ends the issue, right or wrong. The last model's patch is taken as it is. Expected
values are exact: no sampling is needed, because a verifier's errors are independent of each other here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from strategies.study.replaying.outcomes import OutcomesError, RecordedOutcomes

Vector = NDArray[np.float64]


class Verifier(Protocol):
    """Says how probably each issue's patch is accepted, and what verifying costs."""

    def accepts(self, resolved: Vector) -> Vector:
        """Probability of acceptance per issue, given whether the patch is right (1.0) or wrong (0.0)."""

    def cost(self) -> Vector | float:
        """USD per issue, paid once, when there is anything to verify."""


@dataclass(frozen=True, slots=True)
class Rates:
    """A verifier with fixed error rates, each a probability in [0, 1]. Raises OutcomesError outside."""

    false_accept: float = 0.0
    false_reject: float = 0.0

    def __post_init__(self) -> None:
        for name in ("false_accept", "false_reject"):
            value = getattr(self, name)
            if not 0 <= value <= 1:  # NaN compares false, and is refused too
                raise OutcomesError(f"{name} is {value}; allowed is a rate from 0 to 1")

    def accepts(self, resolved: Vector) -> Vector:
        return resolved * (1 - self.false_reject) + (1 - resolved) * self.false_accept

    def cost(self) -> Vector | float:
        return 0.0


@dataclass(frozen=True, slots=True)
class RecordedTests:
    """One model's generated tests as the verifier: where its test was valid, it decides rightly.

    Where it was not (or no record exists), nothing is known: `otherwise` is the probability that the patch is
    accepted all the same (0.0 escalates, which is what Pennyfix does; 1.0 trusts the patch).
    """

    valid: Vector
    usd: Vector
    otherwise: float = 0.0

    @classmethod
    def of(cls, outcomes: RecordedOutcomes, tester: str, otherwise: float = 0.0) -> RecordedTests:
        """The recorded tests of one model. Raises OutcomesError for an unknown one."""
        row = outcomes.row(tester)
        return cls((outcomes.test_valid[row] == 1).astype(np.float64), outcomes.known_test_cost()[row], otherwise)

    def accepts(self, resolved: Vector) -> Vector:
        return self.valid * resolved + (1 - self.valid) * self.otherwise

    def cost(self) -> Vector | float:
        return self.usd


@dataclass(frozen=True, slots=True)
class ReplayedChain:
    """Per-issue expectations of one chain: probability of a right final patch, and USD spent."""

    chain: tuple[str, ...]
    solved: Vector
    usd: Vector

    @property
    def rate(self) -> float:
        """Share of issues resolved, 0 to 1."""
        return float(self.solved.mean())

    @property
    def usd_per_issue(self) -> float:
        return float(self.usd.mean())

    @property
    def usd_per_resolved(self) -> float | None:
        """USD per resolved issue; None when nothing was resolved."""
        resolved = float(self.solved.sum())
        return float(self.usd.sum()) / resolved if resolved else None


def replay(outcomes: RecordedOutcomes, chain: Sequence[str], verifier: Verifier) -> ReplayedChain:
    """Run a chain over all issues. Raises OutcomesError for an empty chain or an unknown model."""
    if not chain:
        raise OutcomesError("the chain is empty; name one model or more, cheapest first, separated by commas")
    rows = [outcomes.row(m) for m in chain]
    right, usd = outcomes.is_resolved(), outcomes.known_cost()
    reach = np.ones(len(outcomes.issues))
    solved = np.zeros(len(outcomes.issues))
    spent = np.zeros(len(outcomes.issues))
    if len(rows) > 1:
        spent = spent + verifier.cost()
    for i, row in enumerate(rows):
        spent = spent + reach * usd[row]
        accept = np.ones_like(reach) if i == len(rows) - 1 else verifier.accepts(right[row])
        solved = solved + reach * accept * right[row]
        reach = reach * (1 - accept)
    return ReplayedChain(tuple(chain), solved, spent)


def oracle(outcomes: RecordedOutcomes, models: Sequence[str] | None = None) -> ReplayedChain:
    """The oracle router: per issue the cheapest model that resolves it, else the cheapest one.

    It knows the outcome beforehand, so no router can reach it: an upper bound to compare routers with.
    """
    rows = [outcomes.row(m) for m in models or outcomes.models]
    right, usd = outcomes.is_resolved()[rows], outcomes.known_cost()[rows]
    solvable = right.max(axis=0)
    cheapest_right = np.where(right > 0, usd, np.inf).min(axis=0)
    return ReplayedChain(("oracle router",), solvable, np.where(solvable > 0, cheapest_right, usd.min(axis=0)))
