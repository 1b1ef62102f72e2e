"""Executed lines: what each runner leaves, read as data, and real runs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sandbox.recipe import Recipe, ReportFormat
from sandbox.testing.testrun import run_tests
from strategies.verification.near_tests.executed_lines import (
    CoveredLines,
    collect,
    instrumented,
    merge,
    of_go,
    of_plugin,
    of_v8,
    place,
    python_lines,
)
from tests.fakes.folder_backend import pytest_recipe
from tests.fakes.folder_sandbox import FolderSandbox

TILL = "def total(prices):\n    if not prices:\n        return 0\n    return sum(prices)\n"


def test_the_lines_of_code_are_those_an_instruction_begins_at() -> None:
    assert python_lines("# note\nx = 1\n\n\ndef f():\n    return x\n") == {2, 5, 6}
    assert python_lines("def f(:\n") == frozenset()


def test_the_plugins_lines_count_only_in_wanted_files() -> None:
    found = of_plugin(json.dumps([["till.py", 1], ["till.py", 4], ["other.py", 1]]), {"till.py": TILL})
    assert found == CoveredLines({"till.py": frozenset({1, 4})}, {"till.py": frozenset({1, 2, 3, 4})})


def test_a_go_profile_is_read_by_the_end_of_its_paths() -> None:
    profile = "mode: set\nexample.org/shop/till.go:3.14,5.2 2 1\nexample.org/shop/till.go:7.2,7.10 1 0\n"
    found = of_go(profile, {"till.go": ""})
    assert found == CoveredLines({"till.go": frozenset({3, 4, 5})}, {"till.go": frozenset({3, 4, 5, 7})})


def test_the_innermost_range_of_v8_decides() -> None:
    text = "function f(a) {\n  if (a) {\n    return 1;\n  }\n  return 2;\n}\n"
    inner = text.index("{\n    return 1")
    ranges = [
        {"startOffset": 0, "endOffset": len(text), "count": 1},
        {"startOffset": inner, "endOffset": text.index("  return 2"), "count": 0},
    ]
    report = {"result": [{"url": "file:///checkout/f.js", "functions": [{"ranges": ranges}]}]}
    found = of_v8(json.dumps(report), {"f.js": text}, "/checkout")
    assert found.code == {"f.js": frozenset({1, 2, 3, 5})}
    assert found.executed == {"f.js": frozenset({1, 2, 5})}


def test_several_processes_add_up() -> None:
    one, two = CoveredLines({"a": frozenset({1})}, {"a": frozenset({1, 2})}), CoveredLines({"a": frozenset({2})}, {})
    assert merge([one, two]) == CoveredLines({"a": frozenset({1, 2})}, {"a": frozenset({1, 2})})


def test_a_runner_that_measures_nothing_is_said_so() -> None:
    assert instrumented(replace(pytest_recipe(), runner="cargo"), "/checkout") is None


def test_pytest_tells_the_lines_that_passing_tests_executed() -> None:
    tests = (
        "from till import total\n\n\ndef test_sum():\n    assert total([1, 2]) == 3\n\n\n"
        "def test_none():\n    assert total([]) == 1\n"
    )
    recipe = pytest_recipe()
    with FolderSandbox() as sandbox:
        sandbox.write({"till.py": TILL.encode(), "tests/test_till.py": tests.encode(), "conftest.py": b""})
        place(sandbox, recipe, ["till.py"])
        measuring = instrumented(recipe, sandbox.root)
        assert measuring is not None
        run = run_tests(sandbox, measuring, timeout=120)
        found = collect(sandbox, recipe, {"till.py": TILL})
    assert run.report is not None
    assert len(run.report.failed) == 1
    assert found is not None
    assert found.executed["till.py"] == {1, 2, 4}, "line 3 was executed by a failing test only"


@pytest.mark.node
def test_node_tells_the_lines_that_were_executed() -> None:
    code = "exports.total = (prices) => {\n  if (!prices.length) {\n    return 0;\n  }\n  return prices[0];\n};\n"
    test = (
        "const test = require('node:test');\nconst { total } = require('./till.js');\n"
        "test('first', () => { if (total([4]) !== 4) throw new Error('no'); });\n"
    )
    command = "node --test --test-reporter=tap"
    recipe = Recipe("javascript", (), command, ReportFormat.TAP, "the test", test_only=f"{command} {{tests}}")
    recipe = replace(recipe, runner="node")
    with FolderSandbox() as sandbox:
        sandbox.write({"till.js": code.encode(), "till.test.js": test.encode()})
        place(sandbox, recipe, ["till.js"])
        measuring = instrumented(recipe, sandbox.root)
        assert measuring is not None
        run = run_tests(sandbox, measuring, timeout=120)
        found = collect(sandbox, recipe, {"till.js": code})
    assert run.report is not None
    assert found is not None
    assert found.executed["till.js"] == {1, 2, 5}
    assert found.code["till.js"] == {1, 2, 3, 5}
