"""Answers that were paid for and cannot be read: whatever came after a success is on the bill, once, and asked once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest

from strategies.models.asking import ask
from strategies.models.in_memory_meter import CapMeter
from strategies.models.litellm_model import open_model
from strategies.models.meter import Charge, Metered
from strategies.models.model import Message, ModelError, ModelRefused, ModelUnavailable, Prompt
from strategies.models.model_spec import ModelSpec
from tests.answers.bills import below_usage
from tests.answers.provider_usage import chat
from tests.fakes.model import ScriptedModel
from tests.fakes.raw_server import RawReply, RawServer, json_reply

PROMPT = Prompt((Message("system", "Be short."), Message("user", "Hello")), "repair")
USAGE = {"prompt_tokens": 10_000, "completion_tokens": 8_000, "total_tokens": 18_000}
PAID = Decimal("0.1")
"""USD for that usage."""


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with RawServer(RawReply()) as one:
        yield one


def metered(server: RawServer, cap: Decimal = Decimal(1), model: str = "openai/mine") -> tuple[Metered, CapMeter]:
    spec = ModelSpec(
        model,
        api_base=server.url,
        api_key="key",
        input_usd_per_million=Decimal(2),
        output_usd_per_million=Decimal(10),
        max_output_tokens=500,
        timeout=5.0,
    )
    meter = CapMeter(cap)
    server.requests.clear()
    return Metered(open_model(spec, sleep=lambda _: None), meter, "weak"), meter


def charged(server: RawServer, reply: RawReply) -> tuple[Charge, ModelError]:
    """The one charge of a call that fails."""
    server.answer = reply
    model, meter = metered(server)
    with pytest.raises(ModelError) as caught:
        model.complete(PROMPT)
    assert len(server.requests) == 1
    (charge,) = meter.charges
    assert charge.error
    return charge, caught.value


@pytest.mark.parametrize(
    "body",
    [
        {"choices": None, "usage": USAGE},
        {"choices": [], "usage": USAGE},
        {"choices": [{"index": 0, "message": None, "finish_reason": "stop"}], "usage": USAGE},
        {"choices": "none", "usage": USAGE},
        {"usage": USAGE},
    ],
)
def test_an_answer_without_a_message_is_charged_at_its_usage_and_not_asked_again(
    server: RawServer, body: dict[str, Any]
) -> None:
    charge, error = charged(
        server, json_reply({"id": "1", "object": "chat.completion", "created": 1, "model": "m", **body})
    )
    assert (charge.usage.input_tokens, charge.usage.output_tokens, charge.usd) == (10_000, 8_000, PAID)
    assert isinstance(error, ModelUnavailable)


def test_broken_tool_calls_are_charged_whether_or_not_they_can_be_read(server: RawServer) -> None:
    body = chat(USAGE)
    for calls in ({"a": 1}, "x", [7], [{"id": 1}], [{"id": "1", "type": "function", "function": None}]):
        server.answer = json_reply(
            {**body, "choices": [{**body["choices"][0], "message": {"role": "assistant", "tool_calls": calls}}]}
        )
        model, meter = metered(server)
        with suppress(ModelError):
            model.complete(PROMPT)
        assert [c.usd for c in meter.charges] == [PAID]
        assert len(server.requests) == 1


def test_json_that_is_cut_off_is_charged_at_its_usage_or_at_the_reservation(server: RawServer) -> None:
    whole = json.dumps(chat(USAGE)).encode()
    front = json.dumps({"usage": USAGE, **chat(USAGE)}).encode()
    charge, _ = charged(server, RawReply(front, cut=200))
    assert charge.usd == PAID
    charge, error = charged(server, RawReply(whole, cut=100))
    assert charge.usd is None
    assert isinstance(error, ModelUnavailable)
    charge, _ = charged(server, RawReply(whole[:100]))
    assert charge.usd is None
    charge, _ = charged(server, RawReply(b"<html>busy</html>", content_type="text/html"))
    assert charge.usd is None


def test_an_error_that_comes_as_a_success_is_charged_and_keeps_its_words(server: RawServer) -> None:
    charge, error = charged(server, json_reply({"error": {"code": 502, "message": "upstream overloaded"}}))
    assert charge.usd is None
    assert "upstream overloaded" in str(error)


def test_a_value_that_nobody_expects_is_no_reason_to_lose_the_answer_or_the_bill(server: RawServer) -> None:
    server.answer = json_reply(chat(USAGE, service_tier="turbo-mega", object="what"))
    model, meter = metered(server)
    assert model.complete(PROMPT).text == "hi"
    assert [c.usd for c in meter.charges] == [PAID]


def test_a_priority_answer_without_a_price_for_it_costs_at_least_what_was_reserved(server: RawServer) -> None:
    server.answer = json_reply(chat({"prompt_tokens": 10, "completion_tokens": 1}, service_tier="priority"))
    model, meter = metered(server)
    model.complete(PROMPT)
    (charge,) = meter.charges
    assert charge.usd is None
    assert charge.usage.input_tokens == 10


def test_an_unreadable_answer_is_asked_for_once_more_under_a_reservation_of_its_own(server: RawServer) -> None:
    replies = [json_reply({"choices": None, "usage": USAGE}), json_reply(chat(USAGE))]
    server.answer = lambda _: replies.pop(0)
    model, meter = metered(server)
    assert ask(model, PROMPT).text == "hi"
    assert [c.usd for c in meter.charges] == [PAID, PAID]


def test_a_status_in_the_words_of_an_error_is_not_believed(server: RawServer) -> None:
    server.answer = RawReply(b"ok", status=404, content_type="text/plain")
    model, meter = metered(server)
    with pytest.raises(ModelRefused, match="HTTP 404"):
        model.complete(PROMPT)
    assert (meter.charges, meter.left()) == ([], Decimal(1))


def test_what_was_never_sent_is_not_charged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    spec = ModelSpec("openai/mine", input_usd_per_million=Decimal(2), output_usd_per_million=Decimal(10))
    meter = CapMeter(Decimal(1))
    with pytest.raises(ModelRefused):
        Metered(open_model(spec), meter, "weak").complete(PROMPT)
    assert (meter.charges, meter.left()) == ([], Decimal(1))


def test_what_breaks_a_call_off_is_charged_at_its_worst() -> None:
    def broken(_: Prompt) -> str:
        raise KeyboardInterrupt

    meter = CapMeter(Decimal(1))
    with pytest.raises(KeyboardInterrupt):
        Metered(ScriptedModel(broken), meter, "weak").complete(PROMPT)
    (charge,) = meter.charges
    assert (charge.usd, charge.error, meter.spent) == (None, "KeyboardInterrupt", charge.worst_usd)


@pytest.mark.filterwarnings("ignore:Pydantic serializer")  # litellm shows what it read, whatever it is
def test_no_generated_answer_is_billed_below_its_usage_and_none_ends_in_another_error() -> None:
    """The first of those that `make answers` asks 2,000 of."""
    assert below_usage(250) == (250, [])


@pytest.mark.parametrize("status", [504, 524])
def test_what_a_gateway_no_longer_waited_for_is_charged_at_the_reservation_and_not_repeated_under_it(
    server: RawServer, status: int
) -> None:
    charge, error = charged(server, RawReply(b"upstream request timeout", status=status))
    assert isinstance(error, ModelUnavailable)
    assert error.uncertain
    assert charge.usd is None
    assert charge.worst_usd > 0
