"""Recorded self-test runs: per task and tier, k answers, k tests of each size, and which answer passes which test.

From one recording every smaller plan of the self-test cascade can be replayed without asking a model again (the first
k answers and tests of a tier). Source: arXiv 2405.15842.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from sandbox.errors import MirrorError, PreparationFailed, SandboxUnavailable
from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace
from strategies.attempt import Attempt
from strategies.methods.sampling import variation
from strategies.methods.self_test_cascade import SelfTestCascade
from strategies.resolution import Ending, Resolution
from strategies.run_configuration import configuration_of
from strategies.solvers.attempt_task import AttemptHints
from strategies.solvers.solve import solve
from strategies.strategy import SolveContext
from strategies.study.running.budget import StudyBudget, StudyMeter
from strategies.study.running.record import record_row, recorded
from strategies.study.running.run import StudyPlan, solve_context
from strategies.study.tasks.hidden import HiddenResult, hidden_result, patch_from
from strategies.study.tasks.repositories import recipe_of, workspace_of
from strategies.study.tasks.task import Task, TaskError
from strategies.tier import Tier
from strategies.verification.baseline import NoBaseline

STRATEGY = "self-test-cascade"
KIND = "plans"


@dataclass(frozen=True, slots=True)
class TierRun:
    """One tier on one task. `answers` are (USD, right by the hidden tests); `tests` by number of assertions are
    (USD, valid at the base commit); `passes[t][answer][test]`."""

    name: str
    answers: tuple[tuple[float, bool], ...]
    tests: Mapping[int, tuple[tuple[float, bool], ...]]
    passes: Mapping[int, tuple[tuple[bool, ...], ...]]


@dataclass(frozen=True, slots=True)
class TaskRun:
    """All tiers on one task, cheapest first."""

    task: str
    tiers: tuple[TierRun, ...]


def record_one(
    plan: StudyPlan, task: Task, strategy: str, budget: StudyBudget, *, k: int, sizes: Sequence[int]
) -> dict[str, Any] | None:
    """The record of one task: every tier answers `k` times and writes `k` tests of each size.

    None when the study's money ended in the middle. A task that could not be set up is tried again by the next run.
    """
    try:
        return _record(plan, task, budget, k, sizes)
    except (TaskError, MirrorError, PreparationFailed, NoBaseline, SandboxUnavailable) as error:
        ended = Resolution(Ending.UNJUDGED, (), None, Patch(), str(error))
        return record_row(task.id, strategy, {}, ended, (), HiddenResult(None, str(error)), "", 0.0) | {"again": True}


def _record(plan: StudyPlan, task: Task, budget: StudyBudget, k: int, sizes: Sequence[int]) -> dict[str, Any] | None:
    started = time.monotonic()
    meter = StudyMeter(budget, plan.issue_usd)
    tiers, roles = plan.tiers(meter)
    with workspace_of(task, plan.home, plan.mirrors) as workspace:
        recipe = recipe_of(task, workspace)
        patch_from(task.hidden.tests, workspace)
        context = solve_context(plan, task, workspace, recipe, tiers, roles)
        rows = []
        for tier in context.tiers:
            answers = [_answer(context, task, workspace, tier, i, k, meter) for i in range(k)]
            if meter.ended:
                return None
            right = [
                bool(a.patch)
                and hidden_result(plan.backend, workspace.key, recipe, workspace, task.hidden, a.patch).resolved is True
                for a, _ in answers
            ]
            tests: dict[str, Any] = {}
            for size in sizes if context.verification.can_judge else ():
                written = []
                for i in range(k):
                    before = len(meter.charges)
                    written.append((context.verification.write_test(tier, i, size), _usd(meter, before)))
                    if meter.ended:
                        return None
                tests[str(size)] = {
                    "tests": [[str(usd), test is not None] for test, usd in written],
                    "passes": [
                        [
                            bool(a.patch) and t is not None and context.verification.passes(a.patch, t) is True
                            for t, _ in written
                        ]
                        for a, _ in answers
                    ],
                }
            rows.append(
                {
                    "tier": tier.name,
                    "answers": [[str(usd), good] for (_, usd), good in zip(answers, right, strict=True)],
                    "sizes": tests,
                }
            )
        base = workspace.base
    digests = {name: plan.prompts.load(name).digest for name in plan.prompts.names()}
    setting = configuration_of(SelfTestCascade(), tiers, digests, plan.version, base) | {"recorded": {"k": k}}
    nothing = Resolution(Ending.UNJUDGED, (), None, Patch(), "recorded for the search of plans")
    why = HiddenResult(None, "a recording of plans has no single result")
    seconds = time.monotonic() - started
    return record_row(task.id, STRATEGY, setting, nothing, meter.charges, why, "", seconds) | {KIND: rows}


def _answer(
    context: SolveContext, task: Task, workspace: Workspace, tier: Tier, i: int, k: int, meter: StudyMeter
) -> tuple[Attempt, Decimal]:
    before = len(meter.charges)
    heat = i / (k - 1) if k > 1 else None
    attempt = solve(
        context, task.issue, workspace, tier, AttemptHints(advice=variation(i, context.prompts), temperature=heat)
    )
    return attempt, _usd(meter, before)


def _usd(meter: StudyMeter, before: int) -> Decimal:
    """USD of the calls since `before`; an unknown cost counts as its worst case."""
    return sum((c.worst_usd if c.usd is None else c.usd for c in meter.charges[before:]), Decimal(0))


def load_runs(folder: Path) -> tuple[TaskRun, ...]:
    """The recorded runs of a folder. Raises TaskError when there are none, or when their tiers differ."""
    runs = tuple(
        TaskRun(r.task, tuple(_tier(t) for t in r.row[KIND])) for r in recorded(folder) if r.row.get(KIND) is not None
    )
    if not runs:
        raise TaskError(f"{folder} holds no recorded plans; `pennyfix study run … --record-plans 3` writes them there")
    ladders = {tuple(t.name for t in run.tiers) for run in runs}
    if len(ladders) > 1:
        raise TaskError(f"{folder} mixes different ladders of tiers ({ladders}); record each in a folder of its own")
    return tuple(sorted(runs, key=lambda r: r.task))


def _tier(row: Mapping[str, Any]) -> TierRun:
    return TierRun(
        row["tier"],
        tuple((float(usd), bool(good)) for usd, good in row["answers"]),
        {int(t): tuple((float(u), bool(v)) for u, v in s["tests"]) for t, s in row["sizes"].items()},
        {int(t): tuple(tuple(bool(x) for x in one) for one in s["passes"]) for t, s in row["sizes"].items()},
    )
