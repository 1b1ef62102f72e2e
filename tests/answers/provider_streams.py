"""How providers stream the answers of `provider_usage`: the same counts, byte for byte in each one's own events."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from strategies.models.usage import Usage
from tests.answers.provider_usage import UNCACHED, UNCACHED_USD, USUAL, USUAL_USD
from tests.fakes.raw_server import RawReply, events

HEAD = {"id": "c1", "object": "chat.completion.chunk", "created": 1_790_000_000, "model": "m"}
FULL = {
    "prompt_tokens": 2_000, "completion_tokens": 110, "total_tokens": 2_110,
    "prompt_tokens_details": {"cached_tokens": 1_500}, "completion_tokens_details": {"reasoning_tokens": 100},
}  # fmt: skip


@dataclass(frozen=True)
class ProviderStream:
    """One streamed answer that says "hello"."""

    provider: str
    model: str
    reply: RawReply
    usage: Usage = USUAL
    usd: Decimal = USUAL_USD


def chunk(finish: str | None = None, usage: Mapping[str, Any] | None = None, **delta: Any) -> dict[str, Any]:
    """OpenAI's chunk; with `usage`, as those send it that count in every chunk."""
    one: dict[str, Any] = {**HEAD, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    return one if usage is None else {**one, "usage": dict(usage)}


def told(usage: Mapping[str, Any], **more: Any) -> RawReply:
    """OpenAI's stream with its usage in a last chunk without choices."""
    last = {**HEAD, "choices": [], "usage": dict(usage), **more}
    return events(chunk(role="assistant", content="hel"), chunk(content="lo"), chunk("stop"), last)


def named(*values: Mapping[str, Any]) -> RawReply:
    """Events with their names, as Anthropic and OpenAI's responses send them."""
    body = "".join(f"event: {value['type']}\ndata: {json.dumps(value)}\n\n" for value in values)
    return RawReply(body.encode(), content_type="text/event-stream; charset=utf-8")


def frame(kind: str, payload: Mapping[str, Any]) -> bytes:
    """A frame of AWS's event stream, with its checksums."""
    headers = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in ((":event-type", kind), (":content-type", "application/json"), (":message-type", "event"))
    )
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
    prelude += struct.pack(">I", zlib.crc32(prelude))
    whole = prelude + headers + body
    return whole + struct.pack(">I", zlib.crc32(whole))


def _gemini(*usages: Mapping[str, Any]) -> RawReply:
    pieces = []
    for place, usage in enumerate(usages):
        last = place == len(usages) - 1
        content = {"parts": [{"text": "lo" if last else "hel"}], "role": "model"}
        candidate = {"content": content, "index": 0} | ({"finishReason": "STOP"} if last else {})
        pieces.append({"candidates": [candidate], "usageMetadata": dict(usage), "modelVersion": "gemini"})
    return events(*pieces, done=False)


ANTHROPIC = named(
    {
        "type": "message_start",
        "message": {
            "id": "m1", "type": "message", "role": "assistant", "model": "claude", "content": [], "stop_reason": None,
            "stop_sequence": None,
            "usage": {
                "input_tokens": 500, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 1_500, "output_tokens": 1,
            },
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hel"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lo"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 110}},
    {"type": "message_stop"},
)  # fmt: skip
BEDROCK = RawReply(
    frame("messageStart", {"role": "assistant"})
    + frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "hel"}})
    + frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "lo"}})
    + frame("contentBlockStop", {"contentBlockIndex": 0})
    + frame("messageStop", {"stopReason": "end_turn"})
    + frame(
        "metadata",
        {
            "usage": {"inputTokens": 500, "outputTokens": 110, "totalTokens": 2_110, "cacheReadInputTokens": 1_500},
            "metrics": {"latencyMs": 900},
        },
    ),
    content_type="application/vnd.amazon.eventstream",
)
OLLAMA = RawReply(
    b"".join(
        json.dumps(one).encode() + b"\n"
        for one in (
            {"model": "mine", "created_at": "2026-11-29T13:00:00Z", "message": {"role": "assistant", "content": "hel"}, "done": False},
            {"model": "mine", "created_at": "2026-11-29T13:00:00Z", "message": {"role": "assistant", "content": "lo"}, "done": False},
            {
                "model": "mine", "created_at": "2026-11-29T13:00:01Z", "message": {"role": "assistant", "content": ""},
                "done_reason": "stop", "done": True, "prompt_eval_count": 2_000, "eval_count": 110,
            },
        )
    ),
    content_type="application/x-ndjson",
)  # fmt: skip
RUNNING = [{"prompt_tokens": 2_000, "completion_tokens": n, "total_tokens": 2_000 + n} for n in (1, 5, 110)]

STREAMS = (
    *(
        ProviderStream(name, model, told(FULL))
        for name, model in (
            ("OpenAI", "openai/mine"), ("Azure OpenAI", "azure/my-deployment"), ("DeepSeek", "deepseek/deepseek-chat"),
            ("Mistral", "mistral/mistral-large-latest"), ("Together", "together_ai/mine"), ("vLLM", "hosted_vllm/mine"),
            ("Fireworks", "fireworks_ai/accounts/fireworks/models/mine"), ("OpenRouter", "openrouter/maker/mine"),
            ("Cerebras", "cerebras/mine"), ("DashScope", "dashscope/qwen-flash"), ("Zhipu", "zai/glm-4.6"),
        )
    ),
    ProviderStream("Anthropic", "anthropic/claude-haiku-5-5", ANTHROPIC),
    ProviderStream("Bedrock", "bedrock/converse/amazon.nova-pro-v1:0", BEDROCK),
    ProviderStream(
        "Gemini",
        "gemini/gemini-2.5-flash",
        _gemini(
            {"promptTokenCount": 2_000, "totalTokenCount": 2_100, "thoughtsTokenCount": 100, "cachedContentTokenCount": 1_500},
            {
                "promptTokenCount": 2_000, "candidatesTokenCount": 10, "totalTokenCount": 2_110, "thoughtsTokenCount": 100,
                "cachedContentTokenCount": 1_500,
            },
        ),
    ),
    ProviderStream(
        "xAI",
        "xai/grok-3",
        told(FULL | {"completion_tokens": 10}),
    ),
    ProviderStream(
        "Groq",
        "groq/mine",
        events(chunk(role="assistant", content="hel"), chunk(content="lo"), {**chunk("stop"), "x_groq": {"id": "1", "usage": FULL}}),
    ),
    ProviderStream(
        "Moonshot",
        "moonshot/mine",
        events(
            chunk(role="assistant", content="hel"), chunk(content="lo"),
            {**HEAD, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "usage": FULL | {"cached_tokens": 1_500}}]},
        ),
    ),
    ProviderStream(
        "Perplexity, which counts in every event",
        "perplexity/mine",
        events(
            chunk(usage=RUNNING[0], role="assistant", content="hel"), chunk(usage=RUNNING[1], content="lo"),
            chunk("stop", usage=RUNNING[2]),
        ),
        UNCACHED,
        UNCACHED_USD,
    ),
    ProviderStream("Ollama", "ollama_chat/mine", OLLAMA, UNCACHED, UNCACHED_USD),
)  # fmt: skip
