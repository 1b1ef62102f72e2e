"""What providers say when they refuse a parameter, in their own words, and what is sent next."""

from __future__ import annotations

import pytest

from strategies.models.wire.learned_parameters import Habits, Sent, as_mapping, learn, room_for_output

SENT = Sent(16_000, temperature=True, effort="minimal", stream=True, system=True, marks=True)


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            {"output_name": "max_completion_tokens"},
        ),
        ("Unrecognized request argument supplied: max_completion_tokens", {"output_name": "extra:max_tokens"}),
        (
            "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
            {"temperature": False},
        ),
        ("`temperature` may only be set to 1 when thinking is enabled.", {"temperature": False}),
        ("`temperature` and `top_p` cannot both be specified for this model.", {"temperature": False}),
        (
            "Unsupported value: 'reasoning_effort' does not support 'minimal' with this model. Supported values are: 'low', 'medium', and 'high'.",
            {"effort": "low"},
        ),
        ("`reasoning_effort` must be one of `none` or `default`", {"effort": "none"}),
        ("Argument not supported on this model: reasoningEffort", {"effort": ""}),
        ("property 'reasoning_effort' is unsupported, did you mean 'response_format'?", {"effort": ""}),
        ('{"detail":[{"type":"extra_forbidden","loc":["body","reasoning_effort"],"msg":"Extra inputs are not permitted"}]}', {"effort": ""}),
        (
            "max_tokens is too large: 16000. This model supports at most 4096 completion tokens, whereas you provided 16000.",
            {"most_output": 4096},
        ),
        (
            "max_tokens: 16000 > 8192, which is the maximum allowed number of output tokens for claude-3-5-sonnet-20241022",
            {"most_output": 8192},
        ),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", {"most_output": 8192}),
        (
            "`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the `context_window` for this model",
            {"most_output": 8192},
        ),
        (
            "it has a maxOutputTokens value of 16000 but the supported range is from 1 (inclusive) to 8193 (exclusive).",
            {"most_output": 8192},
        ),
        ("The maximum tokens you requested exceeds the model limit of 4096. Try again with a maximum tokens value that is lower than 4096.", {"most_output": 4095}),
        ("Range of max_tokens should be [1, 8192]", {"most_output": 8192}),
        ("Unrecognized request argument supplied: stream_options", {"stream": False}),
        ("Streaming is not supported for this deployment", {"stream": False}),
        ("System role not supported", {"system": False}),
        ("messages[0]: unsupported role: system is not supported by this model", {"system": False}),
        ("messages.1.content.0.cache_control: Extra inputs are not permitted", {"marks": False}),
    ],
)  # fmt: skip
def test_a_refusal_says_how_to_ask(said: str, changed: dict[str, object]) -> None:
    found = learn(Habits(), SENT, said)
    assert found is not None
    habits, words = found
    assert as_mapping(habits) == changed
    assert words
    again = learn(habits, Sent(256), said)
    assert again is None or again[0] == habits or again[0].output_name == "extra:max_tokens"


@pytest.mark.parametrize(
    "said",
    [
        "Incorrect API key provided",
        "The model `x` does not exist",
        "Your request was rejected by our safety system",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "",
    ],
)
def test_other_refusals_teach_nothing(said: str) -> None:
    assert learn(Habits(), SENT, said) is None


def test_what_was_not_sent_is_not_to_blame() -> None:
    plain = Sent(16_000)
    for said in (
        "`temperature` is not supported",
        "reasoning_effort is unsupported",
        "stream is not supported",
        "no cache_control",
    ):
        assert learn(Habits(), plain, said) is None


@pytest.mark.parametrize(
    ("said", "room"),
    [
        (
            "This model's maximum context length is 8192 tokens. However, you requested 18000 tokens (2000 in the messages, "
            "16000 in the completion). Please reduce the length of the messages or completion.",
            6_176,
        ),
        (
            "'max_tokens' or 'max_completion_tokens' is too large: 16000. This model's maximum context length is 8192 tokens "
            "and your request has 2000 input tokens (16000 > 8192 - 2000).",
            6_176,
        ),
        (
            "input length and `max_tokens` exceed context limit: 188240 + 16000 > 200000, decrease input length or "
            "`max_tokens` and try again",
            11_744,
        ),
        (
            "This model's maximum context length is 8192 tokens. However, you requested 24100 tokens (8100 in the messages, "
            "16000 in the completion).",
            0,
        ),
        ("prompt is too long: 210000 tokens > 200000 maximum", None),
        ("max_tokens is too large: 16000. This model supports at most 4096 completion tokens", None),
    ],
)
def test_a_context_that_the_answers_room_overruns_leaves_room_for_a_shorter_one(said: str, room: int | None) -> None:
    assert room_for_output(Sent(16_000), said) == room


ASKED = Sent(output=16_000, temperature=True, effort="high", stream=True, system=True)


@pytest.mark.parametrize(
    ("said", "room"),
    [
        ("`inputs` tokens + `max_new_tokens` must be <= 8193. Given: 7000 `inputs` tokens and 16000 `max_new_tokens`", 1177),
        ("`inputs` tokens + `max_new_tokens` must be <= 8193. Given: 8100 `inputs` tokens and 16000 `max_new_tokens`", 0),
        ("The sum of prompt tokens (31000) and max_tokens (16000) exceeds 32768", 1752),
    ],
)  # fmt: skip
def test_a_limit_of_prompt_and_answer_together_holds_for_this_prompt_only(said: str, room: int) -> None:
    assert room_for_output(ASKED, said) == room
    assert learn(Habits(), ASKED, said) is None


@pytest.mark.parametrize(
    "said",
    [
        "The model `qwen3-thinking-x` does not exist",
        "The requested model 'gpt-5.1-codex-streaming' is not supported",
        "model 'deepseek-reasoning' not found",
        "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 1024, but got 300 instead.",
        "max_tokens must be at least 1024",
        "This requires more credits, or fewer max_tokens. You requested 16000 tokens, but can only afford 4000",
    ],
)
def test_a_name_and_a_lower_limit_teach_nothing(said: str) -> None:
    assert learn(Habits(), ASKED, said) is None


def test_a_budget_of_thoughts_is_no_limit_of_the_answer() -> None:
    said = "`max_tokens` must be greater than `thinking.budget_tokens`. Got budget_tokens=24000. See section 2048"
    found = learn(Habits(), ASKED, said)
    assert found is not None
    assert found[0] == Habits(effort="")
