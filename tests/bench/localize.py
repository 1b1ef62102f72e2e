"""Whether what a fix changes is found and shown: on the corpus, against BM25 and a plain grep.

Single tasks are too small to miss anything in, so all of the corpus becomes one repository with a folder per task, and
each issue has to find its files among all of them. The peers see the same files and the same issue; what they find is
shown whole, best first, until the tokens are used.
"""

from __future__ import annotations

import re
import sysconfig
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace
from strategies.issue import Issue
from strategies.localization.bm25 import Ranking, query
from strategies.localization.facts_store import FILE
from strategies.localization.index import MAX_BYTES, index
from strategies.localization.layout import whole
from strategies.localization.localize import localize, rank
from strategies.localization.question import text_of
from strategies.models import tokens
from strategies.study.tasks.corpus import load_corpus
from strategies.study.tasks.planting import plant
from tests.bench.row import Row

PLACES = (1, 3, 5, 10)
THOUSAND = 1_000
COLD, WARM = 2.0, 0.2
"""Seconds for the index of a thousand files: read anew, and from what is kept in the mirror's folder."""
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
class Placed:
    """Of one issue: the place (from 0) of the worst-placed changed file, whether all changed lines are shown, and the
    seconds of finding."""

    worst: int
    seen: bool
    seconds: float


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
    ranking = Ranking({path: facts.word_counts() for path, facts in index(workspace).facts.items()})
    scores = ranking.scores(query([(text_of(issue), 1.0)]))
    return sorted(scores, key=lambda p: (-scores[p], p))


def grep(issue: Issue, workspace: Workspace) -> Sequence[str]:
    """`grep -lwi` for each word of the issue: files by how many of them they hold."""
    wanted = {w.lower() for w in re.findall(r"\w{4,}", text_of(issue))}
    counts = {path: len(wanted & facts.word_counts().keys()) for path, facts in index(workspace).facts.items()}
    return sorted((p for p in counts if counts[p]), key=lambda p: (-counts[p], p))


def whole_files(finder: Finder) -> Shower:
    """Shows whole files in the order of `finder`, as many as fit."""

    def show(issue: Issue, workspace: Workspace) -> Mapping[str, Ranges]:
        known, used, shown = index(workspace), 0, {}
        for path in finder(issue, workspace):
            used += tokens.estimate(known.text(path))
            if used > TOKENS:
                break
            shown[path] = whole(known.text(path))
        return shown

    return show


FINDERS: Mapping[str, tuple[Finder, Shower]] = {
    "ours": (ours, ours_shown),
    "BM25": (bm25, whole_files(bm25)),
    "grep": (grep, whole_files(grep)),
}


def judged(name: str, workspace: Workspace, case: Case) -> Placed:
    """Where one of FINDERS has what the fix of one issue changes."""
    finder, shower = FINDERS[name]
    started = time.perf_counter()
    ranked = list(finder(case.issue, workspace))
    seconds = time.perf_counter() - started
    worst = max(ranked.index(path) if path in ranked else len(ranked) + 1_000 for path in case.changed)
    shown = shower(case.issue, workspace)
    seen = all(
        any(a <= line <= b for a, b in shown.get(path, ()))
        for path, ranges in case.changed.items()
        for first, last in ranges
        for line in range(first, last + 1)
    )
    return Placed(worst, seen, seconds)


def found(placed: Sequence[Placed]) -> Found:
    """The shares of several issues."""
    shares = tuple(sum(one.worst < n for one in placed) / len(placed) for n in PLACES)
    seconds = sorted(one.seconds for one in placed)[len(placed) // 2]
    return Found(shares, sum(one.seen for one in placed) / len(placed), seconds)


def result_rows(name: str, results: Mapping[str, Found]) -> list[Row]:
    """One row a figure; `results` by the names of FINDERS."""
    own, peers = results["ours"], {n: r for n, r in results.items() if n != "ours"}
    rows = [
        _row(f"all fixed files within the first {n}, {name}", own.within[i], {p: r.within[i] for p, r in peers.items()})
        for i, n in enumerate(PLACES)
    ]
    rows.append(
        _row(f"all changed lines in {TOKENS:,} tokens, {name}", own.lines, {p: r.lines for p, r in peers.items()})
    )
    told = ", ".join(f"{p} {r.seconds:.3f} s" for p, r in peers.items())
    return [*rows, Row(f"localization: seconds of one issue, {name}", round(own.seconds, 3), "s", peer=told)]


def _row(what: str, own: float, peers: Mapping[str, float]) -> Row:
    told = ", ".join(f"{name} {share:.3f}" for name, share in peers.items())
    ok = own >= max(peers.values())
    ratio = own / peers["BM25"] if peers["BM25"] else None
    return Row(f"localization: {what}", round(own, 3), "", peer=told, ratio=ratio, aim=">= BM25 and grep", ok=ok)


def thousand_files(home: Path) -> Workspace:
    """A repository of a thousand real files: Python modules that are installed here."""
    installed = Path(sysconfig.get_paths()["purelib"])
    chosen = [p for p in sorted(installed.rglob("*.py")) if 0 < p.stat().st_size <= MAX_BYTES][:THOUSAND]
    return plant(home, "thousand-files", {f"src/{p.relative_to(installed)}": p.read_bytes() for p in chosen})


def index_seconds(workspace: Workspace) -> tuple[float, float]:
    """Seconds for the index of a workspace whose mirror was never looked at, and again for the same mirror."""
    (workspace.git_dir / FILE).unlink(missing_ok=True)
    taken = []
    for _ in range(2):
        with Workspace(workspace.git_dir, workspace.key, workspace.base) as fresh:
            started = time.perf_counter()
            index(fresh)
            taken.append(time.perf_counter() - started)
    return taken[0], taken[1]


def run() -> list[Row]:
    with TemporaryDirectory() as home:
        workspace, cases = whole_corpus(Path(home))
        with workspace:
            count = len(workspace.files())
            results = {name: found([judged(name, workspace, case) for case in cases]) for name in FINDERS}
        with thousand_files(Path(home)) as large:
            cold, warm = index_seconds(large)
    return [
        *result_rows(f"{count} files, {len(cases)} issues", results),
        Row(f"localization: index, cold, {THOUSAND:,} files", round(cold, 2), "s", aim=f"<= {COLD:g}", ok=cold <= COLD),
        Row(f"localization: index, warm, {THOUSAND:,} files", round(warm, 3), "s", aim=f"<= {WARM:g}", ok=warm <= WARM),
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
