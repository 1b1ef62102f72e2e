from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.models.model import ModelRefused
from strategies.models.model_spec import ModelSpec
from strategies.models.price import Price
from strategies.models.price_table import price_of
from strategies.models.usage import Usage

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
