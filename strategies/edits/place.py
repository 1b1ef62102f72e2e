"""Decides where one search/replace pair goes in a file and what stands there then. Pure lines.

Every tolerance is tried in order, the strictest first, over every way to read the quotation; what is left open is
handed back as options, for the caller to parse. Nothing is ever put at one of two places.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from strategies.edits import match
from strategies.edits.elisions import SENTENCE, is_elision, put_back, stand_in, write_out
from strategies.edits.indentation import BRACKETS, Fit, anchors, fit, indent_of, is_plausible
from strategies.edits.match import Match, plain
from strategies.edits.quotations import Reading, doubtful, readings

PROSE = (".txt", ".md", ".markdown", ".rst", ".adoc", ".tex", ".html", ".htm", ".xml", ".svg", ".po", ".csv", ".vue")
"""Endings of files in which entities, typographic quotes and backslashes are as usual as anything."""
LIKE = 0.8
"""From this similarity (difflib ratio over characters) on, other lines may be the ones that were quoted wrongly."""
Finder = Callable[[Sequence[str], Sequence[str], Sequence[str]], Match | None]


class Unplaceable(Exception):
    """The pair has no one place in the file, or no one meaning there; the message is for the model."""


@dataclass(frozen=True, slots=True)
class Placed:
    """`size` lines from `at` (0-based) become one of `options`, likeliest first. `sure`: the first needs no proof.

    `how` names the tolerance, "" for none; `doubt` says what is open where it is not sure.
    """

    at: int
    size: int
    options: tuple[tuple[str, ...], ...]
    sure: bool = True
    how: str = ""
    doubt: str = ""


def place(
    lines: Sequence[str], search: Sequence[str], replacement: Sequence[str], line: int | None, path: str
) -> Placed | None:
    """Where the pair goes in `lines` (without ends) of the file `path`; None when the replacement stands there already.

    `line` (1-based) may choose between several places. Raises Unplaceable.
    """
    found = _find(lines, search, replacement)
    if found is None:
        found = _unfound(lines, search, replacement)
        if found is None:
            return None
    at = _choose(found, line)
    own = lines[at : at + len(found.search)]
    written = write_out(found.search, found.replace, python=path.endswith((".py", ".pyi")))
    if isinstance(written, str):
        raise Unplaceable(
            f"REPLACE leaves lines out ({written!r}): write all of it (word it otherwise if it is a comment)"
        )
    stands_in = stand_in(found.search, written, comment_signs=not path.lower().endswith(PROSE))
    if stands_in:
        raise Unplaceable(
            f"REPLACE has only a comment ({stands_in!r}) for several quoted lines: write them out if they stay; if "
            f"they go, leave the comment out or say in {SENTENCE} words or more why"
        )
    written = _in_style(lines, found.search, written)
    _check_misquoted(own, found.search, written)
    text = None if path.lower().endswith(PROSE) else "\n".join(lines)
    if text is not None:
        _check_doubled_blank(lines, at, found.search, written)
    placed = _options(own, replace(found, places=(at,), replace=written), text)
    if path.endswith((".py", ".pyi")) and is_plausible(own, BRACKETS) and not is_plausible(placed.options[0], BRACKETS):
        return replace(
            placed, sure=False, doubt="REPLACE lost the indentation below an opening bracket; write it exactly"
        )
    return placed


def _find(lines: Sequence[str], search: Sequence[str], replacement: Sequence[str]) -> Match | None:
    ways = list(readings(search, replacement))
    elided = any(is_elision(line) for line in search)
    first = _first(match.close, lines, ways[:1] if elided else ways)
    if first is None and elided:
        first = _elided(lines, ways) or _first(match.close, lines, ways[1:])
    if first is not None:
        return first
    for finder in (match.loose, match.without_blank_lines, match.part_of_line):
        first = _first(finder, lines, ways)
        if first is not None:
            return first
    return None


def _first(finder: Finder, lines: Sequence[str], ways: Iterable[Reading]) -> Match | None:
    for reading in ways:
        found = finder(lines, reading.search, reading.replace)
        if found is not None:
            return replace(found, how=" and ".join(filter(None, (reading.how, found.how))))
    return None


def _elided(lines: Sequence[str], ways: Iterable[Reading]) -> Match | None:
    shown = [plain(line) for line in lines]
    for reading in ways:
        whole = put_back(shown, reading.search, reading.replace)
        found = match.close(lines, *whole) if whole else None
        if found is not None:
            return replace(found, how="lines left out")
    return None


def _unfound(lines: Sequence[str], search: Sequence[str], replacement: Sequence[str]) -> Match | None:
    """The near match, or None when the replacement already stands there. Raises with the nearest lines."""
    if _stands(lines, search, replacement):
        return None
    ranked = match.near(lines, search)
    left_out = [line for line in search if is_elision(line)]
    if left_out:
        raise Unplaceable(
            f"SEARCH leaves lines out ({left_out[0].strip()!r}), and it cannot be told which; quote every line, or use "
            "one block per place" + nearest_text(lines, len(search), ranked)
        )
    if ranked:
        best, at = ranked[0]
        second = ranked[1][0] if len(ranked) > 1 else 0.0
        if (
            best >= match.NEAR
            and best - second >= match.CLEARLY
            and at + len(search) <= len(lines)
            and all(map(_alike, lines[at : at + len(search)], search))
        ):
            return Match((at,), tuple(search), tuple(replacement), f"small differences ({best:.0%} alike)")
    raise Unplaceable("SEARCH does not stand in the file" + nearest_text(lines, len(search), ranked))


def _alike(own: str, quoted: str) -> bool:
    """Whether one line may be the other, remembered a little wrongly."""
    a, b = plain(own).strip(), quoted.strip()
    return a == b or (bool(a) and bool(b) and difflib.SequenceMatcher(None, a, b, autojunk=False).ratio() > 0.8)  # noqa: PLR2004 - as a share


def _stands(lines: Sequence[str], search: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether a replacement of several lines, not all of them quoted, is in the file: the edit was made before."""
    quoted = {line.strip() for line in search}
    fresh = [w for w in wanted if w.strip() and w.strip() not in quoted]
    if not fresh or sum(1 for w in wanted if w.strip()) < 2:  # noqa: PLR2004 - a single line may stand anywhere by chance
        return False
    there = match.find(lines, wanted, [])
    if there is None or len(there.places) != 1:
        return False
    at, stop = there.places[0], there.places[0] + len(there.search)
    apart = [ratio for ratio, i in match.near(lines, search) if i + len(search) <= at or i >= stop]
    return not apart or max(apart) < LIKE  # else the quotation is a wrong one of those lines


