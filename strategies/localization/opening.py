"""The first messages to every model that reads files before it answers: rules for data, the files, the issue.

Whoever solves an issue and whoever writes its test begin with the very same messages, so that a provider's cache serves
both; what each is to do stands behind them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from strategies.issue import Issue
from strategies.localization.localize import Located, localize
from strategies.localization.pack import outline, pack
from strategies.models.model import Message
from strategies.prompts.prompt import PromptFolder
from strategies.prompts.sections import ISSUE_PROMPTS, issue_section

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace

CONTEXT_TOKENS = 20_000
"""Tokens of files shown (estimated)."""
OPENING_PROMPTS = ("shared-system", "shared-opening", "no-located-file", *ISSUE_PROMPTS)
"""The prompt files of an opening, for the digest of a prompt that begins with it."""


def opening(
    issue: Issue,
    workspace: Workspace,
    prompts: PromptFolder,
    located: Sequence[Located] | None = None,
    limit_tokens: int = CONTEXT_TOKENS,
) -> tuple[Message, Message]:
    """The system's words, then files and issue, the end of a prefix worth caching. `located` None: as we localize.

    Raises PromptError.
    """
    if located is None:
        located = localize(issue, workspace, limit_tokens=limit_tokens)
    shown = prompts.load("shared-opening").fill(
        outline=outline(workspace),
        files=pack(located, workspace, limit_tokens) or prompts.load("no-located-file").fill(),
        issue=issue_section(issue, prompts),
    )
    return Message("system", prompts.load("shared-system").fill()), Message(
        "user", shown, cache=True, images=issue.images
    )
