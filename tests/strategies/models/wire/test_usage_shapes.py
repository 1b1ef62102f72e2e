from __future__ import annotations

import base64
import json
import struct
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from strategies.models.price import Price
from strategies.models.usage import ReportedUsage, Usage
from strategies.models.wire.counts import MOST_TOKENS, number
from strategies.models.wire.raw_answer import read_answer
from strategies.models.wire.usage_shapes import added, read_usage, reported

OPENAI = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}


def of(text: str, content_type: str = "application/json") -> ReportedUsage | None:
    return reported(read_answer(text.encode(), content_type))


def stream(*events: Any, done: bool = True, named: bool = False) -> str:
    lines = [
        f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" if named else f"data: {json.dumps(e)}\n\n" for e in events
    ]
    return "".join(lines) + ("data: [DONE]\n\n" if done else "")


def frame(payload: bytes) -> bytes:
    headers = b"\x0b:event-type\x07\x00\x08metadata"
    return struct.pack(">III", 16 + len(headers) + len(payload), len(headers), 0) + headers + payload + b"\0\0\0\0"


@pytest.mark.parametrize(
    ("raw", "usage"),
    [
        ({"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 610}, Usage(100, 0, 510)),
        (
            {**OPENAI, "total_tokens": 610, "completion_tokens_details": {"reasoning_tokens": 500}},
            Usage(100, 0, 510),
        ),
        ({**OPENAI, "completion_tokens_details": {"reasoning_tokens": 500}}, Usage(100, 0, 510)),
        ({**OPENAI, "completion_tokens_details": {"reasoning_tokens": 9}}, Usage(100, 0, 10)),
        (
            {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 1000}},
            Usage(1010, 1000, 5),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 1015, "cache_read_input_tokens": 1000},
            Usage(1010, 1000, 5),
        ),
        ({"prompt_tokens": 2000, "completion_tokens": 5, "cache_read_input_tokens": 1000}, Usage(3000, 1000, 5)),
        (
            {
                "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 1515,
                "prompt_tokens_details": {"cached_tokens": 1000}, "completion_tokens_details": {"reasoning_tokens": 500},
            },
            Usage(1010, 1000, 505),
        ),
        (
            {"prompt_tokens": 500, "completion_tokens": 5, "total_tokens": 605,
             "prompt_tokens_details": {"cached_tokens": 400, "cache_write_tokens": 100}},
            Usage(600, 400, 5, 100),
        ),
        ({"completion_tokens": 10, "total_tokens": 110}, Usage(100, 0, 10)),
        ({"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 9}, Usage(19, 9, 5)),
        ({"input_tokens": 10, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 9}}, Usage(10, 9, 5)),
        ({"inputTokenCount": 10, "outputTokenCount": 5, "cacheWriteInputTokenCount": 9}, Usage(19, 0, 5, 9)),
        ({"promptTokenCount": 10, "toolUsePromptTokenCount": 5, "candidatesTokenCount": 3}, Usage(15, 0, 3)),
        ({"prompt_tokens": 0, "completion_tokens": 0}, None),
        ({"prompt_tokens": 100}, None),
        ({"completion_tokens": 100}, None),
        ({"prompt_tokens": True, "completion_tokens": 10}, None),
        ({"prompt_tokens": -5, "completion_tokens": 10}, None),
        ({"prompt_tokens": "many", "completion_tokens": 10}, None),
        ({"prompt_tokens": MOST_TOKENS + 1, "completion_tokens": 10}, None),
        ({"promptTokenCount": 10}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_what_a_count_leaves_out_is_found_in_the_total_or_the_details(raw: dict[str, Any], usage: Usage | None) -> None:
    assert read_usage(raw) == usage


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (5, 5),
        ("5", 5),
        (5.2, 6),
        ("5.0", 5),
        (-1, None),
        (None, None),
        (True, None),
        (float("nan"), None),
        ("5k", None),
    ],
)
def test_a_count_is_a_whole_number_from_zero_on(value: object, count: int | None) -> None:
    assert number(value) == count


def test_the_models_own_words_are_no_usage() -> None:
    fake = {"usage": {"prompt_tokens": 9_000, "completion_tokens": 9_000}}
    use = {"type": "tool_use", "input": fake}
    answer = {"content": [use], "choices": [{"message": {"content": json.dumps(fake)}}], "usage": OPENAI}
    assert of(json.dumps(answer)) == ReportedUsage(Usage(100, 0, 10))
    said = json.dumps({"choices": [{"delta": {"content": json.dumps(fake)}}]})
    assert of(said[:-3]) is None


@pytest.mark.parametrize(
    "broken",
    [
        '{"choices": [{"message": {"content": "so far}], "usage": %s}',
        '{"usage": %s, "choices": [{"message": {"content": "cut o',
        '{"choices": null, "usage": %s} and more',
        '{"choices": NaNaN, "usage": %s}',
        "\ufeff" + '{"choices": [[[, "usage": %s}',
    ],
)
def test_a_usage_is_found_in_what_is_no_json(broken: str) -> None:
    assert of(broken.replace("%s", json.dumps(OPENAI))) == ReportedUsage(Usage(100, 0, 10))


def test_a_usage_that_is_cut_off_says_at_least_what_stands_there_whole() -> None:
    cut = '{"choices": [], "usage": {"prompt_tokens": 100000, "completion_tokens": 10, "tot'
    assert of(cut) == ReportedUsage(Usage(100_000, 0, 10), whole=False)
    assert of(cut[:55]) == ReportedUsage(Usage(100_000), whole=False)
    assert of(cut[:45]) is None  # 100 of what may be more


def test_the_last_count_of_a_stream_holds_and_one_that_breaks_off_is_not_the_whole() -> None:
    grows = [
        {"choices": [{"delta": {"content": "a"}}], "usage": {"prompt_tokens": 100, "completion_tokens": n}}
        for n in (1, 2)
    ]
    ends = {
        "choices": [{"delta": {}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 3},
    }
    assert of(stream(*grows, done=False), "text/event-stream") == ReportedUsage(Usage(100, 0, 2), whole=False)
    assert of(stream(*grows, ends, done=False)) == ReportedUsage(Usage(100, 0, 3))
    assert of(stream(*grows)) == ReportedUsage(Usage(100, 0, 2))


def test_anthropics_stream_adds_up_from_its_first_and_last_events() -> None:
    start = {
        "type": "message_start",
        "message": {"content": [], "usage": {"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 1}},
    }
    delta = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 42}}
    assert of(stream(start, delta, {"type": "message_stop"}, done=False, named=True)) == ReportedUsage(
        Usage(100, 90, 42)
    )
    assert of(stream(start, done=False, named=True)) == ReportedUsage(Usage(100, 90, 1), whole=False)


def test_moonshots_usage_stands_in_the_choice_and_groqs_in_its_own_field() -> None:
    moonshot = {"choices": [{"delta": {}, "finish_reason": "stop", "usage": OPENAI}]}
    groq = {"choices": [{"delta": {}, "finish_reason": "stop"}], "x_groq": {"id": "1", "usage": OPENAI}}
    assert of(stream(moonshot)) == of(stream(groq)) == ReportedUsage(Usage(100, 0, 10))


def test_amazons_frames_and_json_lines_are_read() -> None:
    usage = {"usage": {"inputTokens": 100, "outputTokens": 10, "totalTokens": 110}}
    wrapped = base64.b64encode(json.dumps({"type": "message_stop"}).encode()).decode()
    body = frame(json.dumps({"stopReason": "end_turn"}).encode()) + frame(json.dumps(usage).encode())
    body += frame(json.dumps({"bytes": wrapped}).encode())
    for cut in range(len(body)):
        reported(read_answer(body[:cut], "application/vnd.amazon.eventstream"))
    told = reported(read_answer(body, "application/vnd.amazon.eventstream"))
    assert told == ReportedUsage(Usage(100, 0, 10))
    lines = '{"message": {"content": "h"}, "done": false}\n{"done": true, "prompt_eval_count": 100, "eval_count": 10}\n'
    assert of(lines, "application/x-ndjson") == ReportedUsage(Usage(100, 0, 10))


def test_how_an_answer_was_served_is_kept_where_it_is_not_the_usual() -> None:
    answer = {"service_tier": "Priority", "usage": {**OPENAI, "speed": "fast", "inference_geo": "global"}}
    told = of(json.dumps(answer))
    assert told is not None
    assert told.modes == ("priority", "fast")
    for usual in ({"service_tier": "default"}, {"service_tier": None}, {"serviceTier": {"type": "default"}}):
        plain = of(json.dumps({"usage": OPENAI, **usual}))
        assert plain is not None
        assert plain.modes == ()
    google = {"usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 1, "trafficType": "ON_DEMAND_FLEX"}}
    assert of(json.dumps(google)) == ReportedUsage(Usage(9, 0, 1), modes=("flex",))


def test_long_cache_writes_and_pictures_are_kept_apart() -> None:
    anthropic = {
        "input_tokens": 10, "output_tokens": 5, "cache_creation_input_tokens": 300,
        "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
    }  # fmt: skip
    assert of(json.dumps({"usage": anthropic})) == ReportedUsage(Usage(310, 0, 5, 300), long_write_tokens=200)
    bedrock = {
        "inputTokens": 10, "outputTokens": 5, "cacheWriteInputTokens": 300,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 200}, {"ttl": "5m", "inputTokens": 100}],
    }  # fmt: skip
    assert of(json.dumps({"usage": bedrock})) == ReportedUsage(Usage(310, 0, 5, 300), long_write_tokens=200)
    seen = {
        "promptTokenCount": 300,
        "candidatesTokenCount": 1,
        "promptTokensDetails": [{"modality": "IMAGE", "tokenCount": 258}],
    }
    assert of(json.dumps({"usageMetadata": seen})) == ReportedUsage(Usage(300, 0, 1), input_media=(("image", 258),))


def test_what_the_provider_says_that_it_charges_is_kept() -> None:
    right: list[dict[str, Any]] = [
        {"cost": 0.25},
        {"cost": {"total_cost": "0.25"}},
        {"cost_in_usd_ticks": 2_500_000_000},
    ]
    wrong: list[dict[str, Any]] = [{"cost": c} for c in (None, "free", -1, float("inf"), True)]
    for said in right:
        told = of(json.dumps({"usage": {**OPENAI, **said}}))
        assert told is not None
        assert told.usd == Decimal("0.25")
    for said in wrong:
        told = of(json.dumps({"usage": {**OPENAI, **said}}))
        assert told is not None
        assert told.usd is None


def test_two_answers_of_one_call_are_added() -> None:
    one = ReportedUsage(Usage(1, 0, 2), modes=("priority",), usd=Decimal(1))
    both = added(one, ReportedUsage(Usage(10, 5, 20), whole=False, usd=Decimal(2)))
    assert both == ReportedUsage(Usage(11, 5, 22), whole=False, modes=("priority",), usd=Decimal(3))


@pytest.mark.parametrize(
    ("event", "ended"),
    [
        ({"choices": [{"delta": {"tool_calls": [{"function": {"arguments": {"done": True}}}]}}]}, False),
        ({"candidates": [{"content": {"parts": [{"functionCall": {"args": {"finish_reason": "x"}}}]}}]}, False),
        ({"type": "content_block_start", "content_block": {"input": {"type": "message_stop"}}}, False),
        ({"tool_calls": [{"name": "t", "parameters": {"is_finished": True}}]}, False),
        ({"choices": [{"delta": {}, "finish_reason": None}]}, False),
        ({"output": {"finish_reason": "null"}}, False),
        ({"choices": [{"delta": {}, "finish_reason": "stop"}]}, True),
        ({"output": {"choices": [{"finish_reason": "stop"}]}}, True),
        ({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, True),
        ({"type": "response.completed", "response": {}}, True),
        ({"message": {"content": ""}, "done": True}, True),
        ({"stopReason": "end_turn"}, True),
    ],
)
def test_an_end_is_what_the_provider_says_and_not_what_the_model_writes(event: dict[str, Any], ended: bool) -> None:
    assert read_answer(f"{json.dumps({'id': 1})}\n{json.dumps(event)}\n".encode()).ended is ended


def chunks(*counts: tuple[int, int], text: str = "", **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "choices": [{"delta": {"content": text}, "finish_reason": "stop" if i == len(counts) - 1 else None}],
            "usage": {"prompt_tokens": taken, "completion_tokens": made, **more},
        }
        for i, (taken, made) in enumerate(counts)
    ]


@pytest.mark.parametrize(
    ("events", "output"),
    [
        (chunks((1000, 1), (0, 1), (0, 1)), 3),
        (chunks((1000, 1), (1000, 1), (1000, 1), text="a"), 3),
        (chunks((1000, 3), (1000, 1), (1000, 2), text="some words"), 6),
        (chunks((1000, 2), (0, 5)), 7),
        (chunks((1000, 1), (0, 1), completion_tokens_details={"reasoning_tokens": 50}), 102),
        (chunks((1000, 1), (1000, 2), (1000, 3), text="a"), 3),
        (chunks((1000, 40), (1000, 40)), 40),
        (chunks((1000, 400), (1000, 400), text="a"), 400),
        (chunks((1000, 1), (1000, 2), (1000, 3), (1000, 4), (1000, 3), text="a"), 4),
        (chunks((1000, 1), (1000, 0)), 1),
    ],
)
def test_chunks_that_count_themselves_are_added_and_growing_counts_are_not(
    events: list[dict[str, Any]], output: int
) -> None:
    told = of(stream(*events), "text/event-stream")
    assert told is not None
    assert (told.usage.input_tokens, told.usage.output_tokens) == (1000, output)


def test_anthropics_iterations_are_all_paid_and_an_advisers_at_another_price() -> None:
    turns = [
        {"type": "compaction", "input_tokens": 100_000, "output_tokens": 2000},
        {"type": "message", "input_tokens": 20_000, "output_tokens": 1000, "cache_read_input_tokens": 5},
    ]
    usage = {"input_tokens": 20_000, "output_tokens": 1000, "iterations": turns}
    told = of(json.dumps({"usage": usage}))
    assert told == ReportedUsage(Usage(120_005, 5, 3000))
    adviser = {"type": "advisor_message", "model": "other", "input_tokens": 10, "output_tokens": 10}
    told = of(json.dumps({"usage": usage | {"iterations": [*turns, adviser]}}))
    assert told is not None
    assert told.modes == ("advisor_message",)


def test_searches_are_paid_by_the_piece_or_what_was_reserved_is() -> None:
    usage = {"input_tokens": 10, "output_tokens": 10, "server_tool_use": {"web_search_requests": 5}}
    told = of(json.dumps({"usage": usage}))
    assert told is not None
    price = Price(input=Decimal(1), output=Decimal(1))
    assert price.bill(told, Decimal(1)) is None
    assert replace(price, search=Decimal("0.01")).bill(told, Decimal(1)) == Decimal("0.050020")


@pytest.mark.parametrize(
    ("said", "usd"),
    [
        ({"cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.5}}, "0.5"),
        (
            {
                "cost": 0.01, "is_byok": True,
                "cost_details": {"upstream_inference_prompt_cost": 0.2, "upstream_inference_completions_cost": 0.3},
            },
            "0.51",
        ),
        ({"cost": 0, "cost_details": {"upstream_inference_prompt_cost": 0.5}}, "0.5"),
        ({"is_byok": True, "cost_details": {"upstream_inference_cost": "0.5"}}, "0.5"),
        ({"cost": 0.4, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.5}}, "0.4"),
    ],
)  # fmt: skip
def test_a_key_of_ones_own_at_openrouter_is_charged_by_the_provider_behind_it(said: dict[str, Any], usd: str) -> None:
    told = of(json.dumps({"usage": {**OPENAI, **said}}))
    assert told is not None
    assert told.usd == Decimal(usd)
