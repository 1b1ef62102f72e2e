"""The usage of an answer, in whichever of the providers' shapes it is reported. Pure.

Providers differ in what their counts include. OpenAI's `prompt_tokens` hold the cached ones and its `completion_tokens`
the reasoning; Anthropic's, Bedrock's and some gateways' input leaves out what was read from or written to the cache;
xAI's and Gemini's output leaves out the reasoning. Where the total says more than input and output do, what was left
out is found by its size; what nothing explains is output, which is the dearer. So a bill is never below what is said.

Shapes: OpenAI (chat, responses), Azure, Anthropic, Bedrock (Converse, invocation metrics), Gemini and Vertex, DeepSeek,
Mistral, Groq, xAI, Together, Fireworks, OpenRouter, Cohere, Perplexity, Cerebras, Moonshot, DashScope, Zhipu, Ollama,
vLLM and those that are compatible with one of them.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import reduce
from typing import Any

from strategies.models.usage import ReportedUsage, Usage
from strategies.models.wire.counts import amount, number
from strategies.models.wire.raw_answer import CONTENT, RawAnswer, loads
from strategies.models.wire.streamed_counts import StreamStep, added_up, merged, step, together

Counts = Mapping[str, Any]

_USAGE = ("usage", "usageMetadata", "usage_metadata", "amazon-bedrock-invocationMetrics")
_MODES = ("service_tier", "serviceTier", "trafficType", "traffic_type", "speed", "inference_geo")
USUAL_MODES = frozenset({
    "", "default", "standard", "standard_only", "auto", "on_demand", "on-demand", "scale", "reserved", "batch",
    "global", "not_available", "provisioned_throughput", "traffic_type_unspecified", "unspecified", "none", "null",
})  # fmt: skip
"""Modes without a price of their own: the usual one, and what was paid for beforehand."""
_NAME = re.compile(r'(?<!\\)"(usage|usageMetadata|usage_metadata|meta|amazon-bedrock-invocationMetrics)"\s*:\s*')
_COUNT = re.compile(r'(?<!\\)"(\w+)"\s*:\s*"?(\d{1,12})"?\s*[,}\]\s]')


def reported(answer: RawAnswer) -> ReportedUsage | None:
    """What the answer says that it used; None when it says nothing that can be read."""
    steps: list[StreamStep] = []
    modes: list[str] = []
    for event in answer.events:
        usages = [*_usages(event, 0)]
        if usages:
            steps.append(step(event, reduce(merged, usages)))
        modes += _modes(event, 0)
    cut = False
    for text in answer.broken:
        for usage, whole in _salvaged(text):
            steps.append(StreamStep(usage))
            cut = cut or not whole
    found = together(steps)
    modes += _other_models(found)
    found = _with_iterations(found)
    counted = read_usage(found)
    if counted is None:
        least = read_usage(found, least=True)
        return None if least is None else _with_extras(least, found, modes, whole=False)
    whole = not cut and (answer.ended or not answer.streamed)
    return _with_extras(counted, found, modes, whole=whole)


def read_usage(raw: Counts, *, least: bool = False) -> Usage | None:
    """The tokens that one usage object reports; None when they cannot be told. With `least`, what is missing counts as
    nothing, so the call used at least this."""
    readings = [
        usage
        for read in (_gemini, _bedrock, _ollama, _cohere, _openai, _anthropic)
        if (usage := read(raw, least)) is not None and usage.input_tokens > 0
    ]
    if least:
        return max(readings, key=lambda u: u.input_tokens + u.output_tokens, default=None)
    return Usage(
        max(u.input_tokens for u in readings),
        min(u.cached_tokens for u in readings),
        max(u.output_tokens for u in readings),
        max(u.cache_write_tokens for u in readings),
    ) if readings else None  # fmt: skip


def added(one: ReportedUsage, other: ReportedUsage) -> ReportedUsage:
    """Two answers of one call: a library asked twice."""
    usd = None if one.usd is None or other.usd is None else one.usd + other.usd
    return ReportedUsage(
        one.usage + other.usage,
        one.whole and other.whole,
        tuple(dict.fromkeys((*one.modes, *other.modes))),
        one.long_write_tokens + other.long_write_tokens,
        (*one.input_media, *other.input_media),
        (*one.output_media, *other.output_media),
        usd,
        one.searches + other.searches,
    )


def _openai(raw: Counts, least: bool) -> Usage | None:
    total = _first(raw, "total_tokens")
    prompt, completion = _first(raw, "prompt_tokens"), _first(raw, "completion_tokens")
    if prompt is None and completion is None:
        return None
    hit, miss = _first(raw, "prompt_cache_hit_tokens") or 0, _first(raw, "prompt_cache_miss_tokens") or 0
    if prompt is None and total is not None and completion is not None:
        prompt = max(total - completion, 0)
    if completion is None and total is not None and prompt is not None and total >= prompt:
        completion = total - prompt
    if prompt is None or completion is None:
        if not least:
            return None
        prompt, completion = prompt or 0, completion or 0
    prompt = max(prompt, hit + miss)
    cached = max(_inner(raw, "cached_tokens"), hit, *_tops(raw, "num_cached_tokens", "cache_read_input_tokens"))
    written = max(
        _inner(raw, "cache_write_tokens"), _inner(raw, "cache_creation_tokens"),
        _inner(raw, "cache_creation_input_tokens"), _first(raw, "cache_creation_input_tokens") or 0,
    )  # fmt: skip
    apart = "cache_read_input_tokens" in raw or "cache_creation_input_tokens" in raw
    cited = 0 if isinstance(raw.get("cost"), Mapping) else _first(raw, "citation_tokens") or 0
    return _balanced(prompt, completion, total, cached, written, _reasoning(raw), cited, apart=apart)


def _anthropic(raw: Counts, least: bool) -> Usage | None:
    """Anthropic's messages (the cached tokens stand apart) and OpenAI's responses (they do not)."""
    taken, made = _first(raw, "input_tokens"), _first(raw, "output_tokens")
    if taken is None or made is None:
        if not least or (taken is None and made is None):
            return None
        taken, made = taken or 0, made or 0
    if isinstance(raw.get("input_tokens_details"), Mapping):
        total = _first(raw, "total_tokens")
        cached, written = _inner(raw, "cached_tokens"), _inner(raw, "cache_write_tokens")
        return _balanced(taken, made, total, cached, written, _reasoning(raw), 0, apart=False)
    written = max(_first(raw, "cache_creation_input_tokens") or 0, sum(_kept(raw)))
    return _apart(taken, made, _first(raw, "cache_read_input_tokens") or 0, written, _first(raw, "total_tokens"))


def _bedrock(raw: Counts, least: bool) -> Usage | None:
    taken, made = _first(raw, "inputTokens", "inputTokenCount"), _first(raw, "outputTokens", "outputTokenCount")
    if taken is None or made is None:
        if not least or (taken is None and made is None):
            return None
        taken, made = taken or 0, made or 0
    read = _first(raw, "cacheReadInputTokens", "cacheReadInputTokenCount") or 0
    written = max(_first(raw, "cacheWriteInputTokens", "cacheWriteInputTokenCount") or 0, sum(_kept(raw)))
    return _apart(taken, made, read, written, _first(raw, "totalTokens"))


def _gemini(raw: Counts, least: bool) -> Usage | None:
    total = _first(raw, "totalTokenCount", "total_token_count")
    prompt = _first(raw, "promptTokenCount", "prompt_token_count")
    if prompt is None:
        return None
    prompt += _first(raw, "toolUsePromptTokenCount", "tool_use_prompt_token_count") or 0
    said = _first(raw, "candidatesTokenCount", "candidates_token_count")
    thought = _first(raw, "thoughtsTokenCount", "thoughts_token_count")
    if said is None and thought is None and total is None and not least:
        return None
    output = max((said or 0) + (thought or 0), (total or 0) - prompt)
    cached = _first(raw, "cachedContentTokenCount", "cached_content_token_count") or 0
    return Usage(max(prompt, cached), min(cached, max(prompt, cached)), output)


def _cohere(raw: Counts, least: bool) -> Usage | None:
    """What is billed, where that is said; else all tokens."""
    for name in ("billed_units", "tokens"):
        units = raw.get(name)
        if isinstance(units, Mapping):
            taken, made = _first(units, "input_tokens"), _first(units, "output_tokens")
            if taken is not None and made is not None:
                return Usage(taken, min(_first(raw, "cached_tokens") or 0, taken), made)
            if least and taken is not None:
                return Usage(taken)
    return None


def _ollama(raw: Counts, least: bool) -> Usage | None:
    taken, made = _first(raw, "prompt_eval_count"), _first(raw, "eval_count")
    if taken is None or (made is None and not least):
        return None
    return Usage(taken, 0, made or 0)


def _balanced(
    prompt: int,
    completion: int,
    total: int | None,
    cached: int,
    written: int,
    reasoning: int,
    cited: int,
    *,
    apart: bool,
) -> Usage:
    """Input and output, with what the counts leave out but the total or the details hold."""
    left_out = None if total is None else max(total - prompt - completion, 0)
    aside = _explained(left_out, cached, written, reasoning)
    if cached + written > prompt or (left_out is None and apart):
        aside = cached + written
    taken = prompt + aside
    made = completion if total is None else max(completion, total - taken)
    if reasoning > made:
        made += reasoning  # more was thought than said: the thoughts are not among what was said
    return Usage(taken + cited, min(cached, taken), made, min(written, max(taken - cached, 0)))


def _explained(left_out: int | None, cached: int, written: int, reasoning: int) -> int:
    """How many of the tokens that only the total has are cached input, not reasoning; reasoning, the dearer, is tried
    first."""
    if not left_out:
        return 0
    for size in (1, 2, 3):
        for chosen in itertools.combinations((("output", reasoning), ("input", cached), ("input", written)), size):
            if all(count for _, count in chosen) and sum(count for _, count in chosen) == left_out:
                return sum(count for kind, count in chosen if kind == "input")
    return 0


def _apart(taken: int, made: int, read: int, written: int, total: int | None) -> Usage:
    whole = taken + read + written
    more = 0 if total is None else max(total - whole - made, 0)
    return Usage(whole, read, made + more, written)


def _reasoning(raw: Counts) -> int:
    inner = [raw.get(name) for name in ("completion_tokens_details", "output_tokens_details")]
    counts = [_first(one, "reasoning_tokens", "thinking_tokens") or 0 for one in inner if isinstance(one, Mapping)]
    return max([*counts, _first(raw, "reasoning_tokens") or 0])


def _first(raw: Counts, *names: str) -> int | None:
    return next((count for name in names if (count := number(raw.get(name))) is not None), None)


def _tops(raw: Counts, *names: str) -> list[int]:
    return [number(raw.get(name)) or 0 for name in (*names, "cached_tokens")]


def _inner(raw: Counts, name: str) -> int:
    details = ("prompt_tokens_details", "prompt_token_details", "input_tokens_details")
    return max([number(one.get(name)) or 0 for key in details if isinstance(one := raw.get(key), Mapping)], default=0)


def _kept(raw: Counts) -> tuple[int, int]:
    """(short, long): cache writes by how long they are kept."""
    short = long = 0
    for where in (raw, raw.get("prompt_tokens_details")):
        parts = (
            where.get("cache_creation") or where.get("cache_creation_token_details")
            if isinstance(where, Mapping)
            else 0
        )
        if isinstance(parts, Mapping):
            for name, value in parts.items():
                count = number(value) or 0
                if re.search(r"_\d+h", str(name)):
                    long += count
                else:
                    short += count
    details = raw.get("cacheDetails")
    for one in details if isinstance(details, list) else ():
        if isinstance(one, Mapping):
            count = _first(one, "inputTokens") or 0
            if str(one.get("ttl", "")).endswith("h"):
                long += count
            else:
                short += count
    return short, long


def _with_extras(usage: Usage, raw: Counts, modes: Iterable[str], *, whole: bool) -> ReportedUsage:
    return ReportedUsage(
        usage,
        whole=whole,
        modes=tuple(dict.fromkeys(modes)),
        long_write_tokens=min(_kept(raw)[1], usage.cache_write_tokens),
        input_media=_media(raw, ("prompt_tokens_details", "input_tokens_details"), ("promptTokensDetails",)),
        output_media=_media(raw, ("completion_tokens_details", "output_tokens_details"), ("candidatesTokensDetails",)),
        usd=_said_usd(raw),
        searches=_searches(raw),
    )


def _media(raw: Counts, named: Iterable[str], listed: Iterable[str]) -> tuple[tuple[str, int], ...]:
    found: dict[str, int] = {}
    for key in named:
        details = raw.get(key)
        for kind in ("image", "audio", "video"):
            count = _first(details, f"{kind}_tokens") if isinstance(details, Mapping) else None
            if count:
                found[kind] = max(found.get(kind, 0), count)
    for key in listed:
        details = raw.get(key)
        for one in details if isinstance(details, list) else ():
            kind = str(one.get("modality", "")).lower() if isinstance(one, Mapping) else ""
            count = _first(one, "tokenCount") if kind in ("image", "audio", "video") else None
            if count:
                found[kind] = max(found.get(kind, 0), count)
    return tuple(sorted(found.items()))


def _said_usd(raw: Counts) -> Decimal | None:
    """What OpenRouter, Perplexity or xAI say that they charge. With a key of one's own at OpenRouter (`is_byok`) what
    the provider behind it charges comes on top; where it does not say whose key was used, the greater one holds."""
    ticks = raw.get("cost_in_usd_ticks")
    if isinstance(ticks, int) and not isinstance(ticks, bool) and ticks >= 0:
        return Decimal(ticks) / 10_000_000_000
    cost = raw.get("cost")
    if isinstance(cost, Mapping):
        cost = cost.get("total_cost")
    said = amount(cost)
    behind = _behind(raw.get("cost_details"))
    if behind is None or raw.get("is_byok") is False:
        return said
    if raw.get("is_byok") is True:
        return (said or Decimal(0)) + behind
    return max(said or Decimal(0), behind)


def _behind(details: object) -> Decimal | None:
    """USD that the provider behind OpenRouter charges: as a whole, or as what input and output cost."""
    if not isinstance(details, Mapping):
        return None
    whole = amount(details.get("upstream_inference_cost"))
    names = ("upstream_inference_prompt_cost", "upstream_inference_input_cost", "upstream_inference_completions_cost",
             "upstream_inference_output_cost")  # fmt: skip
    parts = [cost for name in names if (cost := amount(details.get(name))) is not None]
    known = [*([] if whole is None else [whole]), *([sum(parts, Decimal(0))] if parts else [])]
    return max(known, default=None)


def _iterations(raw: Counts) -> list[Mapping[str, Any]]:
    listed = raw.get("iterations")
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []


def _with_iterations(raw: dict[str, Any]) -> dict[str, Any]:
    """Anthropic's usage with the counts of all its `iterations`: the counts beside them leave out a compaction and the
    turns of server tools."""
    turns = _iterations(raw)
    return merged(raw, added_up(turns)) if turns else raw


def _other_models(raw: Counts) -> Iterator[str]:
    """Iterations that are no turn of the model itself, such as an adviser's: another model's price holds for them."""
    for one in _iterations(raw):
        kind = str(one.get("type") or "").lower()
        if kind not in ("", "message", "compaction"):
            yield kind[:40]


def _searches(raw: Counts) -> int:
    """Searches that are charged by the piece, as Anthropic's and OpenRouter's are."""
    tools = raw.get("server_tool_use")
    return _first(tools, "web_search_requests") or 0 if isinstance(tools, Mapping) else 0


def _usages(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    """The usage objects of an event, outside of what the model wrote."""
    if depth > 6:  # noqa: PLR2004 - deeper than any provider's
        return
    if isinstance(value, list):
        for one in value:
            yield from _usages(one, depth + 1)
    elif isinstance(value, dict):
        if "prompt_eval_count" in value:
            yield {name: value.get(name) for name in ("prompt_eval_count", "eval_count")}
        for name, one in value.items():
            if name in _USAGE and isinstance(one, dict):
                yield one
            elif name == "meta" and isinstance(one, dict):
                yield _billed(one)
            if name not in CONTENT:
                yield from _usages(one, depth + 1)


def _billed(meta: Mapping[str, Any]) -> dict[str, Any]:
    """What Cohere's first version reports among other things."""
    return {name: meta[name] for name in ("billed_units", "tokens") if name in meta}


