"""Reads search/replace blocks out of a model's answer. Pure text: whether an edit fits is the applier's question.

The format asked for is in `prompts/edit-format.md`; accepted are also fences of any kind, the markers of merge
conflicts and of other editors, a missing final newline, CRLF, decorated or quoted file names, a file name after
`SEARCH` or in the fence's label, several blocks below one name. What stands above a block is handed on as it is:
only the applier knows which of it is the name of a file.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field

from strategies.edits.edit import Create, Delete, Edit, Edits, Problem, Replace
from strategies.edits.paths import BARE_NAMES, ENDINGS, clean_path, ending_of, in_label, looks_like_path

_WORDS = r"SEARCH|ORIGINAL|CURRENT|BEFORE|FIND|OLD"
_START = re.compile(
    rf"^(?P<indent>\s*)(?:<{{5,9}}|-{{5,9}}(?=\s*SEARCH\b))\s*(?:{_WORDS})\b[ \t]*:?[ \t]*(?P<path>.*?)\s*$",
    re.IGNORECASE,
)
_BARE_START = re.compile(r"^(?P<indent>\s*)<{7}(?P<path>)(?:[ \t]+\S+)?[ \t]*$")
_END = re.compile(r"^\s*(?:>{5,9}|\+{5,9}|<{5,9})\s*(?:REPLACE(?:MENT)?|UPDATED|AFTER|NEW)\b.*$", re.IGNORECASE)
_BARE_END = re.compile(r"^\s*>{5,9}(?:[ \t]+\S+)?[ \t]*$")
_FENCE = re.compile(r"^\s*(?P<mark>`{3,}|~{3,})(?P<word>[^`]*)$")
_EXACT = re.compile(r"^\s*={7}\s*$")
_LOOSE = re.compile(r"^\s*={5,9}\s*$")
_DELETE = re.compile(r"^\s*(?:[*\-]\s+)?DELETE(?:\s+FILE)?:?\s+(?P<path>[^/\s].*?)\s*$")
_REQUESTS = frozenset({"http", "rest", "sql", "curl"})
"""Labels of fences in which DELETE is a word of their own."""
_TAG = re.compile(r"^\s*</?[A-Za-z][\w:-]*(?:\s[^<>]*)?>\s*$")
_NAMING_TAG = re.compile(
    r"^\s*<(?P<tag>path|file|file_?path|file_?name)>(?P<path>[^<>]+)</(?P=tag)>\s*$", re.IGNORECASE
)
_PLACE = re.compile(r"^\s*(?::(?:start|end)_line:\s*\d+|-{7})\s*$")
"""What Roo writes at the beginning of SEARCH."""
ABOVE = 3


@dataclass(slots=True)
class _Reader:
    """Where the reading stands: the lines since the last block, the file named last, what was found."""

    path: str = ""
    above: list[str] = field(default_factory=list)
    prose: list[str] = field(default_factory=list)
    items: list[Edit] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    fence: str | None = None
    """The label of the fence that is open, or None outside of one."""

    def plain(self, line: str) -> None:
        """A line that belongs to no block."""
        fence = _FENCE.match(line)
        if fence:
            label = fence["word"].strip()
            self.fence = None if self.fence is not None and not label else label
        self.above.append(line)

    def code_before(self) -> bool:
        """Whether the fence that is open holds anything but names of files so far."""
        start = max((i for i, line in enumerate(self.above) if _FENCE.match(line)), default=-1)
        return any(line.strip() and not looks_like_path(line) for line in self.above[start + 1 :])

    def headers(self, on_marker: str) -> tuple[str, ...]:
        """What stands above the block that starts now, nearest first: up to the first line outside its fence."""
        found = [on_marker] if on_marker else []
        outside = self.fence is None
        for line in reversed([one for one in self.above if one.strip()]):
            fence = _FENCE.match(line)
            if fence:
                label = in_label(fence["word"])
                found += [label] if label and not outside else []
                outside = True
            elif not _TAG.match(line) or in_label(line):
                named = _NAMING_TAG.match(line)
                found.append(named["path"].strip() if named else in_label(line) if _TAG.match(line) else line.strip())
                if outside:
                    break
        heading = self._heading()
        has_path = any(looks_like_path(line) and " " not in clean_path(line) for line in found)
        return (*found[:ABOVE], *([heading] if found and heading and not has_path else []))

    def _heading(self) -> str:
        """The nearest line since the last block that is nothing but the path of a file, over sentences and other
        fences; "" where there is none, or where it stands in a list of files."""
        above = [line for line in self.above if line.strip()]
        inside = self.fence is not None
        for place in range(len(above) - 1, -1, -1):
            line = above[place]
            if _FENCE.match(line):
                inside = not inside
            elif not inside and _is_heading(line):
                return "" if place and _is_heading(above[place - 1]) else line.strip()
        return ""

    def name_block(self, headers: tuple[str, ...]) -> str:
        """The file of the block below `headers` as far as words alone tell: the one named, else the one before."""
        for place, header in enumerate(headers):
            if looks_like_path(header) or (place == 0 and _is_name(header)):
                self.path = clean_path(header)
                if self.above and header == self.above[-1].strip():
                    self.above.pop()
                break
        return self.path

    def end_block(self) -> None:
        """The lines above the block are done with: what named no file is prose."""
        self.prose += [line for line in self.above if not (looks_like_path(line) and clean_path(line) == self.path)]
        self.above = []


def _is_heading(line: str) -> bool:
    """Whether `line` is nothing but the path of a file, whose ending or name is one of files."""
    if not looks_like_path(line):
        return False
    path = clean_path(line)
    return ending_of(path) in ENDINGS or posixpath.basename(path) in BARE_NAMES


def _is_name(header: str) -> bool:
    return bool(re.fullmatch(r"[\w.+@-]+", clean_path(header))) and not header.rstrip().endswith(":")


def has_blocks(text: str) -> bool:
    """Whether a line of `text` opens a search/replace block."""
    return any(_START.match(line) or _BARE_START.match(line) for line in text.splitlines())


def read_blocks(text: str) -> Edits:
    """Every block in `text`, in order, and the deletions that stand in fences. `prose` is what is left."""
    lines = text.replace("\r\n", "\n").split("\n")
    reader = _Reader()
    at = 0
    while at < len(lines):
        line = lines[at]
        start = _START.match(line) or _bare_start(lines, at)
        if start:
            at = _block(reader, lines, at, start)
            continue
        delete = _DELETE.match(line)
        if delete and looks_like_path(delete["path"]):
            _delete(reader, clean_path(delete["path"]), line)
        else:
            reader.plain(line)
        at += 1
    reader.prose += reader.above
    return Edits(tuple(reader.items), "\n".join(reader.prose), tuple(reader.problems))


def _bare_start(lines: list[str], at: int) -> re.Match[str] | None:
    """A marker without its word, if a divider and an end follow it before any other start."""
    start = _BARE_START.match(lines[at])
    divided = False
    for line in lines[at + 1 :] if start else ():
        if _START.match(line) or _BARE_START.match(line):
            return None
        divided = divided or bool(_EXACT.match(line))
        if _END.match(line) or _BARE_END.match(line):
            return start if divided else None
    return None


def _delete(reader: _Reader, path: str, line: str) -> None:
    if reader.fence is None:
        reader.problems.append(
            Problem(
                path, f"the line `{line.strip()}` stands outside a block and was not obeyed: put it in a fence (```)"
            )
        )
    elif reader.fence.lower() in _REQUESTS:
        return
    elif reader.code_before():
        reader.problems.append(Problem(path, f"the line `{line.strip()}` stands in code: put it in a fence of its own"))
    else:
        reader.items.append(Delete(path))


def _block(reader: _Reader, lines: list[str], at: int, start: re.Match[str]) -> int:
    """Read the block whose opening marker is at `at`; the index after it."""
    headers = reader.headers(start["path"])
    path = reader.name_block(headers)
    reader.end_block()
    body, after, ended = _body(lines, at + 1, len(start["indent"]), fenced=reader.fence is not None)
    if not ended:
        reader.problems.append(Problem(path, "the block is not closed: `>>>>>>> REPLACE` is missing"))
        return after
    if not path and not headers:
        reader.problems.append(Problem("", "a block names no file: put its path on the line above `<<<<<<< SEARCH`"))
        return after
    if any(":start_line:" in line for line in body[:1]):
        body = body[next((i for i, line in enumerate(body) if not _PLACE.match(line)), 0) :]
    dividers = [i for i, line in enumerate(body) if _EXACT.match(line)]
    dividers = dividers or [i for i, line in enumerate(body) if _LOOSE.match(line)]
    if not dividers:
        reader.problems.append(Problem(path, "the block has no `=======` line between search and replacement"))
        return after
    readings = [(text_of(body[:i]), text_of(body[i + 1 :])) for i in dividers]
    search, replace = readings[0]
    if not search.strip():
        reader.items.append(Create(path, replace, headers))
    else:
        reader.items.append(Replace(path, search, replace, others=tuple(readings[1:]), above=headers))
    return after


def _body(lines: list[str], at: int, indent: int, *, fenced: bool) -> tuple[list[str], int, bool]:
    """The lines of a block from `at`, the index after it, and whether it is closed, if only by its fence's end."""
    stop = next((i for i in range(at, len(lines)) if _START.match(lines[i])), len(lines))
    end = next((i for i in range(at, stop) if _END.match(lines[i])), None)
    if end is None:
        divider = next((i for i in range(at, stop) if _EXACT.match(lines[i])), stop)
        end = next((i for i in range(divider, stop) if _BARE_END.match(lines[i])), None)
        fences = [i for i in range(divider, stop) if _FENCE.match(lines[i])]
        if end is None and fenced and len(fences) == 1 and lines[fences[0]].strip() in ("```", "~~~", "````"):
            return _shifted(lines[at : fences[0]], indent), fences[0], True
    if end is None:
        return lines[at:stop], stop, False
    return _shifted(lines[at:end], indent), end + 1, True


def _shifted(body: list[str], indent: int) -> list[str]:
    if indent and all(not line.strip() or not line[:indent].strip() for line in body):
        body = [line[indent:] for line in body]  # the whole block stands in a list
    return body


def text_of(lines: list[str]) -> str:
    """Lines as a text, each with its end."""
    return "".join(f"{line}\n" for line in lines)
