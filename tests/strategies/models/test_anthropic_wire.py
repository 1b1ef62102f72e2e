"""What goes to Anthropic and comes back, over HTTP: cache marks, cached tokens, thoughts between tool calls."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from strategies.models.in_memory_meter import CapMeter
from strategies.models.litellm_model import open_model
from strategies.models.meter import Metered
from strategies.models.model import Message, Model, Prompt, Tool
from strategies.models.model_spec import ModelSpec
from strategies.models.usage import Usage
from tests.fakes.anthropic_server import AnthropicServer

TOOL = Tool("shell", "Runs a command.", {"type": "object", "properties": {"command": {"type": "string"}}})
USAGE = {"input_tokens": 10, "cache_read_input_tokens": 900, "cache_creation_input_tokens": 90, "output_tokens": 5}


def model_at(url: str, name: str = "anthropic/claude-haiku-5-5") -> Model:
    return open_model(ModelSpec(name, api_base=url, api_key="sk-ant-test"))


def test_cached_and_written_tokens_are_parts_of_the_input_and_priced_apart() -> None:
    meter = CapMeter(Decimal(1))
    with AnthropicServer([{"content": [{"type": "text", "text": "hi"}], "usage": USAGE}]) as server:
        prompt = Prompt(
            (Message("system", "s"), Message("user", "f" * 4_000, cache=True), Message("user", "q")), "repair"
        )
        completion = Metered(model_at(server.url), meter, "weak").complete(prompt)
    assert completion.usage == Usage(1000, 900, 5, 90)
    assert meter.charges[0].usd == Decimal("0.000024")  # 10·0.1 + 900·0.01 + 90·0.125 + 5·0.5 in millionths, rounded up
    (message,) = server.requests[0]["messages"]
    assert [bool(b.get("cache_control")) for b in message["content"]] == [True, False]
    assert "temperature" not in server.requests[0]


def test_marks_go_to_what_can_be_kept_and_are_cut_to_what_is_allowed() -> None:
    text = ["a prefix below 512 tokens", *(f"turn {n} " + "x" * 1_500 for n in range(1, 15))]
    talk = tuple(Message("user" if n % 2 == 0 else "assistant", said, cache=n % 2 == 0) for n, said in enumerate(text))
    with AnthropicServer([{"content": [{"type": "text", "text": "hi"}], "usage": USAGE}] * 2) as server:
        model_at(server.url).complete(Prompt(talk, "agent"))
        model_at(server.url, "anthropic/claude-haiku-4-5").complete(Prompt(talk[:11], "agent"))
    marked = [
        [b["text"][:7].strip() for m in request["messages"] for b in m["content"] if b.get("cache_control")]
        for request in server.requests
    ]
    assert marked == [["turn 2", "turn 10", "turn 12", "turn 14"], ["turn 6", "turn 8", "turn 10"]]


def test_thoughts_go_back_with_the_tool_call_that_they_led_to() -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": "c2lnbmVk"}
    use = {"type": "tool_use", "id": "t1", "name": "shell", "input": {"command": "ls"}}
    replies: list[dict[str, Any]] = [
        {"content": [thought, use], "usage": USAGE, "stop_reason": "tool_use"},
        {"content": [{"type": "text", "text": "done"}], "usage": USAGE},
    ]
    with AnthropicServer(replies) as server:
        model = model_at(server.url, "anthropic/claude-opus-5-5")
        first = model.complete(Prompt((Message("user", "go"),), "agent", (TOOL,)))
        assert (first.finish, first.tool_calls[0].name) == ("tool_calls", "shell")
        said = (
            Message("assistant", first.text, first.tool_calls),
            Message("tool", "a.py", tool_call_id="t1", cache=True),
        )
        follow = Prompt((Message("user", "go"), *said), "agent", (TOOL,))
        assert model.count(follow) > 1000 + len("c2lnbmVk")
        assert model.complete(follow).text == "done"
    sent = server.requests[1]["messages"][1]["content"]
    assert [b["type"] for b in sent] == ["thinking", "tool_use"]
    assert sent[0]["signature"] == "c2lnbmVk"
