"""Whether the files that a fix touches are among those shown: recall on the corpus, against BM25 and a plain grep.

Single tasks are too small to miss anything in, so all of the corpus becomes one repository with a folder per task, and
each issue has to find its files among all of them. The peers see the same files and the same issue.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace
from strategies.issue import Issue
from strategies.localization.bm25 import Ranking, query, words
from strategies.localization.localize import localize, text_of
from strategies.models import tokens
from strategies.study.tasks.corpus import load_corpus
from strategies.study.tasks.planting import plant
from tests.bench.row import Row

FIRST = 5
TOKENS = 20_000
Finder = Callable[[Issue, Workspace], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Case:
    """An issue with the files its reference fix changes (new files cannot be found)."""

    issue: Issue
    wanted: frozenset[str]


def whole(home: Path) -> tuple[Workspace, list[Case]]:
    """All tasks in one repository."""
    files: dict[str, bytes] = {}
    cases = []
    for scripted in load_corpus():
        task, reference = scripted.task, scripted.task.hidden.reference
        assert isinstance(reference, Patch)
        files |= {f"{task.id}/{path}": content for path, content in task.files.items()}
        wanted = frozenset(f"{task.id}/{p}" for p in reference.paths if p in task.files)
        cases.append(Case(task.issue, wanted))
    return plant(home, "whole-corpus", files), cases


def ours(issue: Issue, workspace: Workspace) -> Sequence[str]:
    """What a model is shown."""
    return [one.path for one in localize(issue, workspace, limit_tokens=TOKENS)]


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


def _texts(workspace: Workspace) -> dict[str, str]:
    found = {f.path: workspace.read_text(f.path) for f in workspace.files()}
    return {p: t for p, t in found.items() if t}


def recall(finder: Finder, workspace: Workspace, cases: Sequence[Case]) -> tuple[float, float]:
    """Shares of wanted files among the first five, and within the limit of tokens."""
    texts = _texts(workspace)
    first = within = total = 0
    for case in cases:
        ranked = list(finder(case.issue, workspace))
        used, shown = 0, set()
        for path in ranked:
            used += tokens.estimate(texts.get(path, ""))
            if used > TOKENS:
                break
            shown.add(path)
        first += len(case.wanted & set(ranked[:FIRST]))
        within += len(case.wanted & shown)
        total += len(case.wanted)
    return first / total, within / total


def run() -> list[Row]:
    with TemporaryDirectory() as home:
        workspace, cases = whole(Path(home))
        with workspace:
            own, plain, words_ = (recall(f, workspace, cases) for f in (ours, bm25, grep))
            count = len(workspace.files())
    rows = []
    for i, name in enumerate((f"within the first {FIRST} files", f"within {TOKENS:,} tokens")):
        rows.append(
            Row(
                f"localization: recall of fixed files {name}, {count} files, {len(cases)} issues",
                round(own[i], 3),
                "",
                peer=f"BM25 {plain[i]:.3f}, grep {words_[i]:.3f}",
                ratio=own[i] / plain[i] if plain[i] else None,
                aim=">= BM25 and grep",
                ok=own[i] >= max(plain[i], words_[i]),
            )
        )
    return rows


if __name__ == "__main__":
    for row in run():
        print(row)
