"""An issue's text as weighted words: what its author says counts more than code that was pasted."""

from __future__ import annotations

import re

from strategies.issue import Issue
from strategies.localization.bm25 import query

TITLE = 2.0
CODE = 0.3
"""A word of the title, and one of pasted code, counts as so many of the prose."""
_FENCED = re.compile(r"^[ \t]*(`{3,}|~{3,}).*?(?:^[ \t]*\1|\Z)", re.DOTALL | re.MULTILINE)
_PASTED = re.compile(r"^(?: {4}|\t|>>> ?|\.\.\. |In \[\d|Out\[\d|[ \t]+(?:File \"|at )).*$", re.MULTILINE)


def text_of(issue: Issue) -> str:
    """Everything the issue says, as one text."""
    comments = "\n".join(c.body for c in issue.comments)
    return "\n".join(filter(None, (issue.title, issue.body, comments, issue.instructions)))


def question_words(issue: Issue) -> dict[str, float]:
    """The words of the issue with their weights."""
    prose, code = apart(text_of(issue))
    return query([(issue.title, TITLE), (prose, 1.0), (code, CODE)])


def apart(text: str) -> tuple[str, str]:
    """Prose, and code: what is fenced, indented, or typed at a prompt."""
    code: list[str] = []

    def take(found: re.Match[str]) -> str:
        code.append(found[0])
        return "\n"

    prose = _PASTED.sub(take, _FENCED.sub(take, text))
    return prose, "\n".join(code)
