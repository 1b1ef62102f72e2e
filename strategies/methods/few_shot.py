"""Solved issues of the same repository as examples, at random or the most similar ones.

In arXiv 2505.20182 the examples were chosen among issues whose hidden tests were known to pass; here they are this
repository's own merged changes, which anybody can see. Without any, the weak model goes without.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from strategies.issue import Issue
from strategies.localization.bm25 import words
from strategies.outcomes import Example
from strategies.prompts.cleaning import shorten
from strategies.prompts.fence import fence
from strategies.prompts.prompt import PromptFolder
from strategies.strategy import SolveContext

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace

ISSUE, DIFF = 1_500, 3_000


@dataclass(frozen=True, slots=True)
class FewShot:
    """`n` examples, chosen `how`."""

    n: int
    how: Literal["random", "similar"]

    @property
    def name(self) -> str:
        return f"{self.n} {self.how} example{'s' if self.n > 1 else ''}"

    def context(self, issue: Issue, workspace: Workspace, context: SolveContext) -> str:
        del workspace
        known = list(context.outcomes.examples())
        if self.how == "random":
            chosen = context.random.sample(known, min(self.n, len(known)))
        else:
            chosen = sorted(known, key=lambda e: -likeness(issue, e.issue))[: self.n]
        return "\n\n".join(_shown(e, context.prompts) for e in chosen)


def likeness(a: Issue, b: Issue) -> float:
    """Jaccard similarity of the words of two issues, 0 to 1."""
    one, two = ({*words(f"{i.title}\n{i.body}")} for i in (a, b))
    return len(one & two) / len(one | two) if one | two else 0.0


def _shown(example: Example, prompts: PromptFolder) -> str:
    text = f"{example.issue.title}\n{shorten(example.issue.body, ISSUE)}"
    return prompts.load("solved-issue").fill(
        issue=fence("solved-issue", text), diff=fence("diff", shorten(example.diff, DIFF))
    )
