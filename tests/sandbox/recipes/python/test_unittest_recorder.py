from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sandbox.recipes.python import unittest_recorder
from sandbox.testing.junit import parse_junit
from sandbox.testing.report import TestOutcome, TestReport

SUITE = '''\
"""
>>> 1 + 1
2
"""
import doctest
import io
import unittest


class T(unittest.TestCase):
    def test_pass(self):
        inner = type("I", (unittest.TestCase,), {"test_i": lambda self: self.fail("inside")})
        unittest.TextTestRunner(stream=io.StringIO()).run(inner("test_i"))

    def test_fail(self):
        self.assertEqual(1, 2, "\\x00 & <")

    def test_error(self):
        raise RuntimeError

    @unittest.skip("why")
    def test_skip(self):
        pass

    def test_sub(self):
        with self.subTest(n=1):
            self.fail("no")


def load_tests(loader, tests, pattern):
    tests.addTests(doctest.DocTestSuite(__name__))
    return tests
'''


def recorded(folder: Path, *words: str, top: str = ".") -> TestReport:
    (folder / "tests").mkdir(exist_ok=True)
    (folder / "tests" / "test_a.py").write_text(SUITE)
    (folder / "tests" / "test_broken.py").write_text("import nothing_of_this\n")
    argv = [sys.executable, unittest_recorder.__file__, "report.xml", top, *words]
    subprocess.run(argv, cwd=folder, capture_output=True, check=False, timeout=60)
    return parse_junit((folder / "report.xml").read_bytes(), root=str(folder))


def test_every_outcome_is_recorded_under_its_file(tmp_path: Path) -> None:
    found = recorded(tmp_path, "-m", "unittest", "discover", "-s", "tests", top="tests")
    assert {i: str(r.outcome) for i, r in found.results.items()} == {
        "tests/test_a.py::T::test_pass": "passed",
        "tests/test_a.py::T::test_fail": "failed",
        "tests/test_a.py::T::test_error": "error",
        "tests/test_a.py::T::test_skip": "skipped",
        "tests/test_a.py::T::test_sub": "failed",
        "tests/test_a.py::test_a": "passed",
        "tests/test_broken.py": "error",
    }


def test_chosen_tests_are_told_by_the_ids_of_the_report(tmp_path: Path) -> None:
    found = recorded(tmp_path, "-m", "unittest", "tests/test_a.py::T::test_pass", top="tests")
    assert found.passed == {"tests/test_a.py::T::test_pass"}


def test_a_script_of_its_own_is_recorded_also_when_it_exits(tmp_path: Path) -> None:
    (tmp_path / "runtests.py").write_text(
        "import sys, unittest\nsuite = unittest.defaultTestLoader.discover('tests', 'test_a.py')\n"
        "sys.exit(not unittest.TextTestRunner().run(suite).wasSuccessful())\n"
    )
    found = recorded(tmp_path, "runtests.py")
    assert found.ids(TestOutcome.FAILED) == {"tests/test_a.py::T::test_fail", "tests/test_a.py::T::test_sub"}
