"""Prices from litellm's table, or the operator's in their place. A model without a price is refused.

The table gives USD per token as floats, with dearer rates above a length of input under names like
`input_cost_per_token_above_100k_tokens` or as ranges, and with rates of service tiers under names that end in theirs
(`_priority`, `_flex`). An answer may name such a tier without being asked for it, so they are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from strategies.models.listed_models import Table, listed, nearest_models, table_names
from strategies.models.model import ModelRefused
from strategies.models.model_spec import ModelSpec
from strategies.models.price import MILLION, Price
from strategies.models.wire.usage_shapes import USUAL_MODES

_ABOVE = re.compile(r"^input_cost_per_token_above_(\d+)k_tokens$")
_SERVICE = re.compile(r"^input_cost_per_token_(priority|flex|balanced|ultrafast)$")
_FROM = frozenset({"xai"})
"""Providers whose dearer rates begin at the length itself, not above it."""
_LONG_WRITES = ("cache_creation_input_token_cost_above_1hr", "cache_creation_input_token_cost_above_12hr")
_MEDIA = {
    f"{side} {kind}": f"{side}_cost_per_{kind}_token"
    for side in ("input", "output")
    for kind in ("image", "audio", "video")
}
_RATES = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cached_input": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
}


def entry(model: str, table: Table) -> Mapping[str, object]:
    """The table's row for `model`, or for the model behind it (`strategies.models.listed_models`); else {}."""
    found = listed(model, table)
    return {} if found is None else found.row


def price_of(spec: ModelSpec, table: Table) -> Price:
    """What `spec` costs. Raises ModelRefused when neither the operator nor the table says it."""
    from_table = _listed(entry(spec.priced_as or spec.model, table))
    given = (spec.input_usd_per_million, spec.output_usd_per_million)
    _check(spec)
    if None not in given:
        own = Price(
            input=_some(given[0]),
            output=_some(given[1]),
            cached_input=spec.cached_input_usd_per_million,
            cache_write=spec.cache_write_usd_per_million,
        )
        service = service_of(spec)
        return replace(own, services=((service, own),), asked=service) if service else own
    if from_table is None:
        name = spec.priced_as or spec.model
        near = ", ".join(nearest_models(name, table_names(name, table)))
        raise ModelRefused(
            f"model {name!r} has no price in the price table: check its name{f' (nearest: {near})' if near else ''}, "
            "or give input_usd_per_million and output_usd_per_million (0 is allowed for a model that costs nothing)"
        )
    return _served(_override(from_table, spec), spec)


def service_of(spec: ModelSpec) -> str:
    """The service tier that the operator asks for, where it has a price of its own; else ""."""
    said = next((spec.provider[name] for name in ("service_tier", "serviceTier") if name in spec.provider), "")
    text = str(said).strip().lower()
    return "" if text in USUAL_MODES else text


def _served(price: Price, spec: ModelSpec) -> Price:
    """`price` for a model of which a service tier is asked for. Raises ModelRefused for a tier without a price."""
    service = service_of(spec)
    if service and service not in dict(price.services):
        known = ", ".join(name for name, _ in price.services) or "none"
        raise ModelRefused(
            f"the service tier {service!r} of {spec.model!r} has no price in the price table (known: {known}): take it "
            "out, or give input_usd_per_million and output_usd_per_million for it"
        )
    return replace(price, asked=service)


def _override(listed: Price, spec: ModelSpec) -> Price:
    """The listed price with the rates that the operator gave in their place, at every length of input."""

    def chosen(given: Decimal | None, table: Decimal | None) -> Decimal | None:
        return table if given is None else given

    return replace(
        listed,
        input=_some(chosen(spec.input_usd_per_million, listed.input)),
        output=_some(chosen(spec.output_usd_per_million, listed.output)),
        cached_input=chosen(spec.cached_input_usd_per_million, listed.cached_input),
        cache_write=chosen(spec.cache_write_usd_per_million, listed.cache_write),
        above=None if listed.above is None else _override(listed.above, spec),
    )


def _listed(row: Mapping[str, object]) -> Price | None:
    ranges = row.get("tiered_pricing")
    base = _tiered(ranges) if isinstance(ranges, list) else _levels(row, "", None)
    if base is None:
        return None
    names = [m[1] for key in row if (m := _SERVICE.match(key)) and row[key] is not None]
    services = {name: price for name in names if (price := _levels(row, f"_{name}", base)) is not None}
    factors = _factors(row.get("provider_specific_entry"))
    if "priority" in services and "fast" not in factors:
        services["fast"] = services["priority"]
    return replace(base, services=tuple(sorted(services.items())), factors=tuple(sorted(factors.items())))


