"""The rules of a verdict through real runs of pytest: what is made flaky, what is ours, what nobody could see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.repository.patch import Patch
from strategies.issue import Issue
from strategies.judge import Accept
from strategies.step import Step
from strategies.verdict import Judged, Rung
from strategies.verification.baseline import NoBaseline
from strategies.verification.request import VerificationRequest
from strategies.verification.verification import Verification
from tests.fakes.folder_backend import FolderBackend, pytest_recipe
from tests.fakes.origin import Origin

TILL = "def total(prices):\n    return sum(prices)\n"
TEST = "from till import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n"
FILES = {"till.py": TILL, "tests/test_till.py": TEST, "conftest.py": ""}
ISSUE = Issue(7, "total() should take a tuple", "It does.")
Judge = Callable[..., Verification]


class Court:
    """Repositories whose patches are judged by their own suite."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.backend = FolderBackend()
        self.steps: list[Step] = []

    def verification(self, files: dict[str, str], accept: Accept = "regression") -> Verification:
        origin = Origin(self.folder / "origin")
        origin.commit(files)
        workspace = origin.workspace(self.folder / "home")
        request = VerificationRequest(
            self.backend,
            "repository-1",
            pytest_recipe(),
            workspace,
            ISSUE,
            tester=None,
            accept=accept,
            say=self.steps.append,
        )
        return Verification.start(request)


@pytest.fixture
def court(tmp_path: Path) -> Court:
    return Court(tmp_path)


CART = (
    "from cart import add\n\n\ndef test_one():\n    assert add('a') == ['a']\n",
    "from cart import add\n\n\ndef test_other():\n    assert add('b') == ['b']\n",
)
CART_FILES = {
    "cart.py": "def add(item, to=None):\n    return [*(to or []), item]\n",
    "tests/test_a_cart.py": CART[0],
    "tests/test_b_cart.py": CART[1],
    "conftest.py": "",
}


def test_a_test_that_fails_only_in_the_company_of_others_is_broken(court: Court) -> None:
    shared = b"def add(item, to=[]):\n    to.append(item)\n    return to\n"
    verdict = court.verification(CART_FILES).judge(Patch({"cart.py": shared}))
    assert verdict.judged is Judged.FAILED
    assert verdict.evidence.broken == ("tests/test_b_cart.py::test_other",)


def test_a_test_that_fails_half_of_the_time_is_broken(court: Court, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    sometimes = (
        f"import pathlib\n\nRUNS = pathlib.Path({str(runs)!r})\n\n\ndef total(prices):\n"
        "    n = len(RUNS.read_text()) if RUNS.exists() else 0\n    RUNS.write_text('x' * (n + 1))\n"
        "    return sum(prices) + (n % 2 == 0)\n"
    )
    verdict = court.verification(FILES).judge(Patch({"till.py": sometimes.encode()}))
    assert verdict.judged is Judged.FAILED
    assert verdict.evidence.broken == ("tests/test_till.py::test_total",)


def test_a_test_that_fails_at_the_base_by_now_is_not_the_patchs(court: Court, tmp_path: Path) -> None:
    past = tmp_path / "past"
    dated = f"import pathlib\n\n\ndef test_date():\n    assert not pathlib.Path({str(past)!r}).exists()\n"
    verification = court.verification(FILES | {"tests/test_date.py": dated})
    past.touch()
    verdict = verification.judge(Patch({"till.py": TILL.replace("sum(prices)", "sum(tuple(prices))").encode()}))
    assert verdict.judged is Judged.PASSED
    assert verdict.evidence.flaky == ("tests/test_date.py::test_date",)


def test_an_id_that_changes_with_every_run_is_no_test_that_the_patch_adds(court: Court) -> None:
    random = (
        "import secrets\n\nimport pytest\n\n\n@pytest.mark.parametrize('x', [1], ids=['k' + secrets.token_hex(3)])\n"
        "def test_old(x):\n    assert x == 2\n"
    )
    verification = court.verification(FILES | {"tests/test_ids.py": random})
    verdict = verification.judge(Patch({"till.py": TILL.replace("sum(prices)", "sum(tuple(prices))").encode()}))
    assert verdict.judged is Judged.PASSED


def test_where_nothing_passes_there_is_nothing_to_judge_by(court: Court) -> None:
    broken = "import not_installed\n\n\ndef test_total():\n    assert True\n"
    with pytest.raises(NoBaseline, match=r"before any change|could not be judged") as raised:
        court.verification({"till.py": TILL, "tests/test_till.py": broken, "conftest.py": ""})
    assert "No module named 'not_installed'" in str(raised.value)


def test_only_failing_tests_are_no_baseline(court: Court) -> None:
    with pytest.raises(NoBaseline, match="no test passes before any change"):
        court.verification({"tests/test_till.py": "def test_x():\n    assert 1 == 2\n", "conftest.py": ""})


def test_a_report_that_is_lost_once_is_not_held_against_the_patch(court: Court, tmp_path: Path) -> None:
    once = tmp_path / "once"
    lost = (
        "import os, pathlib\n\n\ndef pytest_sessionstart(session):\n"
        f"    once = pathlib.Path({str(once)!r})\n    if once.exists():\n        once.unlink()\n        os._exit(1)\n"
    )
    verification = court.verification(FILES | {"conftest.py": lost})
    once.touch()
    verdict = verification.judge(Patch({"till.py": TILL.replace("sum(prices)", "sum(tuple(prices))").encode()}))
    assert verdict.judged is Judged.PASSED
    assert not once.exists()


def test_a_report_that_is_lost_at_the_base_as_well_is_not_judged(court: Court, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    lost = (
        "import os, pathlib\n\n\ndef pytest_sessionstart(session):\n"
        f"    if pathlib.Path({str(broken)!r}).exists():\n        os._exit(1)\n"
    )
    verification = court.verification(FILES | {"conftest.py": lost})
    broken.touch()
    verdict = verification.judge(Patch({"till.py": TILL.replace("sum(prices)", "sum(tuple(prices))").encode()}))
    assert verdict.judged is Judged.UNJUDGED
    assert "nor without it" in verdict.feedback


def test_a_patch_that_ends_the_process_has_failed(court: Court) -> None:
    ends = b"import os\n\n\ndef total(prices):\n    os._exit(3)\n"
    verdict = court.verification(FILES).judge(Patch({"till.py": ends}))
    assert verdict.judged is Judged.FAILED
    assert "With the patch the test suite could not be run" in verdict.feedback


def test_enough_must_pass_for_nothing_broke_to_say_something(court: Court) -> None:
    verdict = court.verification(FILES).judge(
        Patch({"till.py": TILL.replace("sum(prices)", "sum(tuple(prices))").encode()})
    )
    assert verdict.judged is Judged.PASSED
    assert Rung.REGRESSION in verdict.evidence.rungs
