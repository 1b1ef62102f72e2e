"""Several tests from one issue, each valid at the base commit, and their vote on a patch.

One test can be wrong about what the issue asks for; of three, two must be wrong in the same way. Only as many are
written as leave the money for solving the issue; of an even number the least believed has no vote (`ranking.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from strategies.models.meter import OverBudget
from strategies.step import Step
from strategies.verdict import Reproduction

RESERVE = 10
"""A further test is written only while this many times the first one's cost is left."""

Write = Callable[[int], Reproduction | None]
"""Writes the test of this number (0 is the first); None when no valid one came of it."""


def write_several(
    wanted: int, write: Write, left: Callable[[], Decimal], say: Callable[[Step], None]
) -> tuple[Reproduction, ...]:
    """Up to `wanted` valid tests, all different; `left` is USD that may still be spent.

    Raises OverBudget while the first is written; later ones are simply left out.
    """
    before = left()
    first = write(0)
    if first is None:
        return ()
    cost = before - left()
    found = [first]
    for number in range(1, wanted):
        if left() < RESERVE * cost:
            say(Step("reproduction", f"{len(found)} of {wanted} tests: the rest of the money is for solving it"))
            break
        try:
            test = write(number)
        except OverBudget:
            break
        if test is not None and test.content not in [t.content for t in found]:
            found.append(test)
    return tuple(found)


def decided(passed: int, failed: int, tests: int) -> bool | None:
    """What the majority of so many tests says, as soon as it is certain; None before. `tests` is odd."""
    if 2 * passed > tests:
        return True
    return False if 2 * failed > tests else None


def vote_words(passed: int, failed: int, tests: int) -> str:
    """A vote as a sentence for people; of `tests`, those that could change nothing any more are not run."""
    text = f"{passed} passed and {failed} failed of {tests} tests written from the issue, which vote"
    left = tests - passed - failed
    return f"{text}; {left} more could change nothing" if left else text
