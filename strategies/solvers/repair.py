"""The solver for one answer: localize, ask once, apply the edits; at most one more question about what failed.

The model may ask once, too: for files that it was not shown.

Files and issue come first and in a stable order, the rules and what was learned last, so that provider caches hit on
the second attempt, and on the test that is written from the same issue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.repository.patch import Patch
from strategies.attempt import Attempt
from strategies.edits.answer import Applied, Edit, Edits, apply, parse
from strategies.localization.index import index
from strategies.localization.localize import localize
from strategies.localization.opening import CONTEXT_TOKENS, OPENING_PROMPTS, opening
from strategies.models.asking import ask
from strategies.models.meter import OverBudget
from strategies.models.model import Completion, Message, ModelError, Prompt, PromptTooLong
from strategies.prompts.prompt import PromptFolder, digest
from strategies.prompts.sections import ATTEMPTS_PROMPTS, attempts_section, is_empty
from strategies.solvers.attempt_task import AttemptTask
from strategies.solvers.file_request import FILE_PROMPTS, requested, shown
from strategies.step import Step

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace

EMPTY = "the issue has no text: nothing to work on"
PROMPTS = (
    "repair-rules",
    "edit-format",
    "repair-issue",
    "repair-retry",
    "repair-no-edits",
    "repair-cut-off",
    "repair-empty",
    "repair-unchanged",
    "repair-unreadable",
    *OPENING_PROMPTS,
    *FILE_PROMPTS,
    *ATTEMPTS_PROMPTS,
)


def repair(
    task: AttemptTask, say: Callable[[Step], None], prompts: PromptFolder, limit_tokens: int = CONTEXT_TOKENS
) -> Attempt:
    """One attempt by one model, which sees files of about `limit_tokens` tokens.

    Raises OverBudget and ModelError from the metered calls, and PromptError.
    """
    tier = task.tier
    if is_empty(task.issue):
        return Attempt(tier.name, "repair", Patch(), error=EMPTY)
    conversation, completion, limit_tokens = _first_answer(task, say, prompts, limit_tokens)
    files = _EditedFiles(task.workspace)
    edits = parse(completion.text)
    asked = () if edits.items or edits.problems else requested(completion.text)
    if asked:
        say(Step("localize", f"{tier.name} asks to see {', '.join(asked)}", {"asked": list(asked)}))
        more = shown(asked, task.issue, task.workspace, limit_tokens // 2, prompts)
        completion = conversation.ask(completion.text, more)
        edits = parse(completion.text)
    applied = files.apply(edits)
    diagnosis = edits.prose
    retry = _retry(completion, edits, applied, prompts)
    if retry:
        say(Step("edits", _sentence(applied, edits), {"problems": len(applied.problems), "attempt": task.number}))
        try:
            completion = conversation.ask(completion.text, retry)
        except (OverBudget, ModelError) as why:
            if not files.patch:
                raise
            error = f"some edits did not apply, and asking again failed ({why}): " + _problems(applied, 600)
            return Attempt(tier.name, "repair", files.patch, diagnosis=diagnosis[:4_000], error=error)
        edits = parse(completion.text)
        applied = files.apply(edits)
        diagnosis = diagnosis or edits.prose
    error = ""
    if not files.patch:
        error = _why_nothing(completion, edits, applied)
    elif applied.problems:
        error = "some edits did not apply: " + _problems(applied, 600)
    return Attempt(tier.name, "repair", files.patch, diagnosis=diagnosis[:4_000], error=error)


SHRINKS = 3
"""How often the shown files are halved for a model that cannot read so much."""


def _first_answer(
    task: AttemptTask, say: Callable[[Step], None], prompts: PromptFolder, limit_tokens: int
) -> tuple[_RepairConversation, Completion, int]:
    """The conversation with its first answer, and how many tokens of files the model was able to read."""
    for left in reversed(range(SHRINKS + 1)):
        conversation = _RepairConversation(task, _opening(task, say, prompts, limit_tokens), prompts)
        try:
            return conversation, conversation.ask(), limit_tokens
        except PromptTooLong:
            if not left:
                raise
        limit_tokens //= 2
        text = f"that is more than {task.tier.name} reads: it is shown files of about {limit_tokens:,} tokens"
        say(Step("localize", text, {"tokens": limit_tokens, "attempt": task.number}))
    raise AssertionError("unreachable")


def prompt_digest(prompts: PromptFolder) -> str:
    """The digest of all prompt files that shape a repair."""
    return digest(*(prompts.load(name) for name in PROMPTS))


def _opening(
    task: AttemptTask, say: Callable[[Step], None], prompts: PromptFolder, limit_tokens: int
) -> tuple[Message, ...]:
    workspace, located = task.workspace, task.hints.located
    if located is None:
        located = localize(task.issue, workspace, limit_tokens=limit_tokens)
    facts = {"files": [[file.path, file.score, list(file.reasons[:3])] for file in located[:10]]}
    say(Step("localize", f"{len(located)} files look relevant", facts))
    question = prompts.load("repair-issue").fill(
        rules=prompts.load("repair-rules").fill(edit_format=prompts.load("edit-format").fill()),
        context=task.context,
        learned=attempts_section(task.hints.learned, workspace, prompts),
    )
    return (*opening(task.issue, workspace, prompts, located, limit_tokens), Message("user", question))


@dataclass(slots=True)
class _RepairConversation:
    """The messages to and from one model: they grow at their end only."""

    task: AttemptTask
    messages: tuple[Message, ...]
    prompts: PromptFolder

    def ask(self, answer: str = "", question: str = "") -> Completion:
        """The next completion; `question` follows the model's last `answer`. Raises OverBudget, ModelError."""
        if question:
            answered = (Message("assistant", answer),) if answer.strip() else ()
            self.messages = (*self.messages, *answered, Message("user", question))
        tier = self.task.tier
        return ask(
            tier.model,
            Prompt(
                self.messages,
                purpose="repair",
                temperature=self.task.temperature,
                max_output_tokens=tier.max_output_tokens,
                digest=prompt_digest(self.prompts),
            ),
        )


