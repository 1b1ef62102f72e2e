"""The loop: it judges what is yielded, stops when it should, loses nothing and spends nothing in vain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from sandbox.errors import SandboxUnavailable
from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace
from strategies.attempt import Attempt
from strategies.issue import Issue
from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import OverBudget
from strategies.resolution import Ending
from strategies.resolve import resolve
from strategies.step import Step
from strategies.strategy import SolveContext
from strategies.verdict import Evidence, Judged, Reproduction, Rung, Verdict
from strategies.verification.further_tests import OUTVOTED, UNSHOWN_FAILS, UNSHOWN_PASSES
from strategies.verification.issue_test_vote import vote_words
from tests.fakes.model import ScriptedModel, scripted_tier
from tests.fakes.verification import FakeVerification, asking, failed, passed, rejected, reproduced, unjudged
from tests.fakes.workspace import memory_workspace

ISSUE = Issue(3, "it is wrong", "make it right")
WORKSPACE = memory_workspace({"a.py": "wrong\n"})
VERDICTS = {"right": passed(), "wrong": failed(), "open": unjudged(), "built": unjudged("builds")}


def attempt(word: str, tier: str = "weak") -> Attempt:
    return Attempt(tier, "repair", Patch({"a.py": word.encode()}) if word else Patch(), error="" if word else "no edit")


class Listed:
    """A strategy that yields a list; an exception in it is raised. `closed` says that its clean-up ran."""

    def __init__(self, *things: Attempt | Exception) -> None:
        self.things = things
        self.asked = 0
        self.closed = False

    def attempts(self, issue: Issue, workspace: Workspace, context: SolveContext) -> Iterator[Attempt]:
        try:
            for thing in self.things:
                self.asked += 1
                if isinstance(thing, Exception):
                    raise thing
                yield thing
        finally:
            self.closed = True


class Table:
    """A bench around a fake verification, and what was said."""

    def __init__(self, verification: FakeVerification) -> None:
        self.steps: list[Step] = []
        self.verification = verification
        self.context = SolveContext((scripted_tier(ScriptedModel([])),), {}, verification, self.steps.append)

    def kinds(self) -> list[str]:
        return [s.kind for s in self.steps]


@pytest.fixture
def table() -> Table:
    return Table(FakeVerification(VERDICTS))


def test_the_first_attempt_that_earns_it_ends_the_spending(table: Table) -> None:
    strategy = Listed(attempt("wrong"), attempt("right", "strong"), attempt("never asked for"))
    end = resolve(ISSUE, WORKSPACE, strategy, table.context)
    assert end.ending is Ending.ACCEPTED
    assert end.chosen is end.attempts[1]
    assert end.patch.files == {"a.py": b"right"}
    assert end.reason == "strong earned reproduction"
    assert (strategy.asked, strategy.closed) == (2, True)


def test_a_strategy_sees_the_verdict_on_what_it_just_yielded(table: Table) -> None:
    seen: list[Judged] = []

    class Looks:
        def attempts(self, issue: Issue, workspace: Workspace, context: SolveContext) -> Iterator[Attempt]:
            for word in ("wrong", "right"):
                yield attempt(word)
                seen.append(context.history[-1].verdict.judged)

    resolve(ISSUE, WORKSPACE, Looks(), table.context)
    assert seen == [Judged.FAILED]


def test_the_same_patch_is_judged_once_and_remembered_twice(table: Table) -> None:
    end = resolve(ISSUE, WORKSPACE, Listed(attempt("wrong"), attempt("wrong")), table.context)
    assert len(end.attempts) == 2
    assert len(table.verification.asked) == 1


def test_an_attempt_without_a_patch_is_kept_with_its_error_and_not_judged(table: Table) -> None:
    end = resolve(ISSUE, WORKSPACE, Listed(attempt(""), attempt("right")), table.context)
    assert end.ending is Ending.ACCEPTED
    assert end.attempts[0].verdict == Verdict(Judged.FAILED, Evidence(notes=("no edit",)), "no edit")
    assert len(table.verification.asked) == 1


def test_when_nothing_passes_the_issue_is_unsolved_with_all_attempts(table: Table) -> None:
    end = resolve(ISSUE, WORKSPACE, Listed(attempt("wrong"), attempt("wrong 2"), attempt("")), table.context)
    assert (end.ending, end.chosen, bool(end.patch), len(end.attempts)) == (Ending.UNSOLVED, None, False, 3)


def test_of_unjudged_attempts_the_highest_rung_then_the_earliest_is_kept(table: Table) -> None:
    strategy = Listed(attempt("built"), attempt("open 1"), attempt("open 2"), attempt("wrong"))
    end = resolve(ISSUE, WORKSPACE, strategy, table.context)
    assert end.ending is Ending.UNVERIFIED
    assert end.patch.files == {"a.py": b"open 1"}


def test_a_repository_that_declines_the_unverified_gets_nothing(table: Table) -> None:
    end = resolve(ISSUE, WORKSPACE, Listed(attempt("open")), table.context, unverified="decline")
    assert (end.ending, end.chosen, bool(end.patch)) == (Ending.UNSOLVED, None, False)


def test_without_tests_the_first_patch_that_applies_ends_the_spending() -> None:
    table = Table(FakeVerification({"bad": failed(rung="none")}, otherwise=unjudged("builds"), can_judge=False))
    strategy = Listed(attempt("bad"), attempt(""), attempt("good"), attempt("never asked for"))
    end = resolve(ISSUE, WORKSPACE, strategy, table.context)
    assert (end.ending, strategy.asked) == (Ending.UNVERIFIED, 3)
    assert end.patch.files == {"a.py": b"good"}


BROKE = OverBudget("issue", Decimal(1), Decimal("0.9"), Decimal("0.2"))


def test_money_that_ends_keeps_the_best_so_far(table: Table) -> None:
    end = resolve(ISSUE, WORKSPACE, Listed(attempt("open"), attempt("wrong"), BROKE), table.context)
    assert end.ending is Ending.OVER_BUDGET
    assert end.chosen is end.attempts[0]
    assert "the issue budget of $1 has $0.1 left" in end.reason
    assert "over_budget" in table.kinds()


def test_money_that_ends_before_anything_keeps_nothing(table: Table) -> None:
    end = resolve(ISSUE, WORKSPACE, Listed(BROKE), table.context)
    assert (end.ending, end.attempts, end.chosen) == (Ending.OVER_BUDGET, (), None)


def test_money_that_ends_while_a_test_is_written_loses_no_attempt() -> None:
    class Poor(FakeVerification):
        def judge(self, patch: Patch) -> Verdict:
            raise BROKE

    table = Table(Poor({}))
    end = resolve(ISSUE, WORKSPACE, Listed(attempt("right")), table.context)
    assert end.ending is Ending.OVER_BUDGET
    assert [t.attempt.patch.files for t in end.attempts] == [{"a.py": b"right"}]


def test_a_question_ends_without_a_verdict(table: Table) -> None:
    asks = Attempt("weak", "router", Patch(), question="Which version do you use?")
    end = resolve(ISSUE, WORKSPACE, Listed(asks, attempt("right")), table.context)
    assert (end.ending, end.reason, end.chosen) == (Ending.QUESTION, "Which version do you use?", None)
    assert table.verification.asked == []


class Cancelled(Exception):
    pass


@pytest.mark.parametrize("after", [0, 1])
def test_a_cancel_passes_through_and_closes_the_strategy(table: Table, after: int) -> None:
    asked = 0

    def stop() -> None:
        nonlocal asked
        asked += 1
        if asked > after:
            raise Cancelled

    strategy = Listed(attempt("wrong"), attempt("wrong 2"))
    with pytest.raises(Cancelled):
        resolve(ISSUE, WORKSPACE, strategy, table.context, stop=stop)
    assert strategy.asked == after
    assert strategy.closed or not after


def test_a_broken_sandbox_passes_through() -> None:
    strategy = Listed(attempt("right"))
    with pytest.raises(SandboxUnavailable):
        resolve(ISSUE, WORKSPACE, strategy, Table(FakeVerification({}, lost=True)).context)
    assert strategy.closed


def test_the_reproduction_test_becomes_part_of_the_patch_and_wins_over_the_models_own() -> None:
    test = Reproduction("tests/test_issue_3.py", b"ours", ("x",), "fails", "", passes=True)
    table = Table(
        FakeVerification({}, otherwise=Verdict(Judged.PASSED, Evidence(passed().evidence.rungs, reproduction=test)))
    )
    both = Attempt("weak", "repair", Patch({"a.py": b"right", "tests/test_issue_3.py": b"theirs"}))
    end = resolve(ISSUE, WORKSPACE, Listed(both), table.context)
    assert end.patch.files == {"a.py": b"right", "tests/test_issue_3.py": b"ours"}


def test_every_verdict_and_the_ending_are_said_with_their_facts(table: Table) -> None:
    resolve(ISSUE, WORKSPACE, Listed(attempt("wrong"), attempt("right")), table.context)
    verdicts = [s for s in table.steps if s.kind == "verdict"]
    assert [s.facts["judged"] for s in verdicts] == ["failed", "passed"]
    assert verdicts[1].facts["rungs"] == ["applies", "builds", "regression", "reproduction"]
    assert "assert 2 == 3" in verdicts[0].text
    assert table.steps[-1].facts == {"ending": "accepted"}


def test_the_top_rung_needs_the_ones_below_it() -> None:
    assert passed().evidence.top is Rung.REPRODUCTION
    assert Evidence(frozenset({Rung.APPLIES, Rung.BUILDS, Rung.AGREEMENT})).top is Rung.BUILDS


# -- one test that is wrong, and patches that only it rejects ------------------------------------------------------


def by_two(*answers: str) -> Table:
    """A weak and a strong tier of different families; the strong one writes further tests."""
    table = Table(FakeVerification({"right": rejected(), "wrong": rejected(), "open": unjudged()}))
    weak = scripted_tier(ScriptedModel([], name="deepseek/flash"), name="weak")
    strong = scripted_tier(ScriptedModel(list(answers), name="anthropic/opus"), name="strong")
    table.context = SolveContext((weak, strong), {"tester": weak}, table.verification, table.steps.append, more_tests=2)
    return table


def test_a_patch_that_one_wrong_test_rejected_is_accepted_by_the_vote_without_another_attempt() -> None:
    table = by_two("right", "ght")
    strategy = Listed(attempt("right"), attempt("wrong", "strong"), attempt("never asked for"))
    end = resolve(ISSUE, WORKSPACE, strategy, table.context)
    assert end.ending is Ending.ACCEPTED
    assert end.chosen is end.attempts[0]
    assert end.attempts[0].verdict.judged is Judged.PASSED
    assert end.patch.files == {"a.py": b"right"}
    assert (strategy.asked, strategy.closed) == (2, True)


def test_a_vote_that_confirms_the_first_test_changes_nothing() -> None:
    table = by_two("neither")
    strategy = Listed(attempt("right"), attempt("wrong", "strong"), attempt("wrong 2", "strong"))
    end = resolve(ISSUE, WORKSPACE, strategy, table.context)
    assert (end.ending, len(end.attempts), end.chosen, end.doubtful) == (Ending.UNSOLVED, 3, None, None)


# -- an attempt that was told what the test says, and a test that it was not shown ---------------------------------


def told(first: list[str], second: list[str], usd: str = "1000") -> Table:
    """A weak and a strong tier; `first` are the tester's further tests, `second` those by the strong one."""
    table = Table(FakeVerification({"fit": reproduced(), "wrong": rejected()}))
    tester = scripted_tier(ScriptedModel(list(first), name="deepseek/flash"), "weak", CapMeter(Decimal(usd)))
    strong = scripted_tier(ScriptedModel(list(second), name="anthropic/opus"), name="strong")
    table.context = SolveContext(
        (tester, strong), {"tester": tester}, table.verification, table.steps.append, more_tests=2
    )
    return table


