"""What exactly ran: kept with every job, so that whoever asks later can say what produced a patch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Versions:
    """What exactly ran. `tiers` maps tier names to JSON-able parameters (model, price, solver …), `prompts` prompt
    names to digests, `roles` roles to tier names; `parameters` are the strategy's own, with what an issue is worth."""

    pennyfix: str
    strategy: str
    accept: str
    tiers: Mapping[str, Mapping[str, Any]]
    prompts: Mapping[str, str]
    roles: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """All of it, JSON-able."""
        return {
            "pennyfix": self.pennyfix,
            "strategy": self.strategy,
            "parameters": dict(self.parameters),
            "accept": self.accept,
            "tiers": {name: dict(parameters) for name, parameters in self.tiers.items()},
            "roles": dict(self.roles),
            "prompts": dict(self.prompts),
        }