def _choose(found: Match, line: int | None) -> int:
    """The one place. Raises Unplaceable when there are several and no line number picks one."""
    if len(found.places) == 1:
        return found.places[0]
    if line is not None and line - 1 in found.places:
        return line - 1
    numbers = ", ".join(str(p + 1) for p in found.places[:10])
    raise Unplaceable(
        f"SEARCH stands at {len(found.places)} places (lines {numbers}); add lines around it until it is unique"
    )


def _check_misquoted(own: Sequence[str], search: Sequence[str], written: Sequence[str]) -> None:
    """A line that was quoted wrongly may only be one that stays: else what changes was never seen."""
    kept = set(anchors(search, written).values())
    for i, (line, quoted) in enumerate(zip(own, search, strict=True)):
        if plain(line).strip() != quoted.strip() and i not in kept:
            raise Unplaceable(f"SEARCH quotes {quoted.strip()[:200]!r}, but the file has {plain(line).strip()[:200]!r}")


def _in_style(lines: Sequence[str], search: Sequence[str], written: tuple[str, ...]) -> tuple[str, ...]:
    """New lines with tabs for blanks or the reverse, where the file knows only the one and the block only the other."""
    tabs, blanks = (sum(line.startswith(sign) and bool(line.strip()) for line in lines) for sign in ("\t", "  "))
    fresh = [line for line in written if indent_of(line) and line.strip() and line not in search]
    if any(indent_of(line) for line in search if line.strip()) or not fresh or bool(tabs) == bool(blanks):
        mixed = blanks and not tabs and any("\t" in indent_of(line) for line in fresh)
        if mixed and not any("\t" in indent_of(line) for line in search):
            raise Unplaceable("REPLACE indents lines with tabs, and the file never does: indent as the file does")
        return written
    if blanks and all(line.startswith("\t") for line in fresh):
        width = min(len(indent_of(line)) for line in lines if line.startswith("  ") and line.strip())
        return tuple(indent_of(line).expandtabs(width) + line.lstrip() if line.strip() else line for line in written)
    width = min(len(indent_of(line)) for line in fresh)
    if tabs and all(line.startswith(" ") and len(indent_of(line)) % width == 0 for line in fresh):
        return tuple(
            "\t" * (len(indent_of(line)) // width) + line.lstrip() if line.strip() else line for line in written
        )
    return written


def _check_doubled_blank(lines: Sequence[str], at: int, search: Sequence[str], written: Sequence[str]) -> None:
    """A blank line at an end of REPLACE alone, where the file has one already, is one that SEARCH forgot: or not."""
    around = (lines[at - 1 : at], lines[at + len(search) : at + len(search) + 1])
    for (place, end), beside in zip((("begins", 0), ("ends", -1)), around, strict=True):
        if written and beside and not written[end].strip() and search[end].strip() and not beside[0].strip():
            raise Unplaceable(
                f"REPLACE {place} with a blank line where the file has one already: quote it in SEARCH, too"
            )


def _options(own: Sequence[str], found: Match, text: str | None) -> Placed:
    """What the place may become. `text` is all of the file, None for prose, in which any character may be meant."""
    shown = [plain(line) for line in own]
    options: list[tuple[str, ...]] = []
    sure, doubt, how = True, "", found.how
    written = found.replace
    open_readings = []
    for slip, changed, proven in doubtful(found.search, written, text):
        if proven:
            written, how = changed, " and ".join(filter(None, (how, slip)))
        else:
            open_readings.append(changed)
            sure, doubt = (
                False,
                f"{slip} in REPLACE may be meant or not: write the characters as they shall stand there",
            )
    for reading in (written, *open_readings):
        as_quoted = text is None and all(a.rstrip() == b.rstrip() for a, b in zip(shown, found.search, strict=True))
        fitted = Fit((reading,), sure=True) if as_quoted else fit(shown, found.search, reading)
        if fitted is None:
            raise Unplaceable(
                f"lines {found.places[0] + 1}–{found.places[0] + len(own)} cannot be re-indented from what you quoted; "
                "quote them exactly, with their own indentation"
            )
        sure = sure and fitted.sure
        doubt = doubt or (
            "" if fitted.sure else "the indentation of REPLACE does not go with the file's: write it exactly"
        )
        options += _finished(own, found.search, reading, fitted, prose=text is None)
    distinct = tuple(dict.fromkeys(options))
    if not distinct:
        raise Unplaceable(
            "a line holds bytes that are no UTF-8, and cannot be told from what you quoted; quote it exactly"
        )
    if not sure:
        plausible = tuple(one for one in distinct if is_plausible([plain(line) for line in one]))
        distinct = plausible or distinct
        sure = len(distinct) == 1 and len(options) > 1
    return Placed(found.places[0], len(own), distinct, sure, how, "" if sure else doubt)


def _finished(
    own: Sequence[str], search: Sequence[str], written: Sequence[str], fitted: Fit, *, prose: bool
) -> list[tuple[str, ...]]:
    """Each reading with the file's own lines where the edit leaves them alone, and its undecodable bytes elsewhere."""
    steps = difflib.SequenceMatcher(
        None, [s.strip() for s in search], [w.strip() for w in written], autojunk=False
    ).get_opcodes()
    ends = [line != line.rstrip() for line in written if line.strip()]
    added = any(s != s.rstrip() and plain(o) == plain(o).rstrip() for s, o in zip(search, own, strict=True))
    if not prose:  # on every line it is a habit of the writer, and none of the file's
        added = added or (sum(ends) > 1 and all(ends[:-1]))
    result = []
    for reading in fitted.readings:
        whole: list[str] | None = []
        for step, i1, i2, j1, j2 in steps:
            if step == "equal":
                fresh: list[str] | None = [
                    _kept(own[i], search[i], written[j], reading[j])
                    for i, j in zip(range(i1, i2), range(j1, j2), strict=True)
                ]
            else:
                some = [line.rstrip() if added else line for line in reading[j1:j2]]
                fresh = match.restored(own[i1:i2], some)
            whole = None if whole is None or fresh is None else whole + fresh
        if whole is not None:
            result.append(tuple(whole))
    return result


def _kept(own: str, quoted: str, written: str, reading: str) -> str:
    """The file's line that both parts repeat, with the new indentation or the new end if the edit is about these."""
    if not quoted.strip():
        return own if quoted == written or not plain(own) else written
    tail_before, tail_after = quoted[len(quoted.rstrip()) :], written[len(written.rstrip()) :]
    line = own if tail_before == tail_after else own.rstrip() + tail_after
    indent = indent_of(reading)
    return line if indent == indent_of(plain(own)) else indent + line.lstrip()


def nearest_text(lines: Sequence[str], size: int, ranked: list[tuple[float, int]]) -> str:
    """The nearest lines, numbered, as the end of a message to the model."""
    if not ranked or ranked[0][0] < 0.4:  # noqa: PLR2004 - less alike than that is no help
        return "; nothing in it is similar"
    at = ranked[0][1]
    stop = min(len(lines), at + min(size, 60) + 2)
    shown = "\n".join(f"{n + 1:5d}| {plain(lines[n])[:300]}" for n in range(max(at - 2, 0), stop))
    return f". The nearest lines are (with line numbers, which are not part of the file):\n{shown}"
