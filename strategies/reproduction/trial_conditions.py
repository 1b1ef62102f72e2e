"""What a test written from the issue is tried in before it may judge a patch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.backend import Sandbox
from sandbox.recipe import Recipe
from sandbox.repository.workspace import Workspace


@dataclass(frozen=True, slots=True)
class TestBed:
    """`open_base` gives a fresh sandbox at the base commit. `existing` are the baseline's test ids, `passing` those of
    them that pass (empty where nobody knows). A candidate may run for `seconds`."""

    __test__ = False  # not a pytest class

    recipe: Recipe
    workspace: Workspace
    open_base: Callable[[], Sandbox]
    existing: frozenset[str]
    passing: frozenset[str] = frozenset()
    seconds: float = 120.0
