"""How sure a figure is: confidence intervals by resampling issues, paired where two figures are compared."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def decimals(usd: float) -> int:
    """Digits after the point that show at least two significant ones; three at least, eight at most."""
    return 3 if usd <= 0 else min(8, max(3, 1 - math.floor(math.log10(usd))))


def money(usd: float) -> str:
    """As in "$0.683", and "$0.0029" where three digits would hide it."""
    return f"${usd:.{decimals(usd)}f}"


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def percent(self) -> str:
        """As in "82.1 % (77.2 to 86.6)"."""
        return f"{100 * self.value:.1f} % ({100 * self.low:.1f} to {100 * self.high:.1f})"

    def dollars(self) -> str:
        """As in "$0.683 (0.611 to 0.760)"."""
        digits = decimals(self.value)
        return f"${self.value:.{digits}f} ({self.low:.{digits}f} to {self.high:.{digits}f})"


def _draws(n: int, draws: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, n, size=(draws, n))


def mean_interval(values: Vector, draws: int = 2000, seed: int = 0) -> Interval:
    """The mean over issues with its bootstrap percentile interval (Efron 1979). Raises ValueError when empty."""
    if not len(values):
        raise ValueError("no issues: a mean over nothing has no value")
    means = values[_draws(len(values), draws, seed)].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))


def paired_difference(a: Vector, b: Vector, draws: int = 2000, seed: int = 0) -> Interval:
    """mean(a) − mean(b) with issues resampled together. Raises ValueError when the lengths differ or are 0."""
    if len(a) != len(b):
        raise ValueError(f"{len(a)} issues against {len(b)}: a paired comparison needs the same issues")
    return mean_interval(a - b, draws, seed)


def paired_ratio(a: Vector, b: Vector, draws: int = 2000, seed: int = 0) -> Interval:
    """mean(a) ÷ mean(b) with issues resampled together. Raises ValueError as `paired_difference`, or if b is zero."""
    if len(a) != len(b) or not len(a):
        raise ValueError(f"{len(a)} issues against {len(b)}: a paired comparison needs the same issues")
    if not b.mean():
        raise ValueError("the ratio's denominator is zero")
    picks = _draws(len(a), draws, seed)
    below = b[picks].mean(axis=1)
    ratios = a[picks].mean(axis=1)[below > 0] / below[below > 0]
    low, high = np.percentile(ratios, [2.5, 97.5])
    return Interval(float(a.mean() / b.mean()), float(low), float(high))


def wilson(successes: int, n: int, z: float = 1.959964) -> Interval:
    """A rate with Wilson's score interval (Wilson 1927), for a table that gives only counts."""
    if n <= 0:
        raise ValueError(f"n is {n}; a rate needs at least one issue")
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Interval(p, max(0.0, centre - half), min(1.0, centre + half))