@dataclass(slots=True)
class _EditedFiles:
    """The files as they are after all edits so far."""

    workspace: Workspace
    patch: Patch = field(default_factory=Patch)
    made: tuple[Edit, ...] = ()

    def read(self, path: str) -> str | None:
        if path in self.patch.files:
            content = self.patch.files[path]
            return None if content is None else content.decode("utf-8", "surrogateescape")
        return self.workspace.read_text(path)

    def apply(self, edits: Edits) -> Applied:
        gone = {p for p, c in self.patch.files.items() if c is None}
        paths = (index(self.workspace).known | set(self.patch.files)) - gone
        applied = apply(edits, self.read, paths, self.made)
        self.made += applied.made
        merged = self.patch.merge(applied.patch)
        same = {p for p, c in merged.files.items() if self._base(p) == c}
        self.patch = merged.without(same)
        return applied

    def _base(self, path: str) -> bytes | None:
        try:
            return self.workspace.read(path)
        except FileNotFoundError:
            return None


def _retry(completion: Completion, edits: Edits, applied: Applied, prompts: PromptFolder) -> str:
    """The question for the one informed retry, or "" when there is nothing to ask."""
    if completion.finish == "refusal":
        return ""
    if applied.problems:
        kept = ", ".join(applied.patch.paths) or "none"
        listed = [f"{n}. {p.path or '(no path)'}: {p.message}" for n, p in enumerate(applied.problems[:12], 1)]
        return prompts.load("repair-retry").fill(kept=kept, problems="\n\n".join(listed))
    if applied.patch:
        return ""
    if completion.finish == "length":
        reason = "repair-cut-off"
    elif not completion.text.strip():
        reason = "repair-empty"
    else:
        reason = "repair-unchanged" if edits.items else "repair-unreadable"
    return prompts.load("repair-no-edits").fill(why=prompts.load(reason).fill())


def _why_nothing(completion: Completion, edits: Edits, applied: Applied) -> str:
    if completion.finish == "refusal":
        return "the model refused to answer"
    if applied.problems:
        return "no edit could be applied: " + _problems(applied, 1_500)
    if completion.finish == "length":
        return "the answer was cut off at its maximal length before any edit was complete"
    if not completion.text.strip():
        return "the answer was empty"
    return "the edits change nothing" if edits.items else "the answer holds no edit"


def _problems(applied: Applied, limit: int) -> str:
    return "; ".join(f"{p.path or '(no path)'}: {p.message}" for p in applied.problems)[:limit]


def _sentence(applied: Applied, edits: Edits) -> str:
    if applied.problems:
        return (
            f"{len(applied.problems)} of {len(edits.items) + len(edits.problems)} edits did not apply; asking once more"
        )
    return "the answer holds no usable edit; asking once more"
