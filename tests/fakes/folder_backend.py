"""A backend whose sandboxes are folders on this machine, for tests of verdicts: real test runs, no isolation."""

from __future__ import annotations

import sys

from sandbox.backend import Say
from sandbox.errors import SandboxUnavailable
from sandbox.recipe import Canary, Environment, Recipe, ReportFormat
from sandbox.testing.canary import make_canary
from sandbox.tree import SourceTree
from tests.fakes.folder_sandbox import FolderSandbox

PYTEST = f"PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 {sys.executable} -m pytest -q -p no:cacheprovider -o junit_family=xunit1 --junitxml={{junit}}"


def pytest_recipe(folder: str = "tests") -> Recipe:
    """The suite of a small Python repository, run by this very interpreter; nothing to install."""
    canary = Canary(f"{folder}/test_{{name}}.py", "def test_{name}():\n    assert not '{name}'\n")
    assert make_canary(canary).path.startswith(folder)
    return Recipe(
        language="python",
        setup=(),
        test=PYTEST,
        report=ReportFormat.JUNIT,
        source="the test",
        test_only=f"{PYTEST} {{tests}}",
        runner="pytest",
        test_folder=folder,
        canary=canary,
    )


class FolderBackend:
    """Keeps the `Backend` protocol. `lose` names how many of the next opened sandboxes are broken."""

    name = "folder"

    def __init__(self) -> None:
        self.opened = 0
        self.lose = 0
        self.open_boxes: list[FolderSandbox] = []

    def prepare(self, scope: str, recipe: Recipe, tree: SourceTree, say: Say) -> Environment:
        assert scope, "an environment is somebody's"
        return Environment(f"{scope}-{recipe.test}", self.name, "folder", recipe, 0.0, cached=False)

    def open(self, environment: Environment, tree: SourceTree) -> FolderSandbox:
        self.opened += 1
        if self.lose:
            self.lose -= 1
            raise SandboxUnavailable("the engine is gone")
        box = FolderSandbox(tree)
        self.open_boxes.append(box)
        return box

    def all_closed(self) -> bool:
        return all(box.closed for box in self.open_boxes)
