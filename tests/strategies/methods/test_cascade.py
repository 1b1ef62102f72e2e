"""The default strategy where no test can speak for a patch, and where a model is not there."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sandbox.repository.patch import Patch
from strategies.attempt import Attempt, JudgedAttempt
from strategies.issue import Issue
from strategies.methods.decision import asks_first
from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import Metered
from strategies.models.model import ModelError, ModelRefused, Prompt
from strategies.models.price import Price
from strategies.registry import STRATEGIES
from strategies.resolution import Ending, Resolution
from strategies.resolve import resolve
from strategies.step import Step
from strategies.strategy import SolveContext
from strategies.tier import Tier
from strategies.verdict import Rung
from tests.fakes.model import ScriptedModel
from tests.fakes.verification import FakeVerification, asking, failed, passed, unjudged
from tests.fakes.workspace import memory_workspace

CODE = "def add(a, b):\n    return a - b\n"
ISSUE = Issue(7, "add subtracts", "`add(1, 2)` in calc.py gives -1")
GREEN = FakeVerification({"bad": failed()}, otherwise=unjudged())


def edit(line: str) -> str:
    return f"calc.py\n<<<<<<< SEARCH\n    return a - b\n=======\n    return {line}\n>>>>>>> REPLACE\n"


class Run:
    """One cascade. `tells` is what the comparison of two patches says."""

    def __init__(
        self,
        weak: str | ModelError,
        strong: str | ModelError,
        verification: FakeVerification,
        *,
        worth: str = "2",
        tells: str = "alike",
        name: str = "cascade",
        dear: Decimal = Decimal(4),
    ) -> None:
        self.asked: list[str] = []
        self.steps: list[Step] = []
        self.meter = CapMeter(Decimal(1000))
        self.tells = tells
        tiers = (self._tier("weak", weak, Decimal("0.1"), 2), self._tier("strong", strong, dear, 1))
        roles = {"tester": tiers[0], "judge": tiers[0], "writer": tiers[0]}
        context = SolveContext(tiers, roles, verification, self.steps.append, resolved_usd=Decimal(worth))  # type: ignore[arg-type]  # a dict of the three roles
        self.end: Resolution = resolve(ISSUE, memory_workspace({"calc.py": CODE}), STRATEGIES[name](), context)

    def _tier(self, name: str, answer: str | ModelError, usd: Decimal, attempts: int) -> Tier:
        def say(prompt: Prompt) -> str | ModelError:
            self.asked.append(f"{name} {prompt.purpose}")
            return self.tells if prompt.purpose == "distinguish" else answer

        model = ScriptedModel(say, name=name, price=Price(usd, usd * 5))
        return Tier(name, Metered(model, self.meter, name), attempts=attempts)

    def decisions(self) -> list[str]:
        return [s.text for s in self.steps if s.kind == "decision"]


def test_a_model_that_refuses_is_not_asked_again_and_the_next_one_goes_on() -> None:
    run = Run(ModelRefused("401"), edit("a + b"), FakeVerification({"a + b": passed()}))
    assert run.asked == ["weak repair", "strong repair"]
    assert run.end.ending is Ending.ACCEPTED
    assert run.end.attempts[0].attempt.trouble == "refused"


def test_when_no_test_can_speak_for_a_patch_it_is_accepted_as_unverified_without_more_spending() -> None:
    run = Run(edit("a + b"), edit("b + a"), GREEN)
    assert run.asked == ["weak repair"]
    assert run.end.ending is Ending.UNVERIFIED
    assert run.decisions()[-1].startswith("accept what there is, unverified")


def second(tells: str) -> Run:
    """A weak model whose first answer is bad and whose second is green, so that the strong one's opinion pays."""
    answers = iter([edit("bad + a"), edit("a + b")])

    class Learning(Run):
        def _tier(self, name: str, answer: str | ModelError, usd: Decimal, attempts: int) -> Tier:
            def say(prompt: Prompt) -> str | ModelError:
                self.asked.append(f"{name} {prompt.purpose}")
                if prompt.purpose == "distinguish":
                    return self.tells
                return next(answers) if name == "weak" else answer

            model = ScriptedModel(say, name=name, price=Price(usd, usd * 5))
            return Tier(name, Metered(model, self.meter, name), attempts=attempts)

    return Learning("", edit("b + a"), GREEN, tells=tells, worth="20", dear=Decimal("0.5"))


