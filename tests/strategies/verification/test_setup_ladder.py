from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sandbox.backend import Say
from sandbox.errors import PreparationFailed
from sandbox.recipe import Environment, Recipe
from sandbox.recipes.discovery import OneRecipe, SetupLadder
from sandbox.recipes.trial import Trial
from sandbox.repository.workspace import Workspace
from sandbox.tree import SourceTree
from strategies.step import Step
from strategies.verification.baseline import NoBaseline, kept
from strategies.verification.setup_ladder import Climbed, NothingWorks, SetupClimb
from tests.fakes.folder_backend import PYTEST, FolderBackend, pytest_recipe
from tests.fakes.origin import Origin

SUITE = {
    "tests/test_good.py": "def test_a(): pass\n\n\ndef test_b(): pass\n",
    "tests/test_bad.py": "import os\n\n\ndef test_c(): assert os.environ.get('MENDED')\n",
}
GOOD = replace(pytest_recipe(), source="good", test=f"MENDED=1 {PYTEST}")
POOR = replace(pytest_recipe(), source="poor")
BROKEN = replace(pytest_recipe(), source="broken", test=f"BROKEN=1 {PYTEST}", setup=("false",))


class SettingUpBackend(FolderBackend):
    """Fails to set up a recipe whose set-up is `false`. `tried` are the sources of what was prepared."""

    def __init__(self) -> None:
        super().__init__()
        self.tried: list[str] = []

    def prepare(self, scope: str, recipe: Recipe, tree: SourceTree, say: Say) -> Environment:
        self.tried.append(recipe.source)
        if recipe.setup == ("false",):
            raise PreparationFailed("false", "it is false")
        return super().prepare(scope, recipe, tree, say)


@dataclass
class Climbing:
    """A repository with one suite, and whoever climbs its ladder."""

    workspace: Workspace
    memory: Path
    backend: SettingUpBackend
    said: list[Step]

    def climb(
        self, *recipes: Recipe, first: Recipe | None = None, configured: bool = False
    ) -> tuple[Climbed, SetupClimb]:
        rungs = tuple(OneRecipe(r.source, r) for r in recipes)
        ladder = SetupLadder(rungs, first or recipes[0], (), configured=configured)
        climb = SetupClimb(self.backend, "scope", self.workspace, self.said.append, self.memory)
        return climb.climb(ladder), climb


@pytest.fixture
def climbing(tmp_path: Path) -> Iterator[Climbing]:
    origin = Origin(tmp_path / "repo")
    origin.commit(SUITE)
    with origin.workspace(tmp_path / "home") as workspace:
        yield Climbing(workspace, tmp_path / "memory", SettingUpBackend(), [])


def test_a_healthy_first_recipe_is_run_twice_and_nothing_else_is_tried(climbing: Climbing) -> None:
    found, _ = climbing.climb(GOOD, POOR, BROKEN)
    assert found.recipe == GOOD
    assert len(found.trials) == 1
    assert set(climbing.backend.tried) == {"good"}
    assert climbing.backend.opened == 2, "once to try it, once more for the baseline"
    assert climbing.backend.all_closed()


def test_its_baseline_is_where_whoever_judges_looks_for_it(climbing: Climbing) -> None:
    climbing.climb(GOOD)
    environment = climbing.backend.prepare("scope", GOOD, climbing.workspace.tree(), lambda _: None)

    def again() -> object:
        raise AssertionError("the baseline is measured a second time")

    baseline = kept(climbing.memory, environment, climbing.workspace.base, again)  # type: ignore[arg-type]
    assert (len(baseline.passed), len(baseline.failed)) == (3, 0)


def test_a_poor_or_broken_recipe_is_followed_by_the_next_rung_and_the_better_one_is_kept(climbing: Climbing) -> None:
    found, _ = climbing.climb(BROKEN, POOR, GOOD)
    assert found.recipe == GOOD
    assert [(t.recipe.source, t.set_up, t.passed) for t in found.trials] == [
        ("broken", False, 0),
        ("poor", True, 2),
        ("good", True, 3),
    ]
    assert any("trying another set-up (good)" in step.text for step in climbing.said)


def test_where_nothing_is_healthy_the_recipe_by_which_most_tests_pass_is_kept(climbing: Climbing) -> None:
    found, _ = climbing.climb(POOR, BROKEN)
    assert found.recipe == POOR
    assert found.trials[0].passed == 2


