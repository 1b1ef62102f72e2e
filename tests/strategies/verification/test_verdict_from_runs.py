"""From two reports to a verdict, without running anything."""

from __future__ import annotations

import pytest

from sandbox.testing.report import TestOutcome, TestReport, TestResult
from strategies.judge import Accept
from strategies.verdict import Evidence, Judged, Reproduction, Rung
from strategies.verification.baseline import compare
from strategies.verification.verdict_from_runs import Differences, conclude, counted, differences, unseen, weigh_broken

P, F, S = TestOutcome.PASSED, TestOutcome.FAILED, TestOutcome.SKIPPED


def report(uncollected: tuple[str, ...] = (), **outcomes: TestOutcome) -> TestReport:
    return TestReport({n: TestResult(n, o, f"{n} said") for n, o in outcomes.items()}, uncollected)


BEFORE = report(("t_lost.py",), a=P, b=P, c=P, d=F, e=S)
BASE = compare(BEFORE, BEFORE, 1.0)


def test_each_kind_of_worse_is_told_apart() -> None:
    found = differences(BASE, report(a=F, b=S, d=F, n=F, m=P), None)
    assert found == Differences(failing=("a",), vanished=("c",), skipped=("b",), new_failing=("n",))
    assert found.broken == ("a", "c", "b")
    assert found.only({"b", "n"}) == Differences(skipped=("b",), new_failing=("n",))


def test_the_test_from_the_issue_is_not_one_that_the_patch_adds() -> None:
    test = Reproduction("n", b"", ("n",), "")
    assert differences(BASE, report(a=P, b=P, c=P, n=F), test) == Differences()


def test_where_ids_hold_no_file_it_is_known_by_the_ids_that_it_had() -> None:
    test = Reproduction("till/issue_7_test.go", b"", ("till::TestIssue",), "")
    seen = TestReport(
        {i: TestResult(i, F) for i in ("till::TestIssue", "till::TestIssue/empty", "till::TestIssueOfThePatch")}
    )
    assert differences(BASE, seen, test).new_failing == ("till::TestIssueOfThePatch",)


def test_the_numbers_and_what_was_not_judged_are_kept() -> None:
    evidence = counted(Evidence(), BASE, report(a=P, b=P, c=P, d=P, e=S, n=P), ["b"])
    assert evidence.before is not None
    assert evidence.after is not None
    assert (evidence.before.passed, evidence.after.passed, evidence.after.new) == (3, 5, 1)
    assert (evidence.fixed, evidence.flaky, evidence.not_judged) == (("d",), ("b",), ("t_lost.py",))


def test_what_is_broken_speaks() -> None:
    verdict = weigh_broken(Differences(failing=("a",), vanished=("c",)), report(a=F), Evidence())
    assert verdict is not None
    assert verdict.judged is Judged.FAILED
    assert "a said" in verdict.feedback
    assert "c no longer runs" in verdict.feedback
    assert weigh_broken(Differences(), report(), Evidence()) is None


@pytest.mark.parametrize(
    ("near", "lost"),
    [((), ()), (("t_lost.py",), ("t_lost.py",)), (("t_lost.py", "t_other.py"), ()), (("t_other.py",), ())],
)
def test_a_patch_whose_only_tests_were_not_collected_is_not_seen(near: tuple[str, ...], lost: tuple[str, ...]) -> None:
    assert unseen(near, BASE) == lost


@pytest.mark.parametrize(
    ("accept", "rung", "judged"),
    [
        ("any", Rung.BUILDS, Judged.PASSED),
        ("regression", Rung.BUILDS, Judged.UNJUDGED),
        ("regression", Rung.REGRESSION, Judged.PASSED),
        ("reproduction", Rung.REGRESSION, Judged.UNJUDGED),
        ("reproduction", Rung.REPRODUCTION, Judged.PASSED),
    ],
)
def test_what_is_asked_must_have_been_earned(accept: Accept, rung: Rung, judged: Judged) -> None:
    assert conclude(accept, Evidence(rungs=frozenset(Rung(n) for n in range(rung + 1)))).judged is judged
