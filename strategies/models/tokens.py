"""How many tokens a prompt has: a bound that is never too low, and an estimate for planning. No network.

The bound. The tokenizers in use (byte-level BPE: GPT, Claude, Qwen, DeepSeek, Llama 3; BPE with byte
fallback: Llama 2, Mistral, Gemma) make every token out of at least one byte of UTF-8, so a text has at most
as many tokens as bytes. Exact tokenizers of today's models are not published (or are fetched from the
network), and a ratio such as "bytes ÷ 3" is broken by digits, hex or emoji: a reservation made from it could
be overrun. What the message format adds is bounded by the constants below (Anthropic documents 346–804
tokens for tools, OpenAI 3–4 per message).

`Known` tightens it without guessing: once the provider has counted a prompt, every later prompt that starts
with the same messages has at most that count plus the bytes of what differs (messages are tokenized apart
from each other). So the second turn of an agent and the second attempt on the same files are bounded closely.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict

from strategies.models.model import Message, Prompt, Tool

PER_MESSAGE = 16
PER_CALL = 64
PER_TOOL_CALL = 32
PER_IMAGE = 10_000
"""Above what any provider counts for one: Anthropic up to 4,784, OpenAI's and Gemini's tiles and patches below 4,000.

https://docs.anthropic.com/en/docs/build-with-claude/vision, https://platform.openai.com/docs/guides/images-vision
"""
TOOLS = 1_000
BYTES_PER_TOKEN = 3
"""For estimates: source code has 3 to 4 bytes a token."""
MOST_BYTES = 20
"""Bytes of one token on the average of a text, more than any tokenizer has."""
_KEPT = 2_000


def estimate(text: str) -> int:
    """About how many tokens `text` has, for fitting a context; not for money."""
    return -(-len(text.encode("utf-8", "surrogateescape")) // BYTES_PER_TOKEN)


def bound(text: str) -> int:
    """At most how many tokens `text` has: its bytes."""
    return len(text.encode("utf-8", "surrogatepass"))


def bound_message(message: Message) -> int:
    """At most how many tokens one message has, with its tool calls and framing."""
    calls = sum(
        bound(c.id) + bound(c.name) + bound(json.dumps(c.arguments)) + PER_TOOL_CALL for c in message.tool_calls
    )
    return PER_MESSAGE + bound(message.content) + bound(message.tool_call_id) + calls + len(message.images) * PER_IMAGE


def bound_tools(tools: tuple[Tool, ...]) -> int:
    """At most how many tokens the description of the tools has."""
    if not tools:
        return 0
    shown = json.dumps([[t.name, t.description, dict(t.parameters)] for t in tools])
    return TOOLS + bound(shown) + PER_TOOL_CALL * len(tools)


def bound_prompt(prompt: Prompt) -> int:
    """At most how many input tokens the provider will count for `prompt`."""
    return PER_CALL + bound_tools(prompt.tools) + sum(bound_message(m) for m in prompt.messages)


class Known:
    """Prompts that a provider has counted, as digests of their message prefixes."""

    def __init__(self) -> None:
        self._counted: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def learn(self, prompt: Prompt, input_tokens: int) -> None:
        """Remember the provider's count of `prompt`: no prefix of it has more. A count that no tokenizer could come to
        (some leave out what they have cached, and do not say so) is not remembered."""
        if input_tokens * MOST_BYTES < bound_prompt(prompt):
            return
        prefixes = _prefixes(prompt)
        with self._lock:
            for prefix in prefixes:
                known = self._counted.pop(prefix, None)
                self._counted[prefix] = input_tokens if known is None else min(known, input_tokens)
            while len(self._counted) > _KEPT:
                self._counted.popitem(last=False)

    def bound(self, prompt: Prompt) -> int:
        """The lowest safe bound: that of the bytes, or a counted prefix plus the bytes of the rest."""
        best = bound_prompt(prompt)
        rest = sum(bound_message(m) for m in prompt.messages)
        for message, prefix in zip(prompt.messages, _prefixes(prompt), strict=True):
            rest -= bound_message(message)
            counted = self._counted.get(prefix)
            if counted is not None:
                best = min(best, counted + rest + PER_CALL)
        return best


def _prefixes(prompt: Prompt) -> list[str]:
    """A digest for each number of leading messages (with the tools, which stand before them)."""
    h = hashlib.sha256(repr([(t.name, t.description, dict(t.parameters)) for t in prompt.tools]).encode())
    result = []
    for m in prompt.messages:
        calls = [(c.id, c.name, c.arguments) for c in m.tool_calls]
        h.update(repr((m.role, m.content, calls, m.tool_call_id)).encode("utf-8", "surrogatepass"))
        for image in m.images:
            h.update(hashlib.sha256(image.data).digest())
        result.append(h.hexdigest())
    return result
