"""Finds the one place in a file that a quoted passage means, and fits the replacement to it. Pure lines.

Lines carry no terminator here. Tolerances, in order: none; trailing white space; blank lines around the passage;
indentation; blank lines in it; then, only if nearly identical and alone, the nearest passage. Two places are never one.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

NEAR = 0.97
"""Similarity (difflib ratio over characters) from which the nearest passage may stand in for the quoted one."""
CLEARLY = 0.05
"""By how much it must beat the second nearest."""
SHORTEST_PART = 8
"""A quoted part of a line has at least this many characters."""
LONGEST_BY_CHARACTER = 4_000
"""Characters up to which passages are compared by character; longer ones by whole lines."""
MAX_LINES = 20_000
"""Files longer than this are not searched for near passages."""

_GOES_ON = re.compile(r"\s*(?:[+*%^|&?.\[(<>]|-(?!-)|/(?![/*])|[!=]=|(?:and|or|if|in|is|not|instanceof|as)\b)")
"""How a line goes on whose expression is not over."""
_ENDS_VALUE = re.compile(r"[\w)\]\"']$")


@dataclass(frozen=True, slots=True)
class Match:
    """Where a passage stands: `places` are 0-based first lines; `how` names the tolerance, "" when exact.

    More than one place means the passage is ambiguous. `search` has a line for each of the passage's.
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


def close(lines: Sequence[str], search: Sequence[str], replace: Sequence[str]) -> Match | None:
    """The places where `search` stands in `lines` but for white space at the ends of lines and blank ones around."""
    return _find(lines, search, replace, (("", str), ("trailing white space", str.rstrip)))


def loose(lines: Sequence[str], search: Sequence[str], replace: Sequence[str]) -> Match | None:
    """The places where `search` stands in `lines` but for indentation."""
    return _find(lines, search, replace, (("indentation", str.strip),))


def find(lines: Sequence[str], search: Sequence[str], replace: Sequence[str]) -> Match | None:
    """The places where `search` stands in `lines`, by the strictest tolerance that finds any."""
    return close(lines, search, replace) or loose(lines, search, replace)


def _find(
    lines: Sequence[str],
    search: Sequence[str],
    replace: Sequence[str],
    ways: tuple[tuple[str, Callable[[str], str]], ...],
) -> Match | None:
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


def without_blank_lines(lines: Sequence[str], search: Sequence[str], replace: Sequence[str]) -> Match | None:
    """The one place where `search` stands but for blank lines between its lines, with the file's own ones put into
    both parts. None where it cannot be told to which side of a change a blank line belongs."""
    quoted = [line for line in search if line.strip()]
    rows = [i for i, line in enumerate(lines) if line.strip()]
    if len(quoted) < 2:  # noqa: PLR2004 - nothing stands between
        return None
    for way in (str.rstrip, str.strip):
        places = _places([way(plain(lines[i])) for i in rows], [way(line) for line in quoted])
        if places:
            break
    if len(places) != 1:
        return None
    stood = rows[places[0] : places[0] + len(quoted)]
    file_gaps = [b - a - 1 for a, b in pairwise(stood)]
    written = [line for line in replace if line.strip()]
    gaps = _gaps(quoted, written, file_gaps, _blank_runs(search), _blank_runs(replace))
    if gaps is None or not written:
        return None
    head = min(max(_blanks(replace) - _blanks(search), 0), _blanks(list(reversed(lines[: stood[0]]))))
    tail = min(
        max(_blanks(list(reversed(replace))) - _blanks(list(reversed(search))), 0), _blanks(lines[stood[-1] + 1 :])
    )
    above, below = ("",) * head, ("",) * tail
    passage, fresh = above + _spread(quoted, file_gaps) + below, above + _spread(written, gaps) + below
    return Match((stood[0] - head,), passage, fresh, "blank lines")


def _blanks(lines: Sequence[str]) -> int:
    """How many blank lines `lines` begin with."""
    return next((i for i, line in enumerate(lines) if line.strip()), len(lines))


def _blank_runs(lines: Sequence[str]) -> list[int]:
    """How many blank lines stand between each two others."""
    rows = [i for i, line in enumerate(lines) if line.strip()]
    return [b - a - 1 for a, b in pairwise(rows)]


def _spread(some: Sequence[str], gaps: Sequence[int]) -> tuple[str, ...]:
    result: list[str] = []
    for line, gap in zip_longest(some, gaps, fillvalue=0):
        result += [str(line), *[""] * int(gap)]
    return tuple(result)


