"""What the loop hands back for one issue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sandbox.repository.patch import Patch
from strategies.attempt import JudgedAttempt


class Ending(StrEnum):
    """How it ended."""

    ACCEPTED = "accepted"  # `chosen` earned what the repository asks for
    DOUBTED = "doubted"  # `chosen` earned it, but its evidence holds doubts: people look first
    ASKS = "asks"  # `chosen` resolves the issue and breaks tests that pin what it wants changed: people decide
    UNVERIFIED = "unverified"  # `chosen` is the best there is, with less evidence than asked
    UNSOLVED = "unsolved"  # every attempt failed
    UNJUDGED = "unjudged"  # the repository's tests cannot be found or run
    QUESTION = "question"  # the issue does not say enough; `reason` is what to ask its author
    OVER_BUDGET = "over_budget"  # the money ended first; `chosen` may still be the best so far


@dataclass(frozen=True, slots=True)
class Resolution:
    """`patch` is what would be published: the chosen patch with its reproduction test. Empty when nothing is.

    `reason` is one sentence for people. `doubtful` is the best rejected patch that fails only a test written from the
    issue and breaks no other: shown, and never counted as resolved. `test_doubt` is a sentence on a test from the issue
    that every patch of several families fails; "" where there is none.
    """

    ending: Ending
    attempts: tuple[JudgedAttempt, ...]
    chosen: JudgedAttempt | None
    patch: Patch
    reason: str
    doubtful: JudgedAttempt | None = None
    test_doubt: str = ""