def again(word: str, tier: str = "weak") -> Attempt:
    return replace(attempt(word, tier), told=True)


def left_of(table: Table) -> list[int]:
    return [len(t.model.model._answers) for t in table.context.tiers]  # type: ignore[attr-defined]


def test_a_retry_that_also_passes_a_test_it_was_not_shown_is_accepted_with_that_note() -> None:
    table = told(["fit"], [])
    end = resolve(ISSUE, WORKSPACE, Listed(attempt("wrong"), again("fit")), table.context)
    assert end.ending is Ending.ACCEPTED
    assert end.chosen is end.attempts[1]
    assert end.chosen.verdict.evidence.notes == (UNSHOWN_PASSES,)
    assert left_of(table) == [0, 0]


def test_an_attempt_that_was_told_nothing_is_judged_as_ever() -> None:
    table = told(["fit"], [])
    end = resolve(ISSUE, WORKSPACE, Listed(attempt("wrong"), attempt("fit")), table.context)
    assert (end.ending, left_of(table)) == (Ending.ACCEPTED, [1, 0])


def test_where_a_third_test_is_for_the_retry_it_is_accepted_by_the_vote() -> None:
    table = told(["another"], ["fit"])
    end = resolve(ISSUE, WORKSPACE, Listed(attempt("wrong"), again("fit")), table.context)
    assert end.ending is Ending.ACCEPTED
    assert end.chosen is not None
    assert end.chosen.verdict.evidence.notes == (vote_words(2, 1, 3),)
    assert any("so a third decides" in s.text for s in table.steps)


