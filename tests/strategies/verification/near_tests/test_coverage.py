"""Affected tests as measured: by really running a suite under coverage, and by reading its report as data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox.backend import Sandbox
from sandbox.recipe import Environment, Recipe, ReportFormat
from sandbox.repository.patch import Patch
from strategies.verification.near_tests.coverage import executing, kept_covered, parse
from tests.fakes.folder_sandbox import FolderSandbox
from tests.fakes.tree import FakeTree

FILES = {
    "till.py": b"def total(prices):\n    return sum(prices)\n",
    "label.py": b"def label(n):\n    return f'{n} items'\n",
    "tests/test_till.py": b"from till import total\n\n\nclass TestTill:\n    def test_total(self):\n        assert total([1, 2]) == 3\n",
    "tests/test_label.py": b"from label import label\n\n\ndef test_label():\n    assert label(2) == '2 items'\n",
}
TEST = "python -m pytest -q -p no:cacheprovider --junitxml={junit}"


def environment(test: str = TEST) -> Environment:
    recipe = Recipe("python", (), test, ReportFormat.JUNIT, "the test", runner="pytest")
    return Environment("key", "folder", "ref", recipe, 0.0, cached=False)


def opened() -> Sandbox:
    return FolderSandbox(FakeTree(FILES))


def test_each_source_file_is_mapped_to_the_tests_that_execute_it(tmp_path: Path) -> None:
    covered = kept_covered(tmp_path, environment(), "base", 5.0, opened)
    assert covered == {"till.py": ("tests/test_till.py",), "label.py": ("tests/test_label.py",)}
    assert executing(Patch({"till.py": b""}), covered) == ("tests/test_till.py",)
    assert executing(Patch({"till.py": b"", "label.py": b""}), covered) == ("tests/test_label.py", "tests/test_till.py")


def test_it_is_measured_once_per_commit(tmp_path: Path) -> None:
    first = kept_covered(tmp_path, environment(), "base", 5.0, opened)

    def never() -> Sandbox:
        raise AssertionError("measured again")

    assert kept_covered(tmp_path, environment(), "base", 5.0, never) == first


def test_a_file_that_no_test_executed_leaves_the_choice_to_the_import_graph() -> None:
    assert executing(Patch({"new.py": b""}), {"till.py": ("tests/test_till.py",)}) == ()
    assert executing(Patch({"README.md": b""}), {"till.py": ("tests/test_till.py",)}) == ()


@pytest.mark.parametrize("test", ["make test", "tox -e py -- --junitxml={junit}"])
def test_another_command_than_pytest_is_not_measured(tmp_path: Path, test: str) -> None:
    def never() -> Sandbox:
        raise AssertionError("a sandbox was opened")

    assert kept_covered(tmp_path, environment(test), "base", 5.0, never) == {}


@pytest.mark.parametrize("report", [b"[]", b"{}", b'{"files": 3}', b"not json"])
def test_what_is_no_report_is_refused(report: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(report)


def test_odd_contexts_are_passed_over() -> None:
    files = {
        "till.py": {"contexts": {"1": ["", "nobody.knows"], "2": "x"}},
        "tests/test_till.py": {"contexts": {}},
        "odd.py": [],
    }
    assert parse(json.dumps({"files": files}).encode()) == {}
