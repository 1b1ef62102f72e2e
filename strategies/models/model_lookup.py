"""Asks a model's server, free of charge, whether it takes the key and serves the model. No model is called.

What is decisive is told apart from what is not: a refused key is; a name that is missing in a list is only a hint,
because aliases are not listed and some servers answer to any name; a list that cannot be had says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from strategies.models.listed_models import nearest_models
from strategies.models.model_spec import ModelSpec
from strategies.models.provider_errors import redact

SECONDS = 10.0
UNAUTHORIZED = 401
_OPENAI_LIKE = {
    "cerebras": "https://api.cerebras.ai/v1", "dashscope": "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
    "deepinfra": "https://api.deepinfra.com/v1/openai", "deepseek": "https://api.deepseek.com",
    "fireworks_ai": "https://api.fireworks.ai/inference/v1", "groq": "https://api.groq.com/openai/v1",
    "mistral": "https://api.mistral.ai/v1", "moonshot": "https://api.moonshot.ai/v1",
    "openai": "https://api.openai.com/v1", "openrouter": "https://openrouter.ai/api/v1",
    "together_ai": "https://api.together.xyz/v1", "xai": "https://api.x.ai/v1",
    "custom_openai": "", "hosted_vllm": "", "litellm_proxy": "", "lm_studio": "",
    "llamafile": "http://127.0.0.1:8080/v1",
}  # fmt: skip
"""Providers with `GET {base}/models` as OpenAI has it, and where they are."""


@dataclass(frozen=True, slots=True)
class LookUp:
    """What the server said. `host` is who was asked, "" when there was nobody to ask. `refused` are its words when it
    does not take the key; `unreachable` why it cannot be reached; `names` the models that it lists."""

    host: str = ""
    refused: str = ""
    unreachable: str = ""
    names: tuple[str, ...] = ()

    def lists(self, model: str) -> bool:
        """Whether the model is among the listed names."""
        return bool(set(_spellings(model)) & set(self.names))

    def nearest(self, model: str) -> tuple[str, ...]:
        """The listed names that were probably meant."""
        return nearest_models(_bare(model), self.names)


@dataclass(frozen=True, slots=True)
class _Question:
    url: str
    headers: dict[str, str]
    names: bool = True


def look_up(spec: ModelSpec, provider: str) -> LookUp:
    """Ask the server of `spec`'s model. Never raises for what a server does."""
    names: tuple[str, ...] = ()
    host = ""
    for question in _questions(spec, provider):
        host = urlsplit(question.url).netloc
        try:
            answer = httpx.get(question.url, headers=question.headers, timeout=SECONDS, follow_redirects=False)
        except httpx.HTTPError as error:
            words = redact(str(error) or type(error).__name__, spec.api_key)
            return LookUp(host, unreachable=words)
        if refused := _refusal(answer):
            return LookUp(host, refused=redact(refused, spec.api_key))
        if question.names:
            names = tuple(_names(answer))
    return LookUp(host, names=names)


def _questions(spec: ModelSpec, provider: str) -> list[_Question]:
    base, key = spec.api_base, spec.api_key
    if provider == "anthropic":
        root = (base or "https://api.anthropic.com").removesuffix("/v1/messages").removesuffix("/v1")
        headers = {"x-api-key": key, "anthropic-version": "2023-06-01"}
        return [_Question(f"{root}/v1/models?limit=1000", headers)] if key else []
    if provider == "gemini":
        root = base or "https://generativelanguage.googleapis.com/v1beta"
        return [_Question(f"{root}/models?pageSize=1000", {"x-goog-api-key": key})]
    if provider in ("ollama", "ollama_chat"):
        return [_Question(f"{(base or 'http://localhost:11434').removesuffix('/v1')}/api/tags", _bearer(key))]
    if provider == "azure" and base and key:
        version = spec.provider.get("api_version") or "2024-10-21"
        return [_Question(f"{base}/openai/models?api-version={version}", {"api-key": key}, names=False)]
    root = base or _OPENAI_LIKE.get(provider, "")
    if not root or provider not in _OPENAI_LIKE:
        return []
    questions = [_Question(f"{root}/models", _bearer(key))]
    if provider == "openrouter":  # its list is public, and says nothing of the key
        questions.insert(0, _Question(f"{root}/key", _bearer(key), names=False))
    return questions


def _bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"} if key else {}


def _refusal(answer: httpx.Response) -> str:
    """The server's words when it does not know the key; "" for any other answer. 403 is not one: a key may be good for
    calls and not for lists."""
    words = _words(answer)
    if answer.status_code == UNAUTHORIZED and "scope" not in words.lower():
        return f"{answer.status_code}: {words}"
    if answer.is_client_error and ("API_KEY_INVALID" in answer.text or "API key not valid" in answer.text):
        return f"{answer.status_code}: {words}"
    return ""


def _words(answer: httpx.Response) -> str:
    body = _json(answer)
    error = body.get("error", body) if isinstance(body, dict) else body
    said = error.get("message") if isinstance(error, dict) else error
    return str(said or answer.reason_phrase)[:200]


def _names(answer: httpx.Response) -> Iterable[str]:
    body = _json(answer) if answer.is_success else None
    found = body if isinstance(body, list) else (body or {}).get("data") or (body or {}).get("models") or []
    for one in found if isinstance(found, list) else []:
        name = (one.get("id") or one.get("name")) if isinstance(one, dict) else None
        if isinstance(name, str):
            yield name.removeprefix("models/")


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return {}


def _bare(model: str) -> str:
    """The name that is sent to the server: litellm's without the provider and the route."""
    name = model.partition("/")[2] or model
    return name.removeprefix("responses/").removeprefix("converse/")


def _spellings(model: str) -> tuple[str, ...]:
    name = _bare(model)
    return (name, f"{name}:latest", name.removesuffix(":latest"))
