"""Runs strategies over tasks: parallel, resumable, under one hard cap. Nothing here knows where tiers come from.

For each task all strategies run before the next task begins, so that an early end leaves pairs to compare. The hidden
tests are looked at only after a strategy has ended, in a sandbox of their own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from sandbox.backend import Backend
from sandbox.errors import MirrorError, PreparationFailed, SandboxUnavailable
from sandbox.recipe import Recipe
from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace
from strategies.judge import Accept
from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import Meter
from strategies.prompts.prompt import PromptFolder
from strategies.prompts.sections import suite_section
from strategies.registry import STRATEGIES, strategy_of
from strategies.resolution import Ending, Resolution
from strategies.resolve import resolve
from strategies.run_configuration import configuration_of
from strategies.strategy import Role, SolveContext
from strategies.study.running.budget import StudyBudget, StudyMeter
from strategies.study.running.record import Records, record_row, recorded
from strategies.study.tasks.hidden import HiddenResult, hidden_result, patch_from
from strategies.study.tasks.repositories import TEMPLATE, has_tests, recipe_of, workspace_of
from strategies.study.tasks.task import Task, TaskError
from strategies.tier import Tier, without_sandbox
from strategies.verification.baseline import NoBaseline
from strategies.verification.request import VerificationRequest
from strategies.verification.verification import Verification
from strategies.verification.without_tests import WithoutTests

OpenTiers = Callable[[Meter], tuple[tuple[Tier, ...], Mapping[Role, Tier]]]
JOURNAL = "spending.jsonl"
HEAD = "study.json"


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """What a study runs and how. `home` holds mirrors and environments; money is USD."""

    tasks: Sequence[Task]
    strategies: Sequence[str]
    tiers: OpenTiers
    backend: Backend
    home: Path
    out: Path
    version: str
    max_usd: Decimal
    issue_usd: Decimal
    resolved_usd: Decimal = Decimal(2)
    parallel: int = 1
    accept: Accept = "reproduction"
    mirrors: str = TEMPLATE
    prompts: PromptFolder = field(default_factory=PromptFolder)
    theta: float | None = None
    tests: int = 1
    more_tests: int = 2


CarryOut = Callable[[StudyPlan, Task, str, StudyBudget], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class StudyProgress:
    """Of `total` pairs of task and strategy `done` are recorded; `projected` USD for all of them."""

    done: int
    total: int
    spent: Decimal
    projected: Decimal
    resolved: int


@dataclass(frozen=True, slots=True)
class StudyResult:
    """How a study ended. `capped`: its budget ran out first; what is missing can be run later."""

    progress: StudyProgress
    capped: bool
    missing: tuple[tuple[str, str], ...]


def run_study(
    plan: StudyPlan, progress: Callable[[StudyProgress], None] = lambda _: None, carry_out: CarryOut | None = None
) -> StudyResult:
    """Run what is not recorded yet; `carry_out` makes one record (by default `run_task`).

    Raises TaskError for a plan that cannot be run, ModelRefused for its models.
    """
    pairs = [(t, s) for t in plan.tasks for s in plan.strategies]
    _check(plan)
    budget = StudyBudget(plan.out / JOURNAL, plan.max_usd)  # holds the folder from here on
    done = {(r.task, r.strategy): r.resolved for r in recorded(plan.out) if not r.row.get("again")}
    wanted = {(t.id, s) for t, s in pairs}
    resolved = sum(1 for pair, good in done.items() if good and pair in wanted)
    count = len(wanted & set(done))
    todo = iter([(t, s) for t, s in pairs if (t.id, s) not in done])
    records = Records(plan.out)

    def current_progress() -> StudyProgress:
        projected = budget.spent * len(pairs) / count if count else Decimal(0)
        return StudyProgress(count, len(pairs), budget.spent, projected, resolved)

    capped = False
    missing = []
    try:
        progress(current_progress())
        with ThreadPoolExecutor(max(plan.parallel, 1)) as pool:
            running: dict[Future[dict[str, Any] | None], tuple[str, str]] = {}
            try:
                _fill(running, pool, todo, plan, budget, carry_out or run_task)
                while running:
                    finished, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in finished:
                        pair = running.pop(future)
                        row = future.result()
                        if row is None:
                            capped = True
                            missing.append(pair)
                            continue
                        records.append(row)
                        count += 1
                        resolved += row["resolved"] is True
                        progress(current_progress())
                    if not capped:
                        _fill(running, pool, todo, plan, budget, carry_out or run_task)
            finally:
                _finish_running(running, records)
        missing += [(t.id, s) for t, s in todo]
        return StudyResult(current_progress(), capped, tuple(missing))
    finally:
        budget.close()
        records.close()


def _fill(
    running: dict[Future[dict[str, Any] | None], tuple[str, str]],
    pool: ThreadPoolExecutor,
    todo: Iterator[tuple[Task, str]],
    plan: StudyPlan,
    budget: StudyBudget,
    carry_out: CarryOut,
) -> None:
    while len(running) < max(plan.parallel, 1):
        pair = next(todo, None)
        if pair is None:
            return
        running[pool.submit(carry_out, plan, pair[0], pair[1], budget)] = (pair[0].id, pair[1])


def _finish_running(running: Mapping[Future[dict[str, Any] | None], object], records: Records) -> None:
    """After an error or Ctrl-C: wait for the runs under way and record them, because they are paid for."""
    for future in running:
        row = None if future.exception() else future.result()
        if row is not None:
            records.append(row)


def run_task(plan: StudyPlan, task: Task, strategy: str, budget: StudyBudget) -> dict[str, Any] | None:
    """The record of one task under one strategy; None when the study's money ended in the middle of it."""
    started = time.monotonic()
    meter = StudyMeter(budget, plan.issue_usd)
    tiers, roles = plan.tiers(meter)
    chosen = strategy_of(strategy, theta=plan.theta)
    diff, base = "", ""
    try:
        with workspace_of(task, plan.home, plan.mirrors) as workspace:
            base = workspace.base
            recipe = recipe_of(task, workspace)
            patch_from(task.hidden.tests, workspace)  # before any money: do the hidden tests fit this commit?
            resolution = run_strategy(plan, task, workspace, recipe, strategy, tiers, roles)
            if meter.ended:
                return None
            hidden = hidden_result(plan.backend, workspace.key, recipe, workspace, task.hidden, resolution.patch)
            diff = workspace.diff(resolution.patch) if resolution.patch else ""
    except (TaskError, MirrorError, PreparationFailed, NoBaseline, SandboxUnavailable) as error:
        resolution = Resolution(Ending.UNJUDGED, (), None, Patch(), str(error))
        hidden = HiddenResult(None, str(error))
    digests = {name: plan.prompts.load(name).digest for name in plan.prompts.names()}
    setting = configuration_of(chosen, tiers, digests, plan.version, base) | {
        "accept": plan.accept,
        "tests": plan.tests,
        "more_tests": plan.more_tests,
    }
    # nothing was judged and nothing spent (a sandbox without node, an engine that is gone): the next run tries again
    again = hidden.resolved is None and not meter.charges
    seconds = time.monotonic() - started
    return record_row(task.id, strategy, setting, resolution, meter.charges, hidden, diff, seconds) | {"again": again}


