"""A model's answer → edits → a patch. The two functions everybody uses; the parts stand beside this file."""

from __future__ import annotations

from dataclasses import replace

from strategies.edits.applier import apply
from strategies.edits.apply_patch import BEGIN, read_envelope
from strategies.edits.blocks import has_blocks, read_blocks
from strategies.edits.edit import Applied, Create, Delete, Edit, Edits, Problem, Replace
from strategies.edits.editor_calls import read_calls
from strategies.edits.fences import read_whole_files
from strategies.edits.paths import clean_path, mentioned
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
    """Every format, each in what the ones before left over. What a later one says of a file that has edits already is
    a second way to show them, and no further edit."""
    begin = BEGIN.search(text)
    if begin and not has_blocks(text[: begin.start()]):
        edits = read_envelope(text)
        edits = _joined(edits, read_blocks(edits.prose))
    else:
        edits = read_blocks(text)
        if edits.problems and not edits.items and has_blocks(text):
            return _with_whole_files(edits)
    for is_here, read in ((lambda _: True, read_calls), (has_diff, read_diff), (_has_envelope, read_envelope)):
        if is_here(edits.prose):
            edits = _joined(edits, read(edits.prose))
    return _with_whole_files(edits)


def _has_envelope(text: str) -> bool:
    return bool(BEGIN.search(text))


def _with_whole_files(edits: Edits) -> Edits:
    found = read_whole_files(edits.prose, beside_edits=bool(edits.items))
    return replace(edits, items=(*edits.items, *found.items))


def _joined(one: Edits, other: Edits) -> Edits:
    """Both; of `other` only what concerns no file of `one`, where that has edits."""
    if not other.items and not other.problems:
        return one
    taken = {name for edit in one.items for name in _names(edit)}
    items = tuple(edit for edit in other.items if not taken or not _among(edit.path, taken))
    problems = tuple(p for p in other.problems if not taken or (p.path and not _among(p.path, taken)))
    return Edits((*one.items, *items), other.prose, (*one.problems, *problems))


def _names(edit: Edit) -> list[str]:
    above = () if isinstance(edit, Delete) else edit.above
    return [name for name in (edit.path, *(clean_path(line) for line in above), *mentioned(" ".join(above))) if name]


def _among(path: str, names: set[str]) -> bool:
    return not path or any(f"/{path}".endswith(f"/{name}") or f"/{name}".endswith(f"/{path}") for name in names)


def _prose(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if not line.lstrip().startswith(("```", "~~~"))).strip()
