"""How edits are applied that a model wrote in one of its usual ways: exactly, refused in words, or silently wrong.

The reference patches are those of `make answers`, perturbed in every way of `tests/answers/perturbations.py`.
"""

from __future__ import annotations

import time
from collections import Counter
from itertools import chain

from tests.answers.edits import Read, read_all
from tests.answers.material import corpus_patches, installed_patches
from tests.answers.perturbations import PERTURBATIONS
from tests.bench.row import Row

EXACTLY = 0.85
"""The share that needs no paid retry, at least."""


def run() -> list[Row]:
    patches = list(chain(corpus_patches(), installed_patches()))
    began = time.perf_counter()
    answers = read_all(patches)
    seconds = time.perf_counter() - began
    count = Counter(a.read for a in answers)
    of = f"{len(patches)} reference patches in {len(PERTURBATIONS)} ways: {len(answers)} answers"
    exact = count[Read.EXACT] / len(answers)
    return [
        Row("edits applied exactly", round(exact, 3), "", of, aim=f">= {EXACTLY:.0%}", ok=exact >= EXACTLY),
        Row("edits refused in words", round(count[Read.REFUSED] / len(answers), 3), "", of),
        Row("edits silently wrong", count[Read.WRONG], "", of, aim="0", ok=not count[Read.WRONG]),
        Row("one answer read and applied", seconds / len(answers) * 1_000, "ms", of),
    ]