def test_a_retry_that_fits_only_the_test_it_was_told_of_is_outvoted_and_the_next_must_pass_them_too() -> None:
    table = told(["true"], ["tru"])
    strategy = Listed(attempt("wrong"), again("fit"), again("fit, true", "strong"))
    end = resolve(ISSUE, WORKSPACE, strategy, table.context)
    assert end.ending is Ending.ACCEPTED
    assert [t.verdict.judged for t in end.attempts] == [Judged.FAILED, Judged.FAILED, Judged.PASSED]
    assert end.attempts[1].verdict.feedback == OUTVOTED, "what the others say stays unshown"
    assert left_of(table) == [0, 0], "the third attempt is judged by the tests that are there"


def test_that_a_retry_was_outvoted_saves_no_patch_that_the_first_test_rejected() -> None:
    table = told(["true"], ["tru"])
    end = resolve(ISSUE, WORKSPACE, Listed(attempt("wrong, true"), again("fit")), table.context)
    assert (end.ending, end.chosen) == (Ending.UNSOLVED, None)
    assert table.verification.voters == ()
    assert end.test_doubt == "", "a patch passed it"


def test_an_unshown_test_alone_makes_no_patch_fail_and_people_look_first() -> None:
    table = told(["another"], ["", "", ""])
    end = resolve(ISSUE, WORKSPACE, Listed(attempt("wrong"), again("fit")), table.context)
    assert end.ending is Ending.DOUBTED
    assert end.chosen is not None
    assert end.chosen.verdict.judged is Judged.PASSED
    assert end.chosen.verdict.evidence.doubts == (UNSHOWN_FAILS,)
    assert end.patch.files["a.py"] == b"fit"


