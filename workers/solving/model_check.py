"""Before a run costs minutes: does each tier's server take the key, and does it serve the model?

First the server is asked for free. Only where that leaves it open, the model itself is asked one word, on the issue's
budget; what it refuses then would have been refused by every attempt.
"""

from __future__ import annotations

from collections.abc import Callable

from strategies.models.listed_models import listed_models
from strategies.models.meter import Meter, Metered
from strategies.models.model import Message, Model, ModelError, ModelRefused, Prompt
from strategies.models.model_lookup import LookUp, look_up
from strategies.models.model_spec import ModelSpec
from workers.config.operator_file import Operator, TierOptions
from workers.config.providers import needs_of
from workers.solving.model_use import KeyOf, OpenModel, provider_name, spec_of

Ask = Callable[[ModelSpec, str], LookUp]
WORD_TOKENS = 64
"""Output tokens of the one word."""
_NOT_SERVED = frozenset({401, 403, 404})
"""What a provider answers to a key or a name that it does not know (RFC 9110, section 15.5)."""


def check_models(operator: Operator, meter: Meter, open_model: OpenModel, key_of: KeyOf, ask: Ask = look_up) -> None:
    """Raise ModelRefused for the first tier whose key or model its server does not take, with the nearest names."""
    open_questions: dict[tuple[str, str], tuple[TierOptions, ModelSpec, LookUp]] = {}
    for tier in operator.tiers:
        spec, provider = spec_of(tier, key_of), provider_name(tier.model, listed_models())
        found = ask(spec, provider)
        if problem := lookup_problem(tier, provider, found):
            raise ModelRefused(f"tier {tier.name!r}: {problem}")
        if not found.lists(tier.model):
            open_questions.setdefault((spec.model, spec.api_base), (tier, spec, found))
    for tier, spec, found in open_questions.values():  # opening the first model loads litellm, which takes seconds
        _ask_one_word(tier, open_model(spec), meter, found)


def lookup_problem(tier: TierOptions, provider: str, found: LookUp) -> str:
    """What the server's answer says against the tier, with what to do; "" when it says nothing."""
    if found.refused:
        keys = needs_of(provider).keys
        variable = tier.api_key_env or (keys[0] if keys else "its variable")
        return f"{found.host} does not take the key ({found.refused}); correct {variable}"
    if found.unreachable and (tier.api_base or needs_of(provider).identified == "nothing"):
        return f"nothing answers at {found.host} ({found.unreachable}); start the server, or correct `api_base`"
    return ""


def _ask_one_word(tier: TierOptions, model: Model, meter: Meter, found: LookUp) -> None:
    prompt = Prompt((Message("user", "Answer with the word: ready"),), "doctor", max_output_tokens=WORD_TOKENS)
    try:
        Metered(model, meter, tier.name).complete(prompt)
    except ModelRefused as error:
        if status_of(error) in _NOT_SERVED:
            near = found.nearest(tier.model)
            hint = f"; it serves {', '.join(near)}" if near else ""
            raise ModelRefused(f"tier {tier.name!r}: {error}{hint}; correct `model` or its key") from error
    except ModelError:
        return  # trouble that may pass: the run itself knows what to do about it


def status_of(error: BaseException) -> int | None:
    """The HTTP status that an error of a model's call began with; None where there was none."""
    one: BaseException | None = error
    while one is not None:
        status = getattr(one, "status_code", None)
        if isinstance(status, int):
            return status
        one = one.__cause__
    return None
