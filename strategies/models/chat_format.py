"""Prompts as chat messages and answers as completions: the shapes on the wire, without any network.

The shape is OpenAI's chat completion, which litellm translates for every other provider.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any, Literal

from strategies.issue import IssueImage
from strategies.models.model import Prompt, Tool, ToolCall

Finish = Literal["stop", "length", "tool_calls", "refusal"]
_FINISH: dict[str, Finish] = {
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "refusal",
    "refusal": "refusal",
}


def readable(text: str) -> str:
    """`text` as it can be sent: without carriage returns at line ends and without surrogates."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text.replace("\r\n", "\n"))


def to_wire(prompt: Prompt, *, marks: frozenset[int] | None, system: bool = True) -> list[dict[str, Any]]:
    """The messages of `prompt`. Those at `marks` are marked for the cache as Anthropic wants it; None, where none are
    taken, makes neighbours of the same role one message, for servers that insist on turns. Without `system`, what the
    system says is said by the user."""
    chosen = marks or frozenset()
    result: list[dict[str, Any]] = []
    for place, message in enumerate(prompt.messages):
        text = readable(message.content)
        if message.role == "tool":
            one: dict[str, Any] = {"role": "tool", "tool_call_id": message.tool_call_id, "content": text or "(nothing)"}
        elif message.tool_calls:
            one = {"role": "assistant", "content": text or None, "tool_calls": [_call(c) for c in message.tool_calls]}
        else:
            role = "user" if message.role == "system" and not system else message.role
            one = {"role": role, "content": text or "(empty)"}
        if (message.images or place in chosen) and isinstance(one["content"], str):
            mark = {"cache_control": {"type": "ephemeral"}} if place in chosen else {}
            one["content"] = [*map(_image, message.images), {"type": "text", "text": one["content"], **mark}]
        last = result[-1] if result else None
        if marks is None and last and last["role"] == one["role"] == "user":
            last["content"] = _joined(last["content"], one["content"])
        else:
            result.append(one)
    return result


def _image(image: IssueImage) -> dict[str, Any]:
    data = base64.b64encode(image.data).decode("ascii")
    return {"type": "image_url", "image_url": {"url": f"data:{image.media_type};base64,{data}"}}


def _joined(first: Any, second: Any) -> Any:
    """Two contents of neighbours as one: text, or a list of parts where one of them holds images."""
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}\n\n{second}"
    return [p for c in (first, second) for p in ([{"type": "text", "text": c}] if isinstance(c, str) else c)]


def tools_to_wire(tools: tuple[Tool, ...]) -> list[dict[str, Any]]:
    """The tools as function declarations."""
    return [
        {
            "type": "function",
            "function": {"name": t.name, "description": t.description, "parameters": dict(t.parameters)},
        }
        for t in tools
    ]


def finish_of(reason: object, calls: tuple[ToolCall, ...], refusal: object) -> Finish:
    """Why the answer ended."""
    if refusal:
        return "refusal"
    known = _FINISH.get(str(reason), "stop")
    return "tool_calls" if calls and known == "stop" else known


def calls_of(raw: object) -> tuple[ToolCall, ...]:
    """The tool calls of an answer; one without a name is dropped, a missing id is made up from its place."""
    calls = []
    for place, one in enumerate(raw if isinstance(raw, list | tuple) else ()):
        function = getattr(one, "function", None)
        name = getattr(function, "name", None)
        if name:
            arguments = getattr(function, "arguments", None) or "{}"
            calls.append(ToolCall(str(getattr(one, "id", None) or f"call_{place}"), str(name), str(arguments)))
    return tuple(calls)


def _call(call: ToolCall) -> dict[str, Any]:
    try:
        valid = isinstance(json.loads(call.arguments), dict)
    except ValueError:
        valid = False
    arguments = call.arguments if valid else json.dumps({"unreadable": call.arguments[:2_000]})
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": readable(arguments)}}