@pytest.mark.parametrize("answer", ["", "the test"])
def test_where_no_other_test_is_to_be_had_the_shown_one_decides(answer: str) -> None:
    table = told([answer], [])
    end = resolve(ISSUE, WORKSPACE, Listed(attempt("wrong"), again("fit")), table.context)
    assert (end.ending, left_of(table)) == (Ending.ACCEPTED, [0, 0])


def test_a_second_test_is_paid_only_while_ten_times_the_firsts_cost_is_left() -> None:
    for usd, asked in (("0.99", 0), ("1.00", 1)):
        table = told(["fit"], [], usd)
        table.verification.test_usd = Decimal("0.1")
        end = resolve(ISSUE, WORKSPACE, Listed(attempt("wrong"), again("fit")), table.context)
        assert (end.ending, left_of(table)) == (Ending.ACCEPTED, [1 - asked, 0])


def test_where_further_tests_are_switched_off_nothing_is_asked_of_a_retry() -> None:
    table = told(["another"], [])
    table.context.more_tests = 0
    end = resolve(ISSUE, WORKSPACE, Listed(attempt("wrong"), again("fit")), table.context)
    assert (end.ending, left_of(table)) == (Ending.ACCEPTED, [1, 0])


def test_a_further_test_that_is_there_already_is_the_unshown_one() -> None:
    table = told([], ["true"])
    strategy = Listed(attempt("wrong"), attempt("wrong 2", "strong"), again("fit, true", "strong"))
    end = resolve(ISSUE, WORKSPACE, strategy, table.context)
    assert end.ending is Ending.ACCEPTED
    assert end.chosen is not None
    assert end.chosen.verdict.evidence.notes == (UNSHOWN_PASSES,)


# -- what is shown of a rejected patch -----------------------------------------------------------------------------


def test_the_latest_rejected_patch_that_keeps_all_green_is_shown_and_never_published() -> None:
    table = by_two("neither")
    strategy = Listed(attempt("wrong 1"), attempt("wrong 2", "strong"), attempt("wrong breaks", "strong"))
    end = resolve(ISSUE, WORKSPACE, strategy, table.context, doubtful=True)
    assert (end.ending, end.chosen, bool(end.patch)) == (Ending.UNSOLVED, None, False)
    assert end.doubtful is end.attempts[1]
    assert end.doubtful.verdict.judged is Judged.FAILED
    assert Rung.REGRESSION in end.doubtful.verdict.evidence.rungs
    assert end.doubtful.verdict.evidence.reproduction is not None