def _gaps(
    quoted: Sequence[str], written: Sequence[str], in_file: list[int], in_search: list[int], in_replace: list[int]
) -> list[int] | None:
    """The blank lines between the lines of a replacement whose quotation has others than the file."""
    matcher = difflib.SequenceMatcher(None, [q.strip() for q in quoted], [w.strip() for w in written], autojunk=False)
    kept = {j + k: i + k for i, j, size in matcher.get_matching_blocks() for k in range(size)}
    wrong = {i for i, (own, seen) in enumerate(zip(in_file, in_search, strict=True)) if own != seen}
    pairs = {j: i for j in range(len(in_replace)) if (i := kept.get(j)) is not None and kept.get(j + 1) == i + 1}
    told = [in_replace[j] == in_file[i] for j, i in pairs.items() if i in wrong]
    if (told and all(told)) or (not told and any(in_replace) and not any(in_search)):
        return in_replace  # only the quotation has others
    result = []
    for j, gap in enumerate(in_replace):
        i = pairs.get(j)
        if i is None or i not in wrong:
            result.append(gap)
        elif gap in (in_search[i], in_file[i]):
            result.append(in_file[i])
        else:
            return None
    used = set(pairs.values())
    places = {i: j for j, i in kept.items()}
    beside = {
        i: [j for j in (places.get(i), places.get(i + 1, 0) - 1) if j is not None and 0 <= j < len(in_replace)]
        for i in wrong
    }
    used |= {i for i, js in beside.items() if any(in_replace[j] == in_file[i] for j in js)}
    fresh = [j for j in range(len(written)) if j not in kept]
    if any(i not in used for i in wrong):
        return None  # a blank line stood where the change is
    dropped = any(in_file[i] > in_search[i] for i in wrong) and not any(in_replace)
    return None if dropped and fresh and len(quoted) < len(written) else result  # new lines may lack theirs


def part_of_line(lines: Sequence[str], search: Sequence[str], replace: Sequence[str]) -> Match | None:
    """A single-line passage that is a part of exactly one line, once: matched as that whole line.

    None where it begins or ends within a word, or where an expression goes on behind it: then another line was meant.
    """
    if len(search) != 1 or len(replace) != 1 or len(search[0].strip()) < SHORTEST_PART:
        return None
    quoted = search[0].strip()
    hits = [(i, plain(line)) for i, line in enumerate(lines) if quoted in plain(line)]
    if len(hits) != 1 or hits[0][1].count(quoted) != 1:
        return None
    index, line = hits[0]
    before, _, after = line.partition(quoted)
    if _cuts_word(before[-1:], quoted[0]) or _cuts_word(quoted[-1], after[:1]):
        return None
    if not before.strip() and _GOES_ON.match(after) and _ENDS_VALUE.search(quoted):
        return None
    return Match((index,), (line,), (line.replace(quoted, replace[0].strip()),), "part of a line")


def _cuts_word(left: str, right: str) -> bool:
    """Whether two neighbouring characters belong to one word."""
    return bool(re.fullmatch(r"[\w$]{2}", left + right))


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
        if len(quoted) <= LONGEST_BY_CHARACTER:
            ratio = difflib.SequenceMatcher(None, quoted, other[: 2 * LONGEST_BY_CHARACTER], autojunk=False).ratio()
        else:
            same_lines = Counter(stripped[i : i + size]) & Counter(line.strip() for line in search)
            ratio = same_lines.total() / size
        scored.append((ratio, i))
    scored.sort(key=lambda pair: (-pair[0], pair[1]))
    best: list[tuple[float, int]] = []
    for ratio, i in scored:
        if all(abs(i - j) >= size for _, j in best) and len(best) < keep:
            best.append((ratio, i))
    return best


def restored(found: Sequence[str], fresh: list[str]) -> list[str] | None:
    """`fresh` with the file's undecodable bytes in place of U+FFFD, when there are as many; None when not."""
    wanted = sum(line.count("\ufffd") for line in fresh)
    if not wanted:
        return fresh
    own = [c for line in found for c in line if "\ud800" <= c <= "\udfff" or c == "\ufffd"]
    if len(own) != wanted:
        return None
    source = iter(own)
    return ["".join(next(source) if c == "\ufffd" else c for c in line) for line in fresh]
