from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from sandbox.backends import BackendOptions, choose
from sandbox.recipe import Recipe, ReportFormat
from sandbox.recipes.discovery import discover
from sandbox.testing.testrun import run_tests
from tests.fakes.origin import Origin

Found = Callable[[Mapping[str, str]], Recipe | None]


@pytest.fixture
def found(tmp_path: Path) -> Found:
    def find(files: Mapping[str, str]) -> Recipe | None:
        origin = Origin(tmp_path / "repo")
        origin.commit(files)
        with origin.workspace(tmp_path / "home") as workspace:
            return discover(workspace, setup=None, test=None, image=None)[0]

    return find


@pytest.mark.parametrize(
    ("path", "text", "command"),
    [
        ("Makefile", "TEST := x\nall: build\n\ntest: all\n\t./run\n", "make test"),
        ("Makefile", ".PHONY: check\ncheck lint:\n\t./run\n", "make check"),
        ("justfile", "set shell := ['sh']\ntest *args: build\n  ./run\n", "just test"),
        ("Taskfile.yml", "version: 3\ntasks:\n  test:\n    cmds: [./run]\n", "task test"),
    ],
)
def test_the_target_for_tests_is_found(path: str, text: str, command: str, found: Found) -> None:
    recipe = found({path: text})
    assert recipe is not None
    assert (recipe.test, recipe.report, recipe.source) == (command, ReportFormat.FOUND, path)


@pytest.mark.parametrize("text", ["test := x\n", "build:\n\ttest: x\n", "testing: x\n", ""])
def test_what_is_no_target_is_none(text: str, found: Found) -> None:
    assert found({"Makefile": text}) is None


def test_a_language_that_has_a_convention_comes_first(found: Found) -> None:
    recipe = found({"Makefile": "test:\n\tx\n", "go.mod": "module m\n", "a_test.go": "package m\n"})
    assert recipe is not None
    assert recipe.runner == "go"


@pytest.mark.slow
def test_the_report_that_a_target_leaves_is_found(tmp_path: Path) -> None:
    xml = '<testsuite name="s"><testcase classname="c" name="n"/></testsuite>'
    makefile = f"build:\n\techo built >built\ntest:\n\ttest -f built && echo '{xml}' >out.xml\n"
    origin = Origin(tmp_path / "repo")
    origin.commit({"Makefile": makefile, "old.xml": xml.replace('"n"', '"old"')})
    backend = choose("process", BackendOptions(home=tmp_path / "state"))
    with origin.workspace(tmp_path / "home") as workspace:
        recipe, _ = discover(workspace, setup=None, test=None, image=None)
        assert recipe is not None
        environment = backend.prepare("test", recipe, workspace.tree(), lambda _: None)
        with backend.open(environment, workspace.tree()) as box:
            run = run_tests(box, recipe, timeout=60)
    assert run.report is not None, run.reason
    assert run.report.passed == {"c::n", "exit code"}
