"""Answers of real providers, byte for byte as their documents and libraries show them, each with what it costs.

All are priced alike, in USD per million tokens: 2 for input, 0.20 for cached input, 2.50 for cache writes and 10 for
output; so the amounts differ by what the usage says only. Most say the same in their own words: 2,000 tokens of input,
1,500 of them cached, and 110 of output, 100 of them reasoning, which is $0.0024.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from strategies.models.usage import Usage

USUAL = Usage(2_000, 1_500, 110)
USUAL_USD = Decimal("0.0024")
UNCACHED = Usage(2_000, 0, 110)
UNCACHED_USD = Decimal("0.0051")


@dataclass(frozen=True)
class ProviderAnswer:
    """One answer. `model` is litellm's name, `body` the JSON of a whole answer, `usage` and `usd` what it comes to."""

    provider: str
    model: str
    body: Mapping[str, Any]
    usage: Usage = USUAL
    usd: Decimal = USUAL_USD
    note: str = ""


def chat(usage: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """OpenAI's chat completion, which most others imitate."""
    message = {"role": "assistant", "content": "hi", "refusal": None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "m",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": dict(usage),
        **more,
    }


def messages(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Anthropic's message."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [{"type": "text", "text": "hi"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": dict(usage),
    }


def gemini(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Google's generated content."""
    content = {"parts": [{"text": "hi"}], "role": "model"}
    return {
        "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
        "usageMetadata": dict(usage),
        "modelVersion": "gemini",
        "responseId": "r1",
    }


def _counts(prompt: int, completion: int, total: int, **details: Any) -> dict[str, Any]:
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total, **details}


ANSWERS = (
    ProviderAnswer(
        "OpenAI",
        "openai/mine",
        chat(
            _counts(
                2_000, 110, 2_110,
                prompt_tokens_details={"cached_tokens": 1_500, "audio_tokens": 0},
                completion_tokens_details={
                    "reasoning_tokens": 100, "audio_tokens": 0, "accepted_prediction_tokens": 0,
                    "rejected_prediction_tokens": 0,
                },
            ),
            service_tier="default",
            system_fingerprint="fp_1",
        ),
    ),
    ProviderAnswer(
        "OpenAI, written to the cache",
        "openai/mine",
        chat(_counts(2_000, 110, 2_110, prompt_tokens_details={"cached_tokens": 1_000, "cache_write_tokens": 500})),
        Usage(2_000, 1_000, 110, 500),
        Decimal("0.00355"),
    ),
    ProviderAnswer(
        "OpenAI, responses",
        "openai/responses/mine",
        {
            "id": "resp_1",
            "object": "response",
            "created_at": 1_790_000_000,
            "status": "completed",
            "model": "m",
            "output": [
                {"id": "rs_1", "type": "reasoning", "summary": []},
                {
                    "id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
                    "content": [{"type": "output_text", "text": "hi", "annotations": []}],
                },
            ],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "service_tier": "auto",
            "usage": {
                "input_tokens": 2_000,
                "input_tokens_details": {"cached_tokens": 1_500},
                "output_tokens": 110,
                "output_tokens_details": {"reasoning_tokens": 100},
                "total_tokens": 2_110,
            },
        },
    ),
    ProviderAnswer(
        "Azure OpenAI",
        "azure/my-deployment",
        chat(
            _counts(
                2_000, 110, 2_110,
                prompt_tokens_details={"cached_tokens": 1_500, "audio_tokens": 0},
                completion_tokens_details={"reasoning_tokens": 100},
            ),
            prompt_filter_results=[{"prompt_index": 0, "content_filter_results": {}}],
        ),
    ),
    ProviderAnswer(
        "Azure AI",
        "azure_ai/mine",
        chat(_counts(2_000, 110, 2_110, prompt_tokens_details={"cached_tokens": 1_500})),
    ),
    ProviderAnswer(
        "Anthropic",
        "anthropic/claude-haiku-5-5",
        messages({
            "input_tokens": 500, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 1_500,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": 110, "service_tier": "standard", "inference_geo": "not_available",
        }),
    ),
    ProviderAnswer(
        "Anthropic, written to the cache",
        "anthropic/claude-haiku-5-5",
        messages({
            "input_tokens": 10, "cache_creation_input_tokens": 490, "cache_read_input_tokens": 1_500,
            "cache_creation": {"ephemeral_5m_input_tokens": 490, "ephemeral_1h_input_tokens": 0}, "output_tokens": 110,
        }),
        Usage(2_000, 1_500, 110, 490),
        Decimal("0.002645"),
    ),
    ProviderAnswer(
        "Bedrock",
        "bedrock/converse/amazon.nova-pro-v1:0",
        {
            "metrics": {"latencyMs": 1_000},
            "output": {"message": {"content": [{"text": "hi"}], "role": "assistant"}},
            "stopReason": "end_turn",
            "usage": {
                "inputTokens": 500, "outputTokens": 110, "totalTokens": 2_110, "cacheReadInputTokens": 1_500,
                "cacheWriteInputTokens": 0, "cacheReadInputTokenCount": 1_500, "cacheWriteInputTokenCount": 0,
            },
        },
    ),
    ProviderAnswer(
        "Bedrock, whose total leaves out the cache",
        "bedrock/converse/amazon.nova-pro-v1:0",
        {
            "metrics": {"latencyMs": 1_000},
            "output": {"message": {"content": [{"text": "hi"}], "role": "assistant"}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 500, "outputTokens": 110, "totalTokens": 610, "cacheReadInputTokens": 1_500},
        },
    ),
    ProviderAnswer(
        "Gemini",
        "gemini/gemini-2.5-flash",
        gemini({
            "promptTokenCount": 2_000, "candidatesTokenCount": 10, "totalTokenCount": 2_110,
            "cachedContentTokenCount": 1_500,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 2_000}],
            "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 1_500}],
            "thoughtsTokenCount": 100,
        }),
    ),
    ProviderAnswer(
        "Vertex AI",
        "gemini/gemini-2.5-pro",
        gemini({
            "promptTokenCount": 2_000, "candidatesTokenCount": 10, "totalTokenCount": 2_110, "thoughtsTokenCount": 100,
            "cachedContentTokenCount": 1_500, "trafficType": "ON_DEMAND",
            "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": 10}],
        }),
    ),
    ProviderAnswer(
        "Gemini, which only thought",
        "gemini/gemini-2.5-flash",
        gemini({"promptTokenCount": 2_000, "totalTokenCount": 2_110, "thoughtsTokenCount": 110}),
        UNCACHED,
        UNCACHED_USD,
    ),
    ProviderAnswer(
        "DeepSeek",
        "deepseek/deepseek-chat",
        chat(
            _counts(
                2_000, 110, 2_110,
                prompt_tokens_details={"cached_tokens": 1_500},
                completion_tokens_details={"reasoning_tokens": 100},
                prompt_cache_hit_tokens=1_500,
                prompt_cache_miss_tokens=500,
            )
        ),
    ),
    ProviderAnswer(
        "Mistral", "mistral/mistral-large-latest", chat(_counts(2_000, 110, 2_110, num_cached_tokens=1_500)),
    ),
    ProviderAnswer(
        "Groq",
        "groq/mine",
        chat(
            _counts(
                2_000, 110, 2_110, queue_time=0.02, prompt_time=0.01, completion_time=0.3, total_time=0.31,
                prompt_tokens_details={"cached_tokens": 1_500}, completion_tokens_details={"reasoning_tokens": 100},
            ),
            x_groq={"id": "req_1"},
            service_tier="on_demand",
            usage_breakdown=None,
        ),
    ),
    ProviderAnswer(
        "xAI",
        "xai/grok-3",
        chat(
            _counts(
                2_000, 10, 2_110,
                prompt_tokens_details={"text_tokens": 2_000, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 1_500},
                completion_tokens_details={"reasoning_tokens": 100, "audio_tokens": 0},
                num_sources_used=0,
            )
        ),
        note="its completion leaves out the reasoning",
    ),
    ProviderAnswer("Together", "together_ai/mine", chat(_counts(2_000, 110, 2_110, cached_tokens=1_500))),
    ProviderAnswer(
        "Fireworks",
        "fireworks_ai/accounts/fireworks/models/mine",
        chat(_counts(2_000, 110, 2_110, prompt_tokens_details={"cached_tokens": 1_500})),
    ),
    ProviderAnswer(
        "OpenRouter",
        "openrouter/maker/mine",
        chat(
            _counts(
                2_000, 110, 2_110, cost=0.0024, is_byok=False,
                prompt_tokens_details={"cached_tokens": 1_500, "audio_tokens": 0, "cache_write_tokens": 0},
                cost_details={"upstream_inference_cost": None},
                completion_tokens_details={"reasoning_tokens": 100, "image_tokens": 0},
            ),
            provider="Maker",
        ),
    ),
    ProviderAnswer(
        "OpenRouter, which charged more",
        "openrouter/maker/mine",
        chat(_counts(2_000, 110, 2_110, cost=0.0125, is_byok=False)),
        UNCACHED,
        Decimal("0.0125"),
    ),
    ProviderAnswer(
        "OpenRouter with the user's own key",
        "openrouter/maker/mine",
        chat(_counts(2_000, 110, 2_110, cost=0.0003, is_byok=True, cost_details={"upstream_inference_cost": 0.006})),
        UNCACHED,
        Decimal("0.0063"),
    ),
    ProviderAnswer(
        "Cohere",
        "cohere_chat/v1/command-r-08-2024",
        {
            "response_id": "r1", "generation_id": "g1", "text": "hi", "chat_history": [], "finish_reason": "COMPLETE",
            "meta": {
                "api_version": {"version": "1"},
                "billed_units": {"input_tokens": 2_000, "output_tokens": 110},
                "tokens": {"input_tokens": 2_065, "output_tokens": 112},
            },
        },
        UNCACHED,
        UNCACHED_USD,
    ),
    ProviderAnswer(
        "Cohere, second version",
        "cohere_chat/v2/command-a-03-2025",
        {
            "id": "c1",
            "finish_reason": "COMPLETE",
            "message": {"role": "assistant", "content": [{"type": "text", "text": "hi"}]},
            "usage": {
                "billed_units": {"input_tokens": 2_000, "output_tokens": 110},
                "tokens": {"input_tokens": 2_065, "output_tokens": 112},
            },
        },
        UNCACHED,
        UNCACHED_USD,
    ),
    ProviderAnswer(
        "Perplexity",
        "perplexity/mine",
        chat(
            _counts(
                2_000, 110, 2_110, search_context_size="low",
                cost={"input_tokens_cost": 0.004, "output_tokens_cost": 0.0011, "request_cost": 0.005, "total_cost": 0.0101},
            ),
            citations=[], search_results=[],
        ),
        UNCACHED,
        Decimal("0.0101"),
        note="it says what it charges, with the search",
    ),
    ProviderAnswer(
        "Perplexity, deep research",
        "perplexity/mine",
        chat(
            _counts(
                500, 10, 510, citation_tokens=1_500, num_search_queries=3, reasoning_tokens=100, search_context_size="low"
            )
        ),
        UNCACHED,
        UNCACHED_USD,
        note="citations are read and thoughts are written beside what is counted",
    ),
    ProviderAnswer(
        "Cerebras",
        "cerebras/mine",
        chat(
            _counts(
                2_000, 110, 2_110, prompt_tokens_details={"cached_tokens": 1_500},
                completion_tokens_details={"accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
            ),
            time_info={"queue_time": 0.0001, "prompt_time": 0.001, "completion_time": 0.01, "total_time": 0.02},
        ),
    ),
    ProviderAnswer("Moonshot", "moonshot/mine", chat(_counts(2_000, 110, 2_110, cached_tokens=1_500))),
    ProviderAnswer(
        "DashScope (Qwen)",
        "dashscope/qwen-flash",
        chat(
            _counts(
                2_000, 110, 2_110,
                prompt_tokens_details={
                    "cached_tokens": 1_000, "cache_creation_input_tokens": 500, "cache_type": "ephemeral",
                    "cache_creation": {"ephemeral_5m_input_tokens": 500},
                },
                completion_tokens_details={"reasoning_tokens": 100, "text_tokens": 10},
            )
        ),
        Usage(2_000, 1_000, 110, 500),
        Decimal("0.00355"),
    ),
    ProviderAnswer(
        "Zhipu",
        "zai/glm-4.6",
        chat(_counts(2_000, 110, 2_110, prompt_tokens_details={"cached_tokens": 1_500}), request_id="1"),
    ),
    ProviderAnswer(
        "Ollama",
        "ollama_chat/mine",
        {
            "model": "mine", "created_at": "2026-11-29T13:00:00Z", "message": {"role": "assistant", "content": "hi"},
            "done_reason": "stop", "done": True, "total_duration": 5, "load_duration": 1, "prompt_eval_count": 2_000,
            "prompt_eval_duration": 2, "eval_count": 110, "eval_duration": 2,
        },
        UNCACHED,
        UNCACHED_USD,
    ),
    ProviderAnswer(
        "vLLM",
        "hosted_vllm/mine",
        chat(_counts(2_000, 110, 2_110, prompt_tokens_details={"cached_tokens": 1_500}), prompt_logprobs=None),
    ),
    ProviderAnswer(
        "vLLM without details", "hosted_vllm/mine", chat(_counts(2_000, 110, 2_110, prompt_tokens_details=None)), UNCACHED,
        UNCACHED_USD,
    ),
    ProviderAnswer(
        "SGLang",
        "openai/mine",
        chat(_counts(2_000, 110, 2_110, prompt_tokens_details=None, reasoning_tokens=100)),
        UNCACHED,
        UNCACHED_USD,
    ),
    ProviderAnswer(
        "Gemini behind OpenAI's words",
        "openai/mine",
        chat(_counts(2_000, 10, 2_110, completion_tokens_details=None)),
        UNCACHED,
        UNCACHED_USD,
        note="only the total holds the thoughts",
    ),
    ProviderAnswer(
        "a gateway to Claude whose prompt leaves out the cache",
        "openai/mine",
        chat(_counts(500, 110, 2_110, cache_read_input_tokens=1_500, cache_creation_input_tokens=0)),
    ),
    ProviderAnswer(
        "a gateway to Claude whose prompt holds the cache",
        "openai/mine",
        chat(_counts(2_000, 110, 2_110, cache_read_input_tokens=1_500, cache_creation_input_tokens=0)),
    ),
    ProviderAnswer(
        "a gateway whose prompt and total leave out the cache",
        "openai/mine",
        chat(_counts(10, 110, 120, prompt_tokens_details={"cached_tokens": 1_990})),
        Usage(2_000, 1_990, 110),
        Decimal("0.001518"),
    ),
    ProviderAnswer(
        "a gateway without a count of what was written",
        "openai/mine",
        chat({"prompt_tokens": 2_000, "total_tokens": 2_110}),
        UNCACHED,
        UNCACHED_USD,
    ),
    ProviderAnswer(
        "counts as text and as decimals",
        "openai/mine",
        chat({"prompt_tokens": "2000", "completion_tokens": 110.0, "total_tokens": "2110"}),
        UNCACHED,
        UNCACHED_USD,
    ),
)  # fmt: skip
