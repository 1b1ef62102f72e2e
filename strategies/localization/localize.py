"""Which files, and which lines of them, an issue is about: from its words alone, without network or model.

Clues that name a place outright (stack frames, paths, symbols, messages) are added to a lexical ranking;
then what the best files import gets a share of their score. The same issue and commit give the same list.
"""

from __future__ import annotations

import math
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from strategies.issue import Issue
from strategies.localization.bm25 import query, words
from strategies.localization.clues import Clues, clues
from strategies.localization.index import Index, index, is_prose, is_test
from strategies.localization.symbols import imports
from strategies.models import tokens

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace

LEXICAL = 6.0
FRAME = 8.0
PATH = 9.0
NAME = 5.0
SYMBOL = 5.0
PHRASE = 6.0
NEIGHBOUR = 0.25
TEST_SHARE = 0.4
PROSE_SHARE = 0.3
"""Weights, in units of "the lexically best file scores 6"."""
MOST_FILES = 40
COMMON = 12
"""A symbol or phrase that stands in more files than this points nowhere."""
WHOLE = 1_000
"""A file of fewer tokens is shown whole anyway: no passage of it is looked for."""
AROUND = 12
"""Lines shown around a line that is pointed at."""


@dataclass(frozen=True, slots=True)
class Located:
    """A file with why it is here. `lines` are the 1-based ranges that matter, sorted; () when none stands out."""

    path: str
    score: float
    reasons: tuple[str, ...]
    lines: tuple[tuple[int, int], ...] = ()


@dataclass(slots=True)
class _Board:
    """Scores so far."""

    score: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, list[str]] = field(default_factory=dict)
    lines: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)

    def add(self, path: str, points: float, reason: str, lines: Iterable[tuple[int, int]] = ()) -> None:
        self.score[path] = self.score.get(path, 0.0) + points
        reasons = self.reasons.setdefault(path, [])
        if reason not in reasons:
            reasons.append(reason)
        self.lines.setdefault(path, []).extend(lines)


def text_of(issue: Issue) -> str:
    """Everything the issue says, as one text."""
    comments = "\n".join(c.body for c in issue.comments)
    return "\n".join(filter(None, (issue.title, issue.body, comments, issue.instructions)))


def localize(issue: Issue, workspace: Workspace, *, limit_tokens: int) -> tuple[Located, ...]:
    """The files that matter most, best first, as many as fit into about `limit_tokens` (at least one if any)."""
    known = index(workspace)
    board = _Board()
    text = text_of(issue)
    found = clues(text)
    _named(board, known, found)
    _symbols(board, known, found)
    _phrases(board, known, found)
    wanted = query([(issue.title, 2.0), (text, 1.0)])
    _lexical(board, known, wanted)
    for path in board.score:
        if path not in board.named:
            board.score[path] *= TEST_SHARE if is_test(path) else PROSE_SHARE if is_prose(path) else 1.0
    _neighbours(board, known)
    ranked = sorted(board.score, key=lambda p: (-board.score[p], p))[:MOST_FILES]
    return _within(
        [
            Located(p, round(board.score[p], 4), tuple(board.reasons[p]), _ranges(board, known, p, wanted))
            for p in ranked
        ],
        known,
        limit_tokens,
    )


def _match(known: Index, written: str) -> list[str]:
    """Repository files that a written path means: the longest common tail wins; several when it is ambiguous."""
    candidates = known.by_name.get(posixpath.basename(written), [])
    want = written.strip("/").split("/")

    def shared(path: str) -> int:
        n = 0
        for a, b in zip(reversed(path.split("/")), reversed(want), strict=False):
            if a != b:
                break
            n += 1
        return n

    best = max((shared(p) for p in candidates), default=0)
    return [p for p in candidates if shared(p) == best]