def _levels(row: Mapping[str, object], service: str, standard: Price | None) -> Price | None:
    """The rates of one service tier ("" is the usual one) at every length of input. Where a tier names no rate for a
    length, it costs at least what the `standard` one does."""
    levels = sorted(int(m[1]) for key in row if (m := _ABOVE.match(key)) and row[key] is not None)
    base = _price(row, "", service, None)
    if base is None:
        return None
    prices = [base]
    for level in levels:
        here = _price(row, f"_above_{level}k_tokens", service, prices[-1]) or prices[-1]
        if standard is not None and row.get(f"input_cost_per_token_above_{level}k_tokens{service}") is None:
            here = _dearer(here, standard.at(level * 1000 + 1))
        prices.append(here)
    result = prices[-1]
    inclusive = str(row.get("litellm_provider", "")) in _FROM
    for level, lower in zip(reversed(levels), reversed(prices[:-1]), strict=True):
        result = replace(lower, above_tokens=level * 1000 - inclusive, above=result)
    return result


def _tiered(ranges: list[object]) -> Price | None:
    """Prices by ranges of the input's length, as DashScope has them."""
    levels: list[tuple[int, Price]] = []
    for one in ranges:
        bounds = one.get("range") if isinstance(one, Mapping) else None
        price = _price(one, "", "", None) if isinstance(one, Mapping) else None
        begins = _number(bounds[0]) if isinstance(bounds, list) and bounds else None
        if price is None or begins is None:
            return None
        levels.append((int(begins), price))
    result: Price | None = None
    above = 0
    for start, price in sorted(levels, key=lambda level: -level[0]):
        result = price if result is None else replace(price, above_tokens=above, above=result)
        above = start
    return result


def _dearer(one: Price, other: Price) -> Price:
    def most(name: str) -> Decimal | None:
        known = [rate for price in (one, other) if (rate := getattr(price, name)) is not None]
        return max(known) if known else None

    return replace(
        one,
        input=max(one.input, other.input),
        output=max(one.output, other.output),
        cached_input=most("cached_input"),
        cache_write=most("cache_write"),
    )


def _factors(entry: object) -> dict[str, Decimal]:
    rates = entry.items() if isinstance(entry, Mapping) else ()
    known = {str(name).lower(): number for name, value in rates if (number := _number(value)) is not None}
    return {name: number for name, number in known.items() if number > 0}


def _price(row: Mapping[str, object], suffix: str, service: str, lower: Price | None) -> Price | None:
    """One level of the row; a rate that it does not name stays as on the level below."""
    rates = {field: _rate(row.get(f"{key}{suffix}{service}")) for field, key in _RATES.items()}
    if not suffix and (rates["input"] is None or rates["output"] is None):
        return None
    thinking = _rate(row.get(f"output_cost_per_reasoning_token{service}"))
    output = _least(rates["output"], lower, "output")
    long = [rate for key in _LONG_WRITES if (rate := _rate(row.get(f"{key}{suffix}{service}"))) is not None]
    media = {name: rate for name, key in _MEDIA.items() if (rate := _rate(row.get(f"{key}{service}"))) is not None}
    return Price(
        input=_least(rates["input"], lower, "input"),
        output=max(output, thinking) if thinking is not None else output,
        cached_input=rates["cached_input"]
        if rates["cached_input"] is not None or lower is None
        else lower.cached_input,
        cache_write=_write(rates["cache_write"], lower),
        long_cache_write=max(long) if long else None if lower is None else lower.long_cache_write,
        media=tuple(sorted(media.items())),
        request=_request(row),
        search=_search(row),
    )


def _request(row: Mapping[str, object]) -> Decimal:
    """USD for each call beside its tokens: of those that always search, the search."""
    fee = row.get("input_cost_per_request")
    fees = [fee]
    searches = row.get("search_context_cost_per_query")
    if row.get("litellm_provider") == "perplexity" and isinstance(searches, Mapping):
        fees += list(searches.values())
    return max((number for one in fees if (number := _number(one)) is not None), default=Decimal(0))


def _search(row: Mapping[str, object]) -> Decimal | None:
    """USD for each search that the provider makes within a call; None: the table does not say."""
    rates = row.get("search_context_cost_per_query")
    found = rates.values() if isinstance(rates, Mapping) else ()
    return max((rate for one in found if (rate := _number(one)) is not None), default=None)


def _write(rate: Decimal | None, lower: Price | None) -> Decimal | None:
    """The table's 0 for cache writes means "not charged apart": they cost plain input then."""
    if rate is None:
        return None if lower is None else lower.cache_write
    return rate or None


def _least(rate: Decimal | None, lower: Price | None, field: str) -> Decimal:
    if rate is not None:
        return rate
    return _some(None if lower is None else getattr(lower, field))


def _rate(value: object) -> Decimal | None:
    """USD per token as the table has it → USD per million."""
    number = _number(value)
    return None if number is None else (number * MILLION).normalize() + 0


def _number(value: object) -> Decimal | None:
    """A number of the table by its digits; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


def _some(value: Decimal | None) -> Decimal:
    return Decimal(0) if value is None else value


def _check(spec: ModelSpec) -> None:
    for name in (
        "input_usd_per_million",
        "output_usd_per_million",
        "cached_input_usd_per_million",
        "cache_write_usd_per_million",
    ):
        value: Decimal | None = getattr(spec, name)
        if value is not None and not (value.is_finite() and value >= 0):
            raise ModelRefused(f"{name} of {spec.model!r} is {value}; it must be 0 or more USD per million tokens")
