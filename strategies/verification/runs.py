"""Test runs of one environment and base commit, each in a fresh sandbox, with a patch or without one."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.backend import Backend, Sandbox
from sandbox.errors import SandboxUnavailable
from sandbox.recipe import Environment, Recipe
from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace
from sandbox.testing.report import TestRun
from sandbox.testing.testrun import run_tests

NOTHING = Patch()


@dataclass(frozen=True, slots=True)
class TestRuns:
    """Opens sandboxes and runs tests in them. `places` are test files beside which a canary may be put."""

    backend: Backend
    environment: Environment
    workspace: Workspace
    places: tuple[str, ...] = ()

    @property
    def recipe(self) -> Recipe:
        return self.environment.recipe

    def open(self, patch: Patch = NOTHING) -> Sandbox:
        """A fresh sandbox of the base commit with `patch`. Raises SandboxUnavailable."""
        return self.backend.open(self.environment, self.workspace.tree(patch))

    def open_base(self) -> Sandbox:
        """A fresh sandbox of the base commit. Raises SandboxUnavailable."""
        return self.open()

    def run(self, patch: Patch, *, timeout: float, only: Sequence[str] = (), canary: bool = False) -> TestRun:
        """One run, of the whole suite or of `only`, at most `timeout` seconds, once more when the sandbox breaks.

        Raises SandboxUnavailable when it breaks again.
        """
        beside = beside_chosen(self.places, only)
        for left in (1, 0):
            try:
                with self.open(patch) as sandbox:
                    return run_tests(
                        sandbox, self.recipe, only=only, timeout=timeout, canary=canary, beside=beside, last=True
                    )
            except SandboxUnavailable:
                if not left:
                    raise
        raise AssertionError("unreachable")


def beside_chosen(places: Sequence[str], only: Sequence[str]) -> tuple[str, ...]:
    """The places in the folders of the chosen tests, so that no other folder's set-up is run for a canary; all of them
    where there is none."""
    folders = {posixpath.dirname(chosen.split("::", 1)[0]) for chosen in only}
    return tuple(p for p in places if posixpath.dirname(p) in folders) or tuple(places)
