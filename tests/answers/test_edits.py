from __future__ import annotations

from itertools import islice

import pytest

from tests.answers.edits import Read, read_all, read_answer
from tests.answers.material import corpus_patches, installed_patches
from tests.answers.perturbations import PERTURBATIONS
from tests.answers.random_answers import generate, outside_a_block
from tests.answers.reference import ReferencePatch

OFTEN = (
    "as asked for",
    "without a fence",
    "the path in the fence's label",
    "language:path in the fence's label",
    "the last marker without its word",
    "a path below /testbed",
    "the first line stripped in both",
    "dedented, each by itself",
    "SEARCH dedented",
    "line numbers as our retry shows them",
    "every block twice",
    "a unified diff",
    "the apply_patch envelope",
    "an editor's call in a tag",
)
"""Ways that are understood always: a refusal of one costs a paid retry."""


@pytest.fixture(scope="module")
def patches() -> list[ReferencePatch]:
    return [*islice(corpus_patches(), 6), *islice(installed_patches(), 6)]


def test_no_way_to_write_an_edit_is_read_as_another_change(patches: list[ReferencePatch]) -> None:
    answers = read_all(patches)
    assert {a.perturbation for a in answers} >= set(PERTURBATIONS) - {"no white space at the ends of lines"}
    assert [(a.perturbation, a.patch) for a in answers if a.read is Read.WRONG] == []


def test_what_models_write_most_is_understood_without_asking_again(patches: list[ReferencePatch]) -> None:
    answers = read_all(patches, {name: PERTURBATIONS[name] for name in OFTEN})
    assert [(a.perturbation, a.patch) for a in answers if a.read is not Read.EXACT] == []


def test_another_change_would_be_noticed(patches: list[ReferencePatch]) -> None:
    patch = patches[0]
    other = ReferencePatch(patch.name, patch.before, {p: t + "# more\n" for p, t in patch.after.items()}, patch.others)
    answer = PERTURBATIONS["as asked for"](patch)
    assert answer is not None
    assert (read_answer(patch, answer), read_answer(other, answer)) == (Read.EXACT, Read.WRONG)


def test_2000_generated_answers_neither_crash_nor_edit_outside_a_block() -> None:
    answers = list(generate(2_000))
    assert sum(a.is_prose for a in answers) > 600
    assert [a.text for a in answers if outside_a_block(a)] == []
