"""`python -m tests.answers [PART …]`: what real models and providers answer, read and billed as it was meant.

Prints a row for each way to write an edit (or those whose name holds every PART), and as its last line the figures; the
exit code is 1 when one of them is not 0. Each figure is a function that returns its words and the number that must be 0.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain

from tests.answers.bills import below_usage, table
from tests.answers.edits import Read, ReadAnswer, read_all
from tests.answers.material import corpus_patches, installed_patches
from tests.answers.perturbations import PERTURBATIONS
from tests.answers.random_answers import generate, outside_a_block

RANDOM_ANSWERS = 2_000


def billed_below_usage(_: Sequence[str]) -> tuple[str, int]:
    """The providers' answers with their right amounts, then generated ones: any shape, any cut."""
    rows = table()
    print(f"{'provider':56} {'right USD':>10} {'billed':>10}")
    for row in rows:
        print(f"{row.provider:56} {row.usd:10} {'unknown' if row.billed is None else row.billed:>10}")
    print(f"billed rightly: {sum(row.billed == row.usd for row in rows)} of {len(rows)} providers' answers")
    answers, below = below_usage(RANDOM_ANSWERS)
    for one in below[:5]:
        print(f"--- billed ${one.billed}, at least ${one.least_usd}: {one.what}\n{one.body!r}")
    wrong = len(below) + sum(row.billed is not None and row.billed < row.usd for row in rows)
    return f"billed below usage: {wrong} of {answers + len(rows)} answers", wrong


def edits_outside_a_block(_: Sequence[str]) -> tuple[str, int]:
    """Generated answers that change what no block of theirs says."""
    wrong = [answer for answer in generate(RANDOM_ANSWERS) if outside_a_block(answer)]
    for answer in wrong[:5]:
        print(f"--- outside a block:\n{answer.text}")
    return f"edits outside a block: {len(wrong)}", len(wrong)


def silently_wrong(parts: Sequence[str]) -> tuple[str, int]:
    """Reference patches, written as models write, that become another change without a word."""
    chosen = {name: way for name, way in PERTURBATIONS.items() if all(part in name for part in parts)}
    answers = read_all(chain(corpus_patches(), installed_patches()), chosen)
    print(f"{'way':46} {'exact':>6} {'refused':>8} {'silently wrong':>15}")
    for name in chosen:
        count = Counter(a.read for a in answers if a.perturbation == name)
        print(f"{name:46} {count[Read.EXACT]:6} {count[Read.REFUSED]:8} {count[Read.WRONG]:15}")
    wrong = [a for a in answers if a.read is Read.WRONG]
    for one in wrong[:5]:
        print(_shown(one))
    exact = sum(a.read is Read.EXACT for a in answers)
    print(f"exactly right: {exact} of {len(answers)}")
    return f"silently wrong: {len(wrong)} of {len(answers)}", len(wrong)


def _shown(one: ReadAnswer) -> str:
    return f"--- silently wrong: {one.perturbation}, {one.patch}\n{one.answer[:2_000]}"


FIGURES: tuple[Callable[[Sequence[str]], tuple[str, int]], ...] = (
    billed_below_usage,
    edits_outside_a_block,
    silently_wrong,
)
"""In the order of the last line."""


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.answers", description=(__doc__ or "").split("\n\n", 1)[0])
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help="only ways to write an edit whose name holds all of these"
    )
    parts = parser.parse_args(arguments).parts
    figures = [figure(parts) for figure in FIGURES]
    print(", ".join(words for words, _ in figures))
    return int(any(bad for _, bad in figures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
