"""Derives the priors in `strategies/methods/odds.py` from recorded outcomes: how often a step solves an issue.

Run `python -m strategies.study.replaying.prior OUTCOMES.csv`. A model family is the first word of a model's
name. For every pair of models (a, b) of different families:
- `first`:       the resolution rate of a, where b costs at least twice as much an issue and resolves no less;
- `dearest`:     the rate of b in those pairs;
- `escalated`:   the rate of b on the issues that a failed, in those pairs;
- `cheaper`:     the rate of a on the issues that b failed, in those pairs;
- `other`:       the rate of b on the issues that a failed, where the two cost within a factor of two;
- `third`:       the rate of c on the issues that a and b failed, each costing at least twice the one before.
Mean m and variance v over pairs become Beta(m·n, (1−m)·n) with n = m(1−m)/v − 1 (method of moments), n at most 20,
so that some dozen outcomes of a repository's own outweigh it.
"""

from __future__ import annotations

import sys
from itertools import permutations
from pathlib import Path

import numpy as np

from strategies.study.replaying.outcomes import RecordedOutcomes, load_outcomes

STRONGEST = 20.0
DEARER = 2.0


def derive(outcomes: RecordedOutcomes) -> dict[str, tuple[float, float]]:
    """Step → Beta parameters, rounded to one decimal."""
    right, usd = outcomes.is_resolved(), outcomes.known_cost().mean(axis=1)
    rate = right.mean(axis=1)
    families = [family(m) for m in outcomes.models]
    seen: dict[str, list[float]] = {k: [] for k in ("first", "dearest", "escalated", "cheaper", "other", "third")}

    def climbs(a: int, b: int) -> bool:
        return bool(families[a] != families[b] and usd[b] >= DEARER * usd[a] and rate[b] >= rate[a])

    for a, b in permutations(range(len(outcomes.models)), 2):
        rescued = float(right[b][right[a] == 0].mean())
        if climbs(a, b):
            seen["first"].append(float(rate[a]))
            seen["dearest"].append(float(rate[b]))
            seen["escalated"].append(rescued)
            seen["cheaper"].append(float(right[a][right[b] == 0].mean()))
            both = (right[a] == 0) & (right[b] == 0)
            seen["third"] += [float(right[c][both].mean()) for c in range(len(rate)) if climbs(b, c)]
        elif families[a] != families[b] and 1 / DEARER < usd[b] / usd[a] < DEARER:
            seen["other"].append(rescued)
    return {step: beta(values) for step, values in seen.items()}


def family(model: str) -> str:
    """The first word of a model's name, in lower case."""
    return model.split("-", maxsplit=1)[0].rstrip("0123456789.").lower()


def beta(values: list[float]) -> tuple[float, float]:
    """A Beta distribution with the mean of `values` and their spread, by the method of moments."""
    mean, spread = float(np.mean(values)), float(np.var(values))
    strength = min(STRONGEST, mean * (1 - mean) / spread - 1) if spread else STRONGEST
    return round(mean * strength, 1), round((1 - mean) * strength, 1)


if __name__ == "__main__":
    for name, (a, b) in derive(load_outcomes(Path(sys.argv[1]))).items():
        print(f"{name}: Beta({a}, {b}), mean {a / (a + b):.2f}")  # noqa: T201 - a script for people