def test_a_second_opinion_that_behaves_alike_earns_agreement() -> None:
    run = second("alike")
    assert run.asked == ["weak repair", "weak repair", "strong repair", "weak distinguish"]
    assert run.end.ending is Ending.UNVERIFIED
    assert run.end.chosen is run.end.attempts[2]
    assert Rung.AGREEMENT in run.end.chosen.verdict.evidence.rungs
    assert run.end.chosen.verdict.evidence.agreement == 1.0
    assert run.end.chosen.verdict.evidence.top is Rung.REGRESSION, "agreement does not stand in for a test"


def test_a_second_opinion_that_a_test_speaks_for_is_preferred() -> None:
    assert second("second").end.chosen is not None
    chosen = second("second").end.chosen
    assert chosen is not None
    assert chosen.attempt.tier == "strong"
    assert chosen.verdict.evidence.agreement is None


def test_otherwise_the_first_patch_stays() -> None:
    for tells in ("first", "differ"):
        chosen = second(tells).end.chosen
        assert chosen is not None
        assert chosen.attempt.tier == "weak"


def test_every_decision_is_said_with_its_numbers() -> None:
    run = Run(edit("bad"), edit("bad + 1"), GREEN)
    facts = [s.facts for s in run.steps if s.kind == "decision"]
    options = facts[0]["options"]
    assert isinstance(options, list)
    assert options[0]["tier"] == "weak"
    assert {"q", "usd", "value", "situation"} <= set(options[0])
    assert run.decisions()[-1] == "stop: every tier has been tried as often as it may"


def test_money_that_ends_between_samples_loses_none_that_was_paid_for() -> None:
    for name in ("majority", "universal", "self-test-cascade"):
        probe = Run(edit("a + b"), edit("b + a"), FakeVerification({}, otherwise=failed()), name=name)
        assert len(probe.meter.charges) > 2
        cap = probe.meter.charges[0].worst_usd  # enough for one call, not for a second after it

        class Poor(Run):
            def _tier(self, name: str, answer: str | ModelError, usd: Decimal, attempts: int) -> Tier:
                self.meter.cap = cap  # noqa: B023 - used within the iteration
                return super()._tier(name, answer, usd, attempts)

        run = Poor(edit("a + b"), edit("b + a"), FakeVerification({}, otherwise=failed()), name=name)
        assert run.end.ending is Ending.OVER_BUDGET, name
        assert [t.attempt.patch.paths for t in run.end.attempts] == [("calc.py",)], name


@pytest.mark.parametrize("name", ["cascade", "weak-first"])
def test_people_are_asked_about_pinned_tests_before_a_dearer_tier_is_paid(name: str) -> None:
    verification = FakeVerification({"a + b": asking("tests/test_calc.py::test_add")})
    run = Run(edit("a + b"), edit("b + a"), verification, name=name)
    assert run.end.ending is Ending.ASKS
    assert "weak repair" in run.asked
    assert not [a for a in run.asked if a.startswith("strong")]


def test_that_it_asks_first_is_said() -> None:
    verification = FakeVerification({"a + b": asking("tests/test_calc.py::test_add")})
    run = Run(edit("a + b"), edit("b + a"), verification)
    assert run.asked == ["weak repair", "weak repair"], "cheap further attempts are fine"
    assert run.decisions()[-1] == "ask about the tests that pin the old behaviour before strong is paid"


def test_what_the_dearest_tier_asks_keeps_no_cheaper_one_from_trying() -> None:
    tiers = tuple(Tier(name, Metered(ScriptedModel([]), CapMeter(Decimal(1)), name)) for name in ("weak", "strong"))
    asked = JudgedAttempt(Attempt("strong", "repair", Patch({"a": b"b"})), asking("t"))
    assert not asks_first([asked], tiers, 0)
    assert not asks_first([asked], tiers, 1)
    by_weak = JudgedAttempt(Attempt("weak", "repair", Patch({"a": b"b"})), asking("t"))
    assert asks_first([by_weak], tiers, 1)
    assert not asks_first([by_weak], tiers, 0)
