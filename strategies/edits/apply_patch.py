"""Reads OpenAI's `*** Begin Patch` envelopes, which its models write whatever they are asked for.

The format is described in https://cookbook.openai.com/examples/gpt4-1_prompting_guide (apply_patch).
"""

from __future__ import annotations

import re

from strategies.edits.edit import Create, Delete, Edit, Edits, Problem
from strategies.edits.paths import clean_path
from strategies.edits.unified_diff import hunk_edit, read_hunk

BEGIN = re.compile(r"^\s*\*\*\* Begin Patch\s*$", re.MULTILINE)
_END = re.compile(r"^\s*\*\*\* End Patch\b.*$")
_FILE = re.compile(r"^\s*\*\*\* (?P<what>Update|Add|Delete) File:\s*(?P<path>.+?)\s*$", re.IGNORECASE)
_MOVE = re.compile(r"^\s*\*\*\* Move to:\s*(?P<path>.+?)\s*$", re.IGNORECASE)


def read_envelope(text: str) -> Edits:
    """The edits of every envelope in `text`; the prose is what stands outside of them."""
    lines = text.split("\n")
    items: list[Edit] = []
    problems: list[Problem] = []
    prose: list[str] = []
    at = 0
    while at < len(lines):
        if not BEGIN.match(lines[at]):
            prose.append(lines[at])
            at += 1
            continue
        stop = next((i for i in range(at + 1, len(lines)) if _END.match(lines[i])), None)
        if stop is None:
            problems.append(
                Problem("", "the patch is not closed: `*** End Patch` is missing, so nothing of it was applied")
            )
            break
        _sections(lines[at + 1 : stop], items, problems)
        at = stop + 1
    return Edits(tuple(items), "\n".join(prose), tuple(problems))


def _sections(lines: list[str], items: list[Edit], problems: list[Problem]) -> None:
    heads = [i for i, line in enumerate(lines) if _FILE.match(line)]
    for number, start in enumerate(heads):
        head = _FILE.match(lines[start])
        body = lines[start + 1 : heads[number + 1] if number + 1 < len(heads) else len(lines)]
        if head is None:
            continue
        path, what = clean_path(head["path"]), head["what"].lower()
        if what == "delete":
            items.append(Delete(path))
        elif what == "add":
            items.append(Create(path, "".join(f"{line.removeprefix('+')}\n" for line in _filled(body))))
        elif any(_MOVE.match(line) for line in body):
            problems.append(Problem(path, "a file cannot be renamed by a patch: delete it and create the other one"))
        else:
            _update(path, body, items, problems)
    if not heads:
        problems.append(Problem("", "the patch names no file: `*** Update File: path` is missing"))


def _filled(body: list[str]) -> list[str]:
    while body and not body[-1].strip():
        body = body[:-1]
    return body


def _update(path: str, body: list[str], items: list[Edit], problems: list[Problem]) -> None:
    hunk: list[str] = []
    for line in [*_filled(body), "@@"]:
        if line.startswith("@@"):
            if any(one.strip() for one in hunk):
                edit = hunk_edit(path, read_hunk(hunk), None)
                (items if not isinstance(edit, Problem) else problems).append(edit)  # type: ignore[arg-type]  # told apart above
            hunk = []
        elif line.strip() != "*** End of File":
            hunk.append(line)
