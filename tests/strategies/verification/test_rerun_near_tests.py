from __future__ import annotations

import pytest

from strategies.verification.baseline import Baseline
from strategies.verification.rerun_near_tests import TIMES, Repeating, plan

NOTHING: frozenset[str] = frozenset()


def baseline(seconds: float, **files: float) -> Baseline:
    return Baseline(NOTHING, NOTHING, NOTHING, NOTHING, seconds, files=files)


@pytest.mark.parametrize(
    ("near", "before", "alone", "expected"),
    [
        pytest.param(("a", "b"), baseline(0.4, a=0.1, b=0.1), True, Repeating(("a", "b"), TIMES), id="quick suite"),
        pytest.param(("a", "b"), baseline(10.0, a=0.5, b=8.0), True, Repeating(("a",), 1), id="what fits in a share"),
        pytest.param(("a",), baseline(100.0, a=1.0, b=98.0), True, Repeating(("a",), TIMES), id="a long suite"),
        pytest.param(("a",), baseline(100.0, a=30.0), True, Repeating((), 0), id="too slow a file"),
        pytest.param(("a",), baseline(100.0, a=0.1), True, Repeating((), 0), id="too slow a start"),
        pytest.param(("a",), baseline(1.0, a=0.1), False, Repeating((), 2), id="a runner that cannot choose"),
        pytest.param((), baseline(1.0, a=0.1), True, Repeating((), 2), id="nothing is near"),
        pytest.param((), baseline(0.0), True, Repeating((), TIMES), id="no time at all"),
    ],
)
def test_as_often_as_a_share_of_the_suites_time_allows(
    near: tuple[str, ...], before: Baseline, alone: bool, expected: Repeating
) -> None:
    assert plan(near, before, alone=alone) == expected
