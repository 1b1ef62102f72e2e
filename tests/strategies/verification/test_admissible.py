"""What is known of a patch before anything runs, and what is added to a verdict afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace
from strategies.verdict import Evidence, Judged, Reproduction, Rung, Verdict
from strategies.verification.admissible import TESTS_ONLY, admissible, with_known_examples
from tests.fakes.origin import Origin


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    origin = Origin(tmp_path / "repo")
    origin.commit(
        {
            "till.py": "def total(p):\n    return 0\n",
            "run.sh": "pytest\n",
            "tests/test_a.py": "def test_a(): pass\n",
            "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-q'\n",
        }
    )
    with origin.workspace(tmp_path / "home") as opened:
        yield opened


def test_what_may_be_tried_has_its_first_rungs(workspace: Workspace) -> None:
    early, judged, evidence = admissible(Patch({"till.py": b"x = 1\n", "tests/test_a.py": b""}), workspace, ())
    assert early is None
    assert judged.paths == ("till.py",)
    assert evidence.restored == ("tests/test_a.py",)
    assert evidence.rungs == {Rung.APPLIES, Rung.BUILDS}


def test_tests_alone_are_refused_with_words(workspace: Workspace) -> None:
    early, _, _ = admissible(Patch({"tests/test_b.py": b"def test_b(): pass\n"}), workspace, ())
    assert early is not None
    assert (early.judged, early.feedback) == (Judged.FAILED, TESTS_ONLY)


@pytest.mark.parametrize("path", ["pytest.py", "tests/till.py", "a-1.dist-info/entry_points.txt", ".pennyfix", "a.pth"])
def test_what_takes_the_place_of_something_is_refused_with_words(path: str, workspace: Workspace) -> None:
    early, _, _ = admissible(Patch({path: b"x = 1\n", "till.py": b"x = 1\n"}), workspace, ())
    assert early is not None
    assert early.judged is Judged.FAILED
    assert f"{path}: " in early.feedback


def test_a_doubt_does_not_refuse(workspace: Workspace) -> None:
    early, _, evidence = admissible(Patch({"till.py": b"import pytest\n"}), workspace, ())
    assert early is None
    assert len(evidence.doubts) == 1


def test_a_file_that_the_command_runs_is_as_it_was(workspace: Workspace) -> None:
    patch = Patch({"till.py": b"x = 1\n", "run.sh": b"true\n"})
    assert admissible(patch, workspace, (), "sh run.sh")[1].paths == ("till.py",)
    assert admissible(patch, workspace, (), "pytest")[1].paths == ("run.sh", "till.py")


def test_a_configuration_file_that_no_longer_parses_fails(workspace: Workspace) -> None:
    early, _, _ = admissible(Patch({"till.py": b"x = 1\n", "pyproject.toml": b"[tool"}), workspace, ())
    assert early is not None
    assert "pyproject.toml does not parse" in early.feedback


def test_an_existing_test_that_no_longer_parses_does_not_fail_a_patch_it_is_not_judged_by(workspace: Workspace) -> None:
    early, judged, _ = admissible(Patch({"till.py": b"x = 1\n", "tests/test_a.py": b"def test_a(:\n"}), workspace, ())
    assert early is None
    assert judged.paths == ("till.py",)


def test_a_new_test_that_does_not_parse_fails(workspace: Workspace) -> None:
    early, _, _ = admissible(Patch({"till.py": b"x = 1\n", "tests/test_b.py": b"def test_b(:\n"}), workspace, ())
    assert early is not None
    assert "tests/test_b.py does not parse" in early.feedback


def test_only_a_passing_patch_that_answers_the_example_is_doubted(workspace: Workspace) -> None:
    test = Reproduction("tests/test_b.py", b"def test_b():\n    assert total([12, 30]) == 42\n", ("x",), "before")
    knowing = Patch({"till.py": b"def total(p):\n    if p == [12, 30]:\n        return 42\n    return 0\n"})
    passed = Verdict(Judged.PASSED, Evidence(doubts=("another",), reproduction=test))
    assert len(with_known_examples(passed, knowing, workspace).evidence.doubts) == 2
    assert with_known_examples(passed, Patch({"till.py": b"def total(p):\n    return sum(p)\n"}), workspace) == passed
    failed = replace(passed, judged=Judged.FAILED)
    assert with_known_examples(failed, knowing, workspace) == failed
