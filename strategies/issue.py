"""The issue as a model may see it: data, never instructions to us."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment that may be shown to a model (its author has write access, or wrote the issue)."""

    author: str
    body: str


@dataclass(frozen=True, slots=True)
class Issue:
    """One labeled issue. Texts are already cleaned (see `strategies.prompts.cleaning`); `number` is 0 for a local file.

    `instructions` is what a maintainer asked for on top: review comments, or text after `/autofix`.
    """

    number: int
    title: str
    body: str
    comments: tuple[Comment, ...] = ()
    repository: str = ""
    instructions: str = ""