def _modes(value: Any, depth: int) -> Iterator[str]:
    """What the answer was served as, where that is not the usual."""
    if depth > 4:  # noqa: PLR2004 - see above
        return
    if isinstance(value, list):
        for one in value:
            yield from _modes(one, depth + 1)
    elif isinstance(value, dict):
        for name, one in value.items():
            if name in _MODES:
                word = one.get("type") if isinstance(one, dict) else one
                text = str(word if isinstance(word, str) else "").strip().lower().removeprefix("on_demand_")
                if text not in USUAL_MODES:
                    yield text[:40]
            elif name not in CONTENT:
                yield from _modes(one, depth + 1)


def _salvaged(text: str) -> Iterator[tuple[dict[str, Any], bool]]:
    """The usage objects of text that is no JSON as a whole, and whether each is complete; of an incomplete one, the
    counts that stand there whole."""
    decoder = json.JSONDecoder(strict=False)
    for match in _NAME.finditer(text):
        try:
            value, _ = decoder.raw_decode(text, match.end())
        except (ValueError, RecursionError):
            counts = {name: int(count) for name, count in _COUNT.findall(text, match.end())}
            if counts:
                yield counts, False
            continue
        if isinstance(value, dict):
            yield (_billed(value) if match[1] == "meta" else value), True
    if loads(text) is None and "prompt_eval_count" in text:
        counts = {n: int(c) for n, c in _COUNT.findall(text) if n in ("prompt_eval_count", "eval_count")}
        if counts:
            yield counts, "eval_count" in counts
