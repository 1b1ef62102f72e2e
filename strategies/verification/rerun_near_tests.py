"""How often the nearest tests of a patch that passed are run again: what breaks in every other run shows in some run.

One run of the whole suite is no proof for code that goes by the clock, by chance or by threads. The tests that concern
the patch are the cheapest place to see it, and they are run as often as a share of the suite's time allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strategies.verification.baseline import Baseline
from strategies.verification.near_tests.affected_tests import within

TIMES = 5
"""At most: of tests that a patch breaks half of the time, one in 64 passes the gate and all of these."""
SHARE = 0.2
"""Of the suite's time."""
SECONDS = 2.0
"""So much may be taken however quick the suite is."""


@dataclass(frozen=True, slots=True)
class Repeating:
    """The test files to run again (none: the whole suite), and how many times."""

    files: tuple[str, ...]
    times: int


def plan(near: Sequence[str], baseline: Baseline, *, alone: bool) -> Repeating:
    """What may be run again. `near` are the test files that a patch concerns, the closest first; `alone` is whether the
    runner can choose files. What a run costs beside its tests (start, building) is what the baseline took for it."""
    budget = max(SECONDS, SHARE * baseline.seconds)
    start = max(0.0, baseline.seconds - sum(baseline.files.values()))
    files = within(near, baseline.files, budget - start) if alone else ()
    cost = start + sum(baseline.files[f] for f in files) if files else baseline.seconds
    times = int(budget / cost) if cost > 0 else TIMES
    return Repeating(files, min(TIMES, times))
