"""What a study needs of the settings: tiers from the operator's file or from model names, a sandbox, the version."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import cast

from sandbox.backends import BACKENDS, Name, choose
from strategies.models.meter import Meter
from strategies.strategy import Role
from strategies.study.running.run import OpenTiers, StudyPlan, StudyResult
from strategies.study.running.scripted import scripted_tiers
from strategies.study.tasks.corpus import CORPUS, ScriptedTask, load_corpus
from strategies.study.tasks.repositories import TEMPLATE
from strategies.study.tasks.task import Task, TaskError, load_tasks
from strategies.tier import Tier
from workers.config.operator_file import Operator, Roles, TierOptions
from workers.config.settings import Settings, provider_key
from workers.processes.wiring import backend_options, pennyfix_version
from workers.solving.model_use import OpenModel
from workers.solving.tiers import open_tiers, prompts_of

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
    roles = Roles(tester=names[0], judge=names[-1], tests=operator.roles.tests, more_tests=operator.roles.more_tests)
    return operator.model_copy(update={"tiers": tiers, "roles": roles})


@dataclass(frozen=True, slots=True)
class StudyTasks:
    """The tasks of a study, and the scripts of those that have one."""

    tasks: tuple[Task, ...]
    scripts: tuple[ScriptedTask, ...] = ()


@dataclass(frozen=True, slots=True)
class StudyOptions:
    """What is typed at `pennyfix study run`. `models`: scripted, configured, or litellm names, cheapest first.

    `max_usd` caps the study, `issue_usd` one issue under one strategy (None: the operator's cap). `sandbox` and
    `mirrors` "" take the configured backend and GitHub.
    """

    strategies: Sequence[str]
    models: Sequence[str]
    out: Path
    max_usd: Decimal
    issue_usd: Decimal | None = None
    parallel: int = 1
    sandbox: str = ""
    mirrors: str = ""


def study_plan(
    settings: Settings,
    operator: Operator,
    tasks: StudyTasks,
    options: StudyOptions,
    *,
    opener: OpenModel | None = None,
    key_of: Callable[[str, str], str] = provider_key,
) -> StudyPlan:
    """The plan that `strategies.study.running.run` carries out.

    Raises TaskError for an unknown sandbox, SandboxUnavailable, ConfigError; ModelRefused when the tiers are opened.
    """
    name = options.sandbox or settings.sandbox
    issue_usd = options.issue_usd or operator.limits.issue_usd
    if name not in ("auto", *BACKENDS):
        raise TaskError(f"--sandbox is {name!r}; allowed are auto, {', '.join(BACKENDS)}")
    return StudyPlan(
        tasks=tasks.tasks,
        strategies=options.strategies,
        tiers=_tiers(operator, tasks.scripts, options.models, opener, key_of, issue_usd),
        backend=choose(cast("Name", name), backend_options(settings, operator)),
        home=settings.home / "study",
        out=options.out,
        version=pennyfix_version(),
        max_usd=options.max_usd,
        issue_usd=issue_usd,
        resolved_usd=operator.cascade.resolved_issue_usd,
        prompts=prompts_of(operator),
        theta=operator.cascade.theta,
        tests=operator.roles.tests,
        more_tests=operator.roles.more_tests,
        parallel=options.parallel,
        mirrors=options.mirrors or TEMPLATE,
    )


def _tiers(
    operator: Operator,
    scripts: Sequence[ScriptedTask],
    models: Sequence[str],
    opener: OpenModel | None,
    key_of: Callable[[str, str], str],
    cap: Decimal,
) -> OpenTiers:
    """`cap` is USD for one issue: a study's solvers do not change when its money runs out."""
    if list(models) == [SCRIPTED]:
        task_scripts = [s.script for s in scripts]
        return lambda meter: scripted_tiers(task_scripts, meter)
    named = operator if list(models) == [CONFIGURED] else with_models(operator, models)
    going_on = {"on_outage": "next", "outage_minutes": 0.0}  # a study records an outage, and has no queue to wait in
    chosen = named.model_copy(update={"tiers": tuple(t.model_copy(update=going_on) for t in named.tiers)})

    def tiers(meter: Meter) -> tuple[tuple[Tier, ...], Mapping[Role, Tier]]:
        from strategies.models.litellm_model import open_model

        return open_tiers(chosen, meter, opener or open_model, key_of, cap)

    return tiers


def study_tasks(path: Path | None, *, corpus: bool, only: Sequence[str] = ()) -> StudyTasks:
    """The tasks of a file, a folder or the corpus; `only` these where it names some. Raises TaskError."""
    if corpus == (path is not None):
        raise TaskError("give a JSONL file or a folder of tasks, or --corpus, and not both")
    if path is not None and not path.exists():
        raise TaskError(f"{path} does not exist; give a JSONL file or a folder of tasks, or --corpus")
    scripts = load_corpus(path or CORPUS) if path is None or path.is_dir() else ()
    tasks = tuple(s.task for s in scripts) if scripts else load_tasks(path or CORPUS)
    for name in only:
        if name not in {t.id for t in tasks}:
            raise TaskError(f"--only names {name!r}; there are: {', '.join(t.id for t in tasks)[:600]}")
    return StudyTasks(tuple(t for t in tasks if not only or t.id in only), scripts)


def closing_text(result: StudyResult, out: Path, *, recording: bool = False) -> str:
    """How a study (or the recording of plans) ended, and how to go on."""
    p = result.progress
    done = f"{p.done} of {p.total} recorded in {out}, {p.resolved} resolved, ${p.spent} spent."
    if result.capped:
        return (
            f"{done}\nThe budget (--max-usd) ran out with {len(result.missing)} runs missing. "
            "The same command with a greater --max-usd goes on where it stopped."
        )
    if recording:
        done = f"{p.done} of {p.total} recorded in {out}, ${p.spent} spent."
        return f"{done}\nNext: pennyfix study replay {out} --html plans.html"
    return f"{done}\nNext: pennyfix study report {out} --html report.html"
