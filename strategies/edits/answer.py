"""A model's answer → edits → a patch. The two functions everybody uses; the parts stand beside this file."""

from __future__ import annotations

from strategies.edits.applier import apply
from strategies.edits.blocks import read_blocks
from strategies.edits.edit import Applied, Create, Delete, Edit, Edits, Problem, Replace
from strategies.edits.unified_diff import has_diff, read_diff

__all__ = ["Applied", "Create", "Delete", "Edit", "Edits", "Problem", "Replace", "apply", "parse"]


def parse(text: str) -> Edits:
    """The edits in an answer: search/replace blocks, new files and deletions; else a unified diff; else none."""
    blocks = read_blocks(text)
    if not blocks.items and not blocks.problems and has_diff(text):
        return read_diff(text)
    return blocks
