"""Two patches are told apart by what a test does with either."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sandbox.repository.patch import Patch
from sandbox.testing.report import TestOutcome, TestResult
from strategies.issue import Issue
from strategies.judge import Comparison
from strategies.models.in_memory_meter import CapMeter
from strategies.models.model import ModelUnavailable
from strategies.prompts.prompt import PromptFolder
from strategies.step import Step
from strategies.verification.comparison import ComparisonSetup, compare
from tests.fakes.model import Answer, ScriptedModel, scripted_tier

ONE, TWO = Patch({"a.py": b"one"}), Patch({"a.py": b"two"})
TEST = "```python\ndef test_it():\n    assert f() == 1\n```"
GOOD = (TestResult("t::it", TestOutcome.PASSED),)
BAD = (TestResult("t::it", TestOutcome.FAILED, "assert 2 == 1"),)
steps: list[Step] = []


class Bench:
    def __init__(self, *answers: Answer, runs: Sequence[tuple[TestResult, ...]]) -> None:
        self.model = ScriptedModel(list(answers))
        self.runs = list(runs)
        self.ran: list[Patch] = []

    def run(self, patch: Patch, content: bytes) -> tuple[TestResult, ...]:
        assert b"assert f() == 1" in content
        self.ran.append(patch)
        return self.runs.pop(0)

    def compare(self) -> Comparison:
        bout = ComparisonSetup(
            Issue(1, "f() gives 2", "it should be 1"), "tests/test_x.py", "pytest", lambda p: p.digest, self.run
        )
        tier = scripted_tier(self.model, meter=CapMeter(Decimal(10)))
        return compare(bout, ONE, TWO, tier, steps.append, PromptFolder())


def test_the_patch_that_alone_passes_is_the_better_one() -> None:
    context = Bench(TEST, runs=[BAD, GOOD])
    assert context.compare() == Comparison(alike=False, better=1, tests=1)
    assert context.ran == [ONE, TWO]
    asked = context.model.prompts[0].messages[0].content
    assert ONE.digest in asked
    assert TWO.digest in asked


def test_different_failures_prefer_nobody() -> None:
    other = (TestResult("t::it", TestOutcome.ERROR, "boom"),)
    assert Bench(TEST, runs=[BAD, other]).compare() == Comparison(alike=False, better=None, tests=1)


def test_two_tests_without_a_difference_mean_alike_and_the_second_is_told_of_the_first() -> None:
    context = Bench(TEST, TEST, runs=[BAD, BAD, GOOD, GOOD])
    assert context.compare() == Comparison(alike=True, better=None, tests=2)
    assert "assert 2 == 1" in context.model.prompts[1].messages[-1].content


def test_a_test_that_cannot_be_run_says_nothing() -> None:
    context = Bench(TEST, "no code", runs=[(), ()])
    assert context.compare() == Comparison(alike=True, better=None, tests=0)


def test_a_model_that_is_not_there_ends_the_comparison() -> None:
    assert Bench(ModelUnavailable("overloaded"), runs=[]).compare().tests == 0
