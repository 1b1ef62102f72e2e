"""What models put on or into every line they quote: line numbers, the signs of a diff, entities, other quotes.

Each way to read a quotation without it is a `Reading`; it counts only when what it makes of SEARCH stands in the file.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

_NUMBER = re.compile(
    r"^[ \t]*(?:L(?:ine )?)?(?P<number>\d{1,6})"
    r"(?P<sign>\t| {0,2}[|│→:]| ?->|[).](?=[ \t])|(?= {1,2}(?:\S|$))|$)(?P<line>.*)$"
)
_FENCE = re.compile(r"^\s*(?:`{3,}|~{3,})[\w+.-]*\s*$")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|nbsp|#0?39|#x27|#34|#x22|#60|#62|#38);", re.IGNORECASE)
_CURLY = str.maketrans("“”„‟«»‘’‚‛", '""""""\'\'\'\'')
_BLANKS = str.maketrans("\u00a0\u202f\u2007\u3000", "    ", "\u200b\u200c\u200d\u2060\ufeff")
_MARKDOWN = re.compile(r"\\([_*\[\]<>#`~|])")

Lines = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a block's two parts; `how` names what was taken off, "" for nothing."""

    search: Lines
    replace: Lines
    how: str = ""


def unescaped(line: str) -> str:
    """`line` with its HTML entities as characters."""
    return _ENTITY.sub(lambda m: html.unescape(m[0]).replace("\u00a0", " "), line)


def straight(line: str) -> str:
    """`line` with straight quotes."""
    return line.translate(_CURLY)


def unmarked(line: str) -> str:
    """`line` without Markdown's backslashes."""
    return _MARKDOWN.sub(r"\1", line)


def unquoted(line: str) -> str:
    """`line` without backslashes before double quotes."""
    return line.replace('\\"', '"')


def spaced(line: str) -> str:
    """`line` with ordinary blanks, and none of no width."""
    return line.translate(_BLANKS)


WAYS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("HTML entities", unescaped),
    ("HTML entities, twice", lambda line: unescaped(unescaped(line))),
    ("kinds of blanks", spaced),
    ("kinds of quotes", straight),
    ("backslashes of Markdown", unmarked),
    ("backslashes before quotes", unquoted),
)


def readings(search: Sequence[str], replace: Sequence[str]) -> Iterator[Reading]:
    """The two parts as they are, then without what may have been put on them."""
    plain = Reading(tuple(search), tuple(replace))
    yield plain
    for taken in (_without_fences(plain), _without_numbers(plain), _without_signs(plain)):
        if taken:
            yield taken
            yield from _other_characters(taken)
    yield from _other_characters(plain)


def _other_characters(given: Reading) -> Iterator[Reading]:
    for how, way in WAYS:
        search, replace = tuple(map(way, given.search)), tuple(map(way, given.replace))
        if search != given.search:
            yield Reading(search, replace, f"{given.how} and {how}" if given.how else how)


def _without_fences(given: Reading) -> Reading | None:
    search, replace = _inner(given.search), _inner(given.replace)
    if search is None and replace is None:
        return None
    return Reading(search or given.search, replace if replace is not None else given.replace, "fences in it")


def _inner(lines: Lines) -> Lines | None:
    some = list(lines)
    while some and not some[0].strip():
        some.pop(0)
    while some and not some[-1].strip():
        some.pop()
    if len(some) >= 2 and _FENCE.match(some[0]) and _FENCE.match(some[-1]):  # noqa: PLR2004 - two fences
        return tuple(some[1:-1])
    return None


def _numbered(lines: Sequence[str]) -> list[re.Match[str] | None]:
    return [_NUMBER.match(line) for line in lines]


def numbers_off(lines: Sequence[str]) -> list[re.Match[str] | None] | None:
    """The numbers before `lines` taken apart, where all have one and they count up."""
    found = _numbered(lines)
    some = [m for m, line in zip(found, lines, strict=True) if line.strip()]
    if not some or any(m is None for m in some):
        return None
    numbers = [int(m["number"]) for m in some if m]
    signs = {m["sign"] for m in some if m and m["line"].strip()}
    return found if len(signs) <= 1 and all(a < b for a, b in pairwise(numbers)) else None


def _without_numbers(given: Reading) -> Reading | None:
    """Without line numbers; one blank after them is theirs where every line has it."""
    search = numbers_off(given.search)
    replace = _numbered(given.replace)
    if search is None:
        return None
    some = [m for m, line in zip(replace, given.replace, strict=True) if line.strip()]
    if any(some) and not all(some):
        return None  # where only some lines have one nobody can tell
    if not any(some):
        replace = [None] * len(replace)
    seen = [m for m in (*search, *replace) if m and m["line"].strip()]
    cut = 1 if all(m["line"][:1] == " " for m in seen) and all(m["sign"] != "\t" for m in seen) else 0
    return Reading(_off(search, given.search, cut), _off(replace, given.replace, cut), "line numbers")


def _off(found: Sequence[re.Match[str] | None], lines: Lines, cut: int) -> Lines:
    return tuple(m["line"][cut:] if m else line for m, line in zip(found, lines, strict=True))


def _without_signs(given: Reading) -> Reading | None:
    """Without the first column, where it is that of a diff: blank or minus in SEARCH, blank or plus in REPLACE."""
    search = [line for line in given.search if line.strip()]
    replace = [line for line in given.replace if line.strip()]
    if not all(line[0] in " -" for line in search) or not all(line[0] in " +" for line in replace):
        return None
    if not any(line[0] == "-" for line in search) and not any(line[0] == "+" for line in replace):
        return None
    return Reading(
        tuple(line[1:] for line in given.search), tuple(line[1:] for line in given.replace), "signs of a diff"
    )


def doubtful(search: Sequence[str], replace: Sequence[str], text: str | None) -> Iterator[tuple[str, Lines, bool]]:
    """What a replacement may mean besides what it says, where only it and not the quotation shows the slip.

    Each is (what is doubtful, the lines read without it, whether a line that both parts hold proves it). Nothing is
    doubtful without a proof that the file `text` holds itself (None: any character may be meant), or that stands beside
    the plain character.
    """
    quoted = {line.strip() for line in search}
    written = "\n".join(replace)
    for how, way in WAYS:
        changed = tuple(map(way, replace))
        if changed == tuple(replace) or tuple(map(way, search)) != tuple(search):
            continue
        proven = any(c.strip() in quoted and r.strip() not in quoted for c, r in zip(changed, replace, strict=True))
        if proven or not (text is None or _usual(how, written, text)):
            yield how, changed, proven


def _usual(how: str, written: str, text: str) -> bool:
    """Whether the file has such characters, or the block shows that its writer has the plain ones."""
    if how.startswith("HTML"):
        return bool(_ENTITY.search(text)) or bool(re.search(r"[<>]|&(?!\w+;|#\w+;)", _ENTITY.sub("", written)))
    if how == "kinds of quotes":
        return any(c in text for c in "“”‘’„«»") or bool(re.search(r"[\"']", written))
    if how == "kinds of blanks":
        return any(c in text for c in "\u00a0\u202f\u3000\u200b\ufeff")
    if how == "backslashes of Markdown":
        return bool(_MARKDOWN.search(text))
    return bool(re.search(r"(?<!\\)\"", written)) or '\\"' in text
