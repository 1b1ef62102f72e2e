"""Which plans of the self-test cascade are worth their money, replayed on recorded runs.

A plan gives each tier a k (skip; 0: one answer taken unverified; else k answers and k tests) and shares a test size t
and a threshold θ. Plans are chosen on a part of the tasks (30 % as in arXiv 2405.15842) and measured on the others.
Self-tests alone decide here, as in that paper; in production the repository's own tests judge the winner as well.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategies.methods.self_test_cascade import SKIP, best_cell
from strategies.study.interval import Interval, mean_interval
from strategies.study.running.plan_record import TaskRun, TierRun
from strategies.study.tasks.task import TaskError

GRID = (SKIP, 0, 1, 3, 5, 10)
THETAS = tuple(i / 10 for i in range(1, 11))
TRAINING = 0.3
Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ReplayedPlan:
    """One plan over all tasks: 1.0 where the answer it took is right, and USD spent, per task."""

    name: str
    solved: Vector
    usd: Vector


@dataclass(frozen=True, slots=True)
class HeldOutPlan:
    """A plan on the tasks it was not chosen on."""

    name: str
    rate: Interval
    usd: Interval
    reference: bool = False


@dataclass(frozen=True, slots=True)
class PlanSearchResult:
    """How many plans were replayed, on how many tasks the front was chosen, and what it earns on the others."""

    searched: int
    training: int
    held: int
    front: tuple[HeldOutPlan, ...]


def name_of(tiers: Sequence[str], ks: Sequence[int], t: int, theta: float) -> str:
    """A plan in words, as in "weak k=3, strong k=0; t=2, θ=0.5"."""
    used = ", ".join(f"{name} k={k}" for name, k in zip(tiers, ks, strict=True) if k != SKIP)
    return used if all(k <= 0 for k in ks) else f"{used}; t={t}, θ={theta:g}"


def replay_plan(run: TaskRun, ks: Sequence[int], t: int, theta: float) -> tuple[bool, float]:
    """Whether the answer that the plan takes is right, and its USD. The last tier's best answer is taken anyway."""
    spent, right = 0.0, False
    for tier, k in zip(run.tiers, ks, strict=True):
        if k == SKIP:
            continue
        usd, right, share, unverified = _run_tier(tier, k, t)
        spent += usd
        if unverified or share >= theta:
            return right, spent
    return right, spent


def _run_tier(tier: TierRun, k: int, t: int) -> tuple[float, bool, float, bool]:
    """USD of k answers and tests, whether the best answer is right, its score, and whether it is unverified."""
    answers = tier.answers[: max(k, 1)]
    if k == 0:
        return answers[0][0], answers[0][1], 1.0, True
    tests = tier.tests.get(t, ())[:k]
    usd = sum(u for u, _ in answers) + sum(u for u, _ in tests)
    valid = [j for j, (_, good) in enumerate(tests) if good]
    cell = best_cell([[tier.passes[t][i][j] for j in valid] for i in range(len(answers))]) if valid else None
    if cell is None:
        return usd, answers[0][1], -1.0, False
    return usd, answers[cell.answer][1], cell.share, False


def plans(runs: Sequence[TaskRun]) -> list[tuple[tuple[int, ...], int, float]]:
    """Every plan that the recording can replay: (k per tier, t, θ). Plans that ask no test differ in nothing else."""
    most = min(len(t.answers) for run in runs for t in run.tiers)
    sizes = sorted({t for run in runs for tier in run.tiers for t in tier.tests}) or [0]
    grid = [k for k in GRID if k <= most]
    found = []
    for ks in itertools.product(grid, repeat=len(runs[0].tiers)):
        if all(k == SKIP for k in ks):
            continue
        if all(k <= 0 for k in ks):
            found.append((ks, sizes[0], THETAS[0]))
        else:
            found += [(ks, t, theta) for t in sizes for theta in THETAS]
    return found


def search_plans(
    runs: Sequence[TaskRun], *, seed: int = 0, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> PlanSearchResult:
    """Replay all plans, keep the Pareto front of the training tasks, report it on the others beside each tier alone.

    Raises TaskError for fewer than four tasks: nothing would be left to measure on.
    """
    if len(runs) < 4:
        raise TaskError(
            f"{len(runs)} recorded tasks; a search needs 4 or more, to choose on some and measure on others"
        )
    order = np.random.default_rng(seed).permutation(len(runs))
    cut = max(1, round(TRAINING * len(runs)))
    training, held = order[:cut], order[cut:]
    tiers = [t.name for t in runs[0].tiers]
    everything = plans(runs)
    replayed = []
    for i, (ks, t, theta) in enumerate(everything):
        pairs = [replay_plan(run, ks, t, theta) for run in runs]
        solved, usd = np.array([float(r) for r, _ in pairs]), np.array([u for _, u in pairs])
        replayed.append(ReplayedPlan(name_of(tiers, ks, t, theta), solved, usd))
        if i % 100 == 0:
            progress(i, len(everything))
    front: list[ReplayedPlan] = []
    for one in sorted(replayed, key=lambda r: (float(r.usd[training].mean()), -float(r.solved[training].mean()))):
        if not front or one.solved[training].mean() > front[-1].solved[training].mean():
            front.append(one)
    alone = {f"{name} k=0" for name in tiers}
    shown = front + [r for r in replayed if r.name in alone and r not in front]
    return PlanSearchResult(
        len(everything),
        len(training),
        len(held),
        tuple(
            HeldOutPlan(r.name, mean_interval(r.solved[held]), mean_interval(r.usd[held]), r.name in alone)
            for r in shown
        ),
    )
