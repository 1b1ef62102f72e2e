"""Reads search/replace blocks out of a model's answer. Pure text: whether an edit fits is the applier's question.

The format asked for is in `prompts/edit-format.md`; accepted are also fences of any kind, a missing final
newline, CRLF, decorated or quoted file names, a file name after `SEARCH`, several blocks below one name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from strategies.edits.edit import Create, Delete, Edit, Edits, Problem, Replace
from strategies.edits.paths import clean_path, looks_like_path

_START = re.compile(r"^\s{0,3}<{5,9}\s*SEARCH\b[ \t]*(?P<path>.*?)\s*$", re.IGNORECASE)
_END = re.compile(r"^\s{0,3}>{5,9}\s*REPLACE\b.*$", re.IGNORECASE)
_FENCE = re.compile(r"^\s*(?:`{3,}|~{3,})(?P<word>.*)$")
_EXACT = re.compile(r"^={7}\s*$")
_LOOSE = re.compile(r"^\s{0,3}={5,9}\s*$")
_DELETE = re.compile(r"^\s*(?:[*\-]\s+)?DELETE:?\s+(?P<path>[^/\s].*?)\s*$")


@dataclass(slots=True)
class _Reader:
    """Where the reading stands: the file named last, the lines of prose, what was found."""

    path: str = ""
    prose: list[str] = field(default_factory=list)
    items: list[Edit] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def name_block(self, on_marker: str) -> str:
        """The file of the block that starts now: after the marker, above it, or the one before."""
        above = [(i, line) for i, line in enumerate(self.prose) if line.strip()][-3:]
        if on_marker and looks_like_path(on_marker):
            self.path = clean_path(on_marker)
        elif above:
            self._name_above(above)
        return self.path

    def _name_above(self, above: list[tuple[int, str]]) -> None:
        for place in range(len(above) - 1, -1, -1):
            index, line = above[place]
            fence = _FENCE.match(line)
            if fence:
                word = fence["word"].split()[-1] if fence["word"].split() else ""
                if not (word and "." in word and looks_like_path(word)):
                    continue
                line = word
            inside = place > 0 and _FENCE.match(above[place - 1][1]) is not None and place == len(above) - 1
            if looks_like_path(line) or (inside and clean_path(line)):
                self.path = clean_path(line)
                del self.prose[index:]
            return


def read_blocks(text: str) -> Edits:
    """Every block in `text`, in order."""
    lines = text.replace("\r\n", "\n").split("\n")
    reader = _Reader()
    at = 0
    while at < len(lines):
        line = lines[at]
        start = _START.match(line)
        if start:
            at = _block(reader, lines, at, start["path"])
            continue
        delete = _DELETE.match(line)
        if delete and looks_like_path(delete["path"]):
            reader.items.append(Delete(clean_path(delete["path"])))
        else:
            reader.prose.append(line)
        at += 1
    prose = "\n".join(line for line in reader.prose if not _FENCE.match(line)).strip()
    return Edits(tuple(reader.items), prose, tuple(reader.problems))


def _block(reader: _Reader, lines: list[str], at: int, on_marker: str) -> int:
    """Read the block whose SEARCH marker is at `at`; the index after it."""
    path = reader.name_block(on_marker)
    end = at + 1
    while end < len(lines) and not _END.match(lines[end]):
        if _START.match(lines[end]):
            break
        end += 1
    body = lines[at + 1 : end]
    if end == len(lines) or not _END.match(lines[end]):
        reader.problems.append(Problem(path, "the block is not closed: `>>>>>>> REPLACE` is missing"))
        return end
    if not path:
        reader.problems.append(Problem("", "a block names no file: put its path on the line above `<<<<<<< SEARCH`"))
        return end + 1
    dividers = [i for i, line in enumerate(body) if _EXACT.match(line)]
    dividers = dividers or [i for i, line in enumerate(body) if _LOOSE.match(line)]
    if not dividers:
        reader.problems.append(Problem(path, "the block has no `=======` line between search and replacement"))
        return end + 1
    readings = [(_text(body[:i]), _text(body[i + 1 :])) for i in dividers]
    search, replace = readings[0]
    if not search.strip():
        reader.items.append(Create(path, replace))
    else:
        reader.items.append(Replace(path, search, replace, others=tuple(readings[1:])))
    return end + 1


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