def _named(board: _Board, known: Index, found: Clues) -> None:
    for order, (written, line) in enumerate(reversed(found.frames)):
        matches = _match(known, written)
        for path in matches if len(matches) <= COMMON else ():
            points = FRAME / len(matches) / (1 + order / 4)
            lines = [(max(line - AROUND, 1), line + AROUND)]
            board.add(path, points, f"line {line} in a stack trace or reference", lines)
            board.named.add(path)
    for written in found.files:
        matches = _match(known, written)
        for path in matches if len(matches) <= COMMON else ():
            whole = path == written.removeprefix("./") or "/" in written
            board.add(path, (PATH if whole else NAME) / len(matches), f"named as {written}")
            board.named.add(path)
    for name in found.dotted:
        parts = name.split(".")
        for size in range(len(parts), 0, -1):
            tail = "/".join(parts[:size])
            hits = [
                p for p in (f"{tail}.py", f"src/{tail}.py", f"{tail}/__init__.py", f"lib/{tail}.py") if p in known.known
            ]
            if hits:
                board.add(hits[0], NAME, f"module {'.'.join(parts[:size])}")
                break


def _symbols(board: _Board, known: Index, found: Clues) -> None:
    for name in found.symbols:
        places = known.defined.get(name, {})
        if not places or len(places) > COMMON:
            continue
        for path, ranges in places.items():
            board.add(path, SYMBOL / len(places), f"defines {name}", ranges[:5])


def _phrases(board: _Board, known: Index, found: Clues) -> None:
    for phrase in found.phrases[:40]:
        hits = [(p, t.find(phrase)) for p, t in known.texts.items() if phrase in t]
        for path, at in hits if len(hits) <= COMMON else ():
            line = known.texts[path].count("\n", 0, at) + 1
            board.add(path, PHRASE / len(hits), f"holds “{phrase[:60]}”", [(max(line - AROUND, 1), line + AROUND)])


def _lexical(board: _Board, known: Index, wanted: dict[str, float]) -> None:
    scores = known.ranking.scores(wanted)
    top = max(scores.values(), default=0.0)
    for path in sorted(scores, key=lambda p: (-scores[p], p))[:200] if top else ():
        board.add(path, LEXICAL * scores[path] / top, "shares words with the issue")


def _neighbours(board: _Board, known: Index) -> None:
    best = sorted(board.score, key=lambda p: (-board.score[p], p))[:6]
    for path in best:
        if path not in known.texts or is_prose(path):
            continue
        targets = imports(path, known.texts[path], known.known)
        for target in targets[:30]:
            if target in known.texts and not is_test(target):
                board.add(target, board.score[path] * NEIGHBOUR / math.sqrt(len(targets)), f"imported by {path}")


def _ranges(board: _Board, known: Index, path: str, wanted: dict[str, float]) -> tuple[tuple[int, int], ...]:
    """The lines pointed at; where nothing points, the passages that share the rarest words with the issue."""
    lines = known.texts.get(path, "").removesuffix("\n").split("\n")
    pointed = [(max(a, 1), min(b, len(lines))) for a, b in board.lines.get(path, ()) if a <= len(lines)]
    if not pointed and tokens.estimate(known.texts.get(path, "")) > WHOLE:
        pointed = _dense(lines, wanted, known)
    return _joined(pointed)


def _dense(lines: list[str], wanted: dict[str, float], known: Index) -> list[tuple[int, int]]:
    weight = {w: known.ranking.rarity(w) * n for w, n in wanted.items()}
    scored = []
    for number, line in enumerate(lines[:20_000], 1):
        points = sum(weight.get(w, 0.0) for w in words(line)) if line.strip() else 0.0
        if points:
            scored.append((points, number))
    scored.sort(key=lambda pair: (-pair[0], pair[1]))
    return [(max(n - AROUND, 1), min(n + AROUND, len(lines))) for _, n in scored[:5]]


def _joined(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Sorted, overlapping and touching ones made one."""
    result: list[tuple[int, int]] = []
    for a, b in sorted(ranges):
        if result and a <= result[-1][1] + 3:
            result[-1] = (result[-1][0], max(result[-1][1], b))
        else:
            result.append((a, b))
    return tuple(result)


def _within(ranked: list[Located], known: Index, limit_tokens: int) -> tuple[Located, ...]:
    kept: list[Located] = []
    used = 0
    for one in ranked:
        text = known.texts.get(one.path)
        if text is None:
            continue
        cost = min(tokens.estimate(text), _shown(text, one.lines))
        if kept and used + cost > limit_tokens:
            continue
        kept.append(one)
        used += cost
    return tuple(kept)


def _shown(text: str, ranges: tuple[tuple[int, int], ...]) -> int:
    lines = text.split("\n")
    return sum(tokens.estimate("\n".join(lines[a - 1 : b])) for a, b in ranges) or tokens.estimate(text)
