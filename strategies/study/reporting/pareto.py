"""Which points are worth their money: the Pareto front, the convex hull, and the coin flip between two models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """One method: what it costs (USD, per issue or per benchmark, alike within one picture) and its rate (0 to 1)."""

    name: str
    usd: float
    rate: float
    low: float | None = None  # confidence interval of the rate
    high: float | None = None
    reference: bool = False  # an upper bound (an oracle), not a choice: drawn, never on the front


def front(points: Sequence[Point]) -> tuple[Point, ...]:
    """The points that no other beats: none is at most as dear and at least as good, and better in one of the two."""
    found: list[Point] = []
    for p in sorted((p for p in points if not p.reference), key=lambda p: (p.usd, -p.rate)):
        if not found or p.rate > found[-1].rate:
            found.append(p)
    return tuple(found)


def hull(points: Sequence[Point]) -> tuple[Point, ...]:
    """The upper left convex hull: what mixing two methods at random per issue cannot beat. A part of the front."""
    hull_points: list[Point] = []
    for p in front(points):
        while len(hull_points) > 1 and _cross(hull_points[-2], hull_points[-1], p) >= 0:
            hull_points.pop()
        hull_points.append(p)
    return tuple(hull_points)


def _cross(a: Point, b: Point, c: Point) -> float:
    return (b.usd - a.usd) * (c.rate - a.rate) - (b.rate - a.rate) * (c.usd - a.usd)


def coin_flip(weak: Point, strong: Point, usd: float) -> float | None:
    """The rate of flipping a coin per issue between two models at a given mean spend; None outside their range."""
    low, high = sorted((weak, strong), key=lambda p: p.usd)
    if not low.usd <= usd <= high.usd or high.usd == low.usd:
        return None
    share = (usd - low.usd) / (high.usd - low.usd)
    return low.rate + share * (high.rate - low.rate)


def above_coin_flip(point: Point, weak: Point, strong: Point) -> float | None:
    """Percentage points by which a method beats the coin flip at its own cost; None where the flip is undefined."""
    rate = coin_flip(weak, strong, point.usd)
    return None if rate is None else 100 * (point.rate - rate)
