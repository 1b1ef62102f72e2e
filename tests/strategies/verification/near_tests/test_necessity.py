"""What near tests see of a passing patch, through real runs of pytest, and the bounds of asking."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.errors import SandboxUnavailable
from sandbox.repository.patch import Patch
from sandbox.testing.report import TestOutcome, TestReport, TestResult
from strategies.verdict import Necessity
from strategies.verification.near_tests.hunks import hunks_of
from strategies.verification.near_tests.necessity import PassingPatch, PatchedRun, budget, examine, noticed, with_hunks
from tests.fakes.folder_backend import pytest_recipe
from tests.fakes.folder_sandbox import FolderSandbox
from tests.fakes.origin import Origin

TILL = (
    "def total(prices):\n    return sum(prices[1:])\n\n\ndef label(n):\n    return f'{n} items'\n\n\n"
    "def note(n):\n    return n\n"
)
FIXED = TILL.replace("prices[1:]", "prices")
TEST = "from till import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n"
FILES = {"till.py": TILL, "conftest.py": "", "README.md": "The till.\n"}


def seen(
    folder: Path, files: Mapping[str, str], *, seconds: float = 600.0, reproduced: bool = True
) -> Necessity | None:
    """What tests/test_till.py sees of a patch, in so many seconds."""
    origin = Origin(folder / "origin")
    origin.commit(FILES)
    judged = Patch({path: content.encode() for path, content in {**files, "tests/test_till.py": TEST}.items()})
    with origin.workspace(folder / "home") as workspace:

        def trial(texts: Mapping[str, str]) -> PatchedRun:
            box = FolderSandbox(workspace.tree(judged))
            deadline = time.monotonic() + seconds
            return PatchedRun(box, pytest_recipe(), ("tests/test_till.py",), texts, deadline)

        return examine(PassingPatch(judged, workspace, reproduced), trial)


def test_a_small_fix_that_its_test_needs_is_complete(tmp_path: Path) -> None:
    found = seen(tmp_path, {"till.py": FIXED.replace("sum(prices)", "sum(prices) + 0")})
    assert found is not None
    assert (found.lines, found.executed) == (1, 1)
    assert (found.hunks, found.needed, found.unneeded) == (1, 1, ())
    assert found.mutants == found.killed + len(found.survivors)
    assert found.killed >= 1
    assert found.survivors == ("till.py:2: return sum(prices) + 0 → return sum(prices) - 0",), "0 is added or not"
    assert not found.complete


def test_what_no_test_needs_or_executes_is_named(tmp_path: Path) -> None:
    extra = FIXED.replace("return n\n", "return n + 1\n")
    found = seen(tmp_path, {"till.py": extra, "README.md": "The till, mended.\n"})
    assert found is not None
    assert found.unexecuted == ("till.py:10",)
    assert (found.hunks, found.needed, found.documents) == (2, 1, 1)
    assert found.unneeded == ("README.md:1", "till.py:10")
    assert not found.complete


def test_without_time_nothing_is_claimed(tmp_path: Path) -> None:
    extra = FIXED.replace("return n\n", "return n + 1\n")
    found = seen(tmp_path, {"till.py": extra}, seconds=-1.0)
    assert found is None or (found.needed, found.untried, found.mutants) == (0, 2, 0)


def test_documents_alone_are_not_examined(tmp_path: Path) -> None:
    assert seen(tmp_path, {"README.md": "The till, mended.\n"}) is None


def test_a_sandbox_that_breaks_costs_only_the_answer(tmp_path: Path) -> None:
    origin = Origin(tmp_path / "origin")
    origin.commit(FILES)

    def gone(texts: Mapping[str, str]) -> PatchedRun:
        raise SandboxUnavailable("the engine is gone")

    with origin.workspace(tmp_path / "home") as workspace:
        assert examine(PassingPatch(Patch({"till.py": FIXED.encode()}), workspace, reproduced=True), gone) is None


def test_the_only_hunk_of_a_reproduced_fix_costs_no_run() -> None:
    hunks = hunks_of({"till.py": TILL}, {"till.py": FIXED})
    with FolderSandbox() as box:
        trial = PatchedRun(box, pytest_recipe(), (), {}, deadline=0.0)
        assert with_hunks(Necessity(), hunks, trial, reproduced=True).needed == 1
        assert with_hunks(Necessity(), hunks, trial, reproduced=False).untried == 1
        assert box.commands == []


@pytest.mark.parametrize(("suite", "seconds"), [(0.5, 3.0), (10.0, 3.0), (100.0, 20.0), (1_000.0, 30.0)])
def test_the_time_is_a_share_of_the_suites(suite: float, seconds: float) -> None:
    assert budget(suite) == seconds


def test_a_change_is_noticed_by_a_test_that_passed() -> None:
    good = frozenset({"a"})
    assert noticed(good, None)
    assert noticed(good, TestReport({"a": TestResult("a", TestOutcome.FAILED)}))
    assert noticed(good, TestReport({"b": TestResult("b", TestOutcome.PASSED)}))
    assert not noticed(good, TestReport({"a": TestResult("a", TestOutcome.PASSED)}))


def test_all_of_it_is_needed_for_the_rung() -> None:
    whole = Necessity(lines=2, executed=2, hunks=1, needed=1, mutants=3, killed=3, seconds=1.25)
    assert whole.complete
    assert whole.sentence == (
        "2 of 2 changed lines executed by passing tests; 1 of 1 hunks needed; 3 of 3 mutants killed (1.2 s)"
    )
    for less in (
        Necessity(lines=2, executed=1, hunks=1, needed=1, mutants=3, killed=3),
        Necessity(lines=2, executed=2, hunks=2, needed=1, mutants=3, killed=3),
        Necessity(lines=2, executed=2, hunks=1, needed=1, mutants=3, killed=2),
        Necessity(hunks=1, needed=1, mutants=3, killed=3),
        Necessity(lines=2, executed=2, hunks=1, needed=1),
    ):
        assert not less.complete
