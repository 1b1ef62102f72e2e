"""The literature's table of strong-weak methods (arXiv 2505.20182, SWE-bench Lite, 300 issues), read and redrawn."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from strategies.study.interval import wilson
from strategies.study.replaying.outcomes import OutcomesError
from strategies.study.reporting.pareto import Point, front, hull

COLUMNS = ("strong", "weak", "method", "resolution_rate", "cost_usd_300_issues")
ISSUES = 300
ORACLES = frozenset({"Best of N"})
"""Methods that peek at the hidden verdict: drawn as a bound, never on the front."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One strong and one weak model with the points of all methods. Costs are USD for 300 issues."""

    strong: str
    weak: str
    points: tuple[Point, ...]

    def named(self, method: str) -> Point:
        """The point of one method. Raises OutcomesError when the table lacks it."""
        for point in self.points:
            if point.name == method:
                return point
        raise OutcomesError(f"{self.strong} + {self.weak}: the table has no method {method!r}")

    @property
    def front(self) -> tuple[Point, ...]:
        return front(self.points)

    @property
    def hull(self) -> tuple[Point, ...]:
        return hull(self.points)


def load_paper(path: Path) -> tuple[Pair, ...]:
    """Read the table (columns: strong, weak, method, resolution_rate 0 to 1, cost_usd_300_issues).

    Raises OutcomesError naming line, column and value.
    """
    pairs: dict[tuple[str, str], list[Point]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = [c for c in COLUMNS if c not in (reader.fieldnames or [])]
        if missing:
            raise OutcomesError(f"{path.name}: column {missing[0]!r} is missing; needed are {', '.join(COLUMNS)}")
        for row in reader:
            rate = _number(path.name, reader.line_num, row, "resolution_rate", most=1.0)
            usd = _number(path.name, reader.line_num, row, "cost_usd_300_issues")
            interval = wilson(round(rate * ISSUES), ISSUES)
            point = Point(row["method"], usd, rate, interval.low, interval.high, row["method"] in ORACLES)
            pairs.setdefault((row["strong"], row["weak"]), []).append(point)
    if not pairs:
        raise OutcomesError(f"{path.name}: no methods below the header line")
    return tuple(Pair(strong, weak, tuple(points)) for (strong, weak), points in pairs.items())


def _number(name: str, line: int, row: dict[str, str], column: str, most: float = float("inf")) -> float:
    try:
        value = float(row[column])
    except (TypeError, ValueError):
        value = float("nan")
    if not 0 <= value <= most or value == float("inf"):
        allowed = f"a number from 0 to {most:g}" if most != float("inf") else "a number, 0 or more"
        raise OutcomesError(f"{name}:{line}: {column} is {row[column]!r}; allowed is {allowed}")
    return value
