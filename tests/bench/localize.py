"""Whether what a fix changes is found and shown: on the corpus, against BM25 and a plain grep.

Single tasks are too small to miss anything in, so all of the corpus becomes one repository with a folder per task, and
each issue has to find its files among all of them. The peers see the same files and the same issue; what they find is
shown whole, best first, until the tokens are used.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace
from strategies.issue import Issue
from strategies.localization.bm25 import Ranking, query, words
from strategies.localization.facts_store import FILE
from strategies.localization.index import index
from strategies.localization.layout import whole
from strategies.localization.localize import localize, rank, text_of
from strategies.models import tokens
from strategies.study.tasks.corpus import load_corpus
from strategies.study.tasks.planting import plant
from tests.bench.row import Row

PLACES = (1, 3, 5, 10)
TOKENS = 20_000
Ranges = Sequence[tuple[int, int]]
Finder = Callable[[Issue, Workspace], Sequence[str]]
Shower = Callable[[Issue, Workspace], Mapping[str, Ranges]]


@dataclass(frozen=True, slots=True)
class Case:
    """An issue with the lines of the base that its reference fix changes, by path (new files cannot be found)."""

    issue: Issue
    changed: dict[str, Ranges]


@dataclass(frozen=True, slots=True)
class Found:
    """Shares of issues: all changed files within the first 1, 3, 5 and 10, all changed lines shown; and the median
    seconds of one issue."""

    within: tuple[float, ...]
    lines: float
    seconds: float


def whole_corpus(home: Path) -> tuple[Workspace, list[Case]]:
    """All tasks in one repository."""
    files: dict[str, bytes] = {}
    cases = []
    for scripted in load_corpus():
        task, reference = scripted.task, scripted.task.hidden.reference
        assert isinstance(reference, Patch)
        files |= {f"{task.id}/{path}": content for path, content in task.files.items()}
        changed = {
            f"{task.id}/{path}": changed_lines(
                task.files[path].decode(errors="replace"), (content or b"").decode(errors="replace")
            )
            for path, content in reference.files.items()
            if path in task.files
        }
        cases.append(Case(task.issue, changed))
    return plant(home, "whole-corpus", files), cases


def changed_lines(before: str, after: str) -> Ranges:
    """The 1-based lines of `before` that `after` changes; the line above, where something is only added."""
    steps = SequenceMatcher(None, before.split("\n"), after.split("\n"), autojunk=False).get_opcodes()
    return [
        (first + 1, last) if last > first else (max(first, 1),) * 2
        for tag, first, last, _, _ in steps
        if tag != "equal"
    ]


def ours(issue: Issue, workspace: Workspace) -> Sequence[str]:
    """Our ranking."""
    return [one.path for one in rank(issue, workspace)]


def ours_shown(issue: Issue, workspace: Workspace) -> Mapping[str, Ranges]:
    """What a model is shown."""
    known = index(workspace)
    return {o.path: o.lines or whole(known.text(o.path)) for o in localize(issue, workspace, limit_tokens=TOKENS)}


def bm25(issue: Issue, workspace: Workspace) -> Sequence[str]:
    """Files by the words they share with the issue, and nothing else."""
    ranking = Ranking({p: words(t) for p, t in _texts(workspace).items()})
    scores = ranking.scores(query([(text_of(issue), 1.0)]))
    return sorted(scores, key=lambda p: (-scores[p], p))


def grep(issue: Issue, workspace: Workspace) -> Sequence[str]:
    """`grep -l` for each word of the issue: files by how many of them they hold."""
    wanted = {w.lower() for w in re.findall(r"\w{4,}", text_of(issue))}
    counts = {p: sum(w in t.lower() for w in wanted) for p, t in _texts(workspace).items()}
    return sorted((p for p in counts if counts[p]), key=lambda p: (-counts[p], p))


def whole_files(finder: Finder) -> Shower:
    """Shows whole files in the order of `finder`, as many as fit."""

    def show(issue: Issue, workspace: Workspace) -> Mapping[str, Ranges]:
        texts, used, shown = _texts(workspace), 0, {}
        for path in finder(issue, workspace):
            used += tokens.estimate(texts.get(path, ""))
            if used > TOKENS:
                break
            shown[path] = whole(texts.get(path, ""))
        return shown

    return show


def _texts(workspace: Workspace) -> dict[str, str]:
    found = {f.path: workspace.read_text(f.path) for f in workspace.files()}
    return {p: t for p, t in found.items() if t}


def measure(finder: Finder, shower: Shower, workspace: Workspace, cases: Sequence[Case]) -> Found:
    """How well the changed files are found and their changed lines shown."""
    worst, seen, seconds = [], 0, []
    for case in cases:
        started = time.perf_counter()
        ranked = list(finder(case.issue, workspace))
        seconds.append(time.perf_counter() - started)
        worst.append(max(ranked.index(p) if p in ranked else len(ranked) + 1_000 for p in case.changed))
        shown = shower(case.issue, workspace)
        seen += all(
            any(a <= line <= b for a, b in shown.get(path, ()))
            for path, ranges in case.changed.items()
            for first, last in ranges
            for line in range(first, last + 1)
        )
    shares = tuple(sum(place < n for place in worst) / len(cases) for n in PLACES)
    return Found(shares, seen / len(cases), sorted(seconds)[len(seconds) // 2])


def run() -> list[Row]:
    with TemporaryDirectory() as home:
        workspace, cases = whole_corpus(Path(home))
        with workspace:
            count = len(workspace.files())
            cold, warm = index_seconds(workspace)
            own = measure(ours, ours_shown, workspace, cases)
            peers = [measure(f, whole_files(f), workspace, cases) for f in (bm25, grep)]
    corpus = f"{count} files, {len(cases)} issues"
    rows = [
        _row(f"all fixed files within the first {n}, {corpus}", own.within[i], [p.within[i] for p in peers])
        for i, n in enumerate(PLACES)
    ]
    rows.append(_row(f"all changed lines within {TOKENS:,} tokens, {corpus}", own.lines, [p.lines for p in peers]))
    told = f"BM25 {peers[0].seconds:.3f} s, grep {peers[1].seconds:.3f} s"
    rows.append(Row(f"localization: one issue, {corpus}", round(own.seconds, 3), "s", peer=told))
    rows.append(Row(f"localization: index, cold, {count} files", round(cold, 2), "s", aim="<= 2", ok=cold <= COLD))
    rows.append(Row(f"localization: index, warm, {count} files", round(warm, 3), "s", aim="<= 0.2", ok=warm <= WARM))
    return rows


COLD, WARM = 2.0, 0.2
"""Seconds for the index of about a thousand files: read anew, and from what is kept in the mirror's folder."""


def index_seconds(workspace: Workspace) -> tuple[float, float]:
    """Seconds for the index of a workspace whose mirror was never looked at, and again for the same mirror."""
    (workspace.git_dir / FILE).unlink(missing_ok=True)
    found = []
    for _ in range(2):
        with Workspace(workspace.git_dir, workspace.key, workspace.base) as fresh:
            started = time.perf_counter()
            index(fresh)
            found.append(time.perf_counter() - started)
    return found[0], found[1]


def _row(what: str, own: float, peers: Sequence[float]) -> Row:
    return Row(
        f"localization: {what}",
        round(own, 3),
        "",
        peer=f"BM25 {peers[0]:.3f}, grep {peers[1]:.3f}",
        ratio=own / peers[0] if peers[0] else None,
        aim=">= BM25 and grep",
        ok=own >= max(peers),
    )


if __name__ == "__main__":
    for row in run():
        print(row)
