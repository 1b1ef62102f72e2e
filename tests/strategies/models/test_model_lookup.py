from __future__ import annotations

from collections.abc import Iterator

import pytest

from strategies.models.model_lookup import look_up
from strategies.models.model_spec import ModelSpec
from tests.fakes.provider_server import KEY, ProviderServer

NAMES = ["claude-haiku-5-5", "qwen3-coder:30b", "llama3:latest"]


@pytest.fixture(scope="module")
def server() -> Iterator[ProviderServer]:
    with ProviderServer(NAMES) as server:
        yield server


@pytest.mark.parametrize(
    ("provider", "base", "asked"),
    [
        ("anthropic", "", "/v1/models?limit=1000"),
        ("anthropic", "/v1", "/v1/models?limit=1000"),
        ("openai", "/v1", "/v1/models"),
        ("deepseek", "", "/models"),
        ("hosted_vllm", "/v1", "/v1/models"),
        ("gemini", "/v1beta", "/v1beta/models?pageSize=1000"),
        ("openrouter", "/api/v1", "/api/v1/models"),
        ("ollama_chat", "", "/api/tags"),
        ("azure", "", "/openai/models?api-version=2024-10-21"),
    ],
)
def test_each_protocol_is_asked_in_its_own_way(server: ProviderServer, provider: str, base: str, asked: str) -> None:
    model = f"{provider}/claude-haiku-5-5"
    right = look_up(ModelSpec(model, api_base=server.url + base, api_key=KEY), provider)
    assert (server.asked[-1].path, right.refused, right.unreachable) == (asked, "", "")
    assert right.lists(model) == (provider != "azure"), "Azure lists models, and is asked for deployments"
    wrong = look_up(ModelSpec(model, api_base=server.url + base, api_key="wrong-key"), provider)
    assert "401: invalid x-api-key" in wrong.refused
    assert "wrong-key" not in wrong.refused
    assert wrong.host in server.url


def test_a_misspelt_name_gets_the_nearest_of_the_servers_own(server: ProviderServer) -> None:
    found = look_up(ModelSpec("ollama/qwen3-codr:30b", api_base=server.url, api_key=KEY), "ollama")
    assert (found.lists("ollama/qwen3-codr:30b"), found.nearest("ollama/qwen3-codr:30b")[0]) == (
        False,
        "qwen3-coder:30b",
    )
    assert found.lists("ollama/llama3"), "a tag that is left out is the latest"


def test_a_server_that_is_not_there_is_told_apart_from_one_that_has_no_list() -> None:
    away = look_up(ModelSpec("openai/x", api_base="http://127.0.0.1:9/v1"), "openai")
    assert away.unreachable
    with ProviderServer(open_to_all=True) as server:
        found = look_up(ModelSpec("openai/x", api_base=f"{server.url}/other/key?"), "openai")
    assert (found.unreachable, found.refused, found.names) == ("", "", ())


def test_a_provider_that_cannot_be_asked_is_not() -> None:
    assert look_up(ModelSpec("bedrock/x"), "bedrock").host == ""
    assert look_up(ModelSpec("anthropic/x"), "anthropic").host == "", "without a key there is nothing to find out"
