"""Localization on real repositories: every commit that fixes something is an issue (its message) with a reference (its
diff), looked for in its parent. `python -m tests.bench.localize_history DIR` takes all repositories of a folder.

Nothing of them is kept. What a message says is what its author knew afterwards, so these are easier than issues.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox.errors import MirrorError
from sandbox.repository.git import git
from sandbox.repository.mirror import Mirror
from strategies.localization.file_kinds import is_configuration, is_prose, is_test
from strategies.prompts.cleaning import clean_issue
from tests.bench.localize import FINDERS, Case, Placed, Ranges, found, judged, result_rows

COMMITS = 6
"""Of one repository, evenly over its history."""
LOOKED_AT = 4_000
MOST_FILES, MOST_LINES = 4, 120
_FIX = re.compile(r"#\d+|\bfix|\bbug|\bissue", re.IGNORECASE)
_CHORE = re.compile(r"bump|release|merge|revert|chore|refactor|style|typo|docs?\b|test", re.IGNORECASE)
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? ")


def is_source(path: str) -> bool:
    """Whether a fix of behaviour would change this file."""
    return not (is_test(path) or is_prose(path) or is_configuration(path))


def fixes(mirror: Mirror, head: str) -> Iterator[tuple[str, str, str, list[str]]]:
    """Commit, parent, message and changed source files of every commit that looks like a fix with a test."""
    told = git(
        mirror.path,
        "log",
        f"--max-count={LOOKED_AT}",
        "--no-merges",
        "--no-renames",
        "--name-status",
        "--format=%x01%H %P%x02%B%x03",
        head,
    ).decode("utf-8", "replace")
    for entry in told.split("\x01")[1:]:
        ids, _, rest = entry.partition("\x02")
        message, _, listed = rest.partition("\x03")
        rows = [line.split("\t") for line in listed.split("\n") if "\t" in line]
        sources = [path for state, path in rows if is_source(path) and state == "M"]
        fresh = any(is_source(path) and state != "M" for state, path in rows)
        tested = any(is_test(path) for _, path in rows)
        says = len(message.strip()) >= MOST_FILES * 10 and _FIX.search(message) and not _CHORE.match(message)
        commit, *parents = ids.split()
        if parents and says and tested and not fresh and 0 < len(sources) <= MOST_FILES:
            yield commit, parents[0], message.strip(), sources


def changed(diff: str) -> dict[str, Ranges]:
    """The 1-based lines of the base that a diff without context changes, by path."""
    result: dict[str, list[tuple[int, int]]] = {}
    path = ""
    for line in diff.split("\n"):
        if line.startswith("--- a/"):
            path = line.removeprefix("--- a/").split("\t")[0]
        elif (hunk := _HUNK.match(line)) and path:
            first, count = int(hunk[1]), int(hunk[2] or 1)
            result.setdefault(path, []).append((max(first, 1), max(first, first + count - 1, 1)))
    return dict(result)


def cases(mirror: Mirror) -> Iterator[tuple[str, Case]]:
    """Base commit and case, at most COMMITS of one repository."""
    every = list(fixes(mirror, mirror.resolve("HEAD")))
    for commit, base, message, sources in every[:: max(len(every) // COMMITS, 1)][:COMMITS]:
        options = ("--unified=0", "--no-renames", "--no-ext-diff", "--no-textconv")
        lines = changed(git(mirror.path, "diff", *options, base, commit, "--", *sources).decode("utf-8", "replace"))
        title, _, body = message.partition("\n")
        if set(lines) == set(sources) and sum(b - a + 1 for r in lines.values() for a, b in r) <= MOST_LINES:
            yield base, Case(clean_issue(title, body), lines)


def main(folder: Path) -> None:
    """Measure every repository of a folder and print the rows of all together."""
    placed: dict[str, list[Placed]] = {name: [] for name in FINDERS}
    with TemporaryDirectory() as home:
        for path in sorted(p for p in folder.iterdir() if p.is_dir()):
            try:
                mirror = Mirror.of_local(Path(home), path)
                chosen = list(cases(mirror))
            except MirrorError as why:
                print(f"{path.name}: left out: {why}")
                continue
            for base, case in chosen:
                with mirror.workspace(base) as workspace:
                    for name in FINDERS:
                        placed[name].append(judged(name, workspace, case))
            print(f"{path.name}: {len(chosen)} issues")
    if placed["ours"]:
        for row in result_rows(f"{len(placed['ours'])} issues", {n: found(p) for n, p in placed.items()}):
            print(f"{row.name}: {row.value:g} {row.unit} ({row.peer})")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
