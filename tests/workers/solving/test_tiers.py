"""The operator's tiers become metered models; roles are billed to no attempt."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from strategies.methods.decision import decide
from strategies.models.in_memory_meter import CapMeter
from strategies.models.model import Message, ModelRefused, ModelUnavailable, Prompt
from strategies.models.model_spec import ModelSpec
from strategies.models.price import Price
from strategies.outcomes import NoOutcomes
from strategies.step import Step
from tests.fakes.model import ScriptedModel
from workers.config.operator_file import parse_operator
from workers.solving.tiers import open_tiers, parameters, setup_tier

TOML = """
[[tiers]]
name = "weak"
model = "deepseek/flash"
attempts = 2
api_key_env = "MY_KEY"
[[tiers]]
name = "strong"
model = "anthropic/opus"
solver = "agent"
family = "claude"
[roles]
tester = "strong"
"""


def test_tiers_keep_their_order_family_and_keys_and_share_one_model_with_their_role() -> None:
    meter, made = CapMeter(Decimal(5)), dict[str, ScriptedModel]()

    def open_model(spec: ModelSpec) -> ScriptedModel:
        made[spec.model] = ScriptedModel(["answer"], name=f"{spec.model} with {spec.api_key}")
        return made[spec.model]

    tiers, roles = open_tiers(parse_operator(TOML), meter, open_model, lambda model, name: name or f"{model}-key")
    assert [(t.name, t.solver, t.family, t.attempts) for t in tiers] == [
        ("weak", "repair", "deepseek", 2),
        ("strong", "agent", "claude", 1),
    ]
    assert tiers[0].model.name == "deepseek/flash with MY_KEY"
    assert roles["tester"].name == "strong"
    assert roles["judge"].name == "weak"
    tiers[1].model.attempt = 3
    roles["tester"].model.complete(Prompt((Message("user", "write a test"),), "reproduction"))
    assert [(c.tier, c.attempt) for c in meter.charges] == [("strong", 0)]


def test_a_model_without_a_price_is_refused_before_anything_is_spent() -> None:
    def refuse(spec: ModelSpec) -> ScriptedModel:
        raise ModelRefused(f"{spec.model} has no price")

    with pytest.raises(ModelRefused, match="no price"):
        open_tiers(parse_operator(TOML), CapMeter(Decimal(5)), refuse, lambda _model, _name: "")


def test_the_record_of_the_tiers_holds_no_key_and_no_address() -> None:
    operator = parse_operator(TOML)
    tiers, _ = open_tiers(operator, CapMeter(Decimal(5)), tooled, lambda _model, _name: "a key")
    told = parameters(operator, tiers)
    assert "MY_KEY" not in str(told)
    assert "a key" not in str(told)
    assert set(told) == {"weak", "strong"}
    assert (told["strong"]["model"], told["strong"]["price"]["output"]) == ("anthropic/opus", "20")


def tooled(spec: ModelSpec) -> ScriptedModel:
    """Models with the prices of the shipped tiers, and tools."""
    weak, strong = (
        Price(Decimal("0.1"), Decimal("0.5"), Decimal("0.01")),
        Price(Decimal(4), Decimal(20), Decimal("0.2")),
    )
    price = weak if "haiku" in spec.model else strong
    return ScriptedModel([], name=spec.model, price=price, supports_tools="plain" not in spec.model)


@pytest.mark.parametrize(
    ("cap", "solvers"), [("2", ["agent", "agent"]), ("0.5", ["agent", "repair"]), ("0.001", ["repair", "repair"])]
)
def test_the_agent_is_the_default_where_the_cap_affords_it(cap: str, solvers: list[str]) -> None:
    tiers, _ = open_tiers(parse_operator(""), CapMeter(Decimal(cap)), tooled, lambda _model, _name: "")
    assert [t.solver for t in tiers] == solvers


def test_a_model_without_tools_repairs_unless_the_operator_says_otherwise() -> None:
    toml = '[[tiers]]\nname = "a"\nmodel = "x/plain"\n[[tiers]]\nname = "b"\nmodel = "x/plain"\nsolver = "agent"\n'
    tiers, _ = open_tiers(parse_operator(toml), CapMeter(Decimal(2)), tooled, lambda _model, _name: "")
    assert [t.solver for t in tiers] == ["repair", "agent"]


@pytest.mark.parametrize("cap", ["0.5", "2"])
def test_with_the_shipped_defaults_weak_comes_first_then_strong(cap: str) -> None:
    operator = parse_operator("")
    tiers, _ = open_tiers(operator, CapMeter(Decimal(cap)), tooled, lambda _model, _name: "")
    tried: list[int] = []
    while (step := decide(tiers, tried, NoOutcomes(), operator.cascade.resolved_issue_usd).chosen) is not None:
        tried.append(step.tier)
    assert tried == [0, 0, 1]


@pytest.mark.parametrize("family", ["", "claude"])
def test_tiers_of_one_family_still_go_from_weak_to_strong(family: str) -> None:
    tiers, _ = open_tiers(parse_operator(""), CapMeter(Decimal(2)), tooled, lambda _model, _name: "")
    alike = [replace(t, family=family) for t in tiers]
    first = decide(alike, [], NoOutcomes(), Decimal(2)).chosen
    later = decide(alike, [0, 0], NoOutcomes(), Decimal(2)).chosen
    assert (first and first.tier, later and later.tier) == (0, 1)


def test_a_study_keeps_its_solvers_while_its_money_runs_out() -> None:
    nothing = CapMeter(Decimal(0))
    tiers, _ = open_tiers(parse_operator(""), nothing, tooled, lambda _model, _name: "", Decimal(2))
    assert [t.solver for t in tiers] == ["agent", "agent"]


def test_who_proposes_a_set_up_has_a_share_of_the_issues_money() -> None:
    operator = parse_operator(TOML + 'setup = "strong"\n[setup_model]\nenabled = true\nusd = 0.3\n')
    meter = CapMeter(Decimal(5))
    tier = setup_tier(operator, meter, lambda spec: ScriptedModel([], name=spec.model), lambda *_: "key")
    assert (tier.name, tier.model.name, tier.model.meter.left()) == ("strong", "anthropic/opus", Decimal("0.3"))
    meter.reserve("weak", "m", "repair", Decimal("4.9"))
    assert tier.model.meter.left() == Decimal("0.1"), "never more than the issue has"


OUTAGES = """
[[tiers]]
name = "weak"
model = "openai/mine"
api_base = "http://localhost:1/v1"
api_key_env = "MY_KEY"
fallback_models = ["openai/other", "groq/third"]
on_outage = "next"
outage_minutes = 5
silence_seconds = 90
input_usd_per_million = 1
output_usd_per_million = 2
provider = { base_model = "gpt-5", organization = "o" }
[[tiers]]
name = "strong"
model = "anthropic/opus"
"""


def test_fallbacks_are_opened_with_what_belongs_to_their_provider() -> None:
    opened: list[ModelSpec] = []

    def open_model(spec: ModelSpec) -> ScriptedModel:
        opened.append(spec)
        return ScriptedModel([], name=spec.model)

    tiers, roles = open_tiers(parse_operator(OUTAGES), CapMeter(Decimal(5)), open_model, lambda _, name: name)
    assert [(s.model, s.api_base, s.api_key, s.input_usd_per_million) for s in opened[:3]] == [
        ("openai/mine", "http://localhost:1/v1", "MY_KEY", Decimal(1)),
        ("openai/other", "http://localhost:1/v1", "MY_KEY", None),
        ("groq/third", "", "", None),
    ]
    assert [dict(s.provider) for s in opened[:3]] == [{"organization": "o"}, {"organization": "o"}, {}]
    assert [s.priced_as for s in opened[:3]] == ["gpt-5", "", ""]
    assert {s.silence for s in opened[:3]} == {90}
    assert [m.name for m in tiers[0].model.fallbacks] == [m.name for m in roles["tester"].model.fallbacks]
    assert [m.name for m in tiers[0].model.fallbacks] == ["openai/other", "groq/third"]
    assert tiers[1].model.fallbacks == ()


def test_an_outage_is_waited_out_unless_the_file_says_otherwise_and_it_has_lasted() -> None:
    tiers, _ = open_tiers(
        parse_operator(OUTAGES), CapMeter(Decimal(5)), lambda _: ScriptedModel([]), lambda _model, _name: ""
    )
    weak, strong = tiers
    assert [weak.waits(ModelUnavailable("x", outage=seconds)) for seconds in (0, 299, 300)] == [True, True, False]
    assert strong.waits(ModelUnavailable("x", outage=1e9))


def test_calls_can_be_broken_off_and_say_what_they_learn() -> None:
    told: list[Step] = []
    specs: list[ModelSpec] = []

    def open_model(spec: ModelSpec) -> ScriptedModel:
        specs.append(spec)
        return ScriptedModel([], name=spec.model)

    def stop() -> None: ...

    open_tiers(parse_operator(TOML), CapMeter(Decimal(5)), open_model, lambda *_: "", stop=stop, say=told.append)
    assert {spec.watch for spec in specs} == {stop}
    assert specs[0].say is not None
    specs[0].say("asked without a temperature")
    assert [(step.kind, step.text, step.facts) for step in told] == [
        ("model", "asked without a temperature", {"tier": "weak"})
    ]
