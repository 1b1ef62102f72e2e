"""What a model's name means in the price table that litellm brings along, and in one of our own."""

from __future__ import annotations

from typing import Any

import pytest

from strategies.models.listed_models import known_providers, listed, listed_models, nearest_models, table_names
from strategies.models.model_spec import ModelSpec
from strategies.models.price_table import price_of


def row(seller: str, **more: object) -> dict[str, object]:
    return {
        "litellm_provider": seller,
        "mode": "chat",
        "input_cost_per_token": 1e-6,
        "output_cost_per_token": 2e-6,
    } | more


TABLE: dict[str, dict[str, object]] = {
    "claude-opus-5-5": row("anthropic"),
    "gemini-2.5-pro": row("vertex_ai-language-models"),
    "gemini/gemini-2.5-pro": row("gemini"),
    "vertex_ai/claude-opus-5-5": row("vertex_ai-anthropic_models"),
    "eu.anthropic.claude-opus-5-5": row("bedrock_converse"),
    "anthropic.claude-opus-5-5": row("bedrock_converse"),
    "gpt-6-luna": row("openai"),
    "azure/gpt-6-luna": row("azure"),
    "xai/grok-4.6": row("xai"),
    "text-embedding": row("openai", mode="embedding"),
}


@pytest.mark.parametrize(
    ("model", "key", "borrowed"),
    [
        ("claude-opus-5-5", "claude-opus-5-5", False),
        ("anthropic/claude-opus-5-5", "claude-opus-5-5", False),
        ("vertex_ai/gemini-2.5-pro", "gemini-2.5-pro", False),
        ("vertex_ai_beta/gemini-2.5-pro", "gemini-2.5-pro", False),
        ("vertex_ai/gemini-2.5-pro-002", "gemini-2.5-pro", True),
        ("vertex_ai/claude-opus-5-5@20260901", "vertex_ai/claude-opus-5-5", True),
        ("bedrock/eu.anthropic.claude-opus-5-5", "eu.anthropic.claude-opus-5-5", False),
        ("bedrock/sa.anthropic.claude-opus-5-5", "anthropic.claude-opus-5-5", True),
        ("bedrock/converse/anthropic.claude-opus-5-5", "anthropic.claude-opus-5-5", True),
        ("bedrock/eu-west-1/anthropic.claude-opus-5-5", "anthropic.claude-opus-5-5", True),
        ("bedrock/arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-opus-5-5", "eu.anthropic.claude-opus-5-5", True),
        ("openai/responses/gpt-6-luna", "gpt-6-luna", True),
        ("openai/gpt-6-luna-2026-09-22", "gpt-6-luna", True),
        ("openrouter/anthropic/claude-opus-5.5", "claude-opus-5-5", True),
        ("openrouter/anthropic/claude-opus-5.5:nitro", "claude-opus-5-5", True),
        ("openrouter/google/gemini-2.5-pro", "gemini/gemini-2.5-pro", True),
        ("openrouter/x-ai/grok-4.6", "xai/grok-4.6", True),
        ("vercel_ai_gateway/openai/gpt-6-luna", "gpt-6-luna", True),
    ],
)  # fmt: skip
def test_a_name_means_the_row_of_its_model(model: str, key: str, borrowed: bool) -> None:
    found = listed(model, TABLE)
    assert found is not None
    assert found.row is TABLE[key]
    assert found.underlying == (key if borrowed else "")


@pytest.mark.parametrize(
    "model",
    [
        "openai/claude-opus-5-5",  # another provider's
        "openrouter/claude-opus-5-5",  # no vendor
        "openrouter/openai/claude-opus-5.5",  # another vendor's
        "openrouter/openai/text-embedding",
        "azure/my-deployment",
        "bedrock/arn:aws:bedrock:eu-west-1:1:application-inference-profile/abc123",
        "hosted_vllm/gpt-6-luna",  # a server of one's own, whose cost nobody knows
        "gpt-6-lunar",
        "",
    ],
)
def test_a_name_that_means_no_row_is_given_none(model: str) -> None:
    assert listed(model, TABLE) is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("anthropic/claude-opus-55", "anthropic/claude-opus-5-5"),
        ("openai/gpt6-luna", "openai/gpt-6-luna"),
        ("vertex_ai/gemini-25-pro", "vertex_ai/gemini-2.5-pro"),
        ("bedrock/eu.anthropic.claude-opus-55", "bedrock/eu.anthropic.claude-opus-5-5"),
        ("antropic/claude-opus-5-5", "anthropic/claude-opus-5-5"),
    ],
)
def test_the_nearest_name_is_one_that_can_be_written(written: str, meant: str) -> None:
    assert nearest_models(written, table_names(written, TABLE))[0] == meant
    assert listed(meant, TABLE) is not None


def test_nothing_is_near_to_what_is_like_nothing() -> None:
    assert nearest_models("zzzz", table_names("zzzz", TABLE)) == ()


def test_every_chat_model_of_vertex_has_a_price_under_its_providers_name() -> None:
    table = listed_models()
    names = {
        key if key.startswith("vertex_ai/") else f"vertex_ai/{key}"
        for key, one in table.items()
        if str(one.get("litellm_provider", "")).startswith("vertex_ai") and one.get("mode") == "chat"
        and one.get("input_cost_per_token") is not None and one.get("output_cost_per_token") is not None
    }  # fmt: skip
    assert len(names) > 100
    assert {name for name in names if not _priced(name, table)} == set()


def _priced(name: str, table: Any) -> bool:
    return price_of(ModelSpec(name), table).output >= 0


def test_the_table_and_the_providers_are_those_that_litellm_brings_along() -> None:
    assert {
        "anthropic",
        "azure",
        "bedrock",
        "ollama_chat",
        "hosted_vllm",
        "openrouter",
        "vertex_ai",
    } <= known_providers()
    assert "claude-haiku-5-5" in listed_models()
