"""Whether a tier's model can be used: a provider that is known, its key or identity, its parameters, its price.

One function decides it, without network and without loading litellm; `pennyfix doctor`, every start and every run ask
it, so that none of them finds in order what another refuses.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from strategies.models.listed_models import Table, known_providers, listed, listed_models, nearest_models
from strategies.models.model import Model, ModelError, ModelRefused
from strategies.models.model_spec import ModelSpec
from strategies.models.price import Price
from strategies.models.price_table import price_of
from workers.config.operator_file import Operator, TierOptions
from workers.config.providers import Provider, needs_of, provider_of
from workers.config.settings import environment_value, provider_key

OpenModel = Callable[[ModelSpec], Model]
KeyOf = Callable[[str, str], str]
"""(litellm model, name of a variable or "") → key."""
ValueOf = Callable[[str], str]
"""Name of a variable → its value, "" when unset."""
BASE_MODEL = "base_model"
"""litellm's word in `[tiers.provider]` for the model behind an alias (an Azure deployment, an inference profile)."""


@dataclass(frozen=True, slots=True)
class ModelProblem:
    """Why a model cannot be used, and what to do."""

    what: str
    fix: str


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What was found. `price` None: there is none; `notes` are sentences that people should know."""

    tier: str
    model: str
    price: Price | None
    problems: tuple[ModelProblem, ...] = ()
    notes: tuple[str, ...] = ()

    def require(self) -> None:
        """Raise ModelRefused with every problem, and how to mend each."""
        if self.problems:
            said = "; ".join(f"{p.what}: {p.fix}" for p in self.problems)
            raise ModelRefused(f"tier {self.tier!r}: {said}")


def model_use(
    tier: TierOptions,
    key_of: KeyOf = provider_key,
    value_of: ValueOf = environment_value,
    open_model: OpenModel | None = None,
) -> ModelUse:
    """Whether the tier's model can be used. With `open_model` it is opened, too, which makes no call."""
    table = listed_models()
    provider = provider_name(tier.model, table)
    needs = needs_of(provider)
    spec = spec_of(tier, key_of, value_of)
    price: Price | None = None
    problems: list[ModelProblem] = []
    try:
        price = open_model(spec).price if open_model is not None else price_of(spec, table)
    except ModelError as error:
        fix = f'correct `model = "{tier.model}"` in pennyfix.toml'
        if spec.input_usd_per_million is None:
            fix += ", or give input_usd_per_million and output_usd_per_million there"
        problems.append(ModelProblem(str(error), fix))
    if open_model is None or price is None:
        problems = [*_provider_problems(provider, spec)] or problems
    problems += _identity_problems(tier, needs, spec, bool(spec.api_key))
    problems += _parameter_problems(provider, needs, spec)
    return ModelUse(tier.name, tier.model, price, tuple(problems), tuple(_notes(needs, spec, table)))


def require_usable(
    operator: Operator, key_of: KeyOf = provider_key, open_model: OpenModel | None = None
) -> tuple[ModelUse, ...]:
    """Each tier's model, in order. Raises ModelRefused for one that cannot be used, before anything is set up."""
    found = tuple(model_use(tier, key_of, open_model=open_model) for tier in operator.tiers)
    stand_ins = [model_use(one, key_of, open_model=open_model) for tier in operator.tiers for one in fallbacks_of(tier)]
    for use in (*found, *stand_ins):
        use.require()
    return found


def fallbacks_of(tier: TierOptions) -> tuple[TierOptions, ...]:
    """The tier with each of its `fallback_models`: at the same address and with the same key where the provider is the
    same, else by that provider's own; priced by the table."""
    table = listed_models()
    free = {"input_usd_per_million": None, "output_usd_per_million": None, "cached_input_usd_per_million": None}
    own = {name: value for name, value in tier.provider.items() if name != BASE_MODEL}
    found = []
    for model in tier.fallback_models:
        same = provider_name(model, table) == provider_name(tier.model, table)
        there = {"provider": own} if same else {"provider": {}, "api_base": "", "api_key_env": ""}
        found.append(tier.model_copy(update={"model": model, "fallback_models": (), **free, **there}))
    return tuple(found)


def spec_of(tier: TierOptions, key_of: KeyOf, value_of: ValueOf = environment_value) -> ModelSpec:
    """A tier's model in the strategies' words: what the file says, then what the provider's variables say."""
    given: dict[str, object] = dict(tier.provider)
    provider = provider_name(tier.model, listed_models())
    needs = needs_of(provider)
    base = tier.api_base
    for parameter in needs.parameters:
        value = next((v for name in parameter.variables if (v := value_of(name))), "")
        if parameter.name == "api_base":
            base = base or value.rstrip("/")
        elif value and not (parameter.name.startswith("aws_") and _aws_is_said(tier.provider)):
            given.setdefault(parameter.name, value)
    priced_as = str(given.pop(BASE_MODEL, ""))
    return ModelSpec(
        model=tier.model,
        api_base=base,
        api_key=key_of(tier.model if "/" in tier.model else f"{provider}/{tier.model}", tier.api_key_env),
        input_usd_per_million=tier.input_usd_per_million,
        output_usd_per_million=tier.output_usd_per_million,
        cached_input_usd_per_million=tier.cached_input_usd_per_million,
        reasoning_effort=tier.reasoning_effort,
        max_output_tokens=tier.max_output_tokens,
        timeout=tier.timeout_seconds,
        silence=tier.silence_seconds,
        provider=given,
        priced_as=priced_as,
        images=tier.images,
    )


