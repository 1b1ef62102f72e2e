"""The operator's tiers become metered models; roles are billed to no attempt."""

from __future__ import annotations

from decimal import Decimal

import pytest

from strategies.in_memory_meter import CapMeter
from strategies.model import Message, ModelRefused, Prompt
from strategies.model_spec import ModelSpec
from tests.fakes.model import ScriptedModel
from workers.bench import open_tiers, parameters, require_keys
from workers.operator_file import parse_operator

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
        ("weak", "repair", "", 2),
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
    assert "MY_KEY" not in str(parameters(parse_operator(TOML)))
    assert set(parameters(parse_operator(TOML))) == {"weak", "strong"}


def test_a_missing_key_is_said_before_anything_is_set_up() -> None:
    with pytest.raises(ModelRefused, match=r"tier .weak.: there is no key for anthropic/.*set ANTHROPIC_API_KEY"):
        require_keys(parse_operator(""), lambda _model, _name: "")


def test_a_server_of_ones_own_and_providers_without_keys_need_none() -> None:
    tiers = ('model = "ollama/qwen"', 'model = "openai/x"\napi_base = "http://127.0.0.1:1/v1"')
    toml = "".join(f'[[tiers]]\nname = "t{n}"\n{tier}\n' for n, tier in enumerate(tiers))
    require_keys(parse_operator(toml), lambda _model, _name: "")
