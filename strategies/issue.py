"""The issue as a model may see it: data, never instructions to us."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class IssueImage:
    """A picture of the issue, fetched by us. `media_type` is `image/png`, `image/jpeg`, `image/gif` or `image/webp`."""

    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment that may be shown to a model (its author has write access, or wrote the issue)."""

    author: str
    body: str


@dataclass(frozen=True, slots=True)
class Issue:
    """One labeled issue. Texts are already cleaned (see `strategies.prompts.cleaning`); `number` is 0 for a local file.

    `images` are those that were fetched, where the operator allows it; a model that is not shown them reads `[image]`.
    `instructions` is what a maintainer asked for on top: review comments, or text after `/autofix`.
    """

    number: int
    title: str
    body: str
    comments: tuple[Comment, ...] = ()
    repository: str = ""
    instructions: str = ""
    images: tuple[IssueImage, ...] = ()
