"""The counts of a stream's events put together into those of the whole answer. Pure.

Most providers count from the answer's beginning, so the greatest count holds (OpenAI's and vLLM's last chunk,
Anthropic's `message_delta`, Gemini's chunks). Some servers count each chunk by itself: the output is then the sum. That
is told by what no growing count does: it falls, the input is named once and is 0 from then on, or there are more pieces
of text than tokens.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from strategies.models.wire.counts import amount, number

_INPUT = ("prompt_tokens", "input_tokens")
_OUTPUT = ("completion_tokens", "output_tokens")
_DETAILS = ("completion_tokens_details", "output_tokens_details")
_WRITTEN = frozenset({
    "content", "text", "reasoning", "reasoning_content", "thinking", "arguments", "partial_json", "refusal",
})  # fmt: skip
"""Where the text of a piece stands."""
_CHARACTERS = 8
"""Characters of one token that text hardly ever reaches on average: code and English have 3 to 5."""
_SURELY_GROWING = 3
"""As many steps upwards, and none down or aside, are no chance."""


@dataclass(frozen=True, slots=True)
class StreamStep:
    """One event with a usage: its counts, and how many characters of the answer came with it. `growing`: its protocol
    says that counts grow."""

    counts: Mapping[str, Any]
    written: int = 0
    growing: bool = False


def step(event: Any, counts: Mapping[str, Any]) -> StreamStep:
    """The event's step; `counts` is the usage that was found in it."""
    kind = event.get("type") if isinstance(event, dict) else None
    growing = isinstance(kind, str) and kind.startswith(("message_", "response."))
    return StreamStep(counts, sum(_written(event, 0)), growing)


def together(steps: Sequence[StreamStep]) -> dict[str, Any]:
    """The usage of the whole answer, in the shape of its events."""
    found: dict[str, Any] = {}
    for one in steps:
        found = merged(found, one.counts)
    return _summed(found, steps) if _each_by_itself(steps) else found


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both, with the greater of two counts: what is told while an answer streams grows to its end."""
    result = dict(one)
    for name, value in other.items():
        known = result.get(name)
        if isinstance(known, dict) and isinstance(value, Mapping):
            result[name] = merged(known, value)
        elif value is None:
            result.setdefault(name, None)
        elif (new := amount(value)) is not None and (old := amount(known)) is not None:
            result[name] = value if new >= old else known
        elif known is None or not isinstance(known, dict):
            result[name] = value
    return result


def added_up(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The sums of all counts in `parts`, also of those deeper inside."""
    result: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            known = result.get(name)
            if isinstance(value, Mapping):
                result[name] = added_up([known, value] if isinstance(known, Mapping) else [value])
            elif (count := number(value)) is not None:
                result[name] = count + (number(known) or 0)
    return result


def _each_by_itself(steps: Sequence[StreamStep]) -> bool:
    """Whether each event counts its own piece of the answer."""
    counted = [(one, made) for one in steps if (made := _count(one.counts, _OUTPUT)) is not None]
    if len(counted) < 2 or any(one.growing for one, _ in counted):  # noqa: PLR2004 - a piece and another one
        return False
    outputs = [count for _, count in counted]
    rises = sum(later > before for before, later in itertools.pairwise(outputs))
    falls = sum(later < before for before, later in itertools.pairwise(outputs))
    if falls:
        return falls * 2 >= rises  # an estimate that grew may be put right once, at its end
    taken = [count for one, _ in counted if (count := _count(one.counts, _INPUT)) is not None]
    if any(before and not later for before, later in itertools.pairwise(taken)):
        return rises < max(_SURELY_GROWING, len(outputs) - 1)
    texts = [(one.written, count) for one, count in counted if one.written]
    if len(texts) < 2 or any(count > written for written, count in texts):  # noqa: PLR2004 - see above
        return False
    return len(texts) > outputs[-1] or sum(written for written, _ in texts) > _CHARACTERS * outputs[-1]


def _summed(found: dict[str, Any], steps: Sequence[StreamStep]) -> dict[str, Any]:
    result = dict(found)
    counts = [one.counts for one in steps]
    for name in (*_OUTPUT, "reasoning_tokens"):
        if number(found.get(name)) is not None:
            result[name] = sum(number(one.get(name)) or 0 for one in counts)
    for name in _DETAILS:
        parts = [part for one in counts if isinstance(part := one.get(name), Mapping)]
        if parts:
            result[name] = added_up(parts)
    if amount(found.get("cost")) is not None:
        result["cost"] = str(sum((amount(one.get("cost")) or Decimal(0) for one in counts), Decimal(0)))
    if number(found.get("total_tokens")) is not None:
        beside = [
            (number(one.get("total_tokens")) or 0) - (_count(one, _INPUT) or 0) - (_count(one, _OUTPUT) or 0)
            for one in counts
        ]
        known = (_count(result, _INPUT) or 0) + (_count(result, _OUTPUT) or 0)
        result["total_tokens"] = known + sum(max(more, 0) for more in beside)
    return result


def _count(counts: Mapping[str, Any], names: Sequence[str]) -> int | None:
    return next((count for name in names if (count := number(counts.get(name))) is not None), None)


def _written(value: Any, depth: int) -> Iterator[int]:
    """Characters of the answer's text in an event."""
    if depth > 8:  # noqa: PLR2004 - deeper than any provider's
        return
    if isinstance(value, list):
        for one in value:
            yield from _written(one, depth + 1)
    elif isinstance(value, dict):
        for name, one in value.items():
            if isinstance(one, str):
                yield len(one) if name in _WRITTEN else 0
            else:
                yield from _written(one, depth + 1)
