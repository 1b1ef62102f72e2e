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
