"""What this repository's earlier attempts came to: the memory that decisions learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from strategies.issue import Issue


class Situation(StrEnum):
    """When a tier is tried; each has its own odds."""

    FIRST = "first"  # nothing was tried before
    AGAIN = "again"  # the same tier failed before
    OTHER = "other"  # other tiers failed before, this one not yet


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """How often an attempt in this situation ended well: accepted, and not rejected or reverted by people later.

    `usd` is what `paid` of these attempts (whose cost is known) cost together.
    """

    good: int = 0
    bad: int = 0
    usd: Decimal = Decimal(0)
    paid: int = 0


@dataclass(frozen=True, slots=True)
class Example:
    """A solved issue of this repository with the merged change as a unified diff."""

    issue: Issue
    diff: str


class Outcomes(Protocol):
    """The repository's history; empty for a new one."""

    def record(self, tier: str, model: str, situation: Situation) -> AttemptRecord:
        """Attempts by this tier with this very model in this situation."""

    def examples(self) -> Sequence[Example]:
        """Issues solved by merged pull requests, newest first; never with anything a hidden test would tell."""


class NoOutcomes:
    """A repository without history."""

    def record(self, tier: str, model: str, situation: Situation) -> AttemptRecord:
        del tier, model, situation
        return AttemptRecord()

    def examples(self) -> Sequence[Example]:
        return ()
