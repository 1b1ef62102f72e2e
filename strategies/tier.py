"""One rung of the ladder of models, cheapest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from strategies.models.meter import Metered
from strategies.models.model import ModelUnavailable


@dataclass(frozen=True, slots=True)
class Tier:
    """A metered model with how often and how it is tried. `temperature` None leaves it to the provider.

    `on_outage` is what happens while its model does not answer: everything waits, or another tier steps in once the
    outage has lasted for `outage_minutes`.
    """

    name: str
    model: Metered
    attempts: int = 1
    solver: Literal["agent", "repair"] = "repair"
    temperature: float | None = None
    max_output_tokens: int | None = None
    max_turns: int = 40
    family: str = ""
    on_outage: Literal["wait", "next"] = "next"
    outage_minutes: float = 0.0

    def waits(self, error: ModelUnavailable) -> bool:
        """Whether the work is put off after this error, so that no dearer tier is paid in this one's place."""
        return self.on_outage == "wait" or error.outage < self.outage_minutes * 60


def without_sandbox(tiers: Sequence[Tier]) -> tuple[Tier, ...]:
    """The same tiers where no sandbox can be opened: an agent has nothing to work in, so they repair."""
    return tuple(replace(t, solver="repair") for t in tiers)
