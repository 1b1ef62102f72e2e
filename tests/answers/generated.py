"""Made-up answers of any shape: the right ones of each provider, bent, cut, broken or replaced by any JSON at all.

Each knows the least that it costs by what its usage says: the true counts where they are still to be read, what was
reserved where they are not, and nothing where the status says that no model worked for it.
"""

from __future__ import annotations

import json
import random
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import count
from typing import Any

from strategies.models.circuit_breaker import CircuitBreakers
from strategies.models.in_memory_meter import CapMeter
from strategies.models.litellm_model import open_model
from strategies.models.meter import Metered
from strategies.models.model import Message, Model, ModelError, Prompt
from strategies.models.model_spec import ModelSpec
from tests.answers.provider_usage import chat, gemini, messages
from tests.fakes.raw_server import RawReply, RawServer, events

INPUT, OUTPUT = Decimal(2), Decimal(10)
"""USD per million tokens."""
MOST_OUTPUT = 500
"""The output limit of the calls: nobody writes more and reports it nowhere."""


@dataclass(frozen=True)
class Generated:
    """`least_usd` is the least that may be billed."""

    model: str
    reply: RawReply
    least_usd: Decimal
    what: str


def generate(dice: random.Random) -> Generated:
    """One answer."""
    prompt, said, thought = dice.randint(20, 60), dice.randint(1, 300), dice.choice([0, dice.randint(1, 200)])
    cached = dice.choice([0, dice.randint(1, prompt)])
    if dice.random() < 0.2:  # far more than was reserved: it can be known by the usage only
        prompt *= 1_000
    shape = dice.choice(_SHAPES)
    model, body = shape(dice, prompt, cached, said, thought)
    least = (prompt * INPUT + (said + thought) * OUTPUT) / 1_000_000
    bend = dice.choice([_whole, _whole, _bent, _cut, _hung_up, _prefixed, _streamed, _refused])
    if shape in (_openai, _added) and dice.random() < 0.3:
        model, bend = "openai/streams", dice.choice([_flowing, _flowing, _stuttering, _drying_up])
    reply, readable = bend(dice, body)
    if reply.status >= 400:
        least = Decimal(0)
    elif not readable:  # what was reserved covers an answer to a prompt of that size, and no more can be known
        least = min(least, (20 * INPUT + MOST_OUTPUT * OUTPUT) / 1_000_000)
    return Generated(model, reply, least, f"{bend.__name__} of {model}")


@cache
def _model(name: str, url: str) -> Model:
    """A model of these prices at a server of our own, which neither waits nor thinks."""
    spec = ModelSpec(
        name,
        api_base=url,
        api_key="key",
        input_usd_per_million=INPUT,
        output_usd_per_million=OUTPUT,
        max_output_tokens=MOST_OUTPUT if name != "openai/streams" else 4_000,
        timeout=5.0,
    )
    patient = CircuitBreakers(count(step=1_000).__next__)  # every failure is long ago
    return open_model(spec, sleep=lambda _: None, breakers=patient)


def billed(server: RawServer, answer: Generated) -> Decimal:
    """USD that `answer` is billed through the real library. Raises whatever is no ModelError."""
    server.answer = answer.reply
    meter = CapMeter(Decimal(1_000_000))
    prompt = Prompt((Message("system", "Be short."), Message("user", "Hello")), "repair")
    with suppress(ModelError):
        Metered(_model(answer.model, server.url), meter, "weak").complete(prompt)
    return meter.spent


def anything(dice: random.Random, depth: int = 0) -> Any:
    """Any JSON value."""
    kinds = [None, True, False, -1, 0, 7, 1.5, 1e300, "", "usage", "stop", "\u202e{", 10**20]
    if depth < 4 and dice.random() < 0.5:
        if dice.random() < 0.5:
            return [anything(dice, depth + 1) for _ in range(dice.randint(0, 3))]
        names = ["choices", "message", "content", "role", "text", "delta", "error", "parts", "id", "tool_calls", "x"]
        return {dice.choice(names): anything(dice, depth + 1) for _ in range(dice.randint(0, 3))}
    return dice.choice(kinds)


def _openai(dice: random.Random, prompt: int, cached: int, said: int, thought: int) -> tuple[str, dict[str, Any]]:
    usage: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": said + thought}
    usage["total_tokens"] = prompt + said + thought
    if dice.random() < 0.5:
        usage["completion_tokens_details"] = {"reasoning_tokens": thought}
    if dice.random() < 0.3:
        usage["prompt_tokens_details"] = dice.choice([None, {"cached_tokens": 0}, {"cached_tokens": None}])
    return dice.choice(["openai/mine", "deepseek/mine", "groq/mine", "together_ai/mine", "hosted_vllm/mine"]), chat(
        usage
    )


def _added(dice: random.Random, prompt: int, cached: int, said: int, thought: int) -> tuple[str, dict[str, Any]]:
    """Reasoning beside the completion, told in the total, in the details, or in both."""
    usage: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": said,
        "total_tokens": prompt + said + thought,
    }
    if dice.random() < 0.7:
        usage["completion_tokens_details"] = {"reasoning_tokens": thought}
    return dice.choice(["xai/mine", "openai/mine", "openrouter/maker/mine"]), chat(usage)