def run_strategy(
    plan: StudyPlan,
    task: Task,
    workspace: Workspace,
    recipe: Recipe | None,
    strategy: str,
    tiers: tuple[Tier, ...],
    roles: Mapping[Role, Tier],
) -> Resolution:
    """Run the strategy as in production: it is given the issue and the base commit, never the hidden tests."""
    context = solve_context(plan, task, workspace, recipe, tiers, roles)
    return resolve(task.issue, workspace, strategy_of(strategy, theta=plan.theta), context)


def solve_context(
    plan: StudyPlan,
    task: Task,
    workspace: Workspace,
    recipe: Recipe | None,
    tiers: tuple[Tier, ...],
    roles: Mapping[Role, Tier],
) -> SolveContext:
    """The context of a strategy on one task: tiers, roles, verification and prompts."""
    issue = task.issue
    verification: Verification | WithoutTests
    if recipe is None or not has_tests(workspace):
        verification = WithoutTests(workspace, plan.accept, ())
    else:
        request = VerificationRequest(
            plan.backend,
            workspace.key,
            recipe,
            workspace,
            issue,
            tester=roles["tester"],
            accept=plan.accept,
            say=lambda _: None,
            memory=plan.home / "memory" / workspace.key,
            prompts=plan.prompts,
            tests=plan.tests,
            stand_ins=tiers,
        )
        verification = Verification.start(request)
    return SolveContext(
        tiers=tiers if isinstance(verification, Verification) else without_sandbox(tiers),
        roles=roles,
        verification=verification,
        say=lambda _: None,
        resolved_usd=plan.resolved_usd,
        prompts=plan.prompts,
        tests=suite_section(recipe, plan.prompts) if recipe is not None else "",
        more_tests=plan.more_tests if plan.tests == 1 else 0,
    )


def _check(plan: StudyPlan) -> None:
    for name in plan.strategies:
        if name not in STRATEGIES:
            raise TaskError(f"strategy {name!r} is not known; allowed are {', '.join(STRATEGIES)}")
    if not plan.tasks or not plan.strategies:
        raise TaskError("nothing to run: give at least one task and one strategy")
    if "{repo}" not in plan.mirrors:
        raise TaskError(f"mirrors is {plan.mirrors!r}; allowed is a URL or an absolute path with {{repo}} in it")
    if plan.max_usd <= 0 or plan.issue_usd <= 0:
        raise TaskError(f"the caps are ${plan.max_usd} and ${plan.issue_usd} an issue; allowed is more than 0")
    tiers, _ = plan.tiers(CapMeter(Decimal(0)))
    now = {"tiers": [t.model.name for t in tiers], "pennyfix": plan.version, "accept": plan.accept}
    plan.out.mkdir(parents=True, exist_ok=True)
    head = plan.out / HEAD
    if head.is_file():
        before = json.loads(head.read_text(encoding="utf-8"))
        if before != now:
            raise TaskError(
                f"{plan.out} holds a study with {before}, this one has {now}; give another folder with --out, "
                "and compare them with `pennyfix study report --compare`"
            )
    head.write_text(json.dumps(now), encoding="utf-8")
