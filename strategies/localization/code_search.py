"""The questions an agent may ask of the index: where are these words, where is this defined, who calls it.

The files come from the base commit; their lines are read as they are now, through `read`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from strategies.issue import Issue
from strategies.localization.file_kinds import is_test
from strategies.localization.functions import parts_of, scored
from strategies.localization.index import Index, index
from strategies.localization.localize import rank
from strategies.localization.question import question_words
from strategies.localization.symbols import Definition, definitions

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace

Read = Callable[[str], str | None]
FILES = 8
"""Files that a search shows."""
PARTS = 2
"""Functions shown of each."""
PART_LINES = 14
"""Lines shown of each."""
PLACES = 40
"""Definitions or callers that are listed."""
IN_ONE_FILE = 8
"""Callers listed of one file."""
READ = 120
"""Files read for one question."""
_LINE = 160


def search_code(workspace: Workspace, asked: str, read: Read) -> str:
    """The files that match words, symbols or a message best, with the functions that match best in each."""
    question = Issue(0, asked, "")
    weights = question_words(question)
    shown = []
    for one in rank(question, workspace)[:FILES]:
        text = read(one.path)
        if not text:
            continue
        shown.append(f"{one.path} ({'; '.join(one.reasons[:2])})")
        parts = parts_of(text, definitions(one.path, text))
        scores = scored(text, parts, weights, one.lines)
        best = sorted(range(len(parts)), key=lambda n: (-scores[n], n))[:PARTS]
        lines = text.split("\n")
        for n in sorted(n for n in best if scores[n] > 0):
            last = min(parts[n].last, parts[n].first + PART_LINES - 1)
            shown += [_numbered(number, lines) for number in range(parts[n].first, last + 1)]
            shown += ["   …"] if last < parts[n].last else []
    return "\n".join(shown) or "nothing in the repository shares a word with that"


def find_symbol(workspace: Workspace, asked: str, read: Read) -> str:
    """Where a function, class, method or value is defined; names that are spelled alike when there is none."""
    known = index(workspace)
    name = _last(asked)
    paths = sorted(known.defining(name), key=lambda p: (is_test(p), p))
    shown = []
    for path, one, lines in _current(paths, name, read):
        shown.append(f"{path}:{one.first}-{one.last}: {lines[one.first - 1].strip()[:_LINE]}")
    if shown:
        return "\n".join(shown[:PLACES]) + _more(len(shown))
    alike = _alike(known, name)
    return f"nothing defines {name}" + (f"; there are {', '.join(alike)}" if alike else "")


def who_calls(workspace: Workspace, asked: str, read: Read) -> str:
    """The lines that call a function or name it otherwise, each with the function it stands in; calls come first."""
    known = index(workspace)
    name = _last(asked)
    paths = sorted(known.holding(name), key=lambda p: (is_test(p), p))
    mention = re.compile(rf"(?<![\w$]){re.escape(name)}(?![\w$])")
    call = re.compile(rf"(?<![\w$]){re.escape(name)}(?:::<[^>\n]*>|<[^>\n]*>)?!?\s*\(")
    calls: list[str] = []
    mentions: list[str] = []
    for path in paths[:READ]:
        text = read(path)
        if not text or not mention.search(text):
            continue
        defined = definitions(path, text)
        own = {d.first for d in defined if d.name == name}
        lines = text.split("\n")
        found = [n for n, line in enumerate(lines, 1) if n not in own and mention.search(line)]
        for n in found[:IN_ONE_FILE]:
            inside = [d.name for d in defined if d.block and d.first <= n <= d.last]
            row = f"{path}:{n}{f' in {inside[-1]}' if inside else ''}: {lines[n - 1].strip()[:_LINE]}"
            (calls if call.search(lines[n - 1]) else mentions).append(row)
    shown = [*calls, *mentions]
    unread = f"\n[{len(paths) - READ} more files hold this word and were not read]" if len(paths) > READ else ""
    return ("\n".join(shown[:PLACES]) + _more(len(shown)) if shown else f"nothing names {name}") + unread


def _current(paths: list[str], name: str, read: Read) -> Iterator[tuple[str, Definition, list[str]]]:
    for path in paths[:READ]:
        text = read(path)
        lines = (text or "").split("\n")
        for one in definitions(path, text or ""):
            if one.name == name:
                yield path, one, lines


def _last(asked: str) -> str:
    """`pkg.mod.Class.method()` → `method`."""
    return re.split(r"\.|::|#|->", asked.strip().strip("`").removesuffix("()"))[-1].strip()


def _alike(known: Index, name: str) -> list[str]:
    names = {d.name for facts in known.facts.values() for d in facts.definitions}
    lower = name.lower()
    holds = sorted(n for n in names if lower and lower in n.lower())[:8]
    return holds or difflib.get_close_matches(name, sorted(names)[:50_000], 5, 0.8)


def _numbered(number: int, lines: list[str]) -> str:
    return f"{number:6d}| {lines[number - 1][:_LINE]}"


def _more(found: int) -> str:
    return f"\n[{found - PLACES} more]" if found > PLACES else ""
