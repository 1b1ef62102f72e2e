"""The tiers' models: is there a price and a key for each, and (only when asked) does it answer?"""

from __future__ import annotations

import time

from strategies.models.listed_models import listed_models
from strategies.models.model import Message, Model, ModelError, Prompt
from strategies.models.model_lookup import LookUp, look_up
from strategies.models.model_spec import ModelSpec
from workers.config.operator_file import TierOptions
from workers.config.settings import provider_key
from workers.doctor.check import CheckContext, DoctorCheck, fail, ok, skipped, warn
from workers.solving.model_check import Ask, lookup_problem
from workers.solving.model_use import KeyOf, OpenModel, model_use, provider_name, spec_of
from workers.usd import show_usd

NAME = "model"
OUTPUT_TOKENS = 256
"""Enough for thinking models to say one word, and a bound on what the call can cost."""


def models(
    context: CheckContext, open_model: OpenModel | None = None, key_of: KeyOf = provider_key, ask: Ask | None = None
) -> list[DoctorCheck]:
    """One check per tier. Loading litellm takes some seconds."""
    if context.operator is None:
        return [skipped(NAME, "the operator's file cannot be used")]
    if open_model is None:
        from strategies.models.litellm_model import open_model as open_litellm_model

        open_model, ask = open_litellm_model, ask or look_up
    return [_tier(tier, context, open_model, key_of, ask or _nobody) for tier in context.operator.tiers]


def _nobody(_spec: ModelSpec, _provider: str) -> LookUp:
    return LookUp()


def _tier(tier: TierOptions, context: CheckContext, open_model: OpenModel, key_of: KeyOf, ask: Ask) -> DoctorCheck:
    name = f"{NAME}: {tier.name}"
    use = model_use(tier, key_of, open_model=open_model)
    detail = tier.model
    if (price := use.price) is not None:
        detail += f", USD per million tokens: {price.input} in, {price.output} out"
        detail += f", {price.cached_input} cached" if price.cached_input is not None else ""
    detail = "; ".join((detail, *use.notes))
    if use.problems:
        said = "; ".join(p.what for p in use.problems)
        return fail(name, f"{detail}; {said}", "; ".join(dict.fromkeys(p.fix for p in use.problems)))
    if not context.options.call_models:
        return ok(name, detail)
    spec, provider = spec_of(tier, key_of), provider_name(tier.model, listed_models())
    found = ask(spec, provider)
    if problem := lookup_problem(tier, provider, found):
        return fail(name, f"{detail}; {problem}", "correct it in pennyfix.toml or in the environment")
    near = "" if found.lists(tier.model) else ", ".join(found.nearest(tier.model))
    return _call(name, detail, open_model(spec), near)


def _call(name: str, detail: str, model: Model, near: str) -> DoctorCheck:
    """`near` are names that the server lists, where it does not list the model's."""
    prompt = Prompt((Message("user", "Answer with the word: ready"),), "doctor", max_output_tokens=OUTPUT_TOKENS)
    started = time.monotonic()
    try:
        completion = model.complete(prompt)
    except ModelError as error:
        hint = f" (it serves {near})" if near else ""
        return fail(name, f"{detail}; {error}{hint}", "check key, credit and name at the provider")
    seconds = time.monotonic() - started
    if completion.usage is None:
        return warn(
            name, f"{detail}; answered without usage, so its cost is unknown", "use a provider that reports usage"
        )
    return ok(name, f"{detail}; answered in {seconds:.1f} s for {show_usd(model.price.cost(completion.usage))}")
