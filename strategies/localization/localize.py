"""Which files, and which lines of them, an issue is about: from its words alone, without network or model.

Clues that name a place outright (stack frames, paths, symbols, messages) are added to what is alike in words: the file,
its best passage, its path, the names it defines, the messages of earlier commits. Then tests point at what they test,
and the best files at what they import and at what changed with them. The same issue and commit give the same list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from strategies.issue import Issue
from strategies.localization import signals
from strategies.localization.clues import clues
from strategies.localization.index import index
from strategies.localization.layout import SHARES, Candidate, Ranges, lay_out, whole
from strategies.localization.question import question_words, text_of
from strategies.localization.signals import Signal, share

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace

WEIGHTS: Mapping[str, float] = {
    "lexical": 6.0,
    "passages": 5.0,
    "paths": 5.0,
    "names": 2.0,
    "frames": 6.0,
    "files": 7.0,
    "symbols": 2.0,
    "phrases": 7.0,
    "alike": 4.5,
    "often": 0.8,
    "together": 0.5,
    "tested": 2.0,
    "neighbours": 1.5,
}
"""Of each signal, in points for what it holds most likely."""
TESTS, PROSE, CONFIGURATION = 0.4, 0.1, 0.2
"""What is left of the score of files that a fix seldom changes."""
COMPANIONS = 3
"""Source files whose companions in earlier commits are looked at."""
MOST_FILES = 40


@dataclass(frozen=True, slots=True)
class Located:
    """A file with why it is here. `lines` are 1-based and sorted: those that something points at when it was only
    ranked, those to show when it was laid out; () is no line in the first case, and the whole file in the second."""

    path: str
    score: float
    reasons: tuple[str, ...]
    lines: tuple[tuple[int, int], ...] = ()


def gather(issue: Issue, workspace: Workspace) -> dict[str, Signal]:
    """Every signal by its name."""
    known, found, wanted = index(workspace), clues(text_of(issue)), question_words(issue)
    result = {
        "lexical": signals.lexical(known, wanted),
        "paths": signals.paths(known, wanted),
        "frames": signals.frames(known, found),
        "files": signals.files(known, found),
        "symbols": signals.symbols(known, found),
        "phrases": signals.phrases(known, found),
        "alike": signals.told(known, known.history.alike(wanted), "changed by commits that sound like the issue"),
        "often": signals.told(known, known.history.often, ""),
    }
    likely = _best_first(combined(result))
    result["passages"] = signals.passages(known, wanted, likely)
    result["names"] = signals.names(known, wanted, likely)
    scores = combined(result)
    sources = [p for p in _best_first(scores) if share(p, tests=0, prose=0, configuration=0)][:COMPANIONS]
    together = known.history.together({path: scores[path] for path in sources})
    result["tested"] = signals.tested(known, result["lexical"].points)
    result["neighbours"] = signals.neighbours(known, scores)
    result["together"] = signals.told(known, together, "often changed with the files above")
    return result


def _best_first(scores: Mapping[str, float]) -> list[str]:
    return sorted(scores, key=lambda path: (-scores[path], path))


def combined(found: Mapping[str, Signal], weights: Mapping[str, float] = WEIGHTS) -> dict[str, float]:
    """The score of every file that a signal points at."""
    scores: dict[str, float] = {}
    for name, signal in found.items():
        for path, points in signal.points.items():
            scores[path] = scores.get(path, 0.0) + weights[name] * points
    return {p: s * share(p, tests=TESTS, prose=PROSE, configuration=CONFIGURATION) for p, s in scores.items()}


def rank(issue: Issue, workspace: Workspace) -> tuple[Located, ...]:
    """The files that matter most, best first, at most 40."""
    found = gather(issue, workspace)
    scores = combined(found)
    best = _best_first(scores)[:MOST_FILES]
    return tuple(
        Located(
            path,
            round(scores[path], 4),
            tuple(dict.fromkeys(r for s in found.values() for r in s.reasons.get(path, ()))),
            joined([one for s in found.values() for one in s.lines.get(path, ())]),
        )
        for path in best
    )


def localize(issue: Issue, workspace: Workspace, *, limit_tokens: int) -> tuple[Located, ...]:
    """The files to show in about `limit_tokens` (at least one if any), best first, each with the lines that fit.

    Source files come first; what they leave goes to tests, prose and configuration.
    """
    known = index(workspace)
    ranked = [one for one in rank(issue, workspace) if known.text(one.path)]
    if not ranked:
        return ()
    sources = [one for one in ranked if share(one.path, tests=0, prose=0, configuration=0)][: len(SHARES)]
    ordered = [*sources, *(one for one in ranked if one not in sources)]
    candidates = [Candidate(o.path, known.text(o.path), o.lines) for o in ordered]
    laid = lay_out(candidates, question_words(issue), limit_tokens)
    shown = [
        replace(one, lines=_unless_whole(laid[one.path], known.text(one.path))) for one in ordered if one.path in laid
    ]
    return tuple(shown) or (ranked[0],)


def _unless_whole(ranges: Ranges, text: str) -> Ranges:
    return () if ranges == whole(text) else ranges


def joined(ranges: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Sorted, overlapping and touching ones made one."""
    result: list[tuple[int, int]] = []
    for a, b in sorted(ranges):
        if result and a <= result[-1][1] + 3:
            result[-1] = (result[-1][0], max(result[-1][1], b))
        else:
            result.append((a, b))
    return tuple(result)
