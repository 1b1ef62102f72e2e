"""When two patches are the same but for their writing, and which of many are alike. Pure."""

from __future__ import annotations

import ast
import difflib
import hashlib
import re
from collections.abc import Sequence

from sandbox.repository.patch import Patch

ALIKE = 0.8
"""Similarity from which two candidates share a cluster (arXiv 2505.20182)."""


def normal(patch: Patch) -> str:
    """A digest that is the same for patches whose files have the same syntax tree (Python) or the same words."""
    return hashlib.sha256(_text(patch).encode("utf-8", "surrogateescape")).hexdigest()


def similarity(a: Patch, b: Patch) -> float:
    """0 to 1: how much of the normalized text is shared."""
    return difflib.SequenceMatcher(None, _text(a), _text(b), autojunk=False).ratio()


def clusters(patches: Sequence[Patch], alike: float = ALIKE) -> tuple[tuple[int, ...], ...]:
    """Indexes of alike patches together (single linkage), largest cluster first, then the earliest."""
    groups: list[list[int]] = []
    for i, patch in enumerate(patches):
        near = [g for g in groups if any(similarity(patches[j], patch) > alike for j in g)]
        joined = sorted([i, *(j for g in near for j in g)])
        groups = [g for g in groups if g not in near] + [joined]
    return tuple(tuple(g) for g in sorted(groups, key=lambda g: (-len(g), g[0])))


def _text(patch: Patch) -> str:
    parts = []
    for path in patch.paths:
        content = patch.files[path]
        parts.append(path)
        parts.append("(deleted)" if content is None else _normal(path, content.decode("utf-8", "surrogateescape")))
    return "\n".join(parts)


def _normal(path: str, text: str) -> str:
    if path.endswith(".py"):
        try:
            return ast.unparse(ast.parse(text))
        except (SyntaxError, ValueError, RecursionError):
            pass  # not Python after all: compared by its words
    return re.sub(r"\s+", " ", text)
