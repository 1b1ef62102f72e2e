"""A model's answer → edits → a patch. The two functions everybody uses; the parts stand beside this file."""

from __future__ import annotations

from dataclasses import replace

from strategies.edits.applier import apply
from strategies.edits.apply_patch import BEGIN, read_envelope
from strategies.edits.blocks import has_blocks, read_blocks
from strategies.edits.edit import Applied, Create, Delete, Edit, Edits, Problem, Replace
from strategies.edits.editor_calls import read_calls
from strategies.edits.fences import read_whole_files
from strategies.edits.unified_diff import has_diff, read_diff
from strategies.models.thoughts import without_thoughts

__all__ = ["Applied", "Create", "Delete", "Edit", "Edits", "Problem", "Replace", "apply", "parse"]

UNCLOSED = "the answer opens a thought and never closes it: nothing after that is read as an edit"


def parse(text: str) -> Edits:
    """The edits in an answer, in whatever format: search/replace blocks, which are asked for, and deletions; else an
    `apply_patch` envelope, an editor's calls or a unified diff; and files written whole below their path.

    What a model thought aloud is passed over.
    """
    spoken = without_thoughts(text)
    edits = _read(spoken.text.replace("\r\n", "\n"))
    edits = replace(edits, prose=_prose(edits.prose))
    return replace(edits, problems=(*edits.problems, Problem("", UNCLOSED))) if spoken.cut_off else edits


def _read(text: str) -> Edits:
    """The formats in turn: each reads what the ones before left over, until one has found edits."""
    begin = BEGIN.search(text)
    if begin and not has_blocks(text[: begin.start()]):
        return _with_whole_files(read_envelope(text))
    edits = read_blocks(text)
    if edits.items or (edits.problems and has_blocks(text)):
        return _with_whole_files(edits)
    for is_here, read in ((lambda _: True, read_calls), (has_diff, read_diff)):
        found = read(edits.prose) if is_here(edits.prose) else Edits()
        if found.items or found.problems:
            return _with_whole_files(_joined(edits, found))
    return _with_whole_files(edits)


def _with_whole_files(edits: Edits) -> Edits:
    found = read_whole_files(edits.prose, beside_edits=bool(edits.items))
    return replace(edits, items=(*edits.items, *found.items))


def _joined(one: Edits, other: Edits) -> Edits:
    return Edits((*one.items, *other.items), other.prose, (*one.problems, *other.problems))


def _prose(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if not line.lstrip().startswith(("```", "~~~"))).strip()
