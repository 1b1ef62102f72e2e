"""Finds the one place in a file that a quoted passage means, and fits the replacement to it. Pure lines.

Lines carry no terminator here. Tolerances, in order: none; trailing white space; blank lines around the
passage; indentation; then, only if nearly identical and alone, the nearest passage. Two places are never one.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

NEAR = 0.97
"""Similarity (difflib ratio over characters) from which the nearest passage may stand in for the quoted one."""
CLEARLY = 0.05
"""By how much it must beat the second nearest."""
SHORTEST_PART = 8
"""A quoted part of a line has at least this many characters."""
MAX_LINES = 20_000
"""Files longer than this are not searched for near passages."""


@dataclass(frozen=True, slots=True)
class Match:
    """Where a passage stands: `places` are 0-based first lines; `how` names the tolerance, "" when exact.

    More than one place means the passage is ambiguous.
    """

    places: tuple[int, ...]
    search: tuple[str, ...]
    replace: tuple[str, ...]
    how: str = ""


def plain(line: str) -> str:
    """A line as the model saw it: without its carriage return, undecodable bytes shown as U+FFFD."""
    line = line.removesuffix("\r")
    if line.isascii():
        return line
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in line)


def _places(lines: Sequence[str], search: Sequence[str]) -> tuple[int, ...]:
    first, size = search[0], len(search)
    wanted = list(search)
    return tuple(i for i in range(len(lines) - size + 1) if lines[i] == first and list(lines[i : i + size]) == wanted)


def _trimmed(search: Sequence[str], replace: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Both without the blank lines around the search passage (the replacement loses at most as many)."""
    s, r = list(search), list(replace)
    while s and not s[0].strip():
        s.pop(0)
        if r and not r[0].strip():
            r.pop(0)
    while s and not s[-1].strip():
        s.pop()
        if r and not r[-1].strip():
            r.pop()
    return tuple(s), tuple(r)


def find(lines: Sequence[str], search: Sequence[str], replace: Sequence[str]) -> Match | None:
    """The places where `search` stands in `lines`, by the strictest tolerance that finds any."""
    ways: tuple[tuple[str, Callable[[str], str]], ...] = (
        ("", str),
        ("trailing white space", str.rstrip),
        ("indentation", str.strip),
    )
    shown = [plain(line) for line in lines]
    passages = [(tuple(search), tuple(replace), "")]
    trimmed = _trimmed(search, replace)
    if trimmed[0] and trimmed[0] != passages[0][0]:
        passages.append((*trimmed, "blank lines around the passage"))
    for s, r, trim in passages:
        if not any(line.strip() for line in s):
            continue
        for how, way in ways:
            places = _places([way(line) for line in shown], [way(line) for line in s])
            if places:
                return Match(places, s, r, " and ".join(filter(None, (trim, how))))
    return None


def part_of_line(lines: Sequence[str], search: Sequence[str], replace: Sequence[str]) -> Match | None:
    """A single-line passage that is a part of exactly one line, once: matched as that whole line."""
    if len(search) != 1 or len(replace) != 1 or len(search[0].strip()) < SHORTEST_PART:
        return None
    quoted = search[0].strip()
    hits = [(i, plain(line)) for i, line in enumerate(lines) if quoted in plain(line)]
    if len(hits) != 1 or hits[0][1].count(quoted) != 1:
        return None
    index, line = hits[0]
    return Match((index,), (line,), (line.replace(quoted, replace[0].strip()),), "part of a line")