def test_a_suite_of_which_hardly_a_test_passes_is_no_baseline(tmp_path: Path) -> None:
    many = "\n".join(f"def test_{n}(): assert False\n" for n in range(20))
    origin = Origin(tmp_path / "repo")
    origin.commit({"tests/test_good.py": "def test_a(): pass\n", "tests/test_bad.py": many})
    with origin.workspace(tmp_path / "home") as workspace:
        climbing = Climbing(workspace, tmp_path / "memory", SettingUpBackend(), [])
        with pytest.raises(NoBaseline, match="only 1 of 21 tests pass"):
            climbing.climb(POOR)


def test_where_no_test_passes_everything_that_was_tried_is_told(climbing: Climbing) -> None:
    with pytest.raises(NothingWorks, match="set-up failed: false") as caught:
        climbing.climb(BROKEN)
    assert caught.value.log == "it is false"
    assert [t.recipe for t in caught.value.trials] == [BROKEN]


def test_what_worked_is_tried_first_the_next_time_and_costs_nothing_at_the_same_commit(climbing: Climbing) -> None:
    climbing.climb(BROKEN, GOOD)
    opened = climbing.backend.opened
    climbing.backend.tried.clear()
    again, _ = climbing.climb(BROKEN, GOOD)
    assert (again.recipe, again.remembered) == (GOOD, True)
    assert climbing.backend.tried == ["good"]
    assert climbing.backend.opened == opened


def test_what_is_remembered_is_believed_only_as_long_as_it_works(climbing: Climbing) -> None:
    climbing.climb(POOR, GOOD)
    path = climbing.memory / "recipe.json"
    stored = json.loads(path.read_text())
    stored["recipe"]["test"] = "false"
    path.write_text(json.dumps(stored))
    again, _ = climbing.climb(POOR, GOOD)
    assert (again.recipe, again.remembered) == (GOOD, False)
    assert [t.passed for t in again.trials] == [0, 2, 3]


def test_what_is_remembered_is_old_when_the_repository_suggests_something_else(climbing: Climbing) -> None:
    climbing.climb(BROKEN, GOOD)
    again, _ = climbing.climb(replace(BROKEN, inputs=("new.lock",)), GOOD)
    assert not again.remembered


@pytest.mark.parametrize("text", ["", "[]", '{"first": 1}', '{"first": "x", "passed": "many", "recipe": {}}'])
def test_a_memory_that_cannot_be_read_is_none(text: str, climbing: Climbing) -> None:
    climbing.memory.mkdir()
    (climbing.memory / "recipe.json").write_text(text)
    found, _ = climbing.climb(GOOD)
    assert not found.remembered


def test_what_our_file_says_is_neither_replaced_by_a_memory_nor_remembered(climbing: Climbing) -> None:
    climbing.climb(BROKEN, GOOD)
    stored = (climbing.memory / "recipe.json").read_text()
    found, _ = climbing.climb(POOR, configured=True)
    assert (found.recipe, found.remembered) == (POOR, False)
    assert (climbing.memory / "recipe.json").read_text() == stored


def test_a_rung_sees_what_became_of_each_of_its_recipes(climbing: Climbing) -> None:
    seen: list[int] = []

    class Watching:
        name = "watching"

        def proposals(self, trials: Sequence[Trial]) -> Iterator[Recipe]:
            yield POOR
            seen.append(trials[-1].passed)
            yield GOOD
            seen.append(trials[-1].passed)

    ladder = SetupLadder((Watching(),), POOR, ())
    SetupClimb(climbing.backend, "scope", climbing.workspace, climbing.said.append).climb(ladder)
    assert seen == [2, 3]


def test_lines_are_suggested_only_after_they_were_run(climbing: Climbing) -> None:
    found, climb = climbing.climb(GOOD)
    opened = climbing.backend.opened
    assert climb.suggestion(replace(found, recipe=replace(GOOD, setup=(), runner="", test="false"))) == ""
    assert climbing.backend.opened == opened + 1
    plain = replace(GOOD, setup=(), runner="", test=f"MENDED=1 {PYTEST}")
    assert climb.suggestion(replace(found, recipe=plain)).startswith("setup: []\ntest: ")
