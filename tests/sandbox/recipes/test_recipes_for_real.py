"""Whole repositories, installed and tested by their recipes in the process backend: registry, runner, report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.backends import BackendOptions, choose
from sandbox.recipes.discovery import discover
from sandbox.repository.changes import changes, untracked
from sandbox.repository.patch import Patch
from sandbox.testing.testrun import run_tests
from tests.fakes.origin import Origin

PYTHON = {
    "pyproject.toml": """\
[project]
name = "demo-x"
dynamic = ["version"]
requires-python = ">=3.9"
dependencies = ["six"]
[project.optional-dependencies]
test = ["pytest-mock"]
[build-system]
requires = ["setuptools>=61", "setuptools-scm"]
build-backend = "setuptools.build_meta"
[tool.setuptools_scm]
[tool.pytest.ini_options]
addopts = "-x --cov=demo_x"
""",
    "src/demo_x/__init__.py": "import six\n\nx = 1\n",
    "tests/test_a.py": "import demo_x\n\ndef test_a(mocker):\n    assert demo_x.x == 1\n\ndef test_b():\n    assert demo_x.x == 2\n",
}
NODE = {
    "package.json": json.dumps({"name": "x", "type": "module", "scripts": {"test": "node --test test/"}}),
    "lib.js": "export const x = 1\n",
    "test/a.test.js": "import { test, describe, it } from 'node:test'\nimport assert from 'node:assert'\nimport { x } from '../lib.js'\n"
    "test('a', () => assert.equal(x, 1))\ndescribe('outer', () => { it('b', () => assert.equal(x, 2)); it.skip('c', () => {}) })\n",
}
GO = {
    "go.mod": "module example.org/m\n\ngo 1.19\n",
    "p/a.go": "package p\n\nconst X = 1\n",
    "p/a_test.go": 'package p\n\nimport "testing"\n\nfunc TestA(t *testing.T) { if X != 1 { t.Fatal(X) } }\n'
    "func TestB(t *testing.T) { if X != 2 { t.Fatal(X) } }\n",
}


def judge(
    tmp_path: Path, files: Mapping[str, str], patch: Patch, expected: Mapping[str, tuple[str, str]], only: str
) -> None:
    """`expected` is (before, after) by id; `only` is what is asked for as chosen test."""
    origin = Origin(tmp_path / "repo")
    origin.commit(files)
    backend = choose("process", BackendOptions(home=tmp_path / "home"))
    with origin.workspace(tmp_path / "mirrors") as workspace:
        recipe, tried = discover(workspace, setup=None, test=None, image=None)
        assert recipe is not None, tried
        environment = backend.prepare("test", recipe, workspace.tree(), lambda _: None)
        for column, change in enumerate((Patch(), patch)):
            with backend.open(environment, workspace.tree(change)) as box:
                before = untracked(box, workspace)
                found = run_tests(box, recipe, timeout=120, canary=True)
                assert found.report is not None, found.reason
                outcomes = {i: str(r.outcome) for i, r in found.report.results.items()}
                assert outcomes == {i: both[column] for i, both in expected.items()}
                assert changes(box, workspace, already=before) == change
                chosen = run_tests(box, recipe, timeout=120, canary=True, only=[only])
                assert chosen.report is not None, chosen.reason
                assert chosen.report.results


@pytest.mark.network
def test_a_python_repository_is_installed_and_tested(tmp_path: Path) -> None:
    judge(
        tmp_path,
        PYTHON,
        Patch({"src/demo_x/__init__.py": b"x = 2\n"}),
        {"tests/test_a.py::test_a": ("passed", "failed"), "tests/test_a.py::test_b": ("failed", "passed")},
        "tests/test_a.py::test_b",
    )


@pytest.mark.node
def test_a_node_repository_is_tested(tmp_path: Path) -> None:
    judge(
        tmp_path,
        NODE,
        Patch({"lib.js": b"export const x = 2\n"}),
        {
            "test/a.test.js::a": ("passed", "failed"),
            "test/a.test.js::outer::b": ("failed", "passed"),
            "test/a.test.js::outer::c": ("skipped", "skipped"),
        },
        "test/a.test.js",
    )


@pytest.mark.go
def test_a_go_module_is_tested(tmp_path: Path) -> None:
    judge(
        tmp_path,
        GO,
        Patch({"p/a.go": b"package p\n\nconst X = 2\n"}),
        {"example.org/m/p::TestA": ("passed", "failed"), "example.org/m/p::TestB": ("failed", "passed")},
        "p/a_test.go",
    )
