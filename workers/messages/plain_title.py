"""A stranger's title made harmless for a commit's subject and a pull request's title. Pure.

Neither is Markdown, so nothing can be escaped there, yet GitHub, CI systems and release robots act on what stands in
them: mentions, references with closing words, addresses of issues, directives such as `[skip ci]`. All of it stays
readable and loses its power, by visible characters only: an invisible one would be the next thing to be misused.

https://docs.github.com/en/actions/how-tos/manage-workflow-runs/skip-workflow-runs
https://docs.github.com/en/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue
"""

from __future__ import annotations

import re
import unicodedata

from strategies.prompts.cleaning import INVISIBLE
from workers.redact import redact

LONGEST = 1_000
"""Characters that are looked at; GitHub's own limit for a title is 256."""

_NO_GLYPH = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_SCHEME = re.compile(r"(?:\b[a-z][a-z0-9+.-]*:)?//+", re.IGNORECASE)
_BRACKETS = re.compile(r"(?P<before>[\w\x01]?)\[(?P<inside>[^\[\]]*)\]")
_DIRECTIVE = re.compile(r"\b(?:skip|no|ci|cd|actions?|build|deploy|release|publish|test)\b|skip|_ci\b", re.IGNORECASE)
_STARRED = re.compile(r"\*{2,}(\s*no[\s_-]*ci\s*)\*{2,}", re.IGNORECASE)  # Azure Pipelines: ***NO_CI***
_TRAILER = re.compile(r"\b(skip-checks|semver|co-authored-by|signed-off-by)\s*:", re.IGNORECASE)


def plain_title(text: str) -> str:
    """The title on one line, "" when nothing of it can be seen."""
    text = redact(" ".join(_seen(text[:LONGEST]).split()))
    while (shorter := _SCHEME.sub(" ", text)) != text:  # what is left may have become an address
        text = shorter
    text = re.sub(r"\b(GH)-(?=\d)", r"\1 ", text, flags=re.IGNORECASE)
    text = re.sub(r"([@#])(?=\w)", r"\1 ", text)
    text = _TRAILER.sub(r"\1 ", _STARRED.sub(r"\1", text))
    while (rounder := _BRACKETS.sub(_round, text, count=1)) != text:  # a pair at a time, each inside another first
        text = rounder
    return redact(" ".join(text.replace("\0", "[").replace("\1", "]").split()))


def _seen(text: str) -> str:
    """Without what has no glyph: control, formatting, bidirectional and unassigned characters, variation selectors."""
    text = INVISIBLE.sub("", "".join(" " if c.isspace() or c == "\u2800" else c for c in text))
    return "".join(c for c in text if unicodedata.category(c) not in _NO_GLYPH)


def _round(found: re.Match[str]) -> str:
    """Round brackets for a directive's; an index or a type's argument (`list[int]`) keeps its own, marked meanwhile."""
    before, inside = found["before"], found["inside"]
    if before and not _DIRECTIVE.search(inside):
        return f"{before}\0{inside}\1"
    return f"{before}({inside})"
