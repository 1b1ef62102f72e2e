"""The stand-in for pytest reports like pytest, as far as the corpus goes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sandbox.repository.patch import Patch
from sandbox.testing.junit import parse_junit
from sandbox.testing.report import TestReport
from strategies.study.tasks.corpus import load_corpus
from strategies.study.tasks.hidden import missing
from strategies.study.tasks.repositories import LITTLE_PYTEST

MIXED = """
import unittest

import pytest


def test_good():
    assert 1 + 1 == 2


def test_bad():
    assert 1 + 1 == 3, "sums are off"


@pytest.mark.parametrize("a, b", [(1, 2), (2, 2)])
def test_rows(a, b):
    assert a != b


class TestKind(unittest.TestCase):
    def test_inside(self):
        self.assertTrue(True)

    def test_skipped(self):
        self.skipTest("not today")


def test_nothing_raised():
    with pytest.raises(ValueError):
        pass
"""


def little(folder: Path, *arguments: str) -> tuple[int, TestReport]:
    report = folder / "report.xml"
    argv = [sys.executable, str(LITTLE_PYTEST), "-q", "-o", "junit_family=xunit1", f"--junitxml={report}", *arguments]
    done = subprocess.run(argv, cwd=folder, capture_output=True, check=False, timeout=60)
    return done.returncode, parse_junit(report.read_bytes(), root=str(folder))


def fill(folder: Path, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def test_outcomes_ids_and_exit_code(tmp_path: Path) -> None:
    fill(tmp_path, {"tests/test_mixed.py": MIXED.encode(), "tests/test_broken.py": b"import nowhere\n"})
    code, report = little(tmp_path)
    assert code == 1
    assert report.passed == {
        "tests/test_mixed.py::test_good",
        "tests/test_mixed.py::test_rows[1-2]",
        "tests/test_mixed.py::TestKind::test_inside",
    }
    assert report.failed == {
        "tests/test_mixed.py::test_bad",
        "tests/test_mixed.py::test_rows[2-2]",
        "tests/test_mixed.py::test_nothing_raised",
        "tests/test_broken.py",
    }
    assert report.skipped == {"tests/test_mixed.py::TestKind::test_skipped"}
    assert "sums are off" in report.results["tests/test_mixed.py::test_bad"].message
    assert "ModuleNotFoundError: No module named 'nowhere'" in report.results["tests/test_broken.py"].message


def test_single_tests_can_be_chosen(tmp_path: Path) -> None:
    fill(tmp_path, {"tests/test_mixed.py": MIXED.encode()})
    code, report = little(tmp_path, "tests/test_mixed.py::test_good", "tests/test_mixed.py::TestKind::test_inside")
    assert code == 0
    assert len(report.results) == 2


def test_nothing_collected_has_its_own_exit_code(tmp_path: Path) -> None:
    assert little(tmp_path)[0] == 5


def test_it_judges_the_python_corpus_as_pytest_does(tmp_path: Path) -> None:
    for scripted in load_corpus():
        task = scripted.task
        if task.language != "python":
            continue
        assert isinstance(task.hidden.tests, Patch)
        assert isinstance(task.hidden.reference, Patch)
        hidden = {p: c for p, c in task.hidden.tests.files.items() if c is not None}
        fixed = {p: c for p, c in task.hidden.reference.files.items() if c is not None}
        for name, files in (("before", {**task.files, **hidden}), ("after", {**task.files, **fixed, **hidden})):
            folder = tmp_path / task.id / name
            fill(folder, files)
            _, report = little(folder)
            expected = set(task.hidden.fail_to_pass) if name == "before" else set()
            assert set(missing(report, task.hidden)) == expected, (task.id, name)
