"""`/autofix …` at the start of a comment, taken apart. Whether the author may say so is asked later, by a worker."""

from __future__ import annotations

import re
from typing import Literal, cast

from workers.jobs.commands import COMMAND

Verb = Literal["start", "retry", "stop", "quote", "approve", "budget", "help", "instructions", "unknown"]
VERBS = ("retry", "stop", "quote", "approve", "budget", "help")
LONGEST = 4000
CODE_COLUMNS = 4
"""Columns of indentation that make a line a code block (https://spec.commonmark.org/0.31.2/#indented-code-blocks)."""


def _is_code(lead: str) -> bool:
    """Whether a line is code by the space in front of it; a tab reaches to the next multiple of four columns."""
    return len(re.split(r"[\r\n]", lead)[-1].expandtabs(CODE_COLUMNS)) >= CODE_COLUMNS


def parse(body: str, *, on_pull_request: bool) -> tuple[Verb, str] | None:
    """The verb and the rest, or None when the comment is no command.

    A verb takes the rest of its line, except that `/autofix` alone or with free text on a pull request
    takes the whole comment as instructions. Free text on an issue is an unknown verb, so that a
    misspelt one never starts anything.
    """
    text = body.lstrip()
    if _is_code(body[: len(body) - len(text)]):
        return None
    if text[: len(COMMAND)].lower() != COMMAND or (text[len(COMMAND) : len(COMMAND) + 1] or " ").strip():
        return None
    text = text[len(COMMAND) :].strip()[:LONGEST]
    line, _, below = text.partition("\n")
    word, _, rest = line.strip().partition(" ")
    verb = word.lower().rstrip(".!")
    if verb in VERBS:
        return cast("Verb", verb), rest.strip()
    if not text:
        return "start", ""
    if on_pull_request:
        return "instructions", text
    return "unknown", f"{line} {below}".strip()
