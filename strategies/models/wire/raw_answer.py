"""The JSON of a provider's answer as it came over the wire: one body, server-sent events, JSON lines, or AWS's event
stream; whole, broken or cut off. Pure, and it never raises: what cannot be read is left out, and said.

Sources: server-sent events (HTML Living Standard, section 9.2), AWS event stream encoding (Amazon Transcribe developer
guide, "Event stream encoding").
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_DEEPEST = 60
CONTENT = frozenset({
    "content", "input", "args", "arguments", "parameters", "parts", "tool_calls", "tool_call", "tool_call_delta",
    "function_call", "functionCall", "toolUse", "tool_plan", "output", "text", "logprobs",
})  # fmt: skip
"""Where the model's own words stand: what looks like a count or an end there is none."""
_REASONS = ("finish_reason", "stop_reason", "finishReason", "stopReason", "done_reason", "finish_type")
_NO_REASON = re.compile(r"|null|none|.*_unspecified", re.IGNORECASE)
"""What stands for a reason while the answer goes on."""
_LAST = re.compile(r"message_stop|message-end|stream-end|response\.(?:completed|incomplete|failed)")
_PRELUDE = struct.Struct(">II")


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """`events` are JSON values in order; `broken` are pieces of text that are no JSON. `streamed`: it came in events,
    so that counts in it may grow until it has `ended`, which one whole JSON body has."""

    events: tuple[Any, ...]
    broken: tuple[str, ...] = ()
    ended: bool = False
    streamed: bool = False


def read_answer(body: bytes, content_type: str = "") -> RawAnswer:
    """What `body` holds."""
    if "vnd.amazon.eventstream" in content_type:
        return _lines(list(_frames(body)))
    text = body.decode("utf-8", "replace").removeprefix("\ufeff")
    value = loads(text)
    if value is not None:
        return RawAnswer((value,), (), ended=True)
    if "text/event-stream" in content_type or re.match(r"\s*(?:data|event|id|retry)?:", text):
        return _lines(list(_data(text)))
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and sum(loads(line) is not None for line in lines) * 2 > len(lines):
        return _lines(lines)
    return RawAnswer((), (text,) if text.strip() else ())


def loads(text: str) -> Any:
    """The JSON object or list that `text` is; None for anything else. Never raises."""
    stripped = text.strip()
    if not stripped.startswith(("{", "[")):
        return None
    try:
        value = json.loads(stripped, strict=False)
    except (ValueError, RecursionError):
        return None
    return value if _shallow(value, 0) else None


def _shallow(value: Any, depth: int) -> bool:
    if depth > _DEEPEST:
        return False
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(_shallow(one, depth + 1) for one in inside)


def _lines(pieces: list[str]) -> RawAnswer:
    events, broken, ended = [], [], False
    for piece in pieces:
        if piece.strip() == "[DONE]":
            ended = True
            continue
        value = loads(piece)
        if value is None:
            broken.append(piece)
        else:
            events.append(value)
            ended = ended or says_end(value)
    return RawAnswer(tuple(events), tuple(broken), ended=ended, streamed=True)


def says_end(event: Any, depth: int = 0) -> bool:
    """Whether an event says, outside of what the model wrote, that the answer has come to its end."""
    if depth > 6:  # noqa: PLR2004 - deeper than any provider's
        return False
    if isinstance(event, list):
        return any(says_end(one, depth + 1) for one in event)
    if not isinstance(event, dict):
        return False
    if any(isinstance(why := event.get(name), str) and not _NO_REASON.fullmatch(why) for name in _REASONS):
        return True
    if any(isinstance(kind := event.get(name), str) and _LAST.fullmatch(kind) for name in ("type", "event_type")):
        return True
    if event.get("done") is True or event.get("is_finished") is True:
        return True
    return any(
        says_end(one, depth + 1)
        for name, one in event.items()
        if name not in CONTENT or (name == "output" and isinstance(one, dict))  # DashScope wraps its answers so
    )


def _data(text: str) -> Iterator[str]:
    """The data of each server-sent event; a last one without its empty line counts as well."""
    held: list[str] = []
    for line in [*re.split(r"\r\n|\n|\r", text), ""]:
        if not line.strip():
            if held:
                joined = "\n".join(held)
                yield from [joined] if loads(joined) is not None else held
            held = []
        elif line.startswith("data:"):
            held.append(line[5:].removeprefix(" "))
        elif line.lstrip().startswith("{"):  # servers that forget the field's name, and bare JSON errors
            held.append(line)


def _frames(body: bytes) -> Iterator[str]:
    """The payloads of AWS event stream frames: total length, header length, checksum, headers, payload, checksum."""
    place = 0
    while place + 16 <= len(body):
        total, headers = _PRELUDE.unpack_from(body, place)
        if total < 16 or headers > total - 16:  # noqa: PLR2004 - a frame without headers and payload
            return
        payload = body[place + 12 + headers : place + total - 4]
        text = payload.decode("utf-8", "replace")
        value = loads(text)
        if isinstance(value, dict) and isinstance(value.get("bytes"), str):
            try:
                text = base64.b64decode(value["bytes"]).decode("utf-8", "replace")
            except (binascii.Error, ValueError):
                text = ""
        yield text
        place += total
