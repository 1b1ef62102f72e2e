"""Which chains are worth their money: all of them are replayed, chosen on some issues and measured on others.

Choosing and measuring on the same issues flatters the winner, so the issues are cut into folds: for each fold the
chain is chosen on the others and its result there is what counts (cross-validation, Stone 1974).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategies.study.interval import Interval, mean_interval, paired_difference, paired_ratio
from strategies.study.replaying.outcomes import OutcomesError, RecordedOutcomes, subset
from strategies.study.replaying.replay import Verifier, replay

Sums = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Chain:
    """One chain with its figures on all issues: rate 0 to 1, USD per issue."""

    models: tuple[str, ...]
    rate: float
    usd: float


@dataclass(frozen=True, slots=True)
class HeldOutChains:
    """What choosing a chain by cross-validation earns on issues it was not chosen on.

    `chosen` names the chain of each fold; `cost_share` is its spend ÷ the strong model's; `rate_gap` its rate − the
    strong model's (percentage points ÷ 100).
    """

    strong: str
    folds: int
    chosen: tuple[tuple[str, ...], ...]
    rate: Interval
    usd: Interval
    strong_rate: float
    strong_usd: float
    rate_gap: Interval
    cost_share: Interval


@dataclass(frozen=True, slots=True)
class ChainSearchResult:
    """The front over all chains (on all issues), and the held-out result of matching the strong model cheaply."""

    searched: int
    front: tuple[Chain, ...]
    held_out: HeldOutChains | None


@dataclass(frozen=True, slots=True)
class _FoldSums:
    """Sums per fold of every chain of up to three models: shape (folds, chains)."""

    chains: tuple[tuple[int, ...], ...]
    solved: Sums
    usd: Sums


@dataclass(frozen=True, slots=True)
class ChainSearchOptions:
    """What is searched. `strong` is the model to match; `models` () takes all; chains have 1 to `longest` models.

    `margin` (0 to 1) is added to the strong model's rate when a chain is chosen, against the winner's luck; `seed`
    deals the issues into `folds`.
    """

    strong: str
    models: Sequence[str] = ()
    longest: int = 3
    folds: int = 5
    margin: float = 0.02
    seed: int = 0


def search_chains(
    outcomes: RecordedOutcomes,
    verifier: Verifier,
    options: ChainSearchOptions,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> ChainSearchResult:
    """Replay every ordered chain of 1 to `longest` (at most 3) distinct models; report the front and cross-validate.

    In each fold the cheapest chain is chosen whose rate on the other folds is at least the strong model's there plus
    the margin; the strong model alone is always a candidate. `progress(done, total)` counts first models.

    Raises OutcomesError for unknown models and for options out of bounds.
    """
    strong, longest, folds = options.strong, options.longest, options.folds
    if not 1 <= longest <= 3:
        raise OutcomesError(f"longest is {longest}; allowed are 1, 2 and 3 models in a chain")
    if not 2 <= folds <= len(outcomes.issues):
        raise OutcomesError(f"folds is {folds}; allowed is 2 to {len(outcomes.issues)} (the number of issues)")
    pool = subset(outcomes, tuple(dict.fromkeys([*(options.models or outcomes.models), strong])))
    fold_of = np.random.default_rng(options.seed).permutation(len(pool.issues)) % folds
    table = _replay_all(pool, verifier, fold_of, folds, longest, progress)
    n = len(pool.issues)
    rates, usd = table.solved.sum(axis=0) / n, table.usd.sum(axis=0) / n
    held_out = _cross_validate(pool, verifier, table, fold_of, strong, options.margin)
    order = np.lexsort((-rates, usd))
    front: list[Chain] = []
    for c in order:
        if not front or rates[c] > front[-1].rate + 1e-12:
            front.append(Chain(tuple(pool.models[m] for m in table.chains[c]), float(rates[c]), float(usd[c])))
    return ChainSearchResult(len(table.chains), tuple(front), held_out)


def _replay_all(
    pool: RecordedOutcomes,
    verifier: Verifier,
    fold_of: NDArray[np.int64],
    folds: int,
    longest: int,
    progress: Callable[[int, int], None],
) -> _FoldSums:
    """All chains at once: a chain's sum over issues is a product of matrices, so nothing is looped per issue."""
    right, usd = pool.is_resolved(), pool.known_cost()
    accept = np.array([verifier.accepts(r) for r in right])
    earn, reject = accept * right, 1 - accept
    once = np.broadcast_to(np.asarray(verifier.cost(), dtype=np.float64), (len(pool.issues),))
    masks = [fold_of == f for f in range(folds)]
    m = len(pool.models)
    chains: list[tuple[int, ...]] = [(i,) for i in range(m)]
    solved = [np.array([[right[i, k].sum() for i in range(m)] for k in masks])]
    spent = [np.array([[usd[i, k].sum() for i in range(m)] for k in masks])]
    for i in range(m):
        others = [j for j in range(m) if j != i]
        if longest >= 2 and others:
            chains += [(i, j) for j in others]
            after = reject[i]
            solved.append(np.array([earn[i, k].sum() + right[others][:, k] @ after[k] for k in masks]))
            spent.append(np.array([(once[k] + usd[i, k]).sum() + usd[others][:, k] @ after[k] for k in masks]))
        for j in others if longest == 3 else []:
            last = [x for x in others if x != j]
            if not last:
                continue
            chains += [(i, j, x) for x in last]
            first, both = reject[i], reject[i] * reject[j]
            solved.append(
                np.array([earn[i, k].sum() + earn[j, k] @ first[k] + right[last][:, k] @ both[k] for k in masks])
            )
            spent.append(
                np.array(
                    [(once[k] + usd[i, k]).sum() + usd[j, k] @ first[k] + usd[last][:, k] @ both[k] for k in masks]
                )
            )
        progress(i + 1, m)
    return _FoldSums(tuple(chains), np.concatenate(solved, axis=1), np.concatenate(spent, axis=1))


def _cross_validate(
    pool: RecordedOutcomes, verifier: Verifier, table: _FoldSums, fold_of: NDArray[np.int64], strong: str, margin: float
) -> HeldOutChains:
    alone = replay(pool, (strong,), verifier)
    strong_at = table.chains.index((pool.row(strong),))
    n = len(pool.issues)
    solved, usd = np.zeros(n), np.zeros(n)
    chosen: list[tuple[str, ...]] = []
    for fold in range(len(table.solved)):
        rest = fold_of != fold
        rates = (table.solved.sum(axis=0) - table.solved[fold]) / rest.sum()
        spend = (table.usd.sum(axis=0) - table.usd[fold]) / rest.sum()
        good = rates >= rates[strong_at] + margin
        good[strong_at] = True
        best = int(np.flatnonzero(good)[np.argmin(spend[good])])
        chain = tuple(pool.models[m] for m in table.chains[best])
        chosen.append(chain)
        result = replay(pool, chain, verifier)
        held = fold_of == fold
        solved[held], usd[held] = result.solved[held], result.usd[held]
    return HeldOutChains(
        strong,
        len(table.solved),
        tuple(chosen),
        mean_interval(solved),
        mean_interval(usd),
        alone.rate,
        alone.usd_per_issue,
        paired_difference(solved, alone.solved),
        paired_ratio(usd, alone.usd),
    )
