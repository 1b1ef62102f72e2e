"""The parts of a prompt that tell about the issue and about earlier attempts; untrusted text is fenced and capped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sandbox.errors import PatchRejected
from sandbox.repository.patch import Patch
from strategies.issue import Issue
from strategies.prompts.cleaning import shorten
from strategies.prompts.fence import fence
from strategies.prompts.prompt import PromptFolder

if TYPE_CHECKING:
    from sandbox.recipe import Recipe
    from sandbox.repository.workspace import Workspace
    from strategies.attempt import JudgedAttempt

DIAGNOSIS = 1_500
DIFF = 6_000
FEEDBACK = 4_000
ATTEMPTS = 3
REPORT = "/tmp/report.xml"  # noqa: S108 - inside the sandbox
"""Caps in characters, and how many earlier attempts are told of (the latest)."""


def tell_issue(issue: Issue) -> str:
    """The issue with its comments, and what a maintainer asked for on top."""
    parts = [f"Title: {issue.title}", "", issue.body or "(no text)"]
    for comment in issue.comments:
        parts += ["", f"Comment by {comment.author}:", comment.body]
    told = fence("issue", "\n".join(parts))
    if issue.instructions:
        told += "\n\nA maintainer of the repository asks on top:\n" + fence("instructions", issue.instructions)
    return told


def tell_learned(learned: Sequence[JudgedAttempt], workspace: Workspace, prompts: PromptFolder) -> str:
    """What the latest attempts tried and how they failed; "" when there were none."""
    told = []
    for number, tried in list(enumerate(learned, 1))[-ATTEMPTS:]:
        attempt = tried.attempt
        lines = [f"Attempt {number} ({attempt.tier}):"]
        if attempt.diagnosis:
            lines.append(fence("diagnosis", shorten(attempt.diagnosis, DIAGNOSIS)))
        if attempt.patch:
            lines.append(fence("diff", shorten(_diff(attempt.patch, workspace), DIFF)))
        if attempt.error:
            lines.append(fence("error", shorten(attempt.error, FEEDBACK)))
        if tried.verdict.feedback:
            lines.append(f"Verdict: {tried.verdict.judged}.")
            lines.append(fence("output", shorten(tried.verdict.feedback, FEEDBACK)))
        told.append("\n".join(lines))
    return prompts.load("repair-learned").fill(attempts="\n\n".join(told)) if told else ""


def tell_tests(recipe: Recipe) -> str:
    """How the repository's tests are run, for a model with a shell."""
    told = [f"All tests: {recipe.command(REPORT)}"]
    if recipe.test_only is not None:
        chosen = recipe.test_only.replace("{junit}", REPORT).replace("{tests}", "FILE_OR_TEST …")
        told.append(f"Chosen ones: {chosen}")
    return "How the tests of this repository are run:\n" + fence("tests", "\n".join(told))


def _diff(patch: Patch, workspace: Workspace) -> str:
    """The patch as text; a patch that may not be applied is named by its files."""
    try:
        return workspace.diff(patch)
    except PatchRejected:
        return "touches " + ", ".join(patch.paths)


def is_empty(issue: Issue) -> bool:
    """Whether an issue says nothing that could be worked on."""
    return not (issue.title.strip() or issue.body.strip() or issue.instructions.strip())
