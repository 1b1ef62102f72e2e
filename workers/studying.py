"""What a study needs of the settings: tiers from the operator's file or from model names, a sandbox, the version."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from sandbox.backends import Name, choose
from strategies.meter import Meter
from strategies.strategy import Role
from strategies.study.corpus import Scripted
from strategies.study.grounds import TEMPLATE
from strategies.study.run import Plan, Tiers
from strategies.study.scripted import scripted_tiers
from strategies.study.task import Task
from strategies.tier import Tier
from workers.bench import OpenModel, open_tiers
from workers.course_of import backend_options, pennyfix_version
from workers.operator_file import Operator, Roles, TierOptions
from workers.settings import Settings, provider_key

SCRIPTED, CONFIGURED = "scripted", "configured"


def named(operator: Operator, models: Sequence[str]) -> Operator:
    """The operator's file with other tiers: these litellm models, cheapest first; the first is weak, the last strong.

    Raises ConfigError for what no tier may be.
    """
    names = ["weak", *(f"middle-{i}" for i in range(1, len(models) - 1)), "strong"] if len(models) > 1 else ["only"]
    tiers = tuple(
        TierOptions(name=name, model=model, attempts=2 if name == "weak" else 1)
        for name, model in zip(names, models, strict=True)
    )
    return operator.model_copy(update={"tiers": tiers, "roles": Roles(tester=names[0], judge=names[-1])})


def plan_of(
    settings: Settings,
    operator: Operator,
    tasks: Sequence[Task],
    scripts: Sequence[Scripted],
    *,
    strategies: Sequence[str],
    models: Sequence[str],
    out: Path,
    max_usd: Decimal,
    issue_usd: Decimal | None = None,
    parallel: int = 1,
    sandbox: Name | None = None,
    mirrors: str = "",
    opener: OpenModel | None = None,
    key_of: Callable[[str, str], str] = provider_key,
) -> Plan:
    """A plan that `strategies.study.run` carries out. `models`: scripted, configured, or litellm names.

    Raises SandboxUnavailable, ConfigError; ModelRefused comes at the first look at the tiers.
    """
    return Plan(
        tasks=tasks,
        strategies=strategies,
        tiers=_tiers(operator, scripts, models, opener, key_of),
        backend=choose(sandbox or settings.sandbox, backend_options(settings, operator)),
        home=settings.home / "study",
        out=out,
        version=pennyfix_version(),
        max_usd=max_usd,
        issue_usd=issue_usd or operator.limits.issue_usd,
        resolved_usd=operator.cascade.resolved_issue_usd,
        parallel=parallel,
        mirrors=mirrors or TEMPLATE,
    )


def _tiers(
    operator: Operator,
    scripts: Sequence[Scripted],
    models: Sequence[str],
    opener: OpenModel | None,
    key_of: Callable[[str, str], str],
) -> Tiers:
    if list(models) == [SCRIPTED]:
        known = [s.script for s in scripts]
        return lambda meter: scripted_tiers(known, meter)
    chosen = operator if list(models) == [CONFIGURED] else named(operator, models)

    def tiers(meter: Meter) -> tuple[tuple[Tier, ...], Mapping[Role, Tier]]:
        from strategies.litellm_model import open_model

        return open_tiers(chosen, meter, opener or open_model, key_of)

    return tiers
