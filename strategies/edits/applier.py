"""Applies edits to files, tolerantly and never at two places. What does not apply is explained, the rest is kept.

It reads through the function it is given and writes nothing: the result is a `Patch`. A file keeps its line
ends, byte order mark, final newline and undecodable bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from sandbox.repository.patch import Patch
from strategies.edits import match
from strategies.edits.edit import Applied, Create, Delete, Edit, Edits, Problem, Replace
from strategies.edits.match import Match, plain
from strategies.edits.paths import nearest, refusal, same_tail

BOM = "\ufeff"
_DOTS = re.compile(r"^\s*(?:#|//|/\*|<!--|--|;|%)?\s*(?:\.\.\.|…)\s*(?:\*/|-->)?\s*$")
_ELIDED = re.compile(
    r"^\s*(?:#|//|/\*|<!--|--|;|%)?\s*(?:\.\.\.|…).*\b(?:existing|rest|unchanged|remaining|same|omitted|previous)\b",
    re.IGNORECASE,
)


class _Refused(Exception):
    """One edit cannot be applied; the message is for the model."""


def apply(edits: Edits, read: Callable[[str], str | None], paths: Collection[str] = ()) -> Applied:
    """Apply `edits` one after the other on top of what `read` gives (None: no such text file).

    `paths` are the repository's files; with them a wrong path is corrected or answered with the nearest ones.
    """
    bench = _Bench(read, paths)
    problems = list(edits.problems)
    for edit in edits.items:
        try:
            bench.apply(edit)
        except _Refused as why:
            problems.append(Problem(edit.path, str(why), edit))
    return Applied(bench.patch(), tuple(problems), tuple(bench.notes))


class _Bench:
    """The files as they are after the edits so far (None: deleted)."""

    def __init__(self, read: Callable[[str], str | None], paths: Collection[str]) -> None:
        self._read = read
        self._paths = paths
        self._now: dict[str, str | None] = {}
        self._before: dict[str, str | None] = {}
        self.notes: list[str] = []

    def _text(self, path: str) -> str | None:
        if path not in self._now:
            self._now[path] = self._before[path] = self._read(path)
        return self._now[path]

    def patch(self) -> Patch:
        files: dict[str, bytes | None] = {}
        for path, text in self._now.items():
            if text != self._before[path]:
                files[path] = None if text is None else text.encode("utf-8", "surrogateescape")
        return Patch(files)

    def apply(self, edit: Edit) -> None:
        why = refusal(edit.path)
        if why:
            raise _Refused(why)
        if isinstance(edit, Create):
            self._create(edit)
        elif isinstance(edit, Delete):
            path, _ = self._existing(edit.path)
            self._now[path] = None
        else:
            path, text = self._existing(edit.path)
            self._now[path] = self._replace(path, text, edit)

    def _existing(self, path: str) -> tuple[str, str]:
        text = self._text(path)
        if text is not None:
            return path, text
        if path in self._paths and self._now.get(path, self._before[path]) is None:
            deleted = self._before[path] is not None
            raise _Refused("the file was deleted by an earlier edit" if deleted else "binary or too large to edit")
        tail = same_tail(path, self._paths)
        text = self._text(tail) if tail else None
        if text is not None:
            self.notes.append(f"{path}: taken as {tail}")
            return tail, text
        like = nearest(path, self._paths)
        hint = f"; did you mean {' or '.join(like)}?" if like else ""
        raise _Refused(f"there is no file {path}{hint} (a new file has an empty SEARCH part)")

    def _create(self, edit: Create) -> None:
        text = self._text(edit.path)
        if text is None and edit.path in self._paths and self._before[edit.path] is None:
            raise _Refused("a file of this name exists and is binary or too large to edit")
        if text and text.strip():
            raise _Refused(
                "the file exists already; quote the lines to replace in SEARCH, or delete it first "
                f"with a line `DELETE {edit.path}`"
            )
        if edit.path in self._now and self._before[edit.path] is not None and text is None:
            self.notes.append(f"{edit.path}: rewritten as a whole")
        content = edit.content
        if content and not content.endswith("\n"):
            content += "\n"
        self._now[edit.path] = content.encode("utf-8", "replace").decode()

    def _replace(self, path: str, text: str, edit: Replace) -> str:
        search, replace = edit.search, edit.replace
        if edit.others:  # the longest passage that stands in the file is the one that was meant
            lines = text.removeprefix(BOM).split("\n")
            readings = sorted((*edit.others, (search, replace)), key=lambda pair: -len(pair[0]))
            for one, other in readings:
                if match.find(lines, _lines(one), ()):
                    search, replace = one, other
                    break
        return self._one(path, text, search, replace, edit.line)

    def _one(self, path: str, text: str, search: str, replace: str, line: int | None) -> str:
        bom, body = (BOM, text[1:]) if text.startswith(BOM) else ("", text)
        lines = body.split("\n")
        ended = lines[-1] == ""
        if ended:
            lines.pop()
        crlf = sum(1 for own in lines if own.endswith("\r")) * 2 > len(lines) - (not ended)
        if crlf and not ended:
            lines[-1] += "\r"
        own_lines = set(lines)
        quoted = _lines(search)
        wanted = _lines(replace)
        if quoted == wanted:
            raise _Refused("SEARCH and REPLACE are the same: this changes nothing")
        found = match.find(lines, quoted, wanted) or match.part_of_line(lines, quoted, wanted)
        if found is None:
            found = self._without_exact(lines, quoted, wanted)
        if found is None:
            self.notes.append(f"{path}: already as the edit wants it")
            return text
        at = _choose(found, line)
        size = len(found.search)
        _elisions(lines, found)
        fitted = match.fit(lines[at : at + size], found.search, found.replace)
        if fitted is None:
            raise _Refused(
                f"lines {at + 1}–{at + size} cannot be re-indented or re-encoded from what you quoted; quote them "
                "exactly, with their own indentation"
            )
        if found.how:
            self.notes.append(f"{path}: matched at line {at + 1} up to {found.how}")
        fitted = [one if one in own_lines or not crlf else one.rstrip("\r") + "\r" for one in fitted]
        fitted = [
            one.encode("utf-8", "surrogateescape" if _escaped(one) else "replace").decode("utf-8", "surrogateescape")
            for one in fitted
        ]
        lines[at : at + size] = fitted
        if not lines:
            return bom
        whole = "\n".join(lines)
        return bom + (whole + "\n" if ended else whole.removesuffix("\r") if crlf else whole)

    def _without_exact(self, lines: list[str], quoted: list[str], wanted: list[str]) -> Match | None:
        """The near match, or None when the replacement already stands there. Raises with the nearest lines."""
        if _stands(lines, wanted):
            return None
        ranked = match.near(lines, quoted)
        dots = [q for q in quoted if _DOTS.match(q) or _ELIDED.match(q)]
        if dots:
            raise _Refused(
                f"SEARCH leaves lines out ({dots[0].strip()!r}); quote every line, or use one block per place"
                + _nearest_text(lines, len(quoted), ranked)
            )
        if ranked:
            best, at = ranked[0]
            second = ranked[1][0] if len(ranked) > 1 else 0.0
            if best >= match.NEAR and best - second >= match.CLEARLY and at + len(quoted) <= len(lines):
                return Match((at,), tuple(quoted), tuple(wanted), f"small differences ({best:.0%} alike)")
        raise _Refused("SEARCH does not stand in the file" + _nearest_text(lines, len(quoted), ranked))


def _lines(text: str) -> list[str]:
    lines = text.removeprefix(BOM).split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _stands(lines: list[str], wanted: list[str]) -> bool:
    """Whether a replacement of several lines is in the file already: the edit was made before."""
    if sum(1 for w in wanted if w.strip()) < 2:  # noqa: PLR2004 - a single line may stand anywhere by chance
        return False
    there = match.find(lines, wanted, [])
    return there is not None and len(there.places) == 1


def _escaped(line: str) -> bool:
    return any("\udc80" <= c <= "\udcff" for c in line)


def _choose(found: Match, line: int | None) -> int:
    """The one place. Raises _Refused when there are several and no line number picks one."""
    if len(found.places) == 1:
        return found.places[0]
    if line is not None and line - 1 in found.places:
        return line - 1
    numbers = ", ".join(str(p + 1) for p in found.places[:10])
    raise _Refused(
        f"SEARCH stands at {len(found.places)} places (lines {numbers}); add lines around it until it is unique"
    )


def _elisions(lines: list[str], found: Match) -> None:
    """Refuse a replacement that would swap real lines for "... rest of the code ..."."""
    for one in found.replace:
        if (_ELIDED.match(one) or (_DOTS.match(one) and one.strip() not in ("...", "…"))) and (
            one not in found.search and one not in lines
        ):
            raise _Refused(f"REPLACE leaves lines out ({one.strip()!r}); write the whole replacement")


def _nearest_text(lines: list[str], size: int, ranked: list[tuple[float, int]]) -> str:
    if not ranked or ranked[0][0] < 0.4:  # noqa: PLR2004 - less alike than that is no help
        return "; nothing in it is similar"
    at = ranked[0][1]
    stop = min(len(lines), at + min(size, 60) + 2)
    shown = "\n".join(f"{n + 1:5d}| {plain(lines[n])[:300]}" for n in range(max(at - 2, 0), stop))
    return f". The nearest lines are (with line numbers, which are not part of the file):\n{shown}"
