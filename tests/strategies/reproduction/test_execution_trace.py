"""A test must execute this repository's code on its way to the failure: seen by really running it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.recipe import Recipe, ReportFormat
from sandbox.recipes.ci_workflow import Hints
from sandbox.recipes.javascript import find_javascript
from sandbox.testing.report import TestOutcome, TestResult
from strategies.issue import Issue
from strategies.reproduction.execution_trace import ExecutionTrace, read_cover, read_python, trace
from strategies.reproduction.trial_conditions import TestBed
from strategies.reproduction.validation import validate
from tests.fakes.folder_backend import FolderBackend, pytest_recipe
from tests.fakes.origin import Origin

ISSUE = Issue(1, "total() forgets the first price", "Also, `median` is missing.")
FILES = {
    "till.py": "RATE = 2\n\n\ndef total(prices):\n    return sum(prices[1:])\n",
    "cli.py": "import till\n\nprint(till.total([1, 2]))\n",
    "rates.json": "{}",
    "conftest.py": "import pytest\n\nimport till\n\n\n@pytest.fixture\ndef sale():\n    return till\n",
    "tests/test_till.py": "def test_none():\n    pass\n",
}


class Bench:
    """One repository in which candidates are tried."""

    def __init__(self, folder: Path, files: dict[str, str], recipe: Recipe) -> None:
        origin = Origin(folder / "origin")
        origin.commit(files)
        self.workspace = origin.workspace(folder / "home")
        self.backend = FolderBackend()
        environment = self.backend.prepare("r", recipe, self.workspace.tree(), print)
        tree = self.workspace.tree()
        self.bed = TestBed(recipe, self.workspace, lambda: self.backend.open(environment, tree), frozenset())


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("python"), FILES, pytest_recipe())
    yield made
    assert made.backend.all_closed()
    made.workspace.close()


@pytest.mark.parametrize(
    ("text", "executed"),
    [
        ("from till import total\ndef test_x():\n    assert total([1, 2]) == 3\n", ("till.py",)),
        ("def test_x(sale):\n    assert sale.total([1, 2]) == 3\n", ("till.py",)),
        ("import till\ndef test_x():\n    assert till.RATE == 3\n", ()),
        ("def test_x(sale):\n    assert sale.RATE == 3\n", ()),
        ("import json\ndef test_x():\n    assert json.load(open('rates.json')) == {'a': 1}\n", ("rates.json",)),
        (
            "import subprocess, sys\ndef test_x():\n"
            "    assert subprocess.check_output([sys.executable, 'cli.py']) == b'3\\n'\n",
            ("cli.py", "till.py"),
        ),
        ("from till import median\ndef test_x():\n    assert median([1]) == 1\n", ()),
    ],
)
def test_a_test_that_reaches_the_repository_is_valid(python: Bench, text: str, executed: tuple[str, ...]) -> None:
    reason, _ = validate(text.encode(), "tests/test_issue_1.py", ISSUE, python.bed)
    assert reason.right, reason.why
    assert set(executed) <= set(reason.executed)


@pytest.mark.parametrize(
    "text",
    [
        "def test_x():\n    x = 5\n    assert x == 6\n",
        "import till\ndef test_x():\n    x = 5\n    assert x == 6\n    till.total([])\n",
        "from till import total\ndef total(p):\n    return 0\ndef test_x():\n    assert total([1]) == 1\n",
        "from unittest import mock\ndef test_x():\n    with mock.patch('till.total', return_value=0) as t:\n"
        "        assert t([1]) == 3\n",
        "import subprocess, sys\ndef test_x():\n    assert subprocess.check_output([sys.executable, '-c', '']) == b'3'\n",
    ],
)
def test_a_test_that_fails_by_itself_is_refused(python: Bench, text: str) -> None:
    reason, _ = validate(text.encode(), "tests/test_issue_1.py", ISSUE, python.bed)
    assert not reason.right
    assert reason.why == "the test fails without executing any code of this repository"


def test_what_only_words_the_failed_assertion_was_not_executed_by_the_test(tmp_path: Path) -> None:
    words = "import till\n\n\ndef pytest_assertrepr_compare(op, left, right):\n    return [str(till.total([left]))]\n"
    bench = Bench(tmp_path, FILES | {"conftest.py": words}, pytest_recipe())
    text = b"def test_x():\n    x = 5\n    assert x == 6\n"
    assert not validate(text, "tests/test_issue_1.py", ISSUE, bench.bed)[0].right


def test_where_the_runner_cannot_choose_nothing_is_watched(python: Bench) -> None:
    recipe = Recipe("python", (), "make test", ReportFormat.EXIT_CODE, "here")
    bed = TestBed(recipe, python.workspace, python.bed.open_base, frozenset())
    assert trace(b"", "tests/test_x.py", (), bed) == ExecutionTrace(known=False)


def test_a_process_that_the_test_started_counts_whole() -> None:
    lines = b'{"seen": true, "called": [], "loaded": ["a.py"]}\n{"seen": false, "child": true, "anywhere": ["b.py"]}\n'
    assert read_python(lines) == ExecutionTrace(True, ("b.py",), ("a.py",))
    assert read_python(b'{"seen": false, "child": false, "anywhere": ["b.py"]}\n') == ExecutionTrace(known=False)
    assert read_python(b"no json\n") == ExecutionTrace(known=False)


def test_a_cover_profile_names_the_files_that_ran() -> None:
    profile = b"mode: set\na.b/c/sum.go:3.20,5.2 1 1\na.b/c/x/y.go:3.20,5.2 1 0\n"
    assert read_cover(profile, "a.b/c") == ExecutionTrace(True, ("sum.go",))
    assert read_cover(b"", "a.b/c") == ExecutionTrace(known=False)


NODE = {
    "package.json": '{"name": "till", "scripts": {"test": "node --test"}}',
    "till.js": "exports.RATE = 2\nexports.total = function total(p) { return p.slice(1).length }\n",
    "test/till.test.js": "require('node:test')('works', () => {})\n",
}
HEAD = "const test = require('node:test'), assert = require('node:assert'), { total, RATE } = require('../till.js')\n"


@pytest.mark.node
@pytest.mark.parametrize(
    ("body", "right"),
    [("total([1, 2]), 2", True), ("RATE, 3", True), ("1, 2", False), ("total.median([1]), 1", False)],
)
def test_node_tells_what_ran(tmp_path: Path, body: str, right: bool) -> None:
    found = find_javascript(Bench(tmp_path / "look", NODE, pytest_recipe()).workspace, Hints())
    assert isinstance(found, Recipe)
    bench = Bench(tmp_path / "run", NODE, found)
    text = HEAD + f"test('issue', () => assert.strictEqual({body}))\n"
    issue = Issue(1, "total is wrong", "")
    reason, results = validate(text.encode(), "test/issue-1.test.js", issue, bench.bed)
    assert reason.right is right, reason.why
    if right and "total" in body:
        assert trace(text.encode(), "test/issue-1.test.js", results, bench.bed).called == ("till.js",)


GO = {
    "go.mod": "module example.com/till\n\ngo 1.20\n",
    "till.go": "package till\n\nfunc Total(p []int) int { return len(p) - 1 }\n",
    "till_test.go": "package till\n",
}


@pytest.mark.go
def test_go_tells_what_ran(tmp_path: Path) -> None:
    cache = os.environ.get("GOCACHE") or str(Path.home() / ".cache" / "go-build")
    home = f"HOME={Path.home()} GOCACHE={cache} GOFLAGS=-mod=mod PATH={Path(shutil.which('go') or '').parent}:$PATH"
    command = f"{home} go test -json -count=1 "
    recipe = Recipe(
        "go", (), command + "./...", ReportFormat.GO_JSON, "go.mod", test_only=command + "{tests}", runner="go"
    )
    bench = Bench(tmp_path, GO, recipe)
    text = (
        b'package till\n\nimport "testing"\n\nfunc TestIssue(t *testing.T) {\n\tif Total([]int{1, 2}) != 3 {\n'
        b'\t\tt.Fatal("wrong")\n\t}\n}\n'
    )
    result = TestResult("example.com/till::TestIssue", TestOutcome.FAILED, "wrong")
    seen = trace(text, "issue_1_test.go", (result,), bench.bed)
    assert seen.called == ("till.go",)
