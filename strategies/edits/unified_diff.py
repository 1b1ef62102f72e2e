"""Reads unified diffs as edits, for models that insist on them. Line counts in hunk headers are not believed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from strategies.edits.edit import Create, Delete, Edit, Edits, Problem, Replace
from strategies.edits.fences import fences
from strategies.edits.paths import clean_path, looks_like_path

_NUMBERED = re.compile(r"^@@ -\d+(?:,(?P<old>\d+))? \+(?P<line>\d+)(?:,(?P<new>\d+))? ?@@")
_HUNK = re.compile(r"^@@")
_HEAD = re.compile(
    r"^(?:diff --git |index [0-9a-f]+\.\.|(?:new|deleted) file mode|(?:old|new) mode|similarity |rename |Binary )"
)
_NAMED = re.compile(r"^--- \S.*\n\+\+\+ \S.*\n@@", re.MULTILINE)
_LABELS = ("diff", "patch", "udiff", "git")
Hunk = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def has_diff(text: str) -> bool:
    """Whether `text` holds a unified diff: `---`, `+++` and a hunk, or a fence that is labelled so below a path."""
    return bool(_NAMED.search(text)) or any(_is_diff(f.label) for f in fences(text.split("\n")))


def _is_diff(label: str) -> bool:
    words = re.split(r"[\s:]", label.lower())
    return words[0] in _LABELS


def _name(line: str) -> str:
    raw = line[4:].split("\t", maxsplit=1)[0].strip()
    if raw == "/dev/null":
        return raw
    path = clean_path(raw)
    return path[2:] if path.startswith(("a/", "b/")) else path


def read_diff(text: str) -> Edits:
    """Every hunk of every file in `text`, as edits in order."""
    lines = text.split("\n")
    marked = {i: f for f in fences(lines) for i in range(f.start, f.stop + 1) if _is_diff(f.label)}
    items: list[Edit] = []
    prose: list[str] = []
    problems: list[Problem] = []
    old = new = ""
    at = 0
    while at < len(lines):
        line = lines[at]
        fence = marked.get(at)
        if fence and at == fence.start:
            above = next((one for one in reversed(prose) if one.strip()), "")
            old = new = clean_path(above) if looks_like_path(above) else ""
            at += 1
            continue
        if line.startswith("--- ") and at + 1 < len(lines) and lines[at + 1].startswith("+++ "):
            old, new = _name(line), _name(lines[at + 1])
            at += 2
            if new == "/dev/null":
                items.append(Delete(old))
            continue
        if line.startswith("rename from "):
            problems.append(
                Problem(line[12:].strip(), "a file cannot be renamed by a diff: delete it and create the other one")
            )
        body = fence is not None and at < fence.stop and line[:1] in ("+", "-", " ")
        if not new or not (_HUNK.match(line) or body):
            if fence is None and not _HEAD.match(line) and not line.lstrip().startswith(("```", "~~~")):
                prose.append(line)
            at += 1
            continue
        hunk = _NUMBERED.match(line)
        begun = at + (0 if body else 1)
        at, taken = _taken(lines, begun, fence.stop if fence else None)
        if fence is None and hunk:
            at, taken = _counted(lines, begun, at, taken, hunk)
        if new == "/dev/null" or not any(one.strip() for one in taken):
            continue
        if old == "/dev/null":
            items.append(Create(new, _text([one[1:] for one in taken if one.startswith("+")])))
            continue
        edit = hunk_edit(new, read_hunk(taken), int(hunk["line"]) if hunk else None)
        (items if not isinstance(edit, Problem) else problems).append(edit)  # type: ignore[arg-type]  # told apart above
    return Edits(tuple(items), "\n".join(prose).strip(), tuple(problems))


def _taken(lines: Sequence[str], at: int, stop: int | None) -> tuple[int, list[str]]:
    """The lines of the hunk from `at`, and the index after it. In a fence, which ends at `stop`, a line may lack the
    blank of its first column."""
    taken: list[str] = []
    while at < (len(lines) if stop is None else stop):
        line = lines[at]
        header = line.startswith("--- ") and at + 1 < len(lines) and lines[at + 1].startswith("+++ ")
        if header or _HUNK.match(line) or _HEAD.match(line):
            break
        if stop is None and ((line and line[0] not in " +-\\") or (not line and _ends(lines, at))):
            break
        if not line.startswith("\\"):
            taken.append(line)
        at += 1
    while stop is not None and taken and not taken[-1]:
        taken.pop()
    return at, taken


def _counted(lines: Sequence[str], begun: int, at: int, taken: list[str], hunk: re.Match[str]) -> tuple[int, list[str]]:
    """An unfenced hunk that ends at an empty line where its header's counts say so: what follows may be a list."""
    before, after = int(hunk["old"] or 1), int(hunk["new"] or 1)
    for place in range(begun, at):
        line = lines[place]
        if not line and not before and not after:
            return place, [one for one in lines[begun:place] if not one.startswith("\\")]
        before -= line[:1] in ("-", " ", "")
        after -= line[:1] in ("+", " ", "")
    return at, taken


def read_hunk(lines: Sequence[str]) -> Hunk:
    """A hunk's lines before and after, and both once more for a writer who left out the blank before context."""
    before, after, bare_before, bare_after = [], [], [], []
    for line in lines:
        if line.startswith("+"):
            after.append(line[1:])
            bare_after.append(line[1:])
        elif line.startswith("-"):
            before.append(line[1:])
            bare_before.append(line[1:])
        else:
            context = line.removeprefix(" ")
            before.append(context)
            after.append(context)
            bare_before.append(line)
            bare_after.append(line)
    return tuple(before), tuple(after), tuple(bare_before), tuple(bare_after)


def hunk_edit(path: str, hunk: Hunk, line: int | None) -> Edit | Problem:
    """The hunk as an edit of the file `path`, or why it cannot be one."""
    before, after, bare_before, bare_after = hunk
    if not any(b.strip() for b in before):
        return Problem(path, "a hunk without context cannot be placed: include unchanged lines around it")
    if before == after:
        return Problem(path, "a hunk holds no line with - or + at its beginning: it changes nothing")
    others = ((_text(bare_before), _text(bare_after)),) if bare_before != before else ()
    return Replace(path, _text(before), _text(after), line=line, others=others)


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _ends(lines: Sequence[str], at: int) -> bool:
    """Whether the empty line at `at` ends the hunk (rather than being a blank context line without its space)."""
    rest = next((line for line in lines[at:] if line), "")
    return not rest or rest[0] not in " +-" or rest.startswith("--- ")
