"""Reads unified diffs as edits, for models that insist on them. Line counts in hunk headers are not believed."""

from __future__ import annotations

import re

from strategies.edits.edit import Create, Delete, Edit, Edits, Problem, Replace
from strategies.edits.paths import clean_path

_HUNK = re.compile(r"^@@(?: -\d+(?:,\d+)? \+(?P<line>\d+)(?:,\d+)?)? ?@@")
_HEAD = re.compile(
    r"^(?:diff --git |index [0-9a-f]+\.\.|new file mode|deleted file mode|similarity |old mode|new mode)"
)


def has_diff(text: str) -> bool:
    """Whether `text` holds a unified diff: `---`, `+++` and a hunk."""
    return bool(re.search(r"^--- .+\n\+\+\+ .+\n@@", text.replace("\r\n", "\n"), re.MULTILINE))


def _name(line: str) -> str:
    raw = line[4:].split("\t", maxsplit=1)[0].strip()
    if raw == "/dev/null":
        return raw
    path = clean_path(raw)
    return path[2:] if path.startswith(("a/", "b/")) else path


def read_diff(text: str) -> Edits:
    """Every hunk of every file in `text`, as edits in order."""
    lines = text.replace("\r\n", "\n").split("\n")
    items: list[Edit] = []
    prose: list[str] = []
    problems: list[Problem] = []
    old = new = ""
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.startswith("--- ") and at + 1 < len(lines) and lines[at + 1].startswith("+++ "):
            old, new = _name(line), _name(lines[at + 1])
            at += 2
            if new == "/dev/null":
                items.append(Delete(old))
            continue
        hunk = _HUNK.match(line)
        if not hunk or not new:
            if not _HEAD.match(line) and not line.lstrip().startswith(("```", "~~~")):
                prose.append(line)
            at += 1
            continue
        at, before, after = _hunk(lines, at + 1)
        if new == "/dev/null":
            continue
        if old == "/dev/null":
            items.append(Create(new, _text(after)))
        elif not any(b.strip() for b in before):
            problems.append(Problem(new, "a hunk without context cannot be placed: include unchanged lines around it"))
        else:
            number = int(hunk["line"]) if hunk["line"] else None
            items.append(Replace(new, _text(before), _text(after), line=number))
    return Edits(tuple(items), "\n".join(prose).strip(), tuple(problems))


def _hunk(lines: list[str], at: int) -> tuple[int, list[str], list[str]]:
    """The hunk's body from `at`: the index after it, its lines before and after."""
    before: list[str] = []
    after: list[str] = []
    while at < len(lines):
        line = lines[at]
        header = line.startswith("--- ") and at + 1 < len(lines) and lines[at + 1].startswith("+++ ")
        if header or (line and line[0] not in " +-\\") or (not line and _ends(lines, at)):
            break
        if line.startswith("+"):
            after.append(line[1:])
        elif line.startswith("-"):
            before.append(line[1:])
        elif not line.startswith("\\"):
            before.append(line[1:])
            after.append(line[1:])
        at += 1
    return at, before, after


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _ends(lines: list[str], at: int) -> bool:
    """Whether the empty line at `at` ends the hunk (rather than being a blank context line without its space)."""
    rest = next((line for line in lines[at:] if line), "")
    return not rest or rest[0] not in " +-" or rest.startswith("--- ")