def test_a_test_that_patches_of_two_families_fail_is_doubted_aloud_and_nothing_is_accepted_for_it() -> None:
    table = by_two("neither")
    end = resolve(
        ISSUE, WORKSPACE, Listed(attempt("wrong 1"), attempt("wrong 2", "strong")), table.context, doubtful=True
    )
    assert end.ending is Ending.UNSOLVED
    assert "by models of 2 families" in end.test_doubt
    assert "a further test rejects them as well" in end.test_doubt
    assert end.doubtful is end.attempts[1]
    assert end.doubtful.verdict.evidence.notes == (end.test_doubt,)
    assert end.test_doubt in [s.text for s in table.steps if s.kind == "reproduction"]


def test_one_family_alone_doubts_no_test() -> None:
    table = by_two()
    end = resolve(ISSUE, WORKSPACE, Listed(attempt("wrong 1"), attempt("wrong 2")), table.context, doubtful=True)
    assert (end.ending, end.test_doubt) == (Ending.UNSOLVED, "")


def test_nothing_doubtful_is_looked_for_where_nobody_wants_it_or_something_better_is_there() -> None:
    table = by_two("neither")
    resolve(ISSUE, WORKSPACE, Listed(attempt("wrong"), attempt("wrong 2", "strong")), table.context)
    assert table.verification.by_suite == []
    table = by_two()
    end = resolve(ISSUE, WORKSPACE, Listed(attempt("wrong"), attempt("open")), table.context, doubtful=True)
    assert (end.ending, end.doubtful, table.verification.by_suite) == (Ending.UNVERIFIED, None, [])


def test_what_is_doubtful_is_shown_when_the_money_ends_too() -> None:
    table = by_two()
    end = resolve(ISSUE, WORKSPACE, Listed(attempt("wrong"), BROKE), table.context, doubtful=True)
    assert end.ending is Ending.OVER_BUDGET
    assert end.doubtful is end.attempts[0]


def test_at_most_three_rejected_patches_are_run_to_show_one() -> None:
    table = by_two()
    tries = [attempt(f"wrong breaks {n}") for n in range(5)]
    end = resolve(ISSUE, WORKSPACE, Listed(*tries), table.context, doubtful=True)
    assert end.doubtful is None
    assert len(table.verification.by_suite) == 3


def test_a_sandbox_that_breaks_while_something_is_only_to_be_shown_loses_no_attempt() -> None:
    class Breaks(FakeVerification):
        def judge_by_suite(self, patch: Patch) -> Verdict:
            raise SandboxUnavailable("the engine is gone")

    table = Table(Breaks({"wrong": rejected()}))
    end = resolve(ISSUE, WORKSPACE, Listed(attempt("wrong")), table.context, doubtful=True)
    assert (end.ending, len(end.attempts), end.doubtful) == (Ending.UNSOLVED, 1, None)


# -- patches that ask, and patches with doubts ---------------------------------------------------------------------


def test_a_patch_that_breaks_pinned_tests_asks_and_is_never_accepted(table: Table) -> None:
    table.verification = FakeVerification({"asks more": asking("a", "b"), "asks": asking("a"), "wrong": failed()})
    table.context.verification = table.verification
    strategy = Listed(attempt("asks more"), attempt("asks"), attempt("wrong"))
    end = resolve(ISSUE, WORKSPACE, strategy, table.context, unverified="decline")
    assert end.ending is Ending.ASKS
    assert end.chosen is end.attempts[1], "the one that asks about fewer tests"
    assert end.patch.files == {"a.py": b"asks", "tests/test_issue.py": b"the test"}
    assert end.reason == "one existing test pins what the issue wants changed, so people decide"


def test_a_passing_patch_with_doubts_ends_the_spending_and_is_not_accepted(table: Table) -> None:
    good = passed()
    doubt = "reads the runner's environment variable (PYTEST_CURRENT_TEST)"
    table.context.verification = FakeVerification(
        {"right": replace(good, evidence=replace(good.evidence, doubts=(doubt,)))}
    )
    strategy = Listed(attempt("right"), attempt("never asked for"))
    end = resolve(ISSUE, WORKSPACE, strategy, table.context)
    assert (end.ending, strategy.asked) == (Ending.DOUBTED, 1)
    assert end.chosen is end.attempts[0]
    assert doubt in end.reason
