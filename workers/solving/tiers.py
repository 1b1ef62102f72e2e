"""The operator's tiers and a meter become what a strategy may use. A model without a price is refused here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal, get_args

from strategies.methods.decision import typical
from strategies.models.budget_share_meter import ShareMeter
from strategies.models.family import family_of
from strategies.models.meter import Meter, Metered
from strategies.models.model import Model
from strategies.prompts.prompt import PromptFolder
from strategies.run_configuration import tier_json
from strategies.step import Step
from strategies.strategy import Role
from strategies.tier import Tier
from workers.config.operator_file import Operator, TierOptions
from workers.solving.model_use import KeyOf, OpenModel, fallbacks_of, spec_of


@dataclass(frozen=True, slots=True)
class ModelOpener:
    """Opens a tier's models. `stop` is called while one is asked and may raise; `say` hears what is learned of them."""

    open_model: OpenModel
    key_of: KeyOf
    stop: Callable[[], None] | None = None
    say: Callable[[Step], None] | None = None

    def models(self, tier: TierOptions) -> tuple[Model, ...]:
        """The tier's own model, then its fallbacks. Raises ModelRefused for an unknown or unpriced one."""
        return tuple(self._open(one) for one in (tier, *fallbacks_of(tier)))

    def _open(self, tier: TierOptions) -> Model:
        say = self.say
        told = None if say is None else lambda text: say(Step("model", text, {"tier": tier.name}))
        return self.open_model(replace(spec_of(tier, self.key_of), watch=self.stop, say=told))


def open_tiers(
    operator: Operator,
    meter: Meter,
    open_model: OpenModel,
    key_of: KeyOf,
    cap: Decimal | None = None,
    *,
    stop: Callable[[], None] | None = None,
    say: Callable[[Step], None] | None = None,
) -> tuple[tuple[Tier, ...], Mapping[Role, Tier]]:
    """The tiers, cheapest first, and the roles. Raises ModelRefused for an unknown or unpriced model.

    A role has a metered model of its own, so that its calls are not booked to an attempt. `cap` is USD for the issue,
    None for what the meter has left: it decides the solver where the operator names none. `stop` may break a call off.
    """
    opener = ModelOpener(open_model, key_of, stop, say)
    models = {t.name: opener.models(t) for t in operator.tiers}
    left = meter.left() if cap is None else cap
    tiers = tuple(_tier(t, _metered(models[t.name], meter, t.name), left) for t in operator.tiers)
    roles: dict[Role, Tier] = {}
    for role in get_args(Role):
        options = operator.tier(role)
        roles[role] = _tier(options, _metered(models[options.name], meter, options.name), left)
    return tiers, roles


def setup_tier(operator: Operator, meter: Meter, open_model: OpenModel, key_of: KeyOf) -> Tier:
    """Who proposes a set-up, with its own share of the issue's money. Raises ModelRefused."""
    options = operator.tier("setup")
    share = ShareMeter(meter, operator.setup_model.usd, "set-up model's")
    return _tier(options, _metered(ModelOpener(open_model, key_of).models(options), share, options.name), share.left())


def _metered(models: Sequence[Model], meter: Meter, tier: str) -> Metered:
    return Metered(models[0], meter, tier, models[1:])


AFFORDS = 2
"""An agent may need so many times what it typically costs."""


def solver_of(options: TierOptions, model: Model, cap: Decimal) -> Literal["agent", "repair"]:
    """The solver that the operator names; else the agent, where the model has tools and one issue's `cap` in USD
    affords it, and one repair answer where not."""
    if options.solver is not None:
        return options.solver
    affords = typical(model.price, "agent") * AFFORDS <= cap
    return "agent" if model.supports_tools and affords else "repair"


def _tier(options: TierOptions, model: Metered, cap: Decimal) -> Tier:
    return Tier(
        name=options.name,
        model=model,
        attempts=options.attempts,
        solver=solver_of(options, model.model, cap),
        temperature=options.temperature,
        max_output_tokens=options.max_output_tokens,
        max_turns=options.max_turns,
        family=options.family.strip().lower() or family_of(options.model),
        on_outage=options.on_outage,
        outage_minutes=options.outage_minutes,
    )


def prompts_of(operator: Operator) -> PromptFolder:
    """Where prompts come from. Raises PromptError for a file in the operator's folder that cannot be used."""
    folder = PromptFolder(operator.prompts)
    folder.check()
    return folder


def parameters(operator: Operator, tiers: Sequence[Tier]) -> Mapping[str, Mapping[str, Any]]:
    """What exactly each tier was, with its price, for the record; no key, no address."""
    effort = {t.name: t.reasoning_effort for t in operator.tiers}
    return {
        t.name: {k: v for k, v in tier_json(t).items() if k != "tier"} | {"reasoning_effort": effort.get(t.name)}
        for t in tiers
    }
