"""A first day with each of the big providers: what its user writes and sets is enough, and reaches the server as the
provider wants it; what is missing is said before anything is called. The real litellm, and a local server."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from strategies.models.litellm_model import open_model
from strategies.models.model import Message, Prompt
from strategies.models.model_spec import ModelSpec
from tests.fakes.provider_server import KEY, Asked, ProviderServer
from workers.config.operator_file import TierOptions, parse_operator
from workers.config.settings import environment_value, provider_key
from workers.solving.model_use import model_use, spec_of


@dataclass(frozen=True)
class Setup:
    """`tier` is what stands in pennyfix.toml, `variables` what is set; URL is the server's. `missing`: the variable or
    key without which it does not work, and a part of what is said then. `reaches`: whether a request is right."""

    tier: str
    variables: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, str] = ("", "")
    reaches: Callable[[Asked], bool] = lambda _asked: True
    note: str = ""
    price: str = ""


def path(part: str, **headers: str) -> Callable[[Asked], bool]:
    return lambda asked: (
        part in asked.path and all(asked.headers.get(k.replace("_", "-")) == v for k, v in headers.items())
    )


BEARER = f"Bearer {KEY}"
SETUPS = {
    "anthropic": Setup(
        'model = "anthropic/claude-haiku-5-5"\napi_base = "URL"', {"ANTHROPIC_API_KEY": KEY},
        reaches=path("/v1/messages", x_api_key=KEY), price="0.10",
    ),
    "openai": Setup(
        'model = "openai/gpt-6-luna"', {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "URL/v1"},
        ("OPENAI_API_KEY", "no key"), path("/v1/chat/completions", authorization=BEARER), price="0.10",
    ),
    "gemini": Setup(
        'model = "gemini/gemini-2.5-pro"\napi_base = "URL"', {"GEMINI_API_KEY": KEY},
        reaches=path(":generateContent"), price="1.25",
    ),
    "gemini by google's own variable": Setup(
        'model = "gemini/gemini-2.5-pro"\napi_base = "URL"', {"GOOGLE_API_KEY": KEY}, reaches=path(":generateContent")
    ),
    "deepseek": Setup(
        'model = "deepseek/deepseek-v4-flash"\napi_base = "URL"\napi_key_env = "MY_KEY"', {"MY_KEY": KEY},
        ("MY_KEY", "`api_key_env` names, is not set"), path("/chat/completions", authorization=BEARER), price="0.30",
    ),
    "openrouter": Setup(
        'model = "openrouter/anthropic/claude-opus-5.5"', {"OPENROUTER_API_KEY": KEY, "OPENROUTER_API_BASE": "URL/api/v1"},
        ("OPENROUTER_API_KEY", "no key"), path("/api/v1/chat/completions", authorization=BEARER),
        "priced as claude-opus-5-5", "4",
    ),
    "azure": Setup(
        'model = "azure/gpt-6-luna"\napi_base = "URL"\n[tiers.provider]\napi_version = "2024-10-21"',
        {"AZURE_API_KEY": KEY}, ("AZURE_API_KEY", "no key"),
        path("/openai/deployments/gpt-6-luna/chat/completions?api-version=2024-10-21", api_key=KEY), price="0.10",
    ),
    "azure under a name of one's own, by variables and a token": Setup(
        'model = "azure/mine"\nprovider = { base_model = "azure/gpt-6-luna" }',
        {"AZURE_API_BASE": "URL", "AZURE_AD_TOKEN": KEY, "AZURE_API_VERSION": "2024-10-21"},
        ("AZURE_AD_TOKEN", "no key"), path("/openai/deployments/mine/chat/completions", authorization=BEARER),
        "priced as azure/gpt-6-luna", "0.10",
    ),
    "bedrock": Setup(
        'model = "bedrock/eu.anthropic.claude-haiku-5-5"\n[tiers.provider]\naws_region_name = "eu-west-1"\n'
        'aws_bedrock_runtime_endpoint = "URL"',
        {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"},
        ("AWS_SECRET_ACCESS_KEY", "one of AWS's two access keys"), path("/model/eu.anthropic.claude-haiku-5-5/converse"),
    ),
    "vertex": Setup(
        'model = "vertex_ai/gemini-2.5-pro"\napi_base = "URL"\n[tiers.provider]\nvertex_project = "p"\n'
        'vertex_location = "us-east5"',
        {"GOOGLE_APPLICATION_CREDENTIALS": "CREDENTIALS"}, reaches=path(":generateContent", authorization=BEARER),
        price="1.25",
    ),
    "ollama": Setup(
        'model = "ollama_chat/qwen3-coder:30b"\ninput_usd_per_million = 0\noutput_usd_per_million = 0',
        {"OLLAMA_API_BASE": "URL"}, reaches=path("/api/chat"), price="0",
    ),
    "vllm": Setup(
        'model = "hosted_vllm/Qwen/Qwen3-Coder"\ninput_usd_per_million = 0\noutput_usd_per_million = 0',
        {"HOSTED_VLLM_API_BASE": "URL/v1"}, ("HOSTED_VLLM_API_BASE", "wants `api_base`"), path("/v1/chat/completions"),
        price="0",
    ),
    "any compatible server, without a key": Setup(
        'model = "openai/local"\napi_base = "URL/v1"\ninput_usd_per_million = 0\noutput_usd_per_million = 0',
        reaches=path("/v1/chat/completions"), price="0",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[ProviderServer]:
    with ProviderServer(open_to_all=True) as server:
        yield server


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine that knows no provider yet."""
    ours = ("AWS_", "AZURE_", "GOOGLE_", "VERTEX", "OLLAMA_", "HOSTED_VLLM_", "PENNYFIX_")
    for name in [n for n in os.environ if n.startswith(ours) or n.endswith(("_API_KEY", "_API_BASE", "_BASE_URL"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PENNYFIX_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))


def tier_of(setup: Setup, url: str) -> TierOptions:
    first = f'[[tiers]]\nname = "a"\n{setup.tier.replace("URL", url)}\n'
    return parse_operator(f'{first}[[tiers]]\nname = "b"\nmodel = "anthropic/claude-opus-5-5"\n').tiers[0]


def set_variables(setup: Setup, url: str, folder: Path, *, but: str = "") -> None:
    """In the `.env` of the state folder, where a first day puts them: no variable is in the environment itself."""
    (folder / "state").mkdir()
    (folder / "google.json").write_text(json.dumps(service_account(url)))
    values = {
        k: v.replace("URL", url).replace("CREDENTIALS", str(folder / "google.json")) for k, v in setup.variables.items()
    }
    (folder / "state" / ".env").write_text("".join(f"{k}={v}\n" for k, v in values.items() if k != but))


def service_account(url: str) -> dict[str, str]:
    key = rsa.generate_private_key(65537, 2048)
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {
        "type": "service_account", "project_id": "p", "private_key_id": "1", "private_key": text,
        "client_email": "a@p.iam.gserviceaccount.com", "client_id": "1", "token_uri": f"{url}/token",
    }  # fmt: skip


@pytest.mark.parametrize("name", SETUPS)
def test_a_set_up_is_right_and_reaches_its_server(name: str, server: ProviderServer, tmp_path: Path) -> None:
    setup = SETUPS[name]
    set_variables(setup, server.url, tmp_path)
    tier = tier_of(setup, server.url)
    use = model_use(tier)
    assert use.problems == ()
    assert setup.note in "; ".join(use.notes)
    if setup.price:
        assert use.price is not None
        assert use.price.input == Decimal(setup.price)
    spec = spec_of(tier, provider_key)
    opened = model_use(tier, open_model=open_model)
    assert (opened.problems, opened.price) == ((), use.price), "what decides without litellm is what litellm says"
    answer = open_model(spec).complete(Prompt((Message("user", "hi"),), "doctor", max_output_tokens=300))
    assert answer.text == "ready"
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (20, 4)
    calls = [asked for asked in server.asked if asked.method == "POST" and not asked.path.endswith("/token")]
    assert setup.reaches(calls[-1]), (calls[-1].path, dict(calls[-1].headers))


@pytest.mark.parametrize("name", [name for name, setup in SETUPS.items() if setup.missing[0]])
def test_what_is_missing_is_said_before_a_call(name: str, server: ProviderServer, tmp_path: Path) -> None:
    setup = SETUPS[name]
    variable, said = setup.missing
    set_variables(setup, server.url, tmp_path, but=variable)
    assert environment_value(variable) == ""
    (problem,) = model_use(tier_of(setup, server.url)).problems
    assert said in problem.what
    assert variable in problem.fix or setup.variables.keys() & {"AZURE_AD_TOKEN"}


MARKED = {
    "anthropic/claude-haiku-5-5": "cache_control",
    "openrouter/anthropic/claude-opus-5.5": "cache_control",
    "azure_ai/claude-haiku-5-5": "cache_control",
    "bedrock/eu.anthropic.claude-haiku-5-5": "cachePoint",
    "bedrock/amazon.nova-pro-v1:0": "cachePoint",
    "bedrock/arn:aws:bedrock:eu-west-1:1:application-inference-profile/abc": "cachePoint",
    "vertex_ai/claude-haiku-5-5": "cache_control",
    "openai/gpt-6-luna": "",
    "gemini/gemini-2.5-pro": "",
    "hosted_vllm/qwen": "",
}
"""What marks the end of a prefix on the wire, "" where the provider caches by itself or not at all."""


@pytest.mark.parametrize("model", MARKED)
def test_a_prefix_worth_caching_is_marked_wherever_a_provider_wants_marks(
    model: str, server: ProviderServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "google.json").write_text(json.dumps(service_account(server.url)))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "google.json"))
    for name, value in (("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "secret")):
        monkeypatch.setenv(name, value)
    parameters = {"aws_bedrock_runtime_endpoint": server.url, "aws_region_name": "eu-west-1"}
    google = {"vertex_project": "p", "vertex_location": "us-east5"}
    by_provider = {"bedrock": parameters, "vertex_ai": google}
    spec = ModelSpec(
        model, api_base="" if model.startswith("bedrock") else server.url, api_key="" if model in by_provider else KEY,
        input_usd_per_million=Decimal(1), output_usd_per_million=Decimal(1),
        provider=by_provider.get(model.partition("/")[0], {}),
        priced_as="eu.anthropic.claude-haiku-5-5" if "arn:" in model else "",
    )  # fmt: skip
    messages = (Message("system", "s"), Message("user", "f" * 9_000, cache=True), Message("user", "q"))
    prompt = Prompt(messages, "repair", max_output_tokens=300)
    open_model(spec).complete(prompt)
    body = next(a.body.decode() for a in reversed(server.asked) if a.method == "POST" and "/token" not in a.path)
    if MARKED[model]:
        assert body.index("ffff") < body.index(MARKED[model]) < body.rindex('"q"'), body[-600:]
    else:
        assert "cache" not in body
