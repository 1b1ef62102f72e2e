from __future__ import annotations

import pytest

from sandbox.recipe import Recipe
from sandbox.recipes.ci_workflow import CiRun, Hints
from sandbox.recipes.python.project_folders import below, main_folder, members, moved
from sandbox.recipes.python.recipe import find_python
from tests.fakes.workspace import memory_workspace

PROJECT = '[project]\nname = "demo"\nversion = "1"\n'


@pytest.mark.parametrize(
    ("paths", "folder"),
    [
        (["pyproject.toml", "sub/pyproject.toml", "sub/tests/test_a.py"], ""),
        (["backend/pyproject.toml", "backend/tests/test_a.py", "frontend/package.json"], "backend"),
        (["a/setup.py", "a/test_a.py", "b/setup.py", "b/tests/test_b.py"], ""),
        (["a/setup.py", "a/test_a.py", "b/setup.py", "b/b.py"], "a"),
        (["a/setup.py", "a/test_a.py", "tests/test_all.py"], ""),
        (["docs/requirements.txt", "docs/test_x.py", "examples/a/setup.py", "examples/a/test_a.py"], ""),
        (["services/api/requirements.txt", "services/api/tests.py"], "services/api"),
    ],
)  # fmt: skip
def test_the_one_project_below_a_folder_is_found(paths: list[str], folder: str) -> None:
    assert main_folder(paths) == folder


def test_projects_beside_the_root_s_are_installed_too() -> None:
    paths = [
        "pyproject.toml",
        "packages/a/pyproject.toml",
        "packages/b/setup.py",
        "tests/pkg/setup.py",
        "web/package.json",
    ]
    assert members(paths) == ("packages/a", "packages/b")
    files = dict.fromkeys(paths, "") | {"pyproject.toml": PROJECT, "tests/test_a.py": ""}
    recipe = find_python(memory_workspace(files), Hints())
    assert isinstance(recipe, Recipe)
    assert sum("--editable ./packages/" in line for line in recipe.setup) == 2


def recipe_below(**more: str) -> Recipe:
    files = {"backend/pyproject.toml": PROJECT, "backend/tests/test_a.py": "", "frontend/package.json": "{}", **more}
    runs = (CiRun("pytest --doctest-modules tests", "ci.yml", "backend"), CiRun("pytest other", "ci.yml", "frontend"))
    found = find_python(memory_workspace(files), Hints(runs=runs))
    assert isinstance(found, Recipe)
    return found


def test_a_project_below_a_folder_is_set_up_and_tested_there_with_ids_from_the_root() -> None:
    recipe = recipe_below()
    assert all(line.startswith("cd backend || exit 1\n") for line in recipe.setup)
    assert recipe.test.startswith("cd backend && python -m pytest -q -c ")
    assert "--rootdir=.. " in recipe.test
    assert "--doctest-modules" in recipe.test
    assert recipe.test.endswith(" tests")
    assert "backend/pyproject.toml" in recipe.inputs
    assert recipe.test_folder == "backend/tests"
    assert recipe.canary is not None
    assert recipe.canary.path.startswith("backend/tests/")


def test_chosen_tests_are_named_from_the_root_there_too() -> None:
    recipe = recipe_below()
    command = recipe.command("r.xml", ["backend/tests/test_a.py::test_x[a b]"])
    assert command.startswith("set -- 'backend/tests/test_a.py::test_x[a b]'; ")
    assert '../"$t"' in command
    assert command.endswith('"$@"')


def test_nothing_is_moved_at_the_root() -> None:
    recipe = recipe_below()
    assert moved(recipe, "") is recipe
    workspace = memory_workspace({"a/b.py": "x"})
    assert below(workspace, "") is workspace
    assert [f.path for f in below(workspace, "a").files()] == ["b.py"]
    assert below(workspace, "a").read_text("b.py") == "x"
    assert below(workspace, "a").read("b.py") == b"x"
