"""What a solver is asked for: one attempt at one issue by one tier, with what the strategy adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from strategies.issue import Issue
from strategies.tier import Tier

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace
    from strategies.attempt import JudgedAttempt
    from strategies.localization.localize import Located


@dataclass(frozen=True, slots=True)
class AttemptHints:
    """What a strategy adds to the issue.

    `learned` are earlier attempts with their verdicts; `advice` is text put before the issue (a plan, a summary,
    examples); `temperature` (0 to 2) replaces the tier's; `located` replaces our own localization, and asks for a
    repair of just these files.
    """

    learned: Sequence[JudgedAttempt] = ()
    advice: str = ""
    temperature: float | None = None
    located: Sequence[Located] | None = None


@dataclass(frozen=True, slots=True)
class AttemptTask:
    """One attempt. `number` is the attempt's, from 1, for the record."""

    issue: Issue
    workspace: Workspace
    tier: Tier
    number: int
    hints: AttemptHints = field(default_factory=AttemptHints)

    @property
    def temperature(self) -> float | None:
        """The temperature to ask with; None leaves it to the provider."""
        return self.tier.temperature if self.hints.temperature is None else self.hints.temperature

    @property
    def context(self) -> str:
        """The advice as it stands in a prompt, before the issue; "" when there is none."""
        advice = self.hints.advice.strip()
        return f"{advice}\n\n" if advice else ""
