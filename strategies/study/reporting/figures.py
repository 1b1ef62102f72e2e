"""Records as figures: per strategy the rate and the cost with their intervals, on the tasks that all of them have.

The reference rows come from the same records: what stands beside a result must be measured on the same issues.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from strategies.study.interval import Interval, Vector, mean_interval
from strategies.study.reporting.pareto import Point
from strategies.study.running.record import StudyRecord
from strategies.study.tasks.task import TaskError

SINGLES = ("weak", "strong", "strong-once")
"""Strategies that use one model and no other: what an oracle router may choose from."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One strategy on the common tasks. `solved` is 1.0 or 0.0, `usd` dollars, per task in the same order.

    `unknown` counts tasks whose cost is not known; they enter `usd` with the mean of the known ones.
    """

    name: str
    solved: Vector
    usd: Vector
    reference: bool = False
    unknown: int = 0
    note: str = ""

    @property
    def rate(self) -> Interval:
        return mean_interval(self.solved)

    @property
    def cost(self) -> Interval:
        return mean_interval(self.usd)

    @property
    def usd_per_resolved(self) -> float | None:
        """USD per resolved issue; None when nothing was resolved."""
        resolved = float(self.solved.sum())
        return float(self.usd.sum()) / resolved if resolved else None

    def point(self) -> Point:
        """For the chart."""
        rate = self.rate
        return Point(self.name, float(self.usd.mean()), rate.value, rate.low, rate.high, self.reference)


@dataclass(frozen=True, slots=True)
class Figures:
    """`tasks` are the common ones; `left_out` counts tasks that not every strategy has a verdict on."""

    tasks: tuple[str, ...]
    left_out: int
    rows: tuple[Measured, ...]

    def named(self, name: str) -> Measured | None:
        """A strategy's row, if it was run."""
        return next((r for r in self.rows if r.name == name), None)

    @property
    def references(self) -> tuple[Measured, ...]:
        """Strong alone, best single model, equal attempts, oracle router: as far as they were run."""
        singles = [r for r in self.rows if r.name in SINGLES]
        out = []
        strong = self.named("strong") or self.named("strong-once")
        if strong:
            out.append(_as(strong, f"strong alone: {strong.name}"))
        if singles:
            best = max(singles, key=lambda r: (r.rate.value, -r.cost.value))
            out.append(_as(best, f"best single: {best.name}"))
        equal = self.named("best-of-n")
        if equal:
            out.append(_as(equal, f"equal attempts: {equal.name}"))
        if len(singles) > 1:
            out.append(_oracle("oracle router over single models", singles))
        if len(self.rows) > 1:
            out.append(_oracle("oracle over all strategies", self.rows))
        return tuple(out)


def figures(records: Sequence[StudyRecord]) -> Figures:
    """The common tasks of all strategies. Raises TaskError when they have none in common."""
    by: dict[str, dict[str, StudyRecord]] = {}
    for r in records:
        by.setdefault(r.strategy, {})[r.task] = r
    known = {name: {t for t, r in rows.items() if r.resolved is not None} for name, rows in by.items()}
    common = set.intersection(*known.values())
    everything = {r.task for r in records}
    if not common:
        counts = ", ".join(f"{name} {len(tasks)}" for name, tasks in known.items())
        raise TaskError(f"no task has a verdict under every strategy ({counts}); go on with `pennyfix study run`")
    tasks = tuple(sorted(common))
    rows = tuple(measured(name, [rows[t] for t in tasks]) for name, rows in by.items())
    return Figures(tasks, len(everything - common), rows)


def measured(name: str, records: Sequence[StudyRecord]) -> Measured:
    """One strategy's records, one per task."""
    usd = np.array([np.nan if r.usd is None else float(r.usd) for r in records])
    unknown = int(np.isnan(usd).sum())
    if unknown == len(usd):
        raise TaskError(f"no cost of {name} is known; give its models' prices in pennyfix.toml and run it again")
    usd = np.where(np.isnan(usd), np.nanmean(usd), usd)
    return Measured(name, np.array([float(r.resolved is True) for r in records]), usd, unknown=unknown)


def _as(row: Measured, name: str) -> Measured:
    return Measured(name, row.solved, row.usd, reference=True, unknown=row.unknown)


def _oracle(name: str, rows: Sequence[Measured]) -> Measured:
    """The oracle router: per issue the cheapest strategy that resolves it, else the cheapest. An upper bound."""
    solved, usd = np.array([r.solved for r in rows]), np.array([r.usd for r in rows])
    best = np.where(solved > 0, usd, np.inf).min(axis=0)
    any_ = solved.max(axis=0)
    return Measured(name, any_, np.where(any_ > 0, best, usd.min(axis=0)), reference=True)


def counted(records: Sequence[StudyRecord], key: Callable[[StudyRecord], str]) -> Mapping[str, int]:
    """How often each value of `key` stands in the records."""
    out: dict[str, int] = {}
    for r in records:
        out[key(r)] = out.get(key(r), 0) + 1
    return out
