from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.models.model import ModelRefused
from strategies.models.model_spec import ModelSpec
from strategies.models.price import Price
from strategies.models.price_table import price_of
from strategies.models.usage import ReportedUsage, Usage

TABLE = {
    "claude-small": {
        "litellm_provider": "anthropic",
        "input_cost_per_token": 1e-07,
        "output_cost_per_token": 5e-07,
        "cache_read_input_token_cost": 1e-08,
        "cache_creation_input_token_cost": 1.25e-07,
        "input_cost_per_token_above_100k_tokens": 5e-07,
        "output_cost_per_token_above_100k_tokens": 2.5e-06,
        "cache_read_input_token_cost_above_100k_tokens": 5e-08,
        "cache_creation_input_token_cost_above_100k_tokens": 6.25e-07,
        "input_cost_per_token_above_100k_tokens_batches": 1e-09,
        "input_cost_per_token_batches": 5e-08,
    },
    "two-steps": {
        "litellm_provider": "openai",
        "input_cost_per_token": 1e-06,
        "output_cost_per_token": 2e-06,
        "input_cost_per_token_above_128k_tokens": 2e-06,
        "input_cost_per_token_above_256k_tokens": 4e-06,
        "output_cost_per_token_above_256k_tokens": 8e-06,
    },
    "thinks": {
        "litellm_provider": "x",
        "input_cost_per_token": 0.0,
        "output_cost_per_token": 1e-06,
        "output_cost_per_reasoning_token": 3e-06,
    },
    "free": {"litellm_provider": "ollama", "input_cost_per_token": 0.0, "output_cost_per_token": 0.0},
    "no-writes": {
        "litellm_provider": "deepseek",
        "input_cost_per_token": 3e-07,
        "output_cost_per_token": 1.2e-06,
        "cache_creation_input_token_cost": 0.0,
    },
    "half": {"litellm_provider": "x", "input_cost_per_token": 1e-06},
}


def test_a_row_becomes_usd_per_million_with_its_long_context_step() -> None:
    price = price_of(ModelSpec("anthropic/claude-small"), TABLE)
    assert price == Price(
        Decimal("0.1"),
        Decimal("0.5"),
        Decimal("0.01"),
        Decimal("0.125"),
        100_000,
        Price(Decimal("0.5"), Decimal("2.5"), Decimal("0.05"), Decimal("0.625")),
    )


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        (Usage(100_000, 0, 1_000), Decimal("0.010500")),
        (Usage(100_001, 0, 1_000), Decimal("0.052501")),
        (Usage(200_000, 150_000, 0, 50_000), Decimal("0.038750")),
        (Usage(1_000, 800, 100, 100), Decimal("0.000081")),
    ],
)
def test_cost_follows_the_step_that_the_whole_input_reaches(usage: Usage, usd: Decimal) -> None:
    price = price_of(ModelSpec("claude-small"), TABLE)
    assert price.cost(usage) == usd
    assert price.cost(usage) <= price.worst(usage.input_tokens, usage.output_tokens)


def test_several_steps_are_kept_in_order_and_inherit_what_they_do_not_name() -> None:
    price = price_of(ModelSpec("openai/two-steps"), TABLE)
    assert [price.at(n).input for n in (1, 128_001, 256_001)] == [1, 2, 4]
    assert [price.at(n).output for n in (1, 128_001, 256_001)] == [2, 2, 8]


def test_dearer_thinking_tokens_set_the_output_price() -> None:
    assert price_of(ModelSpec("thinks"), TABLE).output == 3


def test_a_model_that_is_free_has_a_price_and_a_missing_rate_is_no_price() -> None:
    assert price_of(ModelSpec("free"), TABLE).cost(Usage(10, 0, 10)) == 0
    with pytest.raises(ModelRefused, match="half"):
        price_of(ModelSpec("half"), TABLE)


def test_cache_writes_that_are_not_charged_apart_cost_plain_input() -> None:
    price = price_of(ModelSpec("no-writes"), TABLE)
    assert price.cost(Usage(1_000_000, 0, 0, 1_000_000)) == Decimal("0.3")


