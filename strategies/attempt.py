"""One try at the issue by one model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sandbox.repository.patch import Patch
from strategies.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a solver came back with. `patch` is empty when nothing could be applied, and `error` then says why.

    `diagnosis` is the model's own explanation; `note` is the strategy's (why this attempt, with its numbers).
    `question` is set instead of a patch when the issue does not say enough: it goes to the author, no money is spent.
    `agreement` is a self-test score (0 to 1) that reached the strategy's threshold, or 1 when an independent candidate
    behaves alike; `preferred` sets it above earlier ones of equal evidence (a distinguishing test speaks for it).
    `told` is whether its prompt held what a test from the issue said of an earlier patch: it may fit that test only.
    `trouble` says that no answer was had at all: the model refuses for good, or is not there.
    """

    tier: str
    solver: str
    patch: Patch
    diagnosis: str = ""
    error: str = ""
    note: str = ""
    question: str = ""
    agreement: float | None = None
    preferred: bool = False
    told: bool = False
    trouble: Literal["", "refused", "unavailable"] = ""


@dataclass(frozen=True, slots=True)
class JudgedAttempt:
    """An attempt with what became of it."""

    attempt: Attempt
    verdict: Verdict
