"""Every strategy of the registry runs against the same scripted scenarios: the right calls to the right model in the
right order, money as expected, nothing lost.

A new strategy needs a line in `WEAK_SOLVES` and one in `STRONG_SOLVES`; one in `ANSWERS` for each purpose of its own
whose answer is not prose; and one in `INDEPENDENT` when its attempts must not see each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.repository.patch import Patch
from strategies.issue import Issue
from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import Metered, OverBudget, Reservation
from strategies.models.model import ModelRefused, Prompt
from strategies.models.price import Price
from strategies.outcomes import Example, NoOutcomes
from strategies.registry import DEFAULT, STRATEGIES
from strategies.resolution import Ending, Resolution
from strategies.resolve import resolve
from strategies.step import Step
from strategies.strategy import SolveContext
from strategies.tier import Tier
from tests.fakes.model import Answer, ScriptedModel
from tests.fakes.ruled_verification import RuledVerification
from tests.fakes.workspace import memory_workspace

CODE = "def total(prices):\n    return sum(prices[1:])\n"
RIGHT = Patch({"till.py": CODE.replace("prices[1:]", "prices").encode()})
ISSUE = Issue(7, "total() forgets the first price", "`total([1, 2])` in till.py gives 2, it should be 3.")
WEAK, STRONG = Price(Decimal(1), Decimal(5)), Price(Decimal(10), Decimal(50))


def edit(new: str, search: str = "prices[1:]") -> str:
    return (
        f"It starts at the wrong place.\n\ntill.py\n<<<<<<< SEARCH\n    return sum({search})\n=======\n"
        f"    return sum({new})\n>>>>>>> REPLACE\n"
    )


SOLVES, FAILS, MISSES = edit("prices"), edit("prices[2:]"), edit("prices", search="amounts[1:]")


ANSWERS = {"judge": "order: 1", "reduction": '[{"path": "till.py", "first": 1, "last": 2}]'}
"""By purpose, what a model answers beside repairs and routes; "words about" the purpose where nothing is said here."""


class RefusingMeter(CapMeter):
    """A cap that also counts the calls it refused."""

    refused = 0

    def reserve(self, tier: str, model: str, purpose: str, worst_usd: Decimal) -> Reservation:
        try:
            return super().reserve(tier, model, purpose, worst_usd)
        except OverBudget:
            self.refused += 1
            raise


@dataclass
class World:
    """Two scripted models, one meter, one rule for what is right."""

    weak: Answer
    strong: Answer
    route: str = "weak"
    cap: Decimal = Decimal(5)
    tests: bool = True
    memory: Path | None = None
    calls: list[tuple[str, Prompt]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.meter = RefusingMeter(self.cap)
        self.verification = RuledVerification(lambda p: p.digest == RIGHT.digest, can_judge=self.tests)
        self.tiers = (self._tier("weak", self.weak, WEAK, 2), self._tier("strong", self.strong, STRONG, 1))
        self.context = SolveContext(
            tiers=self.tiers,
            roles={"tester": self.tiers[0], "judge": self.tiers[1], "writer": self.tiers[0]},
            verification=self.verification,
            say=self.steps.append,
            memory=self.memory,
        )

    def _tier(self, name: str, repair: Answer, price: Price, attempts: int) -> Tier:
        def answer(prompt: Prompt) -> Answer:
            self.calls.append((name, prompt))
            return {
                "repair": repair,
                "route": f'{{"tier": "{self.route}", "why": "because"}}',
                **ANSWERS,
            }.get(prompt.purpose, f"words about {prompt.purpose}")

        return Tier(name, Metered(ScriptedModel(answer, name=name, price=price), self.meter, name), attempts=attempts)

    def run(self, strategy: str) -> Resolution:
        return resolve(ISSUE, memory_workspace({"till.py": CODE}), STRATEGIES[strategy](), self.context)

    @property
    def asked(self) -> list[str]:
        return [f"{tier}:{prompt.purpose}" for tier, prompt in self.calls]


W, S = "weak:repair", "strong:repair"
FEW = ("few-shot-1-random", "few-shot-5-random", "few-shot-1-similar", "few-shot-5-similar")
CONTEXT = {
    "repo-summary": "strong:summary",
    "repo-structure": "strong:structure",
    "repo-qa": "strong:qa",
    "plan": "strong:plan",
    "issue-qa": "strong:issue-qa",
}
SAMPLED = ("majority", "clustering", "universal")
INDEPENDENT = ("best-of-n", *SAMPLED)
"""Strategies whose attempts must not see each other."""

# what is asked, and whether it ends accepted, when the weak model is right
WEAK_SOLVES: dict[str, Sequence[str]] = {
    "cascade": [W],
    "self-test-cascade": [W] * 3,
    "weak": [W],
    "strong": [S],
    "best-of-n": [W],
    **{name: [W] * 5 for name in SAMPLED},
    **{name: [first, W] for name, first in CONTEXT.items()},
    **{name: [W] for name in FEW},
    "strong-once": [S],
    "strong-first": [S],
    "weak-first": [W],
    "prompt-reduction": ["weak:reduction", S],
    "weak-router": ["weak:route", W],
    "strong-router": ["strong:route", W],
}
# when only the strong model is right (and the routers say so): the calls, and whether it is reached
STRONG_SOLVES: dict[str, tuple[Sequence[str], bool]] = {
    "cascade": ([W, W, S], True),
    "self-test-cascade": ([W, W, W, S], True),
    "weak": ([W, W], False),
    "strong": ([S], True),
    "best-of-n": ([W] * 5, False),
    **{name: ([W] * 5, False) for name in SAMPLED},
    **{name: ([first, W, W], False) for name, first in CONTEXT.items()},
    **{name: ([W, W], False) for name in FEW},
    "strong-once": ([S], True),
    "strong-first": ([S], True),
    "weak-first": ([W] * 5 + [S], True),
    "prompt-reduction": (["weak:reduction", S], True),
    "weak-router": (["weak:route", S], True),
    "strong-router": (["strong:route", S], True),
}
every = pytest.mark.parametrize("name", STRATEGIES)


def settled(world: World) -> None:
    """The bill is the sum of the calls, and nothing stays reserved."""
    assert world.meter.spent == sum((c.usd for c in world.meter.charges if c.usd is not None), Decimal(0))
    assert world.meter.left() == world.cap - world.meter.spent


def test_the_tables_name_every_strategy_and_no_other() -> None:
    assert set(WEAK_SOLVES) == set(STRONG_SOLVES) == set(STRATEGIES)
    assert DEFAULT in STRATEGIES


@every
def test_solved_by_weak(name: str) -> None:
    world = World(SOLVES, SOLVES)
    resolution = world.run(name)
    assert resolution.ending is Ending.ACCEPTED
    assert world.asked == WEAK_SOLVES[name]
    assert resolution.patch.digest == RIGHT.digest
    assert len(world.meter.charges) == len(world.asked)
    settled(world)


@every
def test_solved_by_strong_only(name: str) -> None:
    world = World(FAILS, SOLVES, route="strong")
    resolution = world.run(name)
    calls, solved = STRONG_SOLVES[name]
    assert world.asked == calls
    assert resolution.ending is (Ending.ACCEPTED if solved else Ending.UNSOLVED)
    assert [c.tier for c in world.meter.charges] == [c.split(":")[0] for c in calls]
    settled(world)


@every
def test_solved_by_nobody(name: str) -> None:
    world = World(FAILS, edit("prices[3:]"), route="strong")
    resolution = world.run(name)
    assert resolution.ending is Ending.UNSOLVED
    assert not resolution.patch
    assert resolution.attempts, "what was tried is told"
    assert all("assert 2 == 3" in t.verdict.feedback for t in resolution.attempts if t.attempt.patch)
    settled(world)


@every
def test_an_edit_that_does_not_apply_is_asked_for_once_more_and_then_told(name: str) -> None:
    world = World(MISSES, MISSES, route="strong")
    resolution = world.run(name)
    assert resolution.ending is Ending.UNSOLVED
    assert not world.verification.judged
    retries = [p for _, p in world.calls if p.purpose == "repair" and len(p.messages) > 3]
    assert retries, "the retry is told what failed"
    assert all("till.py" in p.messages[-1].content for p in retries)
    settled(world)


@every
def test_a_model_that_refuses_is_an_attempt_with_its_words_and_the_rest_goes_on(name: str) -> None:
    world = World(ModelRefused("401: no such key"), SOLVES, route="strong")
    resolution = world.run(name)
    reaches_strong = STRONG_SOLVES[name][1]
    assert resolution.ending is (Ending.ACCEPTED if reaches_strong else Ending.UNSOLVED)
    if not reaches_strong:
        assert all("no such key" in t.attempt.error for t in resolution.attempts)
    assert all(c.tier != "weak" or c.purpose != "repair" for c in world.meter.charges), "a refused call costs nothing"
    settled(world)


@every
def test_a_budget_that_ends_in_the_middle_ends_the_job_within_the_cap(name: str) -> None:
    world = World(FAILS, FAILS, route="strong", cap=Decimal("0.05"))
    resolution = world.run(name)
    assert world.meter.spent <= world.cap
    if world.meter.refused:
        assert resolution.ending is Ending.OVER_BUDGET
        assert "budget" in resolution.reason
    else:  # it fits: every call was paid for, and nobody solved the issue
        assert resolution.ending is Ending.UNSOLVED
    settled(world)


@pytest.mark.parametrize("name", ["cascade", "strong", "strong-first", "weak-first", "prompt-reduction", "plan"])
def test_a_strong_call_that_may_need_more_than_the_cap_is_refused(name: str) -> None:
    world = World(FAILS, FAILS, route="strong", cap=Decimal("0.05"))
    assert world.run(name).ending is Ending.OVER_BUDGET
    assert world.meter.refused == 1


@every
def test_without_tests_nothing_is_passed_and_no_further_money_is_spent(name: str) -> None:
    world = World(SOLVES, SOLVES, tests=False)
    resolution = world.run(name)
    assert resolution.ending is Ending.UNVERIFIED
    assert resolution.patch.digest == RIGHT.digest
    assert len(world.verification.judged) == 1
    settled(world)


@every
def test_what_failed_is_handed_to_the_next_attempt(name: str) -> None:
    world = World(FAILS, edit("prices[3:]"), route="strong")
    resolution = world.run(name)
    judged = [t for t in resolution.attempts if t.attempt.patch]
    if len(judged) < 2 or name in INDEPENDENT:
        return  # one attempt, or attempts that must not see each other
    last = [p for _, p in world.calls if p.purpose == "repair"][-1]
    # self-tests escalate before the repository's tests are asked
    said = "self-tests, score 0.00" if name == "self-test-cascade" else "assert 2 == 3"
    assert said in last.messages[-1].content
    assert "It starts at the wrong place" in last.messages[-1].content


def test_followup_calls_share_their_prefix_with_the_first() -> None:
    world = World(FAILS, FAILS)
    world.run("cascade")
    first, second, third = [p for _, p in world.calls]
    assert first.messages[:2] == second.messages[:2] == third.messages[:2]


def test_repository_context_is_bought_once_for_all_issues_of_a_commit(tmp_path: Path) -> None:
    first = World(SOLVES, SOLVES, memory=tmp_path)
    first.run("repo-summary")
    second = World(SOLVES, SOLVES, memory=tmp_path)
    second.run("repo-summary")
    assert first.asked == ["strong:summary", W]
    assert second.asked == [W]
    assert "words about summary" in second.calls[0][1].messages[-1].content


def test_repository_context_of_a_later_commit_is_refreshed_from_what_changed(tmp_path: Path) -> None:
    world = World(SOLVES, SOLVES, memory=tmp_path)
    world.run("repo-summary")
    later = World(SOLVES, SOLVES, memory=tmp_path)
    files = {"till.py": CODE, "shop.py": "from till import total\n"}
    resolve(ISSUE, memory_workspace(files), STRATEGIES["repo-summary"](), later.context)
    asked = later.calls[0][1].messages[0].content
    assert "shop.py" in asked
    assert "return sum" not in asked
    assert "words about summary" in asked


class Remembered(NoOutcomes):
    def examples(self) -> Sequence[Example]:
        return (
            Example(Issue(1, "label() is plural for one", "`label(1)`"), "-items\n+item"),
            Example(Issue(2, "total() of prices is wrong", "`total([1])` gives 0"), "-prices[0:]\n+prices"),
        )


def test_the_most_similar_solved_issue_is_the_example() -> None:
    world = World(SOLVES, SOLVES)
    world.context.outcomes = Remembered()
    world.run("few-shot-1-similar")
    told = world.calls[0][1].messages[-1].content
    assert "total() of prices is wrong" in told
    assert "plural" not in told


def test_a_router_that_asks_spends_nothing_on_attempts() -> None:
    world = World(SOLVES, SOLVES)
    world.route = 'ask", "question": "Which version?'
    resolution = world.run("weak-router")
    assert resolution.ending is Ending.QUESTION
    assert resolution.reason == "Which version?"
    assert world.asked == ["weak:route"]


def test_a_router_knows_prices_and_sees_no_code() -> None:
    world = World(SOLVES, SOLVES)
    world.run("strong-router")
    asked = world.calls[0][1].messages[0].content
    assert "$10 input and $50 output" in asked
    assert "till.py" in asked
    assert "return sum" not in asked


def test_the_strong_model_sees_only_the_lines_the_weak_one_chose() -> None:
    world = World(SOLVES, SOLVES)
    files = {"till.py": CODE, "other.py": "total = prices = 1\n" * 50}
    resolve(ISSUE, memory_workspace(files), STRATEGIES["prompt-reduction"](), world.context)
    reading, solving = world.calls
    assert "other.py" in reading[1].messages[0].content
    assert "total = prices = 1" not in solving[1].messages[1].content
    assert "return sum(prices[1:])" in solving[1].messages[1].content


def test_samples_are_drawn_with_different_words_and_heat_behind_one_prefix() -> None:
    world = World(FAILS, FAILS)
    world.run("majority")
    prompts = [p for _, p in world.calls]
    assert len({p.messages[1].content for p in prompts}) == 1
    assert len({p.messages[2].content for p in prompts}) == 5
    assert [p.temperature for p in prompts] == [0.0, 0.25, 0.5, 0.75, 1.0]