def test_the_operators_rates_replace_the_tables() -> None:
    price = price_of(ModelSpec("claude-small", output_usd_per_million=Decimal(9)), TABLE)
    assert (price.input, price.output) == (Decimal("0.1"), Decimal(9))
    assert price.above is not None
    assert price.above.output == 9
    own = price_of(ModelSpec("openai/mine", input_usd_per_million=Decimal(1), output_usd_per_million=Decimal(2)), TABLE)
    assert own == Price(Decimal(1), Decimal(2))


def test_another_providers_model_of_the_same_name_has_no_price() -> None:
    with pytest.raises(ModelRefused, match="no price"):
        price_of(ModelSpec("openrouter/claude-small"), TABLE)


@pytest.mark.parametrize("wrong", [Decimal(-1), Decimal("NaN"), Decimal("Infinity")])
def test_an_impossible_price_is_refused(wrong: Decimal) -> None:
    with pytest.raises(ModelRefused, match="0 or more"):
        price_of(ModelSpec("claude-small", input_usd_per_million=wrong), TABLE)


RATE = st.decimals(0, 100, places=4)
OPTIONAL = st.none() | RATE


@given(
    rates=st.lists(st.tuples(RATE, RATE, OPTIONAL, OPTIONAL), min_size=1, max_size=3),
    step=st.integers(1, 1000),
    counted=st.integers(0, 5000),
    maximum=st.integers(0, 5000),
    shares=st.tuples(*[st.floats(0, 1) for _ in range(4)]),
)
def test_no_call_costs_more_than_was_reserved(
    rates: list[tuple[Decimal, Decimal, Decimal | None, Decimal | None]],
    step: int,
    counted: int,
    maximum: int,
    shares: tuple[float, float, float, float],
) -> None:
    price: Price | None = None
    for place, (fresh, out, cached, write) in reversed(list(enumerate(rates, 1))):
        price = Price(fresh, out, cached, write, step * place if price else None, price)
    assert price is not None
    total = int(counted * shares[0])
    read = int(total * shares[1])
    usage = Usage(total, read, int(maximum * shares[2]), int((total - read) * shares[3]))
    assert price.cost(usage) <= price.worst(counted, maximum)


SERVED: Mapping[str, Mapping[str, object]] = {
    "tiers": {
        "litellm_provider": "openai",
        "input_cost_per_token": 2e-06,
        "output_cost_per_token": 1e-05,
        "cache_read_input_token_cost": 2e-07,
        "cache_creation_input_token_cost": 2.5e-06,
        "cache_creation_input_token_cost_above_1hr": 4e-06,
        "input_cost_per_token_above_200k_tokens": 4e-06,
        "output_cost_per_token_above_200k_tokens": 2e-05,
        "input_cost_per_token_priority": 3e-06,
        "output_cost_per_token_priority": 1.5e-05,
        "input_cost_per_token_flex": 1e-06,
        "output_cost_per_token_flex": 5e-06,
        "input_cost_per_image_token": 5e-06,
        "output_cost_per_image_token": 4e-05,
        "provider_specific_entry": {"us": 1.1},
    },
    "dashscope/ranges": {
        "litellm_provider": "dashscope",
        "tiered_pricing": [
            {"input_cost_per_token": 5e-08, "output_cost_per_token": 4e-07, "range": [0, 256000.0]},
            {"input_cost_per_token": 2.5e-07, "output_cost_per_token": 2e-06, "range": [256000.0, 1000000.0]},
        ],
    },
    "perplexity/searches": {
        "litellm_provider": "perplexity",
        "input_cost_per_token": 1e-06,
        "output_cost_per_token": 1e-06,
        "search_context_cost_per_query": {"search_context_size_low": 0.005, "search_context_size_high": 0.012},
    },
    "xai/inclusive": {
        "litellm_provider": "xai",
        "input_cost_per_token": 1e-06,
        "output_cost_per_token": 1e-06,
        "input_cost_per_token_above_128k_tokens": 2e-06,
        "output_cost_per_token_above_128k_tokens": 2e-06,
    },
}
USED = Usage(100_000, 0, 10_000)


