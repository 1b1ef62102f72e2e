"""Python projects that do not lie at the root of their repository: below a folder, or several beside each other."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable
from dataclasses import replace
from typing import cast

from sandbox.recipe import Canary, Recipe
from sandbox.repository.workspace import Workspace
from sandbox.tree import TreeFile

DEEPEST = 3  # folders above a project
MOST = 12  # projects of one repository that are installed

_MANIFEST = re.compile(r"pyproject\.toml|setup\.py|Pipfile|requirements(?:[-_.]\w+)?\.txt")
_INSTALLABLE = re.compile(r"pyproject\.toml|setup\.py")
_NOT_A_PROJECT = re.compile(
    r"(?:^|/)(?:tests?|testing|examples?|docs?|doc|samples?|fixtures?|data|templates?|vendor|third_party|node_modules|"
    r"cookiecutter\S*|benchmarks?|tools|scripts|ci|requirements|\.\w+)(?:/|$)"
)
_TEST = re.compile(r"(?:^|/)(?:test\w*|\w+_test|tests)\.py$")


class BelowFolder:
    """A workspace's files below one folder, named from there; it reads and nothing else."""

    def __init__(self, workspace: Workspace, folder: str) -> None:
        self._workspace = workspace
        self._prefix = f"{folder}/"
        self.base, self.key = workspace.base, workspace.key

    def files(self) -> tuple[TreeFile, ...]:
        cut = len(self._prefix)
        return tuple(replace(f, path=f.path[cut:]) for f in self._workspace.files() if f.path.startswith(self._prefix))

    def read(self, path: str) -> bytes:
        return self._workspace.read(self._prefix + path)

    def read_text(self, path: str) -> str | None:
        return self._workspace.read_text(self._prefix + path)

    def date(self) -> str:
        return self._workspace.date()


def below(workspace: Workspace, folder: str) -> Workspace:
    """The workspace as its readers see it from `folder` on ("" is the workspace itself)."""
    return cast("Workspace", BelowFolder(workspace, folder)) if folder else workspace


def project_folders(paths: Iterable[str]) -> tuple[str, ...]:
    """The folders of Python projects, "" first where the root is one; examples, tests and tools are none."""
    found = {posixpath.dirname(p) for p in paths if _MANIFEST.fullmatch(posixpath.basename(p))}
    good = [f for f in found if not f or (f.count("/") < DEEPEST and not _NOT_A_PROJECT.search(f))]
    return tuple(sorted(good)[:MOST])


def main_folder(paths: Iterable[str]) -> str:
    """Where the one project of a repository lies whose root is none; "" for every other repository."""
    known = list(paths)
    folders = project_folders(known)
    if not folders or "" in folders:
        return ""
    tested = [f for f in folders if any(p.startswith(f + "/") and _TEST.search(p) for p in known)]
    outside = [p for p in known if _TEST.search(p) and not any(p.startswith(f + "/") for f in folders)]
    return tested[0] if len(tested) == 1 and not outside else ""


def members(paths: Iterable[str]) -> tuple[str, ...]:
    """Projects below the root that can be installed beside it."""
    known = set(paths)
    return tuple(
        f
        for f in project_folders(known)
        if f and any(_INSTALLABLE.fullmatch(posixpath.basename(p)) for p in known if posixpath.dirname(p) == f)
    )


def moved(recipe: Recipe, folder: str) -> Recipe:
    """A recipe that was made for `folder`, for the whole checkout: its lines run there, its ids begin at the root."""
    if not folder:
        return recipe
    enter = f"cd {shlex.quote(folder)}"
    up = "/".join([".."] * (folder.count("/") + 1))
    each = f'set -- {{tests}}; n=$#; while [ "$n" -gt 0 ]; do t=$1; shift; set -- "$@" {up}/"$t"; n=$((n - 1)); done'
    test = recipe.test.replace("--rootdir=. ", f"--rootdir={up} ")
    only = recipe.test_only.replace("--rootdir=. ", f"--rootdir={up} ") if recipe.test_only else None
    canary = recipe.canary
    return replace(
        recipe,
        setup=tuple(f"{enter} || exit 1\n{line}" for line in recipe.setup),
        test=f"{enter} && {test}",
        test_only=f"{each}; {enter} && {only.replace('{tests}', chr(34) + '$@' + chr(34))}"
        if only and recipe.runner == "pytest"
        else None,
        inputs=tuple(posixpath.join(folder, p) for p in recipe.inputs),
        source=f"{folder}: {recipe.source}",
        test_folder=posixpath.join(folder, recipe.test_folder) if recipe.test_folder else folder,
        canary=Canary(posixpath.join(folder, canary.path), canary.content, canary.only) if canary else None,
    )