def near(lines: Sequence[str], search: Sequence[str], keep: int = 2) -> list[tuple[float, int]]:
    """The passages of the same length most like `search`: (similarity 0–1, 0-based first line), best first."""
    size = len(search)
    shown = [plain(line) for line in lines[:MAX_LINES]]
    if not size or not shown:
        return []
    quoted = "\n".join(line.strip() for line in search)
    wanted = Counter(line.strip() for line in search if line.strip())
    words = Counter(w for line in search for w in line.split())
    starts = range(max(len(shown) - size, 0) + 1)
    stripped = [line.strip() for line in shown]
    split = [line.split() for line in shown]
    rough: list[tuple[float, int]] = []
    for i in starts:
        have = Counter(stripped[i : i + size])
        same = sum(min(n, have[line]) for line, n in wanted.items())
        common = sum(1 for row in split[i : i + size] for w in row if w in words)
        if same or common:
            rough.append((same * 10 + common, i))
    rough.sort(key=lambda pair: (-pair[0], pair[1]))
    scored: list[tuple[float, int]] = []
    for _, i in rough[:12]:
        other = "\n".join(stripped[i : i + size])
        ratio = difflib.SequenceMatcher(None, quoted[:20_000], other[:20_000], autojunk=False).ratio()
        scored.append((ratio, i))
    scored.sort(key=lambda pair: (-pair[0], pair[1]))
    best: list[tuple[float, int]] = []
    for ratio, i in scored:
        if all(abs(i - j) >= size for _, j in best) and len(best) < keep:
            best.append((ratio, i))
    return best


def fit(found: Sequence[str], search: Sequence[str], replace: Sequence[str]) -> list[str] | None:
    """The replacement as it belongs into this file: the file's own lines where the edit leaves them alone,
    its indentation and undecodable bytes elsewhere. None when that cannot be told. `found` and `search` have
    one length."""
    seen = [plain(line) for line in found]
    result: list[str] = []
    steps = difflib.SequenceMatcher(None, list(search), list(replace), autojunk=False).get_opcodes()
    indents = _indents(seen, search)
    if indents is None:
        return None
    for step, i1, i2, j1, j2 in steps:
        if step == "equal":
            result.extend(found[i1:i2])
            continue
        fresh = [_reindent(line, indents) for line in replace[j1:j2]]
        restored = _restore(found[i1:i2], fresh)
        if restored is None:
            return None
        result.extend(restored)
    return result


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _indents(seen: Sequence[str], search: Sequence[str]) -> dict[str, str] | None:
    """Quoted indentation → the file's. None when one quoted indentation means two in the file."""
    table: dict[str, str] = {}
    for own, quoted in zip(seen, search, strict=True):
        if own.strip() and quoted.strip() and table.setdefault(_indent(quoted), _indent(own)) != _indent(own):
            return None
    return table


def _reindent(line: str, indents: dict[str, str]) -> str:
    if not line.strip() or all(quoted == own for quoted, own in indents.items()):
        return line
    have, rest = _indent(line), line.lstrip()
    if have in indents:
        return indents[have] + rest
    inner = [q for q in indents if have.startswith(q)]
    if inner:
        key = max(inner, key=len)
        return indents[key] + _unit(have[len(key) :], indents) + rest
    key = min(indents, key=len)
    own = indents[key]
    if own.endswith(key):  # the file is indented further throughout
        return own[: len(own) - len(key)] + have + rest
    dropped = key[: len(key) - len(own)]  # the file is indented less
    return have[len(dropped) :] + rest


def _unit(extra: str, indents: dict[str, str]) -> str:
    """Spaces become tabs where the file's indentation is tabs and the quoted one spaces."""
    for quoted, own in indents.items():
        if quoted and not quoted.strip(" ") and own and not own.strip("\t") and len(quoted) % len(own) == 0:
            size = len(quoted) // len(own)
            return "\t" * (len(extra) // size) + extra[len(extra) - len(extra) % size :] if extra else ""
    return extra


def _restore(found: Sequence[str], fresh: list[str]) -> list[str] | None:
    """`fresh` with the file's undecodable bytes in place of U+FFFD, when there are as many; None when not."""
    wanted = sum(line.count("\ufffd") for line in fresh)
    if not wanted:
        return fresh
    own = [c for line in found for c in line if "\ud800" <= c <= "\udfff" or c == "\ufffd"]
    if len(own) != wanted:
        return None
    source = iter(own)
    return ["".join(next(source) if c == "\ufffd" else c for c in line) for line in fresh]
