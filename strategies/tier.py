"""One rung of the ladder of models, cheapest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from strategies.models.meter import Metered


@dataclass(frozen=True, slots=True)
class Tier:
    """A metered model with how often and how it is tried. `temperature` None leaves it to the provider."""

    name: str
    model: Metered
    attempts: int = 1
    solver: Literal["agent", "repair"] = "repair"
    temperature: float | None = None
    max_output_tokens: int | None = None
    max_turns: int = 40
    family: str = ""


def without_sandbox(tiers: Sequence[Tier]) -> tuple[Tier, ...]:
    """The same tiers where no sandbox can be opened: an agent has nothing to work in, so they repair."""
    return tuple(replace(t, solver="repair") for t in tiers)
