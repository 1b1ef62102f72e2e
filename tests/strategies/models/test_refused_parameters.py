"""A name that does not say what stands behind it: asked as its provider wants it, after one refusal, and from then on.

The server knows one model's rules and refuses what breaks them in the words of the real one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from strategies.models.circuit_breaker import CircuitBreakers
from strategies.models.in_memory_meter import CapMeter
from strategies.models.litellm_model import open_model
from strategies.models.meter import Metered
from strategies.models.model import (
    Message,
    ModelError,
    ModelRefused,
    ModelUnavailable,
    Prompt,
    PromptTooLong,
    QuotaExhausted,
)
from strategies.models.model_spec import ModelSpec
from tests.answers.provider_usage import chat
from tests.fakes.raw_server import RawReply, RawServer, json_reply

PROMPT = Prompt((Message("system", "Be short."), Message("user", "Hello")), "repair", temperature=0.2)
USAGE = {"prompt_tokens": 40, "completion_tokens": 10}


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with RawServer(RawReply()) as one:
        yield one


def refusing(*rules: tuple[Callable[[dict[str, Any]], bool], str]) -> Callable[[dict[str, Any]], RawReply]:
    """An answer by rules: the first that a request breaks refuses it."""

    def answer(body: dict[str, Any]) -> RawReply:
        for broken, words in rules:
            if broken(body):
                return json_reply({"error": {"message": words, "type": "invalid_request_error"}}, 400)
        return json_reply(chat(USAGE))

    return answer


def asked(server: RawServer, name: str, told: list[str], prompt: Prompt = PROMPT, **options: Any) -> CapMeter:
    server.requests.clear()
    spec = ModelSpec(
        name,
        api_base=server.url,
        api_key="key",
        input_usd_per_million=Decimal(2),
        output_usd_per_million=Decimal(10),
        say=told.append,
        **{"max_output_tokens": 1_500, **options},
    )
    meter = CapMeter(Decimal(1))
    model = open_model(spec, sleep=lambda _: None, breakers=CircuitBreakers())
    assert Metered(model, meter, "weak").complete(prompt).text == "hi"
    return meter


def test_a_deployment_of_a_model_that_thinks_is_asked_as_it_wants_and_remembered(server: RawServer) -> None:
    server.answer = refusing(
        (lambda b: "max_tokens" in b, "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."),
        (lambda b: "temperature" in b, "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported."),
        (lambda b: b.get("reasoning_effort") == "minimal", "Unsupported value: 'reasoning_effort' does not support 'minimal' with this model. Supported values are: 'low', 'medium', and 'high'."),
    )  # fmt: skip
    told: list[str] = []
    meter = asked(server, "openai/alias-of-a-thinker", told, reasoning_effort="minimal")
    assert len(server.requests) == 4
    last = server.requests[-1]
    assert (last["max_completion_tokens"], last["reasoning_effort"]) == (1_500, "low")
    assert not {"max_tokens", "temperature"} & set(last)
    assert len(meter.charges) == 1  # a refusal costs nothing
    assert [text.split(": ", 1)[0] for text in told] == ["openai/alias-of-a-thinker"] * 3
    asked(server, "openai/alias-of-a-thinker", told, reasoning_effort="minimal")
    assert len(server.requests) == 1
    assert len(told) == 3


def test_an_azure_deployment_learns_like_any_other(server: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_API_VERSION", "2024-10-21")
    server.answer = refusing(
        (lambda b: "max_tokens" in b, "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."),
    )  # fmt: skip
    asked(server, "azure/my-deployment", [])
    assert [("max_tokens" in r, "max_completion_tokens" in r) for r in server.requests] == [
        (True, False),
        (False, True),
    ]


def test_an_output_limit_that_is_too_high_is_lowered_for_the_reservation_too(server: RawServer) -> None:
    server.answer = refusing(
        (lambda b: b["max_tokens"] > 1_000, "max_tokens is too large: 1500. This model supports at most 1000 completion tokens."),
    )  # fmt: skip
    asked(server, "openai/short-writer", [])
    assert [r["max_tokens"] for r in server.requests] == [1_500, 1_000]
    meter = asked(server, "openai/short-writer", [])
    assert [r["max_tokens"] for r in server.requests] == [1_000]
    assert meter.charges[0].worst_usd < Decimal("0.0115")


def test_a_small_context_leaves_a_shorter_answer_and_is_not_remembered(server: RawServer) -> None:
    words = "This model's maximum context length is 2048 tokens. However, you requested 2500 tokens (1000 in the messages, 1500 in the completion)."
    server.answer = refusing((lambda b: b["max_tokens"] > 1_032, words))
    asked(server, "openai/small-context", [])
    assert [r["max_tokens"] for r in server.requests] == [1_500, 1_032]
    server.answer = json_reply(chat(USAGE))
    asked(server, "openai/small-context", [])
    assert [r["max_tokens"] for r in server.requests] == [1_500]


def test_a_model_without_a_system_message_hears_it_from_the_user(server: RawServer) -> None:
    server.answer = refusing((lambda b: b["messages"][0]["role"] == "system", "System role not supported"))
    asked(server, "openai/no-system", [])
    assert server.requests[-1]["messages"] == [{"role": "user", "content": "Be short.\n\nHello"}]


def test_a_refusal_that_teaches_nothing_is_final(server: RawServer) -> None:
    server.answer = refusing((lambda _: True, "Your request was rejected: 'temperature' it is not."))
    with pytest.raises(ModelRefused, match="rejected"):
        asked(server, "openai/says-no", [])
    assert len(server.requests) == 2  # without a temperature, once


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (
            json_reply({"error": {"message": "You exceeded your current quota, please check your plan.", "code": "insufficient_quota"}}, 429),
            QuotaExhausted,
            r"exceeded your current quota.*insufficient_quota",
        ),
        (json_reply({"error": {"message": "Insufficient Balance"}}, 402), QuotaExhausted, "Insufficient Balance"),
        (
            json_reply({"error": {"message": "Request too large for m on tokens per min (TPM): Limit 30000, Requested 39000."}}, 429),
            PromptTooLong,
            "Limit 30000",
        ),
        (RawReply(b"too large", 413, "text/plain"), PromptTooLong, "413"),
        (json_reply({"error": {"message": "too many tokens", "code": "context_length_exceeded"}}, 400), PromptTooLong, "too many"),
        (json_reply({"error": {"message": "come back"}}, 429, retry_after="3600"), ModelUnavailable, "come back"),
        (json_reply({"error": {"message": "come back"}}, 429, x_ratelimit_reset_tokens="6m0s", x_ratelimit_remaining_tokens="0"), ModelUnavailable, "come back"),
    ],
)  # fmt: skip
def test_what_trying_again_cannot_help_is_asked_once_and_told_in_the_providers_words(
    server: RawServer, reply: RawReply, error: type[ModelError], words: str
) -> None:
    server.answer = reply
    with pytest.raises(error, match=words):
        asked(server, "openai/in-trouble", [], replace(PROMPT, temperature=None))
    assert len(server.requests) == 1


def test_a_provider_that_is_away_is_left_alone_by_all_calls_together(server: RawServer) -> None:
    server.answer = RawReply(b"down", 503, "text/plain")
    server.requests.clear()
    spec = ModelSpec(
        "openai/away",
        api_base=server.url,
        api_key="key",
        input_usd_per_million=Decimal(2),
        output_usd_per_million=Decimal(10),
    )
    breakers, meter = CircuitBreakers(), CapMeter(Decimal(1))
    for number in range(20):
        model = Metered(open_model(spec, sleep=lambda _: None, breakers=breakers), meter, "weak")
        with pytest.raises(ModelUnavailable) as caught:
            model.complete(PROMPT)
        assert caught.value.wait > 0 or number == 0
    assert len(server.requests) == 5
    assert "has not answered" in str(caught.value)
    assert (meter.charges, meter.left()) == ([], Decimal(1))
