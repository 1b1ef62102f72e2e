"""A test is written from the issue by whoever is there, tried where the suite runs, and judged by its own run if need be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.recipe import Recipe
from sandbox.repository.patch import Patch
from strategies.issue import Issue
from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import Metered, OverBudget
from strategies.models.model import ModelRefused, ModelUnavailable
from strategies.step import Step
from strategies.tier import Tier
from strategies.verdict import Judged, Rung, Verdict
from strategies.verification.request import VerificationRequest
from strategies.verification.verification import OWN_RUN, Verification
from tests.fakes.folder_backend import PYTEST, FolderBackend, pytest_recipe
from tests.fakes.model import Answer, ScriptedModel, scripted_tier
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
    shown = model.prompts[0].messages[1].content
    assert "def test_total_of_none" in shown
    assert "conftest.py: sale" in shown
