"""Which row of the price table a model's name means, and which names are nearest to one that means none. Pure, but for
`listed_models`, which reads the table that litellm brings along without importing litellm.

A model is often called by another name than its row has: behind a reseller, in a region, by date, by a route.
"""

from __future__ import annotations

import difflib
import importlib.util
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

Table = Mapping[str, Mapping[str, object]]
PRICES, PROVIDERS = "model_prices_and_context_window_backup.json", "provider_endpoints_support_backup.json"

_ROUTES = frozenset({
    "converse", "converse_like", "invoke", "responses", "chat", "o_series", "gpt5_series", "claude_platform",
})  # fmt: skip
"""litellm's words for how a model is called, between the provider and the model."""
_REGION = re.compile(r"^(?:us-gov|us|eu|apac|global|au|jp|ca|sa|me|af|il)\.(?=[a-z0-9]+\.)")
_DATED = re.compile(r"(?:[-@](?:20\d{2}-?\d{2}-?\d{2}|latest|default|\d{3}))+$|:(?:latest|\d+k)$")
_VENDORS = {
    "anthropic": ("anthropic",), "openai": ("openai",), "google": ("gemini",), "deepseek": ("deepseek",),
    "x-ai": ("xai",), "xai": ("xai",), "mistralai": ("mistral",), "mistral": ("mistral",), "qwen": ("dashscope",),
    "alibaba": ("dashscope",), "moonshotai": ("moonshot",), "z-ai": ("zai",), "zai": ("zai",), "minimax": ("minimax",),
    "cohere": ("cohere", "cohere_chat"), "perplexity": ("perplexity",), "amazon": ("bedrock", "bedrock_converse"),
    "meta": ("meta_llama",), "meta-llama": ("meta_llama",), "ai21": ("ai21",),
}  # fmt: skip
"""How resellers call who made a model, and what the table calls them."""
_RESELLERS = frozenset({"openrouter", "vercel_ai_gateway", "litellm_proxy", "helicone"})


@dataclass(frozen=True, slots=True)
class ListedModel:
    """The row that a name means. `underlying` "" when the row is the model's own, else the name it was found under: it
    is another seller's or region's row, whose price may differ."""

    row: Mapping[str, object]
    underlying: str = ""


def listed(model: str, table: Table) -> ListedModel | None:
    """The row of `model`: its own, or that of the model behind it; None when there is neither."""
    if model in table:
        return ListedModel(table[model])
    provider, _, bare = model.partition("/")
    if bare:
        for name in _bare_names(provider, bare):
            for key in (f"{provider}/{name}", name):
                row = table.get(key)
                if row is not None and _sold_by(row, provider):
                    return ListedModel(row, "" if name == bare else key)
    elif (row := table.get(_DATED.sub("", model))) is not None:
        return ListedModel(row, _DATED.sub("", model))
    if provider in _RESELLERS and bare:
        return _resold(bare, table)
    return None


def _bare_names(provider: str, bare: str) -> Iterator[str]:
    """The names that a model may be listed under, the nearest first."""
    seen: dict[str, None] = {bare: None}
    words = bare.split("/")
    while len(words) > 1 and (words[0] in _ROUTES or re.fullmatch(r"[a-z]{2}(?:-gov)?-[a-z]+-\d", words[0])):
        words = words[1:]
        seen["/".join(words)] = None
    if words[0].startswith("arn:"):  # arn:aws:bedrock:REGION:ACCOUNT:inference-profile/eu.anthropic.claude-…
        words = words[-1:]
        seen[words[0]] = None
    if provider.startswith("vertex_ai") or provider == "gemini":
        seen[words[-1]] = None
    for name in list(seen):
        seen[_REGION.sub("", name)] = None
    for name in list(seen):
        seen[_DATED.sub("", name)] = None
    yield from seen


def _sold_by(row: Mapping[str, object], provider: str) -> bool:
    """Whether a row is this provider's: the table has `vertex_ai-language-models` and `bedrock_converse`."""
    seller = str(row.get("litellm_provider", ""))
    provider = provider.removesuffix("_beta")
    return seller == provider or seller.startswith((f"{provider}_", f"{provider}-"))


def _resold(bare: str, table: Table) -> ListedModel | None:
    """The row of a model that a reseller names `VENDOR/NAME` or `VENDOR/NAME:VARIANT`."""
    vendor, _, name = bare.rpartition("/")
    vendors = _VENDORS.get(vendor.rpartition("/")[2].lower(), ())
    wanted = _plain(name.partition(":")[0])
    for key, row in table.items():
        if row.get("litellm_provider") in vendors and _plain(key.rpartition("/")[2]) == wanted and _is_chat(row):
            return ListedModel(row, key)
    return None


def _plain(name: str) -> str:
    """A name by which 4.5 and 4-5, and a model and its dated snapshot, are the same."""
    return _DATED.sub("", name.lower()).replace(".", "-").replace("_", "-")


def _is_chat(row: Mapping[str, object]) -> bool:
    return row.get("mode") in ("chat", "responses", None)


def nearest_models(model: str, names: Iterable[str], most: int = 3) -> tuple[str, ...]:
    """The names of a server's list, or of the table, that were probably meant; the nearest first."""
    known = {name.lower(): name for name in names}
    lower = model.lower()
    short = lower.rpartition("/")[2]
    found = [known[n] for n in difflib.get_close_matches(lower, known, n=most, cutoff=0.7)]
    shorts = {name.rpartition("/")[2]: whole for name, whole in known.items()}
    found += [shorts[n] for n in difflib.get_close_matches(short, shorts, n=most, cutoff=0.7)]
    return tuple(dict.fromkeys(found))[:most]


def table_names(model: str, table: Table) -> tuple[str, ...]:
    """The chat models of the table as they are written in `model = "…"`: of the model's provider, if it is known."""
    provider = model.partition("/")[0] if "/" in model else ""
    names = {
        key if key.startswith(f"{row.get('litellm_provider')}/") else f"{_seller(row)}/{key}": row
        for key, row in table.items()
        if _is_chat(row) and row.get("litellm_provider")
    }
    own = tuple(name for name, row in names.items() if provider and _sold_by(row, provider))
    return own or tuple(names)


def _seller(row: Mapping[str, object]) -> str:
    seller = str(row.get("litellm_provider"))
    return "vertex_ai" if seller.startswith("vertex_ai") else seller.removesuffix("_converse")


@cache
def listed_models() -> Table:
    """The table of models that litellm brings along. Raises OSError when litellm is not installed."""
    table: dict[str, Any] = _read(PRICES)
    table.pop("sample_spec", None)
    return table


@cache
def known_providers() -> frozenset[str]:
    """The providers that litellm knows."""
    named = {str(row.get("litellm_provider", "")).split("-")[0] for row in listed_models().values()}
    return frozenset(named | set(_read(PROVIDERS)["providers"]))


def _read(name: str) -> dict[str, Any]:
    found = importlib.util.find_spec("litellm")  # where it is, without importing it
    if found is None or found.origin is None:
        raise FileNotFoundError("litellm")
    value: dict[str, Any] = json.loads((Path(found.origin).parent / name).read_text(encoding="utf-8"))
    return value
