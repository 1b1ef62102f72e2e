"""Two versions or combinations on the same tasks: what differs in their settings, and in rate and cost.

Both differences are paired: issues are resampled together (bootstrap, Efron 1979), because the same issues are easy
or hard for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strategies.study.interval import Interval, paired_difference, paired_ratio
from strategies.study.reporting.figures import Measured, measured
from strategies.study.running.record import StudyRecord, read_records
from strategies.study.tasks.task import TaskError


@dataclass(frozen=True, slots=True)
class StudyComparison:
    """A beside B. `rate` is rate(A) − rate(B) (0 to 1), `cost` usd(A) ÷ usd(B), None when B cost nothing.

    `only_a` and `only_b` are tasks that just one of them resolved; `differs` are settings as (name, A's, B's).
    """

    a: Measured
    b: Measured
    tasks: tuple[str, ...]
    rate: Interval
    cost: Interval | None
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    differs: tuple[tuple[str, str, str], ...]


def select(text: str, folder: Path | None) -> tuple[StudyRecord, ...]:
    """The records that `STRATEGY` or `FOLDER:STRATEGY` names. Raises TaskError."""
    place, _, name = text.rpartition(":")
    where = Path(place) if place else folder
    if where is None:
        raise TaskError(f"{text!r} names no folder; write FOLDER:STRATEGY, or give the study's folder first")
    records = read_records(where)
    found = tuple(r for r in records if r.strategy == name)
    if not found:
        known = ", ".join(sorted({r.strategy for r in records}))
        raise TaskError(f"{where} has no records of {name!r}; there are: {known}")
    return found


def compare(a: Sequence[StudyRecord], b: Sequence[StudyRecord], names: tuple[str, str]) -> StudyComparison:
    """Compare two sets of records on the tasks they have in common. Raises TaskError when there are none."""
    first = {r.task: r for r in a if r.resolved is not None}
    second = {r.task: r for r in b if r.resolved is not None}
    tasks = tuple(sorted(first.keys() & second.keys()))
    if not tasks:
        raise TaskError(f"{names[0]} and {names[1]} have no judged task in common")
    left, right = measured(names[0], [first[t] for t in tasks]), measured(names[1], [second[t] for t in tasks])
    return StudyComparison(
        left,
        right,
        tasks,
        paired_difference(left.solved, right.solved),
        paired_ratio(left.usd, right.usd) if right.usd.sum() else None,
        tuple(t for t, x, y in zip(tasks, left.solved, right.solved, strict=True) if x > y),
        tuple(t for t, x, y in zip(tasks, left.solved, right.solved, strict=True) if y > x),
        differences(first[tasks[0]].setting, second[tasks[0]].setting),
    )


def differences(a: Mapping[str, Any], b: Mapping[str, Any], prefix: str = "") -> tuple[tuple[str, str, str], ...]:
    """Where two settings differ, by dotted name."""
    out: list[tuple[str, str, str]] = []
    for key in sorted(a.keys() | b.keys()):
        x, y, name = a.get(key), b.get(key), f"{prefix}{key}"
        if isinstance(x, dict) and isinstance(y, dict):
            out += differences(x, y, f"{name}.")
        elif isinstance(x, list) and isinstance(y, list) and len(x) == len(y):
            out += differences({str(i): v for i, v in enumerate(x)}, {str(i): v for i, v in enumerate(y)}, f"{name}.")
        elif x != y:
            out.append((name, _shown(x), _shown(y)))
    return tuple(out)


def _shown(value: Any) -> str:
    return "(none)" if value is None else str(value)


def comparison_sentences(c: StudyComparison) -> tuple[str, ...]:
    """The comparison in words."""
    gap = c.rate
    verdict = (
        "the interval lies above zero"
        if gap.low > 0
        else "the interval lies below zero"
        if gap.high < 0
        else "the interval includes zero: these tasks cannot tell them apart"
    )
    out = [
        f"On {len(c.tasks)} common tasks {c.a.name} resolves {c.a.rate.percent()}, {c.b.name} {c.b.rate.percent()}.",
        f"Difference of rates: {100 * gap.value:+.1f} points ({100 * gap.low:+.1f} to {100 * gap.high:+.1f}); "
        f"{verdict}.",
        f"Cost an issue: {c.a.cost.dollars()} against {c.b.cost.dollars()}"
        + (f"; that is {c.cost.percent()} of it." if c.cost else "."),
        f"Resolved by {c.a.name} only: {len(c.only_a)}; by {c.b.name} only: {len(c.only_b)}.",
    ]
    if not c.differs:
        out.append("Their settings do not differ.")
    return tuple(out)
