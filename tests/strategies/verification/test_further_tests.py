"""A test that rejects two models is doubted: further ones vote, as long as a rejected patch can still win."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from sandbox.repository.patch import Patch
from strategies.attempt import Attempt, JudgedAttempt
from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import Metered
from strategies.step import Step
from strategies.strategy import SolveContext
from strategies.tier import Tier
from strategies.verdict import Evidence, Judged, Verdict
from strategies.verification.further_tests import FurtherTests, can_win, doubted, rejected_by_test, writer_of
from tests.fakes.model import ScriptedModel
from tests.fakes.verification import FakeVerification, failed, passed, rejected


def tier(name: str, model: str, *answers: str, usd: str = "5", family: str = "") -> Tier:
    scripted = ScriptedModel(list(answers), name=model)
    return Tier(name, Metered(scripted, CapMeter(Decimal(usd)), name), family=family)


class Table:
    """Tiers and the attempts so far; the weak one writes tests unless its family is told otherwise."""

    def __init__(self, *tiers: Tier, tester: int = 0) -> None:
        self.steps: list[Step] = []
        self.verification = FakeVerification({"": rejected()})
        self.tiers = tiers
        roles = {"tester": tiers[tester]}
        self.context = SolveContext(tiers, roles, self.verification, self.steps.append)  # type: ignore[arg-type]

    def tried(self, name: str, text: str, verdict: Verdict | None = None) -> None:
        attempt = Attempt(name, "repair", Patch({"a.py": text.encode()}))
        self.context.history.append(JudgedAttempt(attempt, verdict or rejected()))

    def asked(self) -> list[int]:
        return [len(t.model.model.prompts) for t in self.tiers]  # type: ignore[attr-defined]


def two(*answers: str) -> Table:
    table = Table(tier("weak", "deepseek/flash"), tier("strong", "anthropic/opus", *answers))
    table.tried("weak", "return first second")
    table.tried("strong", "return nothing")
    return table


def test_a_patch_that_both_further_tests_pass_is_rescued() -> None:
    table = two("first", "second")
    assert FurtherTests(2).rescued(table.context) == (0,)
    assert [t.content for t in table.verification.voters] == [b"first", b"second"]
    assert table.asked() == [0, 2], "the other family writes them"
    assert "doubted" in table.steps[0].text


def test_a_run_that_nobody_can_read_is_no_vote_against_a_patch() -> None:
    table = two("first", "second")
    table.verification.unreadable = 1
    assert FurtherTests(2).rescued(table.context) == (0,)
    table = two("neither passes it", "nor this")
    table.verification.unreadable = 1
    assert FurtherTests(2).rescued(table.context) == (), "it is asked again"


def test_when_the_first_further_test_agrees_with_the_doubted_one_no_other_is_paid() -> None:
    table = two("neither passes it")
    assert FurtherTests(2).rescued(table.context) == ()
    assert table.asked() == [0, 1]
    assert table.verification.voters == ()


def test_a_tie_of_the_two_further_tests_is_no_majority_and_all_three_judge_what_comes_later() -> None:
    table = two("first", "nobody passes this")
    further = FurtherTests(2)
    assert further.rescued(table.context) == ()
    assert len(table.verification.voters) == 2
    assert further.over


def test_one_model_alone_is_told_what_the_test_says_and_nothing_is_doubted() -> None:
    table = Table(tier("weak", "deepseek/flash"), tier("strong", "anthropic/opus"))
    table.tried("weak", "return first second")
    table.tried("weak", "return first second again")
    assert FurtherTests(2).rescued(table.context) == ()
    assert table.asked() == [0, 0]


def test_switched_off_nothing_is_asked() -> None:
    table = two()
    assert FurtherTests(0).rescued(table.context) == ()


def test_a_later_patch_may_still_win_by_the_tests_that_are_there() -> None:
    table = two("third", "fourth")
    further = FurtherTests(2)
    assert further.rescued(table.context) == ()
    table.tried("strong", "return third fourth")
    assert further.rescued(table.context) == (2,)
    assert table.asked() == [0, 2], "the test that was there was not paid again"


def test_money_that_ends_is_said_and_loses_nothing() -> None:
    class Poor(FakeVerification):
        def write_test(self, tier: Tier, number: int, assertions: int) -> None:
            from strategies.models.meter import OverBudget

            raise OverBudget("issue", Decimal(1), Decimal("0.9"), Decimal("0.2"))

    table = two()
    table.context.verification = Poor({})
    further = FurtherTests(2)
    assert further.rescued(table.context) == ()
    assert further.over
    assert "no further test from the issue: the issue budget" in table.steps[-1].text
    assert len(table.context.history) == 2


def test_tests_that_are_not_valid_are_asked_for_once_more_and_then_given_up() -> None:
    table = two("", "first", "")
    assert FurtherTests(2).rescued(table.context) == ()
    assert table.asked() == [0, 3]
    assert "only 1 of 2" in table.steps[-1].text


def test_the_same_test_again_has_no_vote() -> None:
    table = two("the test", "first", "second")
    assert FurtherTests(2).rescued(table.context) == (0,)
    assert [t.content for t in table.verification.voters] == [b"first", b"second"]


def test_their_calls_are_booked_to_no_attempt() -> None:
    table = two("neither passes it")
    strong = table.tiers[1]
    strong.model.attempt = 3
    FurtherTests(2).rescued(table.context)
    meter = strong.model.meter
    assert isinstance(meter, CapMeter)
    assert strong.model.attempt == 3
    assert [c.attempt for c in meter.charges] in ([], [0])  # the fake judge asks the model itself


@pytest.mark.parametrize(
    ("models", "writers"),
    [
        (("deepseek/flash", "anthropic/opus"), ["second", "second"]),
        (("deepseek/flash", "minimax/m3", "anthropic/opus"), ["second", "third"]),
        (("anthropic/haiku", "anthropic/opus"), ["first", "first"]),
        (("anthropic/haiku", "bedrock/eu.anthropic.claude-opus-5-5", "openai/gpt-5"), ["third", "third"]),
    ],
)
def test_another_family_writes_them_where_there_is_one(models: Sequence[str], writers: list[str]) -> None:
    tiers = tuple(tier(n, m) for n, m in zip(("first", "second", "third"), models, strict=False))
    assert [writer_of(n, tiers, tiers[0]).name for n in (0, 1)] == writers


def test_the_operators_word_on_the_family_counts_before_the_name() -> None:
    tiers = (tier("weak", "openai/house", family="claude"), tier("strong", "anthropic/claude-opus-5-5"))
    assert writer_of(0, tiers, tiers[0]).name == "weak"


@pytest.mark.parametrize(
    ("passed_of", "tests", "most", "can"),
    [(0, 0, 2, True), (0, 1, 2, False), (1, 1, 2, True), (1, 2, 2, False), (2, 2, 2, True),
     (0, 1, 4, True), (0, 2, 4, False), (2, 4, 4, False), (3, 4, 4, True)],
)  # fmt: skip
def test_a_patch_can_win_while_enough_votes_are_open(passed_of: int, tests: int, most: int, can: bool) -> None:
    assert can_win(passed_of, tests, most) is can


def test_only_what_a_test_from_the_issue_rejected_is_doubted() -> None:
    patch = Attempt("weak", "repair", Patch({"a.py": b"x"}))
    verdict = rejected()
    assert rejected_by_test(JudgedAttempt(patch, verdict))
    broke = replace(verdict, evidence=replace(verdict.evidence, broken=("old",)))
    for other in (
        broke,
        failed(),
        passed(),
        Verdict(Judged.UNJUDGED, verdict.evidence),
        Verdict(Judged.FAILED, Evidence()),
    ):
        assert not rejected_by_test(JudgedAttempt(patch, other))
    assert not rejected_by_test(JudgedAttempt(Attempt("weak", "repair", Patch()), verdict))


def test_two_models_must_be_rejected_by_the_very_same_test() -> None:
    tiers = (tier("weak", "a/x"), tier("strong", "b/y"), tier("twin", "b/y"))
    one, other = rejected("one"), rejected("other")

    def by(name: str, verdict: Verdict) -> JudgedAttempt:
        return JudgedAttempt(Attempt(name, "repair", Patch({"a.py": name.encode()})), verdict)

    assert doubted([by("weak", one), by("strong", one)], tiers)
    assert not doubted([by("weak", one), by("strong", other)], tiers)
    assert not doubted([by("strong", one), by("twin", one)], tiers), "two tiers, but one model"
