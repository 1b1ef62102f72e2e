"""The parts of a prompt on the issue, earlier attempts and the tests; untrusted text is fenced and capped."""

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
"""Caps in characters, and how many earlier attempts are described (the latest)."""
REPORT = "/tmp/report.xml"  # noqa: S108 - inside the sandbox
ISSUE_PROMPTS = ("issue-instructions",)
ATTEMPTS_PROMPTS = ("repair-learned", "learned-attempt", "learned-verdict")
"""The prompt files of a section, for the digest of a prompt that holds it."""


def issue_section(issue: Issue, prompts: PromptFolder) -> str:
    """The issue with its comments, and what a maintainer asked for on top. Raises PromptError."""
    parts = [f"Title: {issue.title}", "", issue.body or "(no text)"]
    for comment in issue.comments:
        parts += ["", f"Comment by {comment.author}:", comment.body]
    section = fence("issue", "\n".join(parts))
    if issue.instructions:
        instructions = fence("instructions", issue.instructions)
        section += "\n\n" + prompts.load("issue-instructions").fill(instructions=instructions)
    return section


def attempts_section(attempts: Sequence[JudgedAttempt], workspace: Workspace, prompts: PromptFolder) -> str:
    """What the latest attempts changed and how they failed; "" when there were none. Raises PromptError."""
    described = [
        _attempt(number, judged, workspace, prompts) for number, judged in list(enumerate(attempts, 1))[-ATTEMPTS:]
    ]
    return prompts.load("repair-learned").fill(attempts="\n\n".join(described)) if described else ""


def _attempt(number: int, judged: JudgedAttempt, workspace: Workspace, prompts: PromptFolder) -> str:
    attempt = judged.attempt
    parts = [prompts.load("learned-attempt").fill(number=str(number), tier=attempt.tier)]
    if attempt.diagnosis:
        parts.append(fence("diagnosis", shorten(attempt.diagnosis, DIAGNOSIS)))
    if attempt.patch:
        parts.append(fence("diff", shorten(_diff(attempt.patch, workspace), DIFF)))
    if attempt.error:
        parts.append(fence("error", shorten(attempt.error, FEEDBACK)))
    if judged.verdict.feedback:
        output = fence("output", shorten(judged.verdict.feedback, FEEDBACK))
        parts.append(prompts.load("learned-verdict").fill(judged=str(judged.verdict.judged), output=output))
    return "\n".join(parts)


def suite_section(recipe: Recipe, prompts: PromptFolder) -> str:
    """How the repository's tests are run, for a model with a shell. Raises PromptError."""
    commands = [f"All tests: {recipe.command(REPORT)}"]
    if recipe.test_only is not None:
        chosen = recipe.test_only.replace("{junit}", REPORT).replace("{tests}", "FILE_OR_TEST …")
        commands.append(f"Chosen ones: {chosen}")
    return prompts.load("tests-run").fill(commands=fence("tests", "\n".join(commands)))


def _diff(patch: Patch, workspace: Workspace) -> str:
    """The patch as text; a patch that may not be applied is named by its files."""
    try:
        return workspace.diff(patch)
    except PatchRejected:
        return "touches " + ", ".join(patch.paths)


def is_empty(issue: Issue) -> bool:
    """Whether an issue says nothing that could be worked on."""
    return not (issue.title.strip() or issue.body.strip() or issue.instructions.strip())
