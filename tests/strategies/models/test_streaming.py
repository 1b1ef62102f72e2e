"""Long answers stream: read as they come, billed by their last count, broken off at once, and noticed when they hang."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from strategies.models.circuit_breaker import CircuitBreakers
from strategies.models.in_memory_meter import CapMeter
from strategies.models.litellm_model import open_model
from strategies.models.meter import Metered
from strategies.models.model import Message, ModelUnavailable, Prompt, Tool, ToolCall
from strategies.models.model_spec import ModelSpec
from strategies.models.usage import Usage
from tests.answers.provider_usage import chat
from tests.fakes.raw_server import RawReply, RawServer, events, json_reply

PROMPT = Prompt((Message("system", "Be short."), Message("user", "Hello")), "repair")
TOOL = Tool("shell", "Runs a command.", {"type": "object", "properties": {"command": {"type": "string"}}})
USAGE = {
    "prompt_tokens": 40,
    "completion_tokens": 12,
    "total_tokens": 552,
    "completion_tokens_details": {"reasoning_tokens": 500},
}
PAID = Decimal("0.0052")


class Cancelled(Exception):
    pass


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with RawServer(RawReply()) as one:
        yield one


def metered(
    server: RawServer,
    name: str = "openai/streams",
    *,
    silence: float = 20.0,
    watch: Callable[[], None] | None = None,
) -> tuple[Metered, CapMeter]:
    server.requests.clear()
    spec = ModelSpec(
        name,
        api_base=server.url,
        api_key="key",
        input_usd_per_million=Decimal(2),
        output_usd_per_million=Decimal(10),
        supports_tools=True,
        silence=silence,
        watch=watch,
    )
    meter = CapMeter(Decimal(1))
    model = open_model(spec, sleep=lambda _: None, watch_seconds=0.05, breakers=CircuitBreakers())
    return Metered(model, meter, "weak"), meter


def delta(finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": fields, "finish_reason": finish}],
    }


LAST = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [], "usage": USAGE}


def test_a_long_answer_streams_and_is_billed_by_its_last_count(server: RawServer) -> None:
    server.answer = events(delta(role="assistant", content="he"), delta(content="llo"), delta("stop"), LAST)
    model, meter = metered(server)
    completion = model.complete(PROMPT)
    assert (completion.text, completion.finish, completion.usage) == ("hello", "stop", Usage(40, 0, 512))
    assert [c.usd for c in meter.charges] == [PAID]
    (request,) = server.requests
    assert (request["stream"], request["stream_options"]) == (True, {"include_usage": True})


def test_a_short_answer_does_not_stream(server: RawServer) -> None:
    server.answer = json_reply(chat(USAGE))
    model, _ = metered(server)
    assert model.complete(Prompt(PROMPT.messages, "route", max_output_tokens=300)).text == "hi"
    assert "stream" not in server.requests[0]


def test_a_tool_call_in_pieces_is_put_together(server: RawServer) -> None:
    first = {"index": 0, "id": "c9", "type": "function", "function": {"name": "shell", "arguments": ""}}
    more = [{"index": 0, "function": {"arguments": part}} for part in ('{"comm', 'and": "ls"}')]
    server.answer = events(
        delta(role="assistant", tool_calls=[first]),
        *(delta(tool_calls=[one]) for one in more),
        delta("tool_calls"),
        LAST,
    )
    model, _ = metered(server)
    completion = model.complete(Prompt(PROMPT.messages, "agent", (TOOL,)))
    assert completion.tool_calls == (ToolCall("c9", "shell", '{"command": "ls"}'),)
    assert completion.finish == "tool_calls"


def test_anthropics_stream_is_read_with_its_thoughts_and_its_cache(server: RawServer) -> None:
    usage = {"input_tokens": 10, "cache_read_input_tokens": 30, "cache_creation_input_tokens": 0, "output_tokens": 1}
    told: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"id": "m1", "type": "message", "role": "assistant", "model": "c", "content": [], "stop_reason": None, "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}},
        {"type": "ping"},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "c2ln"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "hello"}},
        {"type": "content_block_stop", "index": 1},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 512}},
        {"type": "message_stop"},
    ]  # fmt: skip
    body = "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in told)
    server.answer = RawReply(body.encode(), content_type="text/event-stream; charset=utf-8")
    model, meter = metered(server, "anthropic/claude-haiku-5-5")
    completion = model.complete(PROMPT)
    assert (completion.text, completion.usage) == ("hello", Usage(40, 30, 512))
    assert [c.usd for c in meter.charges] == [PAID]


def test_a_server_that_answers_at_once_all_the_same_is_asked_once_and_without_streaming_from_then_on(
    server: RawServer,
) -> None:
    server.answer = json_reply(chat(USAGE))
    model, meter = metered(server, "openai/never-streams")
    assert model.complete(PROMPT).text == "hi"
    assert len(server.requests) == 1
    assert model.complete(PROMPT).text == "hi"
    assert ["stream" in request for request in server.requests] == [True, False]
    assert [c.usd for c in meter.charges] == [PAID, PAID]


def test_a_stream_without_a_count_is_charged_at_its_worst_and_not_asked_for_again(server: RawServer) -> None:
    server.answer = lambda body: (
        events(delta(role="assistant", content="hi"), delta("stop")) if body.get("stream") else json_reply(chat(USAGE))
    )
    model, meter = metered(server, "openai/uncounted")
    assert model.complete(PROMPT).text == "hi"
    assert model.complete(PROMPT).text == "hi"
    assert [c.usd for c in meter.charges] == [None, PAID]


def test_a_stream_that_the_library_cannot_read_is_paid_once_and_not_asked_for_again(server: RawServer) -> None:
    odd = {**delta("stop"), "choices": [{"index": 0, "delta": "hello", "finish_reason": "stop"}]}
    server.answer = lambda body: events(odd, LAST) if body.get("stream") else json_reply(chat(USAGE))
    model, meter = metered(server, "openai/odd-streams")
    with pytest.raises(ModelUnavailable):
        model.complete(PROMPT)
    assert model.complete(PROMPT).text == "hi"
    assert [c.usd for c in meter.charges] == [PAID, PAID]


@pytest.mark.parametrize("name", ["cohere_chat/v2/command-a-03-2025", "cohere_chat/command-r-08-2024"])
def test_a_provider_whose_streams_the_library_cannot_read_is_asked_without(server: RawServer, name: str) -> None:
    said = {"role": "assistant", "content": [{"type": "text", "text": "hi"}]}
    usage = {"billed_units": {"input_tokens": 40, "output_tokens": 512}}
    server.answer = json_reply({"id": "c1", "finish_reason": "COMPLETE", "message": said, "usage": usage})
    model, meter = metered(server, name)
    assert model.complete(PROMPT).text == "hi"
    assert not server.requests[0].get("stream")
    assert [c.usd for c in meter.charges] == [PAID]


@pytest.mark.parametrize("cut", [1, 60, 300])
def test_a_stream_that_breaks_off_is_lost_and_charged_at_its_worst(server: RawServer, cut: int) -> None:
    body = events(delta(role="assistant", content="he"), delta(content="llo"), delta("stop"), LAST).body
    server.answer = RawReply(body, content_type="text/event-stream", cut=cut)
    model, meter = metered(server)
    with pytest.raises(ModelUnavailable) as caught:
        model.complete(PROMPT)
    assert caught.value.uncertain
    assert [c.usd for c in meter.charges] == [None]
    assert len(server.requests) == 1


def test_an_error_in_the_middle_of_a_stream_is_told_and_charged(server: RawServer) -> None:
    broken = {"error": {"code": 502, "message": "the model fell over"}}
    server.answer = events(delta(role="assistant", content="he"), broken, done=False)
    model, meter = metered(server)
    with pytest.raises(ModelUnavailable, match="the model fell over"):
        model.complete(PROMPT)
    assert [c.usd for c in meter.charges] == [None]


def test_silence_is_noticed_and_a_ping_breaks_it(server: RawServer) -> None:
    ends = threading.Event()
    pieces = (
        b": ping\n\n",
        b": ping\n\n",
        *(line + b"\n\n" for line in events(delta(content="hi"), delta("stop"), LAST).body.split(b"\n\n")),
    )
    server.answer = RawReply(
        content_type="text/event-stream", pieces=pieces, pause=lambda n: time.sleep(0.2) if n < 2 else None
    )
    model, _ = metered(server, silence=0.35)
    assert model.complete(PROMPT).text == "hi"
    server.answer = RawReply(content_type="text/event-stream", pieces=pieces, pause=lambda _: ends.wait(20))
    model, meter = metered(server, silence=0.2)
    with pytest.raises(ModelUnavailable) as caught:
        model.complete(PROMPT)
    ends.set()
    assert caught.value.uncertain
    assert meter.spent == meter.charges[0].worst_usd


@pytest.mark.parametrize("streams", [True, False])
def test_a_call_that_nobody_wants_any_more_is_broken_off_at_once_and_charged(server: RawServer, streams: bool) -> None:
    began, ends = threading.Event(), threading.Event()

    def pause(_: int) -> None:
        began.set()
        ends.wait(20)

    def watch() -> None:
        if began.is_set():
            raise Cancelled

    body = events(delta(content="he"), delta("stop"), LAST).body
    half = len(body) // 2
    server.answer = RawReply(content_type="text/event-stream", pieces=(body[:half], body[half:]), pause=pause)
    model, meter = metered(server, watch=watch)
    limit = None if streams else 500
    started = time.monotonic()
    with pytest.raises(Cancelled):
        model.complete(Prompt(PROMPT.messages, "repair", max_output_tokens=limit))
    assert time.monotonic() - started < 10
    ends.set()
    (charge,) = meter.charges
    assert (charge.usd, charge.error) == (None, "Cancelled")
