from __future__ import annotations

import fnmatch
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.recipe import CANARY_GLOB, Canary
from sandbox.testing import canary as canaries
from sandbox.testing.canary import FAILURES, make_canary, shape
from sandbox.testing.report import TestOutcome, TestReport, TestResult

PYTHON = Canary("tests/test_{name}.py", "def test_{name}():\n    {failure}\n")


def test_no_two_canaries_are_alike() -> None:
    made = [make_canary(PYTHON) for _ in range(200)]
    assert len({c.name for c in made}) == len({c.content for c in made}) == 200
    assert len({c.content.split(b"\n")[1].split()[0] for c in made}) > 1
    for planted in made:
        assert planted.path == planted.only == f"tests/test_{planted.name}.py"
        assert planted.name.isidentifier()
        assert fnmatch.fnmatch(planted.name, CANARY_GLOB)


@pytest.mark.parametrize("ending", ["py", "js", "mts", "tsx", "cjs", "go", "rs", "java", "kt"])
def test_every_kind_of_file_has_a_failure(ending: str) -> None:
    content = make_canary(Canary(f"{{name}}.{ending}", "<{failure}>")).content
    assert len(content) > len("<>")
    assert not {b"{failure}", b"{a}", b"{word}"} & set(content.split())


@pytest.mark.parametrize("statement", FAILURES["py"])
def test_every_python_failure_fails(statement: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canaries, "FAILURES", {"py": (statement,)})
    for _ in range(20):
        planted = make_canary(PYTHON)
        space: dict[str, object] = {}
        exec(planted.content, space)  # noqa: S102 - our own test
        test = space[f"test_{planted.name}"]
        with pytest.raises((AssertionError, ValueError)):
            test()  # type: ignore[operator]


@pytest.mark.node
@pytest.mark.parametrize("statement", FAILURES["js"])
def test_every_javascript_failure_fails(statement: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canaries, "FAILURES", {"js": (statement,)})
    planted = make_canary(Canary("a/{name}.test.ts", "{failure}"))
    node = shutil.which("node") or "node"
    done = subprocess.run([node, "-e", planted.content.decode()], capture_output=True, check=False)
    assert done.returncode == 1
    assert b"SyntaxError" not in done.stderr


def test_the_place_is_beside_tests_that_are_collected() -> None:
    beside = ["tests/unit/test_a.py", "tests/b_test.py", "tests/tests.py", "other/test_c.py", "data/data.txt"]
    folders = {make_canary(PYTHON, beside).path.rsplit("/", 1)[0] for _ in range(90)}
    assert folders == {"tests/unit", "tests", "other"}
    shapes = {make_canary(PYTHON, ["tests/b_test.py"]).path.endswith("_test.py") for _ in range(5)}
    assert shapes == {True}
    assert make_canary(PYTHON, ["tests/tests.py"]).path.startswith("tests/test_")
    script = make_canary(Canary("test/{name}.test.js", "{failure}"), ["test/unit/a.test.js"])
    assert script.path == f"test/{script.name}.test.js"


@pytest.mark.parametrize(
    ("sample", "path"),
    [
        ("tests/test_a.py", "tests/test_NAME.py"),
        ("a_test.py", "NAME_test.py"),
        ("tests/tests.py", ""),
        ("tests/conftest.py", ""),
    ],
)
def test_a_name_is_shaped_like_its_neighbours(sample: str, path: str) -> None:
    assert shape(sample, "NAME") == path


def test_its_file_is_removed_or_the_folder_that_is_its_own() -> None:
    planted = make_canary(PYTHON)
    assert planted.place == planted.path
    package = make_canary(Canary("a/{name}/{name}_test.go", "{failure}"))
    assert package.place == f"a/{package.name}"


def test_it_is_taken_out_of_results_and_of_what_could_not_be_loaded() -> None:
    planted = make_canary(PYTHON)
    results = {i: TestResult(i, TestOutcome.FAILED) for i in (f"{planted.path}::test_{planted.name}", "a")}
    report = TestReport(results, (planted.path, "b.py"))
    assert planted.reported(report)
    assert (set(planted.removed(report).results), planted.removed(report).uncollected) == ({"a"}, ("b.py",))
    passed = {i: TestResult(i, TestOutcome.PASSED) for i in results}
    assert not planted.reported(TestReport(passed))


def test_pytest_collects_it(tmp_path: Path) -> None:
    planted = make_canary(PYTHON)
    path = tmp_path / planted.path
    path.parent.mkdir()
    path.write_bytes(planted.content)
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    assert b"1 failed" in subprocess.run(line, capture_output=True, check=False, cwd=tmp_path).stdout
