from __future__ import annotations

from decimal import Decimal

import pytest

from strategies.models.asking import ask
from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import Metered, OverBudget
from strategies.models.model import (
    Message,
    ModelError,
    ModelRefused,
    ModelUnavailable,
    Prompt,
    PromptTooLong,
    QuotaExhausted,
    Tool,
)
from strategies.models.price import Price
from strategies.models.usage import ReportedUsage, Usage
from tests.fakes.model import ScriptedModel, says

PROMPT = Prompt((Message("user", "hello"),), "repair")
DEAR = Price(Decimal(10), Decimal(50))
GONE = ModelUnavailable("overloaded")


class Thinker(ScriptedModel):
    """A model that thinks."""

    thinking_tokens = 1_000


def test_while_a_model_does_not_answer_its_fallback_does_under_its_own_name_and_price() -> None:
    meter = CapMeter(Decimal(1))
    first, second = ScriptedModel([GONE], name="own"), ScriptedModel(["hi"], name="other", price=DEAR)
    assert Metered(first, meter, "weak", (second,)).complete(PROMPT).text == "hi"
    (charge,) = meter.charges
    assert (charge.tier, charge.model, charge.price) == ("weak", "other", DEAR)


@pytest.mark.parametrize("error", [GONE, QuotaExhausted("no credit"), ModelUnavailable("lost", uncertain=True)])
def test_fallbacks_are_asked_in_order_and_the_tiers_own_trouble_is_what_is_told(error: ModelError) -> None:
    meter = CapMeter(Decimal(1))
    models = [ScriptedModel([error], name="own"), *(ScriptedModel([ModelRefused("no")], name=n) for n in "ab")]
    with pytest.raises(type(error)) as caught:
        Metered(models[0], meter, "weak", models[1:]).complete(PROMPT)
    assert caught.value is error
    assert [len(m.prompts) for m in models] == [1, 1, 1]
    assert len(meter.charges) == error.uncertain


@pytest.mark.parametrize("error", [ModelRefused("bad request"), PromptTooLong("too long")])
def test_what_is_wrong_with_the_request_is_not_asked_of_another_model(error: ModelError) -> None:
    other = ScriptedModel(["hi"])
    with pytest.raises(type(error)):
        Metered(ScriptedModel([error]), CapMeter(Decimal(1)), "weak", (other,)).complete(PROMPT)
    assert other.prompts == []


def test_a_fallback_without_tools_is_left_out_where_tools_are_needed() -> None:
    plain, able = ScriptedModel(["hi"]), ScriptedModel(["hi"], name="able", supports_tools=True)
    own = ScriptedModel([GONE], supports_tools=True)
    meter = CapMeter(Decimal(1))
    tool = Tool("shell", "Runs a command.", {"type": "object"})
    Metered(own, meter, "weak", (plain, able)).complete(Prompt(PROMPT.messages, "agent", (tool,)))
    assert [c.model for c in meter.charges] == ["able"]


def test_a_fallback_that_cannot_be_paid_is_not_asked() -> None:
    dear = ScriptedModel(["hi"], price=Price(Decimal(10_000), Decimal(10_000)))
    with pytest.raises(OverBudget):
        Metered(ScriptedModel([GONE]), CapMeter(Decimal("0.1")), "weak", (dear,)).complete(PROMPT)
    assert dear.prompts == []


def test_an_error_that_says_what_it_used_is_charged_at_that() -> None:
    meter = CapMeter(Decimal(1))
    error = ModelUnavailable("unreadable", reported=ReportedUsage(Usage(100_000, 0, 1_000)))
    assert error.uncertain
    with pytest.raises(ModelUnavailable):
        Metered(ScriptedModel([error]), meter, "weak").complete(PROMPT)
    assert [c.usd for c in meter.charges] == [Decimal("0.105")]


def test_a_short_answer_of_a_model_that_thinks_has_room_for_thoughts_and_it_is_reserved() -> None:
    thinker, plain = Thinker(["hi"]), ScriptedModel(["hi"])
    short = Prompt(PROMPT.messages, "route", max_output_tokens=300)
    meter = CapMeter(Decimal(1))
    for model in (thinker, plain):
        Metered(model, meter, "weak").complete(short)
    assert [m.prompts[0].max_output_tokens for m in (thinker, plain)] == [1_300, 300]
    assert meter.charges[0].worst_usd - meter.charges[1].worst_usd == Decimal("0.005")
    small = Thinker(["hi"], max_output_tokens=500)
    Metered(small, meter, "weak").complete(short)
    assert small.prompts[0].max_output_tokens == 500


def test_an_answer_that_was_all_thoughts_is_asked_for_once_more_with_all_the_room_there_is() -> None:
    model = ScriptedModel([says("", finish="length"), "strong"])
    meter = CapMeter(Decimal(1))
    assert ask(Metered(model, meter, "weak"), Prompt(PROMPT.messages, "route", max_output_tokens=300)).text == "strong"
    assert [p.max_output_tokens for p in model.prompts] == [300, 4_096]
    assert len(meter.charges) == 2
    whole = ScriptedModel([says("", finish="length")])
    assert ask(Metered(whole, meter, "weak"), PROMPT).text == ""  # it had all the room
