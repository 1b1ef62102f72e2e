"""Everything that shapes a result, as JSON: the strategy with its parameters, tiers with models and prices, prompts.

Kept with every job and every record of a study, so that two results can be compared and one can be repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any

from strategies.models.price import Price
from strategies.strategy import Strategy
from strategies.tier import Tier


def configuration_of(
    strategy: Strategy, tiers: Sequence[Tier], prompts: Mapping[str, str], version: str, base: str
) -> dict[str, Any]:
    """All of it. `version` is Pennyfix's, `base` the base commit, `prompts` names to digests."""
    return {
        "pennyfix": version,
        "base_commit": base,
        "parameters": strategy_json(strategy),
        "tiers": [tier_json(t) for t in tiers],
        "prompts": dict(prompts),
    }


def strategy_json(strategy: Strategy) -> dict[str, Any]:
    """A strategy's class and parameters."""
    return {"class": type(strategy).__name__} | parameters(strategy)


def tier_json(t: Tier) -> dict[str, Any]:
    """A tier with its model and price; no key, no address."""
    return {
        "tier": t.name,
        "model": t.model.name,
        "price": price(t.model.model.price),
        "solver": t.solver,
        "attempts": t.attempts,
        "temperature": t.temperature,
        "max_output_tokens": t.max_output_tokens,
        "max_turns": t.max_turns,
        "family": t.family,
    }


def parameters(thing: object) -> dict[str, Any]:
    """A strategy's fields as JSON; functions by their name."""
    if not is_dataclass(thing) or isinstance(thing, type):
        return {}
    return {name: _plain(getattr(thing, name)) for name in thing.__dataclass_fields__ if not name.startswith("_")}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {"class": type(value).__name__} | parameters(value)
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def price(p: Price) -> dict[str, Any]:
    """USD per million tokens as text; `above` is the price of inputs longer than `above_tokens`."""
    fields = {"input": p.input, "output": p.output, "cached_input": p.cached_input, "cache_write": p.cache_write}
    told: dict[str, Any] = {k: None if v is None else str(v) for k, v in fields.items()}
    if p.above is not None:
        told |= {"above_tokens": p.above_tokens, "above": price(p.above)}
    return told
