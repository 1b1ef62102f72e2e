"""A prepared, frozen set of dependencies from which any number of sandboxes is opened."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Environment:
    """`key` identifies it (repository, recipe, input digests, image); `ref` is the backend's own handle.

    `seconds` is what preparing took (0.0 when it came from the cache), `cached` whether it did.
    """

    key: str
    backend: str
    ref: str
    recipe: Recipe
    seconds: float
    cached: bool
