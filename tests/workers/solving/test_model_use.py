"""Whether a tier's model can be used: decided by name, key and price, without network and without litellm."""

from __future__ import annotations

from decimal import Decimal

import pytest

from strategies.models.model import ModelRefused
from strategies.models.model_spec import ModelSpec
from strategies.models.price import Price
from tests.fakes.model import ScriptedModel
from workers.config.operator_file import TierOptions, parse_operator
from workers.solving.model_use import model_use, require_usable, spec_of, use_lines

FREE = "\ninput_usd_per_million = 0\noutput_usd_per_million = 0"


def tier(text: str) -> TierOptions:
    second = '[[tiers]]\nname = "b"\nmodel = "anthropic/claude-opus-5-5"\n'
    return parse_operator(f'[[tiers]]\nname = "a"\n{text}\n{second}').tiers[0]


def problems(text: str, *, key: str = "", **variables: str) -> list[tuple[str, str]]:
    found = model_use(tier(text), lambda _model, name: variables.get(name, key), lambda name: variables.get(name, ""))
    return [(p.what, p.fix) for p in found.problems]


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ('model = "anthropic/claude-haiku-5-5"', "there is no key for anthropic/claude-haiku-5-5", "set ANTHROPIC_API_KEY"),
        ('model = "claude-haiku-5-5"', "there is no key", "set ANTHROPIC_API_KEY"),  # the table knows whose it is
        ('model = "gpt-6-luna"', "there is no key", "set OPENAI_API_KEY"),
        (f'model = "openai/x"\napi_base = "http://localhost:1/v1"\napi_key_env = "NO_KEY"{FREE}', "NO_KEY, which `api_key_env` names, is not set", "set NO_KEY"),
        (f'model = "ollama/x"\napi_key_env = "NO_KEY"{FREE}', "NO_KEY, which", "set NO_KEY"),
        (f'model = "azure/x"\napi_base = "https://a.example"{FREE}', "there is no key", "set AZURE_API_KEY"),
        ('model = "groq/llama-3.3-70b-nothing"', "there is no key", "set GROQ_API_KEY"),
    ],
)  # fmt: skip
def test_a_missing_key_is_said_with_its_variable(text: str, what: str, fix: str) -> None:
    found = problems(text)
    assert any(what in said and fix in mend for said, mend in found), found


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ('model = "antropic/claude-haiku-5-5"', "write `anthropic/claude-haiku-5-5`"),
        ('model = "openruter/openai/gpt-6-luna"', "write `openrouter/openai/gpt-6-luna`"),
    ],
)
def test_a_misspelt_provider_is_answered_with_the_nearest(text: str, near: str) -> None:
    assert near in problems(text, key="k")[0][1]


def test_a_misspelt_model_is_answered_with_the_nearest_of_its_provider() -> None:
    (problem,) = problems('model = "anthropic/claude-haiku-55"', key="k")
    assert "nearest: anthropic/claude-haiku-5-5" in problem[0]
    assert "input_usd_per_million" in problem[1]


@pytest.mark.parametrize(
    "text",
    [
        f'model = "openai/x"\napi_base = "http://localhost:1/v1"{FREE}',
        f'model = "ollama_chat/x"{FREE}',
        f'model = "hosted_vllm/x"\napi_base = "http://localhost:1/v1"{FREE}',
        'model = "bedrock/anthropic.claude-haiku-5-5"',
        'model = "vertex_ai/gemini-2.5-pro"',
        'model = "vertex_ai/claude-haiku-5-5"',
    ],
)
def test_a_provider_that_wants_no_key_is_asked_for_none(text: str) -> None:
    assert problems(text) == []


def test_the_key_of_a_model_without_its_providers_name_is_its_providers() -> None:
    keys = {"anthropic/claude-haiku-5-5": "a", "openai/gpt-6-luna": "o"}
    for model, key in (("claude-haiku-5-5", "a"), ("gpt-6-luna", "o")):
        assert spec_of(tier(f'model = "{model}"'), lambda name, _v: keys.get(name, ""), lambda _n: "").api_key == key


def test_half_an_identity_and_credentials_that_are_no_file_are_said() -> None:
    assert "one of AWS's two" in problems('model = "bedrock/anthropic.claude-haiku-5-5"', AWS_ACCESS_KEY_ID="a")[0][0]
    found = problems('model = "vertex_ai/gemini-2.5-pro"', GOOGLE_APPLICATION_CREDENTIALS="/nowhere.json")
    assert "are no file" in found[0][0]


def test_what_the_file_says_stands_above_the_variables_and_a_profile_is_not_mixed_with_keys() -> None:
    values = {
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AZURE_API_BASE": "https://b",
    }
    model = 'model = "bedrock/anthropic.claude-haiku-5-5"\nprovider = { aws_profile_name = "ours" }'
    assert spec_of(tier(model), lambda *_: "", lambda n: values.get(n, "")).provider == {"aws_profile_name": "ours"}
    azure = (
        'model = "azure/x"\napi_base = "https://a"\nprovider = { api_version = "1", base_model = "azure/gpt-6-luna" }'
    )
    spec = spec_of(tier(azure), lambda *_: "k", lambda n: values.get(n, ""))
    assert (spec.api_base, spec.provider, spec.priced_as) == ("https://a", {"api_version": "1"}, "azure/gpt-6-luna")


def test_every_tier_is_looked_at_before_anything_starts() -> None:
    with pytest.raises(ModelRefused, match=r"tier 'weak': there is no key for anthropic/.*set ANTHROPIC_API_KEY"):
        require_usable(parse_operator(""), lambda _model, _name: "")
    uses = require_usable(parse_operator(""), lambda _model, _name: "key")
    assert [use.price is not None for use in uses] == [True, True]
    assert use_lines(uses) == ()


def test_what_opens_the_model_decides_its_price_where_it_is_asked() -> None:
    price = Price(Decimal(1), Decimal(2))

    def open_model(spec: ModelSpec) -> ScriptedModel:
        return ScriptedModel([], name=spec.model, price=price)

    use = model_use(tier('model = "made-up/x"'), lambda *_: "key", lambda _name: "", open_model)
    assert (use.problems, use.price) == ((), price)


def test_a_borrowed_price_is_said() -> None:
    use = model_use(tier('model = "openrouter/anthropic/claude-opus-5.5"'), lambda *_: "key", lambda _name: "")
    assert use_lines([use]) == ("tier a: openrouter/anthropic/claude-opus-5.5, priced as claude-opus-5-5",)
