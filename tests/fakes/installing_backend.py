"""A folder backend that also runs set-up lines, for tests of set-ups that need no installing from a network."""

from __future__ import annotations

from contextlib import closing

from sandbox.backend import Say
from sandbox.errors import PreparationFailed
from sandbox.recipe import Environment, Recipe
from sandbox.tree import SourceTree
from tests.fakes.folder_backend import FolderBackend
from tests.fakes.folder_sandbox import FolderSandbox


class InstallingBackend(FolderBackend):
    """Runs a recipe's set-up lines in each sandbox it opens; those that make an environment are passed over, because
    the tests run by this very interpreter."""

    def prepare(self, scope: str, recipe: Recipe, tree: SourceTree, say: Say) -> Environment:
        with closing(self._installed(recipe, tree)):
            return super().prepare(scope, recipe, tree, say)

    def open(self, environment: Environment, tree: SourceTree) -> FolderSandbox:
        self.opened += 1
        self.open_boxes.append(self._installed(environment.recipe, tree))
        return self.open_boxes[-1]

    def _installed(self, recipe: Recipe, tree: SourceTree) -> FolderSandbox:
        box = FolderSandbox(tree)
        for line in recipe.setup:
            if "PENNYFIX_ENV" not in line and not (result := box.run(["sh", "-c", line], timeout=60)).ok:
                box.close()
                raise PreparationFailed(line, (result.stdout + result.stderr).decode())
        return box
