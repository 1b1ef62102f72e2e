"""The one question of a model that answers in one go: which files or functions it wants to see besides those shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from strategies.issue import Issue
from strategies.localization.index import Index, index
from strategies.localization.layout import Candidate, lay_out
from strategies.localization.localize import Located
from strategies.localization.pack import pack
from strategies.localization.question import question_words
from strategies.localization.signals import matches
from strategies.prompts.prompt import PromptFolder

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace

MOST = 5
"""Files or functions of one question."""
_FENCED = re.compile(r"^`{3,}.*$", re.MULTILINE)
_SHOW = re.compile(
    r"^\s*(?:[*\-]\s+|\d+\.\s+)?[`*]{0,2}SHOW:?[ \t]+[`*]{0,2}(?P<what>[^\s`*][^\n`*]*?)[`*]{0,2}\s*$", re.MULTILINE
)
FILE_PROMPTS = ("repair-shown", "repair-shown-missing")


def requested(answer: str) -> tuple[str, ...]:
    """What the lines `SHOW …` of an answer ask for, at most five, in their order."""
    found = (m["what"].strip().strip("'\"") for m in _SHOW.finditer(_FENCED.sub("", answer)))
    return tuple(dict.fromkeys(found))[:MOST]


def shown(asked: tuple[str, ...], issue: Issue, workspace: Workspace, limit_tokens: int, prompts: PromptFolder) -> str:
    """The message that shows what was asked for, in at most about `limit_tokens` tokens. Raises PromptError."""
    known = index(workspace)
    wanted: dict[str, list[tuple[int, int]]] = {}
    missing = []
    for one in asked:
        places = _places(known, one)
        for path, ranges in places.items():
            wanted.setdefault(path, []).extend(ranges)
        missing += [] if places else [prompts.load("repair-shown-missing").fill(asked=one)]
    candidates = [Candidate(path, known.text(path), tuple(ranges)) for path, ranges in wanted.items()]
    laid = lay_out(candidates, question_words(issue), limit_tokens)
    located = [Located(path, 1.0, ("asked for",), ranges) for path, ranges in laid.items()]
    return prompts.load("repair-shown").fill(
        files="\n\n".join([*filter(None, [pack(located, workspace, limit_tokens)]), *missing])
    )


def _places(known: Index, asked: str) -> dict[str, list[tuple[int, int]]]:
    """The files that a path or a name means, with the lines of the definition; a path that is not there may end in
    `:name`."""
    written, _, name = asked.rpartition(":") if ":" in asked and "::" not in asked else (asked, "", "")
    paths, _ = matches(known, written)
    if paths:
        return {path: _lines(known, path, name) for path in paths[:MOST] if known.text(path)}
    symbol = re.split(r"\.|::|#", asked.removesuffix("()"))[-1]
    return {path: [(d.first, d.last) for d in found] for path, found in list(known.defining(symbol).items())[:MOST]}


def _lines(known: Index, path: str, name: str) -> list[tuple[int, int]]:
    return [(d.first, d.last) for d in known.facts[path].definitions if d.name == name] if path in known.facts else []
