"""Several tests from one issue are believed in an order that their outcomes tell."""

from __future__ import annotations

import itertools

from strategies.verdict import Reproduction
from strategies.verification.issue_test_ranking import Said, agreement, key_of, ranked, voters


def made(name: str, *ids: str) -> Reproduction:
    return Reproduction(f"tests/test_{name}.py", name.encode(), ids or (f"{name}::test",), "fails")


A, B, C = made("a"), made("b"), made("c")
BROKEN = Reproduction("tests/test_x.py", b"x", (), "")


def said(**outcomes: str) -> Said:
    """`a="+-"`: test a passes with patch 0 and not with patch 1; a blank is a run that never was."""
    tests = {"a": A, "b": B, "c": C, "x": BROKEN}
    return {
        (key_of(tests[name]), str(patch)): one == "+"
        for name, row in outcomes.items()
        for patch, one in enumerate(row)
        if one != " "
    }


def names(tests: tuple[Reproduction, ...]) -> str:
    return "".join(t.content.decode() for t in tests)


def test_with_nothing_known_the_order_of_writing_stays() -> None:
    assert names(ranked([B, A, C], {}, ())) == "bac"


def test_one_that_does_not_fail_at_the_base_comes_last_whatever_passes_it() -> None:
    assert names(ranked([BROKEN, A], said(x="+", a="-"), {"0"})) == "ax"


def test_one_that_a_plausible_patch_passes_comes_before_one_that_none_passes() -> None:
    heard = said(a="-", b="+", c="-")
    assert names(ranked([A, B, C], heard, {"0"})) == "bac"
    assert names(ranked([A, B, C], heard, ())) == "acb", "a patch whose suite is not known to be green tells nothing"


def test_of_equal_ones_those_that_agree_with_each_other_come_first() -> None:
    heard = said(a="+-+", b="+++", c="+++")
    assert names(ranked([A, B, C], heard, {"0"})) == "bca"


def test_what_was_never_run_neither_agrees_nor_disagrees() -> None:
    heard = said(a="+ ", b=" +", c="++")
    assert [agreement(t, [A, B, C], heard) for t in (A, B, C)] == [1, 1, 2]


def test_the_opposite_counts_against_both() -> None:
    heard = said(a="+", b="-")
    assert [agreement(t, [A, B], heard) for t in (A, B)] == [-1, -1]


def test_the_order_of_arrival_decides_nothing_that_outcomes_decide() -> None:
    heard = said(a="--", b="++", c="+-")
    orders = {names(ranked(order, heard, {"1"})) for order in itertools.permutations([A, B, C])}
    assert orders == {"bca"}


def test_an_odd_number_votes_and_the_least_believed_is_left_out() -> None:
    assert voters([A, B, C]) == (A, B, C)
    assert voters([A, B]) == (A,)
    assert voters([A]) == (A,)
    assert voters([]) == ()
