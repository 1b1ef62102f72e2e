"""What becomes of perturbed reference patches: exactly right, refused in words, or silently wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from strategies.edits.answer import Applied, apply, parse
from tests.answers.perturbations import PERTURBATIONS, Perturbation
from tests.answers.reference import ReferencePatch


class Read(StrEnum):
    """How an answer was read."""

    EXACT = "exact"
    REFUSED = "refused"
    WRONG = "silently wrong"


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """One perturbed patch, and what became of it."""

    perturbation: str
    patch: str
    read: Read
    answer: str


def read_answer(patch: ReferencePatch, answer: str) -> Read:
    """How `answer`, which means `patch`, is read."""
    files = patch.files
    applied = apply(parse(answer), files.get, tuple(files))
    if not applied.problems and after(files, applied) == {**files, **patch.after}:
        return Read.EXACT
    told = any(p.message for p in applied.problems) or not applied.patch
    return Read.REFUSED if told else Read.WRONG


def after(files: Mapping[str, str], applied: Applied) -> dict[str, str]:
    """The repository with what was applied."""
    changed = {p: None if c is None else c.decode("utf-8", "surrogateescape") for p, c in applied.patch.files.items()}
    return {path: text for path, text in {**files, **changed}.items() if text is not None}


def read_all(
    patches: Iterable[ReferencePatch], perturbations: Mapping[str, Perturbation] = PERTURBATIONS
) -> list[ReadAnswer]:
    """Every patch in every way that fits it."""
    found = []
    for patch in patches:
        for name, perturbation in perturbations.items():
            answer = perturbation(patch)
            if answer is not None:
                found.append(ReadAnswer(name, patch.name, read_answer(patch, answer), answer))
    return found
