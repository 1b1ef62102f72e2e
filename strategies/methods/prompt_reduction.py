"""The weak model says which lines matter, the program cuts them out of the originals, the strong model edits those.

In arXiv 2505.20182 the weak model *rewrote* the code, so that the strong model's search text could not match the files.
Here it answers with file names and line ranges only, and what the strong model sees stands verbatim in the repository.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from strategies.attempt import Attempt
from strategies.issue import Issue
from strategies.localization.localize import Located, localize
from strategies.models.asking import ask
from strategies.models.model import Message, ModelError, Prompt
from strategies.prompts.fence import fence
from strategies.prompts.sections import issue_section
from strategies.solvers.attempt_task import AttemptHints
from strategies.solvers.solve import solve
from strategies.step import Step
from strategies.strategy import SolveContext

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace

LIMIT_TOKENS = 20_000
FILES, LINES = 12, 1_200
MARGIN = 3
"""Lines kept around a range, so that an edit can quote what stands beside it."""


@dataclass(frozen=True, slots=True)
class PromptReduction:
    """One weak reading, then strong attempts over what it chose; without a readable answer, over our localization."""

    def attempts(self, issue: Issue, workspace: Workspace, context: SolveContext) -> Iterator[Attempt]:
        located = localize(issue, workspace, limit_tokens=LIMIT_TOKENS)
        try:
            chosen = reduce(issue, workspace, context, located)
        except ModelError as error:
            context.say(Step("reduction", f"no reduction: {error}"))
            chosen = ()
        note = f"reduced to {len(chosen)} files" if chosen else "not reduced: the answer named no lines"
        for _ in range(context.strong.attempts):
            yield solve(
                context,
                issue,
                workspace,
                context.strong,
                AttemptHints(learned=tuple(context.history), located=chosen or located),
                note=note,
            )


def reduce(
    issue: Issue, workspace: Workspace, context: SolveContext, located: tuple[Located, ...]
) -> tuple[Located, ...]:
    """The ranges that the weak model names. Raises OverBudget, ModelError."""
    prompt = context.prompts.load("reduce")
    files = "\n\n".join(
        fence("file", _numbered(text), path=one.path)
        for one in located[:FILES]
        if (text := workspace.read_text(one.path)) is not None
    )
    messages = (
        Message("user", files or "(no file)", cache=True),
        Message("user", prompt.fill(issue=issue_section(issue, context.prompts))),
    )
    answer = ask(context.weak.model, Prompt(messages, purpose="reduction", max_output_tokens=800, digest=prompt.digest))
    chosen = parse_ranges(answer.text, {one.path: workspace.read_text(one.path) or "" for one in located})
    kept = sum(last - first + 1 for one in chosen for first, last in one.lines)
    context.say(Step("reduction", f"{kept} lines of {len(chosen)} files", {"lines": kept, "files": len(chosen)}))
    return chosen


def parse_ranges(text: str, files: dict[str, str]) -> tuple[Located, ...]:
    """`[{"path": …, "first": 1, "last": 9}, …]` anywhere in an answer, cut to what exists; anything else is dropped."""
    found = re.search(r"\[.*\]", text, re.DOTALL)
    try:
        rows = json.loads(found[0]) if found else []
    except ValueError:
        rows = []
    ranges: dict[str, list[tuple[int, int]]] = {}
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict) or row.get("path") not in files:
            continue
        first, last = row.get("first"), row.get("last")
        if not isinstance(first, int) or not isinstance(last, int) or first > last:
            continue
        end = files[row["path"]].count("\n") + 1
        if first <= end:
            ranges.setdefault(row["path"], []).append((max(1, first - MARGIN), min(end, last + MARGIN)))
    return tuple(Located(p, 1.0, ("chosen by the weak model",), _joined(r)) for p, r in ranges.items())


def _joined(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    out: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if out and first <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], last))
        else:
            out.append((first, last))
    return tuple(out)


def _numbered(text: str) -> str:
    return "\n".join(f"{i}: {line}" for i, line in enumerate(text.split("\n")[:LINES], 1))
