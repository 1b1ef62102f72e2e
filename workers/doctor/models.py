"""The tiers' models: is there a price and a key for each, and (only when asked) does it answer?"""

from __future__ import annotations

import time

from strategies.models.model import Message, Model, ModelError, Prompt
from workers.config.operator_file import TierOptions
from workers.config.settings import provider_key
from workers.doctor.check import CheckContext, DoctorCheck, fail, ok, skipped, warn
from workers.solving.tiers import KeyOf, OpenModel, spec_of
from workers.usd import show_usd

NAME = "model"
OUTPUT_TOKENS = 256
"""Enough for thinking models to say one word, and a bound on what the call can cost."""


def models(
    context: CheckContext, open_model: OpenModel | None = None, key_of: KeyOf = provider_key
) -> list[DoctorCheck]:
    """One check per tier. Loading litellm takes some seconds."""
    if context.operator is None:
        return [skipped(NAME, "the operator's file cannot be used")]
    if open_model is None:
        from strategies.models.litellm_model import open_model as open_litellm_model

        open_model = open_litellm_model
    return [_tier(tier, context, open_model, key_of) for tier in context.operator.tiers]


def _tier(tier: TierOptions, context: CheckContext, open_model: OpenModel, key_of: KeyOf) -> DoctorCheck:
    name = f"{NAME}: {tier.name}"
    try:
        model = open_model(spec_of(tier, key_of))
    except ModelError as error:
        wrong = f'`model = "{tier.model}"`'
        fix = f"correct {wrong} in pennyfix.toml, or give input_usd_per_million and output_usd_per_million there"
        return fail(name, str(error), fix)
    price = model.price
    detail = f"{tier.model}, USD per million tokens: {price.input} in, {price.output} out"
    if price.cached_input is not None:
        detail += f", {price.cached_input} cached"
    variable = tier.api_key_env or f"{_provider(tier.model)}_API_KEY"
    if not key_of(tier.model, tier.api_key_env) and (tier.api_key_env or not tier.api_base):
        return fail(name, f"{detail}; no key", f"set {variable} in the environment or in .env")
    if not context.options.call_models:
        return ok(name, detail)
    return _call(name, detail, model)


def _call(name: str, detail: str, model: Model) -> DoctorCheck:
    prompt = Prompt((Message("user", "Answer with the word: ready"),), "doctor", max_output_tokens=OUTPUT_TOKENS)
    started = time.monotonic()
    try:
        completion = model.complete(prompt)
    except ModelError as error:
        return fail(name, f"{detail}; {error}", "check key, credit and name at the provider")
    seconds = time.monotonic() - started
    if completion.usage is None:
        return warn(
            name, f"{detail}; answered without usage, so its cost is unknown", "use a provider that reports usage"
        )
    return ok(name, f"{detail}; answered in {seconds:.1f} s for {show_usd(model.price.cost(completion.usage))}")


def _provider(model: str) -> str:
    return model.partition("/")[0].upper().replace("-", "_") if "/" in model else "OPENAI"