def _aws_is_said(given: Mapping[str, object]) -> bool:
    """Whether the file names an identity of its own: keys of the environment are then not mixed into it."""
    return any(name in given for name in ("aws_profile_name", "aws_role_name", "aws_web_identity_token"))


def provider_name(model: str, table: Table) -> str:
    """The provider of a litellm model; a name without one has the table's."""
    if "/" in model:
        return provider_of(model)
    found = listed(model, table)
    seller = str(found.row.get("litellm_provider", "")) if found is not None else ""
    return "vertex_ai" if seller.startswith("vertex_ai") else seller or provider_of(model)


def _provider_problems(provider: str, spec: ModelSpec) -> Iterator[ModelProblem]:
    known = known_providers() | {"custom_openai"}
    if provider in known:
        return
    near = nearest_models(provider, known)
    meant = f"write `{near[0]}/{spec.model.partition('/')[2]}`" if near else "write it as PROVIDER/MODEL"
    compatible = "or `openai/NAME` with `api_base` for a server that speaks OpenAI's protocol"
    yield ModelProblem(f"{provider!r} in {spec.model} is no provider that is known", f"{meant}, {compatible}")


def _identity_problems(tier: TierOptions, needs: Provider, spec: ModelSpec, has_key: bool) -> Iterator[ModelProblem]:
    where = "in the environment, or as a line of `.env` in the state folder"
    if tier.api_key_env and not has_key:
        yield ModelProblem(
            f"the variable {tier.api_key_env}, which `api_key_env` names, is not set",
            f"set {tier.api_key_env} {where}, or take `api_key_env` out",
        )
        return
    if has_key or needs.identified in ("nothing", "identity"):
        yield from _half_an_identity(spec)
        return
    if needs.identified == "key" and tier.api_base:
        return  # a server of one's own, which may ask for none
    if needs.identified == "key or identity" and any(spec.provider.get(name) for name in needs.identity):
        return
    variable = needs.keys[0] if needs.keys else "its key"
    yield ModelProblem(f"there is no key for {tier.model}", f"set {variable} {where}")


def _half_an_identity(spec: ModelSpec) -> Iterator[ModelProblem]:
    """What the files and variables say of AWS and Google, where it cannot be right."""
    given = spec.provider
    if bool(given.get("aws_access_key_id")) != bool(given.get("aws_secret_access_key")):
        yield ModelProblem("one of AWS's two access keys is not set", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    credentials = str(given.get("vertex_credentials") or "")
    if credentials and not credentials.lstrip().startswith("{") and not Path(credentials).expanduser().is_file():
        yield ModelProblem(
            f"the Google credentials {credentials} are no file", "set GOOGLE_APPLICATION_CREDENTIALS to the key's path"
        )


def _parameter_problems(provider: str, needs: Provider, spec: ModelSpec) -> Iterator[ModelProblem]:
    for parameter in needs.parameters:
        has = spec.api_base if parameter.name == "api_base" else spec.provider.get(parameter.name)
        if parameter.needed and not has:
            place = "in the tier" if parameter.name == "api_base" else "under [tiers.provider]"
            yield ModelProblem(
                f"{provider} wants `{parameter.name}`",
                f'write `{parameter.name} = "{parameter.example}"` {place}, or set {parameter.variables[0]}',
            )
    if needs.package and not _installed(needs.package):
        name = {"google.auth": "google-auth"}.get(needs.package, needs.package)
        yield ModelProblem(f"{provider} wants the Python package {name}", f"pip install {name}")


def _installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:
        return False


def _notes(needs: Provider, spec: ModelSpec, table: Table) -> Iterator[str]:
    name = spec.priced_as or spec.model
    found = listed(name, table)
    if spec.input_usd_per_million is None and found is not None and (found.underlying or spec.priced_as):
        yield f"priced as {found.underlying or spec.priced_as}"
    if needs is needs_of("bedrock") and not spec.api_key and not spec.provider.get("aws_access_key_id"):
        yield "identified by AWS's own chain (profile, role)"
    if needs is needs_of("vertex_ai") and not spec.provider.get("vertex_credentials"):
        yield "identified by Google's application default credentials"


def use_lines(found: Sequence[ModelUse]) -> tuple[str, ...]:
    """What is worth saying at a start: one line for each tier that has a note."""
    return tuple(f"tier {use.tier}: {use.model}, {'; '.join(use.notes)}" for use in found if use.notes)
