"""How long a replay of all recorded outcomes takes, and a search over all chains of three with cross-validation.

The outcomes are made up here, as large as the file that the search was built for (34 models, 246 issues), so that the
bench needs no file from outside; the peer of the search is replaying each of its chains by itself, extrapolated.
"""

from __future__ import annotations

import time
from itertools import islice, permutations
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from strategies.study.replaying.outcomes import RecordedOutcomes, load_outcomes
from strategies.study.replaying.replay import Rates, replay
from strategies.study.replaying.search import ChainSearchOptions, search_chains
from tests.bench.row import Row

MODELS, ISSUES = 34, 246
VERIFIER = Rates(0.1, 0.1)


def write(path: Path, seed: int = 0) -> None:
    """A file of made-up outcomes: dearer models resolve more, issues differ in difficulty."""
    chance = np.random.default_rng(seed)
    skill, ease = np.linspace(-0.5, 2.0, MODELS), chance.normal(0, 1.5, ISSUES)
    lines = ["instance_id,model,resolved,cost_usd,test_valid,test_cost_usd"]
    for m in range(MODELS):
        usd = 0.01 * 1.13**m
        for i in range(ISSUES):
            right = int(chance.random() < 1 / (1 + np.exp(-skill[m] - ease[i])))
            lines.append(f"issue-{i},model-{m},{right},{usd * chance.uniform(0.5, 2):.6f},,")
    path.write_text("\n".join(lines) + "\n")


def seconds_of_one_chain(path: Path) -> tuple[float, RecordedOutcomes]:
    """Reading the file and replaying one chain of three."""
    started = time.perf_counter()
    outcomes = load_outcomes(path)
    replay(outcomes, ("model-0", "model-17", "model-33"), VERIFIER)
    return time.perf_counter() - started, outcomes


def run() -> list[Row]:
    with TemporaryDirectory() as folder:
        path = Path(folder, "outcomes.csv")
        write(path)
        one, outcomes = seconds_of_one_chain(path)
    started = time.perf_counter()
    found = search_chains(outcomes, VERIFIER, ChainSearchOptions("model-33"), _told)
    all_ = time.perf_counter() - started
    sample = list(islice(permutations(outcomes.models, 3), 500))
    started = time.perf_counter()
    for chain in sample:
        replay(outcomes, chain, VERIFIER)
    each = (time.perf_counter() - started) / len(sample) * found.searched
    rows = f"{MODELS} models × {ISSUES} issues"
    return [
        Row(f"replay of one chain, {rows}, file read", one, "s", aim="<= 2 s", ok=one <= 2),
        Row(
            f"search over {found.searched:,} chains with 5 folds",
            all_,
            "s",
            peer=f"each replayed by itself, once: {each:.1f} s",
            ratio=all_ / each,
            aim="<= 60 s",
            ok=all_ <= 60,
        ),
    ]


def _told(done: int, total: int) -> None:
    print(f"\r  searching: {done} of {total} first models", end="" if done < total else "\n", flush=True)


if __name__ == "__main__":
    for row in run():
        print(row)
