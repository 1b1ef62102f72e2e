"""The family of a model, by the names under which providers sell it."""

from __future__ import annotations

import pytest

from strategies.models.family import family_of


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("anthropic/claude-haiku-5-5", "claude"),
        ("bedrock/eu.anthropic.claude-opus-5-5-v1:0", "claude"),
        ("anthropic/best", "claude"),
        ("gpt-5-mini", "gpt"),
        ("azure/gpt-4o", "gpt"),
        ("openai/o3-mini", "gpt"),
        ("groq/openai/gpt-oss-20b", "gpt"),
        ("gemini/gemini-3-pro", "gemini"),
        ("deepseek/deepseek-chat", "deepseek"),
        ("deepseek-ai/DeepSeek-V4-Pro", "deepseek"),
        ("together_ai/Qwen/Qwen2.5-Coder-32B-Instruct", "qwen"),
        ("ollama/qwq:32b", "qwen"),
        ("minimax/MiniMax-M3", "minimax"),
        ("mistral/codestral-latest", "mistral"),
        ("replicate/meta/codellama-34b", "llama"),
        ("ollama/llama3.1", "llama"),
        ("fireworks_ai/accounts/fireworks/models/glm-4p5", "glm"),
        ("openrouter/moonshotai/kimi-k2", "kimi"),
        ("amazon.nova-pro-v1:0", "nova"),
    ],
)
def test_a_known_name_has_its_makers_family(model: str, family: str) -> None:
    assert family_of(model) == family


@pytest.mark.parametrize(
    ("model", "family"),
    [("hosted_vllm/starcoder2-15b", "starcoder"), ("openai/house-blend-v2", "house"), ("42", "42"), ("", "")],
)
def test_an_unknown_name_is_its_own_family_by_its_first_word(model: str, family: str) -> None:
    assert family_of(model) == family


def test_the_provider_does_not_count_where_the_model_says_more() -> None:
    assert family_of("anthropic/gpt-5") == "gpt"
    assert family_of("openai/house-blend") != family_of("openai/gpt-5")