def _anthropic(dice: random.Random, prompt: int, cached: int, said: int, thought: int) -> tuple[str, dict[str, Any]]:
    usage = {"input_tokens": prompt, "output_tokens": said + thought}
    return "anthropic/claude-haiku-5-5", messages(usage)


def _gemini(dice: random.Random, prompt: int, cached: int, said: int, thought: int) -> tuple[str, dict[str, Any]]:
    usage: dict[str, Any] = {"promptTokenCount": prompt, "candidatesTokenCount": said}
    if thought or dice.random() < 0.5:
        usage["thoughtsTokenCount"] = thought
    if dice.random() < 0.7:
        usage["totalTokenCount"] = prompt + said + thought
    return "gemini/gemini-2.5-flash", gemini(usage)


_SHAPES = (_openai, _added, _anthropic, _gemini)


def _whole(dice: random.Random, body: dict[str, Any]) -> tuple[RawReply, bool]:
    return RawReply(json.dumps(body, ensure_ascii=dice.random() < 0.5).encode("utf-8", "surrogatepass")), True


def _bent(dice: random.Random, body: dict[str, Any]) -> tuple[RawReply, bool]:
    """Anything in the place of anything but the usage, as deep as it goes."""
    bent = json.loads(json.dumps(body))
    for _ in range(dice.randint(1, 4)):
        place = bent
        while True:
            names = (
                [n for n in place if n not in ("usage", "usageMetadata")]
                if isinstance(place, dict)
                else list(range(len(place)))
            )
            if not names:
                break
            name = dice.choice(names)
            if isinstance(place[name], dict | list) and place[name] and dice.random() < 0.7:
                place = place[name]
                continue
            if isinstance(place, dict) and dice.random() < 0.2:
                del place[name]
            else:
                place[name] = anything(dice)
            break
    text = json.dumps(bent)
    return RawReply(text.encode(), content_type=dice.choice(["application/json", "text/plain", ""])), True


def _cut(dice: random.Random, body: dict[str, Any]) -> tuple[RawReply, bool]:
    """The front of the body as if it were all."""
    if dice.random() < 0.5:  # the usage first
        name = "usage" if "usage" in body else "usageMetadata"
        body = {name: body[name], **body}
    raw = json.dumps(body).encode()
    return RawReply(raw[: dice.randint(0, len(raw) - 1)]), False


def _hung_up(dice: random.Random, body: dict[str, Any]) -> tuple[RawReply, bool]:
    raw = json.dumps(body).encode()
    return RawReply(raw, cut=dice.randint(0, len(raw) - 1)), False


def _prefixed(dice: random.Random, body: dict[str, Any]) -> tuple[RawReply, bool]:
    """A whole answer with something before or behind it."""
    text = json.dumps(body)
    return RawReply(
        dice.choice([f"\ufeff{text}", f"{text}\n", f"  \n{text}", f"{text} trailing", f"#!{text}"]).encode()
    ), True


def _streamed(dice: random.Random, body: dict[str, Any]) -> tuple[RawReply, bool]:
    """Events although none were asked for."""
    text = f"data: {json.dumps(body)}\n\ndata: [DONE]\n\n"
    return RawReply(text.encode(), content_type=dice.choice(["text/event-stream", "application/json"])), True


def _flow(body: dict[str, Any]) -> list[Any]:
    """The events of a stream with the usage of `body`."""
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": "he"}, {"content": "llo"}]
    told: list[Any] = [{**head, "choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas]
    told.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    return [*told, {**head, "choices": [], "usage": body["usage"]}]


def _flowing(dice: random.Random, body: dict[str, Any]) -> tuple[RawReply, bool]:
    return events(*_flow(body), done=dice.random() < 0.8), True


def _stuttering(dice: random.Random, body: dict[str, Any]) -> tuple[RawReply, bool]:
    """Anything among the events of a stream."""
    told = _flow(body)
    for _ in range(dice.randint(1, 3)):
        told.insert(dice.randint(0, 3), anything(dice))
    return events(*told), True


def _drying_up(dice: random.Random, body: dict[str, Any]) -> tuple[RawReply, bool]:
    """A stream that ends anywhere, politely or not."""
    raw = events(*_flow(body)).body
    place = dice.randint(0, len(raw) - 1)
    kind = "text/event-stream"
    polite = dice.random() < 0.5
    return (RawReply(raw[:place], content_type=kind) if polite else RawReply(raw, content_type=kind, cut=place)), False


def _refused(dice: random.Random, body: dict[str, Any]) -> tuple[RawReply, bool]:
    status = dice.choice([400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 529])
    error: Any = dice.choice([{"error": {"message": "no"}}, {"error": "no"}, [], None, "no", anything(dice)])
    return RawReply(json.dumps(error).encode(), status), False