@pytest.mark.parametrize(
    ("reported", "usd"),
    [
        (ReportedUsage(USED), "0.3"),
        (ReportedUsage(USED, modes=("priority",)), "0.45"),
        (ReportedUsage(USED, modes=("fast",)), "0.45"),
        (ReportedUsage(USED, modes=("flex",)), "0.15"),
        (ReportedUsage(USED, modes=("priority", "us")), "0.495"),
        (ReportedUsage(Usage(300_000, 0, 10_000), modes=("flex",)), "1.4"),
        (ReportedUsage(Usage(100_000, 0, 10_000, 50_000)), "0.325"),
        (ReportedUsage(Usage(100_000, 0, 10_000, 50_000), long_write_tokens=50_000), "0.4"),
        (ReportedUsage(USED, input_media=(("image", 10_000),)), "0.33"),
        (ReportedUsage(USED, input_media=(("video", 10_000),)), "0.3"),
        (ReportedUsage(USED, output_media=(("image", 1_000),)), "0.33"),
        (ReportedUsage(USED, usd=Decimal("0.31")), "0.31"),
        (ReportedUsage(USED, usd=Decimal("0.01")), "0.3"),
        (ReportedUsage(USED, modes=("turbo",)), None),
        (ReportedUsage(USED, modes=("turbo",), usd=Decimal("0.7")), "0.7"),
        (ReportedUsage(USED, input_media=(("audio", 10),)), None),
        (ReportedUsage(USED, output_media=(("audio", 10),)), None),
        (ReportedUsage(USED, whole=False), None),
        (ReportedUsage(USED, whole=False, usd=Decimal("0.7")), None),
        (ReportedUsage(Usage(400_000, 0, 10_000), whole=False), "1.8"),
    ],
)
def test_an_answer_costs_what_it_was_served_as_and_what_nobody_prices_is_unknown(
    reported: ReportedUsage, usd: str | None
) -> None:
    price = price_of(ModelSpec("openai/tiers"), SERVED)
    assert price.bill(reported, worst=Decimal(1)) == (None if usd is None else Decimal(usd))


def test_prices_by_ranges_of_the_input_are_read() -> None:
    price = price_of(ModelSpec("dashscope/ranges"), SERVED)
    assert [price.at(n).input for n in (256_000, 256_001)] == [Decimal("0.05"), Decimal("0.25")]
    assert price.worst(300_000, 0) == Decimal("0.075")
    broken: Mapping[str, Mapping[str, object]] = {"m": {"tiered_pricing": [{"range": [0, 1]}]}}
    with pytest.raises(ModelRefused, match="no price"):
        price_of(ModelSpec("m"), broken)


def test_a_search_that_is_charged_by_the_call_is_reserved_and_charged() -> None:
    price = price_of(ModelSpec("perplexity/searches"), SERVED)
    assert price.cost(Usage(1_000, 0, 0)) == price.worst(1_000, 0) == Decimal("0.013")


def test_a_dearer_rate_that_begins_at_the_length_itself_does() -> None:
    price = price_of(ModelSpec("xai/inclusive"), SERVED)
    assert [price.at(n).input for n in (127_999, 128_000)] == [1, 2]


def test_a_service_tier_that_is_asked_for_is_reserved_at_its_rates_or_refused() -> None:
    usual = price_of(ModelSpec("openai/tiers"), SERVED)
    priority = price_of(ModelSpec("openai/tiers", provider={"service_tier": "priority"}), SERVED)
    flex = price_of(ModelSpec("openai/tiers", provider={"service_tier": "flex"}), SERVED)
    assert priority.worst(1_000, 1_000) > usual.worst(1_000, 1_000) == flex.worst(1_000, 1_000)
    assert price_of(ModelSpec("openai/tiers", provider={"service_tier": "auto"}), SERVED) == usual
    with pytest.raises(ModelRefused, match=r"'turbo'.*known: fast, flex, priority"):
        price_of(ModelSpec("openai/tiers", provider={"service_tier": "turbo"}), SERVED)


def test_the_operators_own_price_is_that_of_the_service_tier_that_is_asked_for() -> None:
    own = ModelSpec(
        "openai/mine",
        input_usd_per_million=Decimal(3),
        output_usd_per_million=Decimal(15),
        provider={"service_tier": "priority"},
    )
    price = price_of(own, SERVED)
    assert price.bill(ReportedUsage(USED, modes=("priority",)), Decimal(1)) == Decimal("0.45")
    assert price.worst(100_000, 10_000) == Decimal("0.45")
