"""What the strong model says of one issue: a plan, or questions with their answers. No patch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from strategies.issue import Issue
from strategies.localization.localize import localize
from strategies.localization.pack import pack
from strategies.models.asking import ask
from strategies.models.model import Message, Prompt
from strategies.prompts.cleaning import shorten
from strategies.prompts.fence import fence
from strategies.prompts.sections import issue_section
from strategies.strategy import SolveContext

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace

LIMIT_TOKENS = 16_000
OUTPUT_TOKENS = 900
"""In arXiv 2505.20182 a plan cost as much as a patch; its length is capped here, since prose is all it is."""


@dataclass(frozen=True, slots=True)
class IssueContext:
    """One strong call per issue, over the located files."""

    kind: Literal["plan", "issue-qa"]

    @property
    def name(self) -> str:
        return {"plan": "a plan", "issue-qa": "questions and answers"}[self.kind]

    def context(self, issue: Issue, workspace: Workspace, context: SolveContext) -> str:
        prompt = context.prompts.load(self.kind)
        located = localize(issue, workspace, limit_tokens=LIMIT_TOKENS)
        files = pack(located, workspace, LIMIT_TOKENS)
        messages = (
            Message("user", files or "(no file)", cache=True),
            Message("user", prompt.fill(issue=issue_section(issue, context.prompts))),
        )
        answer = ask(
            context.strong.model,
            Prompt(messages, purpose=self.kind, max_output_tokens=OUTPUT_TOKENS, digest=prompt.digest),
        )
        return fence(self.kind, shorten(answer.text, 6_000)) if answer.text.strip() else ""
