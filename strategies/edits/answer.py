"""A model's answer → edits → a patch. The two functions everybody uses; the parts stand beside this file."""

from __future__ import annotations

from dataclasses import replace

from strategies.edits.applier import apply
from strategies.edits.blocks import read_blocks
from strategies.edits.edit import Applied, Create, Delete, Edit, Edits, Problem, Replace
from strategies.edits.unified_diff import has_diff, read_diff
from strategies.models.thoughts import without_thoughts

__all__ = ["Applied", "Create", "Delete", "Edit", "Edits", "Problem", "Replace", "apply", "parse"]


UNCLOSED = "the answer opens a thought and never closes it: nothing after that is read as an edit"


def parse(text: str) -> Edits:
    """The edits in an answer: search/replace blocks, new files and deletions; else a unified diff; else none.

    What a model thought aloud is passed over.
    """
    spoken = without_thoughts(text)
    edits = _read(spoken.text)
    return replace(edits, problems=(*edits.problems, Problem("", UNCLOSED))) if spoken.cut_off else edits


def _read(text: str) -> Edits:
    blocks = read_blocks(text)
    if not blocks.items and not blocks.problems and has_diff(text):
        return read_diff(text)
    return blocks
