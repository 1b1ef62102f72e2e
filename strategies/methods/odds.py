"""How likely the next attempt is accepted, given what failed before: one model of how hard an issue is. Pure.

Every issue has a difficulty x that all tiers share and, for each tier, something of its own y (both standard normal);
an attempt of tier i succeeds with probability logistic(aᵢ + `SHARED`·x + `OWN`·y), independently given x and y. So the
odds after failures do not depend on an arbitrary table, and two orders of the same attempts end at the same chance.

`SHARED` and `OWN` were fitted to recorded outcomes of 34 models on the same 246 issues of SWE-bench Verified (run
`python -m strategies.study.replaying.prior OUTCOMES.csv` for the figures, averaged over all pairs of families):

| after a failure of …                        | recorded | here |
|---------------------------------------------|---------:|-----:|
| a cheap tier, one at least twice as dear    |     0.43 | 0.45 |
| an equally dear tier, one of another family |     0.29 | 0.29 |
| a dear tier, one at most half as dear       |     0.18 | 0.17 |
| two tiers, a still dearer third             |     0.33 | 0.35 |
| the same model, itself once more            |     0.16 | 0.17 |
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

SHARED, OWN = 6.0, 2.5
FIRST_CHEAPEST, FIRST_DEAREST = (7.7, 4.4), (15.2, 4.8)
"""Beta priors of a first attempt: the cheaper, and the dearer, of all pairs whose price differs by two or more."""
LATER_STRENGTH = 8.0
"""The weight of the prior of a later attempt, in attempts (the recorded spread gives 7 to 8)."""
SAME_FAMILY = 0.88
"""What a dearer tier of the *same* family rescues of what others rescue (0.38 against 0.43)."""
_STEPS, _OWN_STEPS = 25, 15
_EDGE = 0.005
"""Chances are kept this far from 0 and 1."""


def first(rank: float) -> tuple[float, float]:
    """Beta prior of a first attempt. `rank` runs from 0 (the cheapest tier) to 1 (the dearest)."""
    low, high = FIRST_CHEAPEST, FIRST_DEAREST
    return low[0] + (high[0] - low[0]) * rank, low[1] + (high[1] - low[1]) * rank


def updated(prior: tuple[float, float], good: int, bad: int) -> float:
    """The mean of the Beta prior after so many good and bad attempts."""
    return (prior[0] + good) / (sum(prior) + good + bad)


def chance(firsts: Sequence[float], failed: Sequence[int], tier: int) -> float:
    """The chance of the next attempt of `tier`, when tier i has the chance `firsts[i]` on an issue nobody tried and
    has failed `failed[i]` times on this one. 0 to 1."""
    total = solved = 0.0
    for x in range(_STEPS):
        weight, success = 1.0, 0.0
        for i, (p, n) in enumerate(zip(firsts, failed, strict=True)):
            fails, then = _failing(round(p, 3), n)[x]
            if i == tier:
                success = then / fails
            weight *= fails
        total += weight
        solved += weight * success
    return solved / total if total else 0.0


@lru_cache(maxsize=2_000)
def _failing(p: float, n: int) -> tuple[tuple[float, float], ...]:
    """Per difficulty: the chance of `n` failures in a row, and of `n` failures and then a success."""
    level = _level(p)
    rows = []
    for x in _points(_STEPS):
        fails = then = 0.0
        for y in _points(_OWN_STEPS):
            q = _logistic(level + SHARED * x + OWN * y)
            fails += (1 - q) ** n
            then += (1 - q) ** n * q
        rows.append((max(fails / _OWN_STEPS, 1e-12), then / _OWN_STEPS))
    return tuple(rows)


@lru_cache(maxsize=2_000)
def _level(p: float) -> float:
    """The level a at which a first attempt succeeds with probability `p`, by bisection."""
    low, high = -40.0, 40.0
    wanted = min(max(p, _EDGE), 1 - _EDGE)
    for _ in range(40):
        middle = (low + high) / 2
        mean = sum(_logistic(middle + SHARED * x + OWN * y) for x in _points(_STEPS) for y in _points(_OWN_STEPS))
        if mean / (_STEPS * _OWN_STEPS) < wanted:
            low = middle
        else:
            high = middle
    return low


@lru_cache(maxsize=4)
def _points(n: int) -> tuple[float, ...]:
    """A standard normal as `n` equally likely points."""
    normal = NormalDist()
    return tuple(normal.inv_cdf((i + 0.5) / n) for i in range(n))


def _logistic(z: float) -> float:
    return 1 / (1 + math.exp(-z))
