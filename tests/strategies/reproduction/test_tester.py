"""A test is written from the issue by whoever is there, tried where the suite runs, and judged by its own run if need be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.recipe import Recipe
from sandbox.repository.patch import Patch
from strategies.issue import Issue
from strategies.localization.opening import opening
from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import Metered, OverBudget
from strategies.models.model import Completion, ModelRefused, ModelUnavailable, PromptTooLong, ToolCall
from strategies.models.usage import Usage
from strategies.prompts.prompt import PromptFolder
from strategies.reproduction.agent_tester import TURNS
from strategies.step import Step
from strategies.tier import Tier
from strategies.verdict import Judged, Rung, Verdict
from strategies.verification.request import VerificationRequest
from strategies.verification.verification import OWN_RUN, Verification
from tests.fakes.folder_backend import PYTEST, FolderBackend, pytest_recipe
from tests.fakes.model import Answer, ScriptedModel, says, scripted_tier
from tests.fakes.origin import Origin

FILES = {
    "till.py": "def total(prices):\n    return sum(prices[1:])\n",
    "tests/test_till.py": "from till import total\n\n\ndef test_total_of_none():\n    assert total([]) == 0\n",
    "conftest.py": "",
}
ISSUE = Issue(7, "total() forgets the first price", "`total([1, 2])` gives 2, it should be 3.")
FIX = Patch({"till.py": b"def total(prices):\n    return sum(prices)\n"})
WRONG = Patch({"till.py": b"def total(prices):\n    return 2 * sum(prices[1:])\n"})
TEST = "```python\nfrom till import total\n\n\ndef test_first_price_counts():\n    assert total([1, 2]) == 3\n```"


class Bench:
    """A repository whose patches are judged by a test that scripted tiers write."""

    def __init__(self, folder: Path, files: dict[str, str]) -> None:
        origin = Origin(folder / "origin")
        origin.commit(files)
        self.workspace = origin.workspace(folder / "home")
        self.backend = FolderBackend()
        self.steps: list[Step] = []

    def start(self, tester: Tier, *others: Tier, recipe: Recipe | None = None) -> Verification:
        request = VerificationRequest(
            self.backend,
            "repository-1",
            recipe or pytest_recipe(),
            self.workspace,
            ISSUE,
            tester=tester,
            accept="reproduction",
            say=self.steps.append,
            stand_ins=others,
        )
        return Verification.start(request)

    def told(self) -> list[str]:
        return [s.text for s in self.steps if s.kind == "reproduction"]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, FILES)
    yield made
    assert made.backend.all_closed()
    made.workspace.close()


def tier(name: str, *answers: Answer) -> Tier:
    return scripted_tier(ScriptedModel(list(answers), name=f"model-{name}"), name)


def judged(verification: Verification, patch: Patch) -> Verdict:
    return verification.judge(patch)


def test_where_the_suite_names_its_files_the_tests_own_run_counts(bench: Bench) -> None:
    named = replace(pytest_recipe(), test=f"{PYTEST} tests/test_till.py", canary=None)
    verification = bench.start(tier("weak", TEST), recipe=named)
    verdict = judged(verification, FIX)
    assert verdict.judged is Judged.PASSED
    assert Rung.REPRODUCTION in verdict.evidence.rungs
    assert OWN_RUN in verdict.evidence.notes
    wrong = judged(verification, WRONG)
    assert wrong.judged is Judged.FAILED
    assert "test_first_price_counts" in wrong.feedback


def test_where_the_suite_collects_the_test_nothing_is_noted(bench: Bench) -> None:
    verdict = judged(bench.start(tier("weak", TEST)), FIX)
    assert verdict.judged is Judged.PASSED
    assert OWN_RUN not in verdict.evidence.notes


@pytest.mark.parametrize("error", [ModelRefused("413: the request is too large"), ModelUnavailable("overloaded")])
def test_when_the_tester_is_not_there_the_next_tier_writes_the_test(
    bench: Bench, error: ModelRefused | ModelUnavailable
) -> None:
    weak, strong = tier("weak", error), tier("strong", TEST)
    verdict = judged(bench.start(weak, weak, strong), FIX)
    assert verdict.judged is Judged.PASSED
    assert any("weak cannot write a test, so strong writes the test instead" in text for text in bench.told())


def test_when_no_tier_is_there_the_patch_is_not_judged_and_not_failed(bench: Bench) -> None:
    gone = ModelUnavailable("overloaded")
    verdict = judged(bench.start(tier("weak", gone), tier("strong", gone)), FIX)
    assert verdict.judged is Judged.UNJUDGED
    assert Rung.REGRESSION in verdict.evidence.rungs
    assert bench.told()[-1] == "no reproduction test: overloaded"
    assert verdict.feedback.startswith("No model was there to write a test")
    assert "overloaded" in verdict.feedback


def test_an_outage_of_the_tester_that_is_to_be_waited_out_asks_no_dearer_tier(bench: Bench) -> None:
    patient = replace(tier("weak", ModelUnavailable("overloaded")), on_outage="wait")
    strong = ScriptedModel([TEST])
    with pytest.raises(ModelUnavailable):
        judged(bench.start(patient, scripted_tier(strong, "strong")), FIX)
    assert strong.prompts == []


def test_a_tester_that_cannot_read_so_much_is_shown_less(bench: Bench) -> None:
    model = ScriptedModel([PromptTooLong("too long"), TEST])
    assert judged(bench.start(scripted_tier(model)), FIX).judged is Judged.PASSED
    assert len(model.prompts) == 2


def test_money_that_is_gone_is_no_reason_to_ask_a_dearer_tier(bench: Bench) -> None:
    poor = Tier("weak", Metered(ScriptedModel([TEST]), CapMeter(Decimal("0.000001")), "weak"))
    strong = ScriptedModel([TEST])
    with pytest.raises(OverBudget):
        judged(bench.start(poor, scripted_tier(strong, "strong")), FIX)
    assert strong.prompts == []


def test_only_what_failed_before_has_to_pass(bench: Bench) -> None:
    company = TEST[:-3] + "\n\ndef test_old_sum():\n    assert total([0, 2]) == 2\n```"
    verification = bench.start(tier("weak", company))
    assert [i.rsplit("::", 1)[1] for t in verification.issue_tests.reproductions for i in t.ids] == [
        "test_first_price_counts"
    ]


TOO_MUCH = TEST[:-3] + "    assert total([1, 2], currency_code='EUR') == 3\n```"


def test_a_test_that_asks_for_too_much_is_asked_for_again(bench: Bench) -> None:
    weak = tier("weak", TOO_MUCH, TEST)
    assert judged(bench.start(weak), FIX).judged is Judged.PASSED
    assert "may ask for too much and is asked for again: it requires `currency_code`" in bench.told()[0]
    assert b"currency_code" not in bench.start(tier("weak", TEST)).issue_tests.reproductions[0].content


def test_where_nothing_better_comes_the_valid_test_is_used_and_doubted_aloud(bench: Bench) -> None:
    verification = bench.start(tier("weak", TOO_MUCH, "no code", TOO_MUCH))
    assert b"currency_code" in verification.issue_tests.reproductions[0].content
    assert "is used all the same" in bench.told()[-1]


def test_a_model_that_goes_away_after_a_valid_test_leaves_that_test(bench: Bench) -> None:
    verification = bench.start(tier("weak", TOO_MUCH, ModelUnavailable("overloaded")), tier("strong"))
    assert len(verification.issue_tests.reproductions) == 1


def test_the_tester_sees_a_neighbour_and_the_fixtures_it_may_use(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FILES | {"conftest.py": "import pytest\n\n\n@pytest.fixture\ndef sale():\n    return 1\n"})
    model = ScriptedModel([TEST])
    assert bench.start(scripted_tier(model)).issue_tests.reproductions
    messages = model.prompts[0].messages
    assert "def test_total_of_none" in messages[-1].content
    assert "conftest.py: sale" in messages[-1].content
    assert messages[:2] == opening(ISSUE, bench.workspace, PromptFolder()), "as whoever solves the issue begins, too"


# -- a tester that works in the sandbox ----------------------------------------------------------------------------


NO_FIXTURE = "```python\ndef test_first_price_counts(shop):\n    assert shop.total([1, 2]) == 3\n```"
RUNS = ToolCall("r", "shell", json.dumps({"command": "python -m pytest -q -p no:cacheprovider tests/test_issue_7.py"}))
FINISH = ToolCall("f", "finish", json.dumps({"summary": "It checks the sum."}))


def writes(text: str, path: str = "tests/test_issue_7.py") -> ToolCall:
    return ToolCall("w", "edit", json.dumps({"command": "create", "path": path, "file_text": text}))


RIGHT = writes("from till import total\n\n\ndef test_first_price_counts():\n    assert total([1, 2]) == 3\n")


def worker(*answers: Answer, native: bool = True, usd: str = "1000", turns: int = 40) -> tuple[Tier, ScriptedModel]:
    """A tier whose solver is the agent."""
    model = ScriptedModel(list(answers), name="model-weak", supports_tools=native)
    return scripted_tier(model, "weak", CapMeter(Decimal(usd)), solver="agent", max_turns=turns), model


def test_a_refused_test_is_corrected_in_the_sandbox_by_looking_at_how_it_fails(bench: Bench) -> None:
    weak, model = worker(NO_FIXTURE, says("", RUNS), says("", RIGHT), says("", RUNS), says("", FINISH))
    verdict = judged(bench.start(weak), FIX)
    assert verdict.judged is Judged.PASSED
    assert verdict.evidence.reproduction is not None
    assert verdict.evidence.reproduction.path == "tests/test_issue_7.py"
    first, opened, *turns = model.prompts
    assert not first.tools
    assert {p.purpose for p in model.prompts} == {"reproduction"}
    assert [t.name for t in opened.tools] == ["shell", "edit", "finish"]
    assert "fixture that does not exist" in opened.messages[-1].content
    assert "How the tests of this repository are run" in opened.messages[-1].content
    assert "fixture 'shop' not found" in turns[0].messages[-1].content, "it ran its own test"
    assert "assert 2 == 3" in turns[2].messages[-1].content
    assert "weak corrects the test in the sandbox" in bench.told()
    model.done()


def test_a_first_answer_that_is_valid_costs_no_agent(bench: Bench) -> None:
    weak, model = worker(TEST)
    assert judged(bench.start(weak), FIX).judged is Judged.PASSED
    assert len(model.prompts) == 1


def test_what_the_agent_hands_over_is_judged_like_any_other_test(bench: Bench) -> None:
    weak, model = worker(NO_FIXTURE, says("", writes("def test_it():\n    assert False\n")), says("", FINISH))
    assert bench.start(weak).issue_tests.reproductions == ()
    assert bench.told()[-1].startswith("a test from the issue was refused: test_it fails whatever the code does")
    model.done()


def test_only_the_file_at_the_asked_path_is_taken_from_it(bench: Bench) -> None:
    broken = writes("def total(prices):\n    return -1\n", "till.py")
    weak, _ = worker(NO_FIXTURE, says("", broken), says("", RIGHT), says("", FINISH))
    tests = bench.start(weak).issue_tests.reproductions
    assert ["assert 2 == 3" in t.before for t in tests] == [True], "the base commit's own code was run"


def test_an_agent_without_native_tools_writes_blocks_and_one_that_answers_is_taken_at_its_word(bench: Bench) -> None:
    block = "```tool\n" + json.dumps({"tool": "shell", "command": "ls tests"}) + "\n```"
    weak, model = worker(NO_FIXTURE, block, "Here it is.\n" + TEST, "As I said.\n" + TEST, native=False)
    assert judged(bench.start(weak), FIX).judged is Judged.PASSED
    assert "test_till.py" in model.prompts[2].messages[-1].content
    assert "has not changed yet" in model.prompts[3].messages[-1].content
    model.done()


def test_its_turns_are_bounded_and_the_file_is_taken_as_it_stands(bench: Bench) -> None:
    weak, model = worker(NO_FIXTURE, says("", RIGHT), says("", RUNS), turns=2)
    assert judged(bench.start(weak), FIX).judged is Judged.PASSED
    assert any("the agent used all its 2 turns" in text for text in bench.told())
    many = [says("", ToolCall("s", "shell", json.dumps({"command": f"echo {n}"}))) for n in range(TURNS)]
    endless, asked = worker(NO_FIXTURE, *many)
    assert bench.start(endless).issue_tests.reproductions == ()
    assert len(asked.prompts) == 1 + TURNS
    model.done()


def test_it_may_spend_a_tenth_of_what_is_left(bench: Bench) -> None:
    usage = Usage(100_000, 0, 0)  # ten cents a turn
    turns = [Completion("", usage, "tool_calls", 0.0, (RUNS,)) for _ in range(3)]
    weak, model = worker(NO_FIXTURE, *turns, usd="2.00")
    assert bench.start(weak).issue_tests.reproductions == ()
    assert len(model.prompts) == 3, "after two turns the tenth is spent"
    assert any("the agent used all of its $0.19" in text for text in bench.told())


def test_a_model_that_goes_away_leaves_what_it_wrote_or_hands_over_to_the_next(bench: Bench) -> None:
    gone = ModelUnavailable("overloaded")
    weak, _ = worker(NO_FIXTURE, says("", RIGHT), gone)
    assert judged(bench.start(weak), FIX).judged is Judged.PASSED
    early, _ = worker(NO_FIXTURE, gone)
    assert judged(bench.start(early, early, tier("strong", TEST)), FIX).judged is Judged.PASSED
    assert any("so strong writes the test instead" in text for text in bench.told())
