"""What a study needs of the settings: tiers from the operator's file or from model names, a sandbox, the version."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import cast

from sandbox.backends import BACKENDS, Name, choose
from strategies.models.meter import Meter
from strategies.strategy import Role
from strategies.study.running.run import StudyPlan, StudyResult, Tiers
from strategies.study.running.scripted import scripted_tiers
from strategies.study.tasks.corpus import CORPUS, ScriptedTask, load_corpus
from strategies.study.tasks.repositories import TEMPLATE
from strategies.study.tasks.task import Task, TaskError, load_tasks
from strategies.tier import Tier
from workers.config.operator_file import Operator, Roles, TierOptions
from workers.config.settings import Settings, provider_key
from workers.pipeline.tiers import OpenModel, open_tiers, prompts_of
from workers.processes.wiring import backend_options, pennyfix_version

SCRIPTED, CONFIGURED = "scripted", "configured"


def with_models(operator: Operator, models: Sequence[str]) -> Operator:
    """The operator's file with other tiers: these litellm models, cheapest first; the first is weak, the last strong.

    Raises ConfigError for what no tier may be.
    """
    names = ["weak", *(f"middle-{i}" for i in range(1, len(models) - 1)), "strong"] if len(models) > 1 else ["only"]
    tiers = tuple(
        TierOptions(name=name, model=model, attempts=2 if name == "weak" else 1)
        for name, model in zip(names, models, strict=True)
    )
    roles = Roles(tester=names[0], judge=names[-1], tests=operator.roles.tests)
    return operator.model_copy(update={"tiers": tiers, "roles": roles})


def study_plan(
    settings: Settings,
    operator: Operator,
    tasks: Sequence[Task],
    scripts: Sequence[ScriptedTask],
    *,
    strategies: Sequence[str],
    models: Sequence[str],
    out: Path,
    max_usd: Decimal,
    issue_usd: Decimal | None = None,
    parallel: int = 1,
    sandbox: str = "",
    mirrors: str = "",
    opener: OpenModel | None = None,
    key_of: Callable[[str, str], str] = provider_key,
) -> StudyPlan:
    """A plan that `strategies.study.running.run` carries out. `models`: scripted, configured, or litellm names.

    Raises SandboxUnavailable, ConfigError; ModelRefused comes at the first look at the tiers.
    """
    name = sandbox or settings.sandbox
    if name not in ("auto", *BACKENDS):
        raise TaskError(f"--sandbox is {name!r}; allowed are auto, {', '.join(BACKENDS)}")
    return StudyPlan(
        tasks=tasks,
        strategies=strategies,
        tiers=_tiers(operator, scripts, models, opener, key_of, issue_usd or operator.limits.issue_usd),
        backend=choose(cast("Name", name), backend_options(settings, operator)),
        home=settings.home / "study",
        out=out,
        version=pennyfix_version(),
        max_usd=max_usd,
        issue_usd=issue_usd or operator.limits.issue_usd,
        resolved_usd=operator.cascade.resolved_issue_usd,
        prompts=prompts_of(operator),
        theta=operator.cascade.theta,
        tests=operator.roles.tests,
        parallel=parallel,
        mirrors=mirrors or TEMPLATE,
    )


def _tiers(
    operator: Operator,
    scripts: Sequence[ScriptedTask],
    models: Sequence[str],
    opener: OpenModel | None,
    key_of: Callable[[str, str], str],
    cap: Decimal,
) -> Tiers:
    """`cap` is USD for one issue: a study's solvers do not change when its money runs out."""
    if list(models) == [SCRIPTED]:
        known = [s.script for s in scripts]
        return lambda meter: scripted_tiers(known, meter)
    chosen = operator if list(models) == [CONFIGURED] else with_models(operator, models)

    def tiers(meter: Meter) -> tuple[tuple[Tier, ...], Mapping[Role, Tier]]:
        from strategies.models.litellm_model import open_model

        return open_tiers(chosen, meter, opener or open_model, key_of, cap)

    return tiers


def study_tasks(
    path: Path | None, *, corpus: bool, only: Sequence[str] = ()
) -> tuple[tuple[Task, ...], tuple[ScriptedTask, ...]]:
    """The tasks, and the scripts where they have some. Raises TaskError."""
    if corpus == (path is not None):
        raise TaskError("give a JSONL file or a folder of tasks, or --corpus, and not both")
    if path is not None and not path.exists():
        raise TaskError(f"{path} does not exist; give a JSONL file or a folder of tasks, or --corpus")
    scripts = load_corpus(path or CORPUS) if path is None or path.is_dir() else ()
    tasks = tuple(s.task for s in scripts) if scripts else load_tasks(path or CORPUS)
    for name in only:
        if name not in {t.id for t in tasks}:
            raise TaskError(f"--only names {name!r}; there are: {', '.join(t.id for t in tasks)[:600]}")
    return tuple(t for t in tasks if not only or t.id in only), scripts


def closing_text(ran: StudyResult, out: Path, *, recording: bool = False) -> str:
    """How a study (or the recording of plans) ended, and how to go on."""
    p = ran.progress
    done = f"{p.done} of {p.total} recorded in {out}, {p.resolved} resolved, ${p.spent} spent."
    if ran.capped:
        return (
            f"{done}\nThe money ended (--max-usd): {len(ran.missing)} are missing. The same command with a greater "
            "--max-usd goes on where it stopped."
        )
    if recording:
        done = f"{p.done} of {p.total} recorded in {out}, ${p.spent} spent."
        return f"{done}\nNext: pennyfix study replay {out} --html plans.html"
    return f"{done}\nNext: pennyfix study report {out} --html report.html"
