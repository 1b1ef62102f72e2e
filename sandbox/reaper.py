"""Removes sandboxes whose worker died, and environments unused for long. The sweeper calls it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from sandbox.backend import Backend

KEEP_SECONDS = 14 * 86_400.0


@runtime_checkable
class Reaps(Protocol):
    """A backend whose sandboxes and environments outlive its process. All of ours do."""

    def reap(self, now: float) -> int:
        """Remove sandboxes past their deadline at `now` (seconds since the epoch); returns how many."""

    def evict(self, before: float) -> int:
        """Remove environments last used before `before`; returns how many. They are prepared again when needed."""


@dataclass(frozen=True, slots=True)
class Tidied:
    """How many sandboxes and environments were removed."""

    sandboxes: int
    environments: int


def tidy(backend: Backend, now: float, *, keep_seconds: float = KEEP_SECONDS) -> Tidied:
    """Remove leftovers and environments unused for `keep_seconds`. Raises SandboxUnavailable."""
    if not isinstance(backend, Reaps):
        return Tidied(0, 0)
    return Tidied(backend.reap(now), backend.evict(now - keep_seconds))
