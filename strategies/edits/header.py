"""Which file a block is about, from the lines above it. A known file of the repository wins; nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from strategies.edits.paths import clean_path, known_path, looks_like_path, mentioned, same_tail

_CONNECTIVES = frozenset(
    {
        *("after", "again", "also", "and", "before", "change", "changes", "edit", "edits", "finally", "first", "fix"),
        *("further", "likewise", "next", "now", "second", "same", "then", "third", "update", "step", "block", "part"),
        *("hunk", "patch", "diff", "replace", "with", "in", "to", "here", "lastly", "additionally", "similarly"),
    }
)
_OTHER_FILE = re.compile(
    r"\b(?:files?|modules?|scripts?|packages?|tests?|config\w*|headers?|stylesheets?|templates?)\b", re.IGNORECASE
)
_SAME_FILE = re.compile(r"\b(?:same|this|that)\s+(?:file|module|script|test)\b", re.IGNORECASE)


class NoFile(Exception):
    """The lines above a block do not tell its file; the message is for the model."""


def file_of(above: Sequence[str], before: str, paths: Collection[str], known: Callable[[str], bool]) -> str:
    """The file of the block that stands below `above` (lines as they were written, nearest first); `before` is that
    of the block before, or "". Raises NoFile."""
    for line in above:
        found = known_path(line, paths, known)
        if found:
            return found
    for line in above:
        if looks_like_path(line):
            return clean_path(line)
    line = above[0]
    names = [path for one in above for path in mentioned(one)]
    real = list(dict.fromkeys(p for p in (name if known(name) else same_tail(name, paths) for name in names) if p))
    if len(real) == 1 and len(names) == 1:
        return real[0]
    if names and not (real == [before]):
        raise NoFile(f"the line above the block, {line[:200]!r}, does not name one file; {_ASKED}")
    if not _is_sentence(line) or (_OTHER_FILE.search(line) and not _SAME_FILE.search(line)):
        raise NoFile(f"the line above the block, {line[:200]!r}, is no file of this repository; {_ASKED}")
    if not before:
        raise NoFile(f"a block names no file; {_ASKED}")
    return before


def _is_sentence(line: str) -> bool:
    """Whether a line is evidently no attempt at a path: words and an end, or words that lead from change to change."""
    words = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", line)
    if re.search(r"[/\\]", line):
        return False
    if not words or words[0].isdigit():
        return len(words) <= 1
    said = len(words) >= WORDS and line.rstrip("*_ ").endswith((":", ".", ",", "…", "!", "?"))
    return said or words[0].lower() in _CONNECTIVES


WORDS = 3
"""Fewer words may be a name."""
_ASKED = "put the file's path on a line of its own right above `<<<<<<< SEARCH`"
