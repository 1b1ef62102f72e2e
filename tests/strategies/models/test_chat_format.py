from __future__ import annotations

from types import SimpleNamespace

from strategies.models.chat_format import calls_of, finish_of, to_wire
from strategies.models.model import Message, Prompt, ToolCall


def test_arguments_that_are_no_json_object_are_sent_back_as_readable_json() -> None:
    said = Message("assistant", "", (ToolCall("1", "shell", "{broken"),))
    (wire,) = to_wire(Prompt((said,), "agent"), marks=None)
    assert wire["content"] is None
    assert wire["tool_calls"][0]["function"]["arguments"] == '{"unreadable": "{broken"}'


def test_no_message_is_empty_on_the_wire() -> None:
    messages = (Message("assistant", ""), Message("tool", "", tool_call_id="1"))
    assert [m["content"] for m in to_wire(Prompt(messages, "agent"), marks=None)] == ["(empty)", "(nothing)"]


def test_calls_without_a_name_are_dropped_and_ids_are_made_up() -> None:
    function = SimpleNamespace(name="shell", arguments="")
    raw = [SimpleNamespace(id=None, function=function), SimpleNamespace(id="2", function=SimpleNamespace(name=None))]
    assert calls_of(raw) == (ToolCall("call_0", "shell", "{}"),)
    assert calls_of(None) == ()


def test_why_an_answer_ended() -> None:
    call = (ToolCall("1", "shell", "{}"),)
    assert [finish_of(r, (), None) for r in ("stop", "length", "content_filter", None)] == [
        "stop",
        "length",
        "refusal",
        "stop",
    ]
    assert finish_of("stop", call, None) == "tool_calls"
    assert finish_of("stop", (), "I will not") == "refusal"
