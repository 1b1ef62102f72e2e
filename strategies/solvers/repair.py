"""The solver for one answer: localize, ask once, apply the edits; at most one more question about what failed.

Files come first and in a stable order, the issue and what was learned last, so that provider caches hit on
the second attempt (also one by the same model with other words at the end).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.repository.patch import Patch
from strategies.attempt import Attempt
from strategies.edits.answer import Applied, Edits, apply, parse
from strategies.issue import Issue
from strategies.localization.index import index
from strategies.localization.localize import Located, localize
from strategies.localization.pack import outline, pack
from strategies.models.asking import ask
from strategies.models.meter import OverBudget
from strategies.models.model import Completion, Message, ModelError, Prompt
from strategies.prompts.prompt import PromptFolder, digest
from strategies.prompts.sections import is_empty, tell_issue, tell_learned
from strategies.step import Step
from strategies.tier import Tier

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace
    from strategies.attempt import JudgedAttempt

CONTEXT_TOKENS = 20_000
"""Tokens of files shown (estimated)."""
EMPTY = "the issue has no text: nothing to work on"
PROMPTS = (
    "repair-system",
    "edit-format",
    "repair-files",
    "repair-issue",
    "repair-learned",
    "repair-retry",
    "repair-no-edits",
)


def repair(
    issue: Issue,
    workspace: Workspace,
    tier: Tier,
    *,
    number: int,
    say: Callable[[Step], None],
    learned: Sequence[JudgedAttempt] = (),
    advice: str = "",
    temperature: float | None = None,
    prompts: PromptFolder | None = None,
    limit_tokens: int = CONTEXT_TOKENS,
    located: Sequence[Located] | None = None,
) -> Attempt:
    """One attempt by one model. `number` is the attempt's, for the record; `advice` is a strategy's own (a plan,
    a summary, examples), put before the issue; `located` replaces our own localization.
    Raises OverBudget and ModelError from the metered calls."""
    if is_empty(issue):
        return Attempt(tier.name, "repair", Patch(), error=EMPTY)
    prompts = prompts or PromptFolder()
    if located is None:
        located = localize(issue, workspace, limit_tokens=limit_tokens)
    opening = _opening(issue, workspace, learned, advice, prompts, limit_tokens, say, located)
    talk = _Talk(tier, opening, number, tier.temperature if temperature is None else temperature, prompts)
    work = _Work(workspace)
    completion = talk.ask()
    edits = parse(completion.text)
    applied = work.apply(edits)
    diagnosis = edits.prose
    again = _again(completion, edits, applied, prompts)
    if again:
        say(Step("edits", _words(applied, edits), {"problems": len(applied.problems), "attempt": number}))
        try:
            completion = talk.ask(completion.text, again)
        except (OverBudget, ModelError) as why:
            if not work.patch:
                raise
            error = f"some edits did not apply, and asking again failed ({why}): " + _problems(applied, 600)
            return Attempt(tier.name, "repair", work.patch, diagnosis=diagnosis[:4_000], error=error)
        edits = parse(completion.text)
        applied = work.apply(edits)
        diagnosis = diagnosis or edits.prose
    error = ""
    if not work.patch:
        error = _why_nothing(completion, edits, applied)
    elif applied.problems:
        error = "some edits did not apply: " + _problems(applied, 600)
    return Attempt(tier.name, "repair", work.patch, diagnosis=diagnosis[:4_000], error=error)


def prompt_digest(prompts: PromptFolder) -> str:
    """The digest of all prompt files that shape a repair."""
    return digest(*(prompts.load(name) for name in PROMPTS))


def _opening(
    issue: Issue,
    workspace: Workspace,
    learned: Sequence[JudgedAttempt],
    advice: str,
    prompts: PromptFolder,
    limit_tokens: int,
    say: Callable[[Step], None],
    located: Sequence[Located],
) -> tuple[Message, ...]:
    facts = {"files": [[one.path, one.score, list(one.reasons[:3])] for one in located[:10]]}
    say(Step("localize", f"{len(located)} files look relevant", facts))
    system = prompts.load("repair-system").fill(edit_format=prompts.load("edit-format").fill())
    files = prompts.load("repair-files").fill(
        outline=outline(workspace),
        files=pack(located, workspace, limit_tokens) or "(no file matches the issue's words)",
    )
    task = prompts.load("repair-issue").fill(
        context=f"{advice.strip()}\n\n" if advice.strip() else "",
        issue=tell_issue(issue),
        learned=tell_learned(learned, workspace, prompts),
    )
    return (
        Message("system", system),
        Message("user", files, cache=True),
        Message("user", task),
    )


@dataclass(slots=True)
class _Talk:
    """The conversation with one model: grows at its end only."""

    tier: Tier
    messages: tuple[Message, ...]
    number: int
    temperature: float | None
    prompts: PromptFolder

    def ask(self, answered: str = "", more: str = "") -> Completion:
        if more:
            said = (Message("assistant", answered),) if answered.strip() else ()
            self.messages = (*self.messages, *said, Message("user", more))
        return ask(
            self.tier.model,
            Prompt(
                self.messages,
                purpose="repair",
                temperature=self.temperature,
                max_output_tokens=self.tier.max_output_tokens,
                digest=prompt_digest(self.prompts),
            ),
        )


@dataclass(slots=True)
class _Work:
    """The files as they are after all edits so far."""

    workspace: Workspace
    patch: Patch = field(default_factory=Patch)

    def read(self, path: str) -> str | None:
        if path in self.patch.files:
            content = self.patch.files[path]
            return None if content is None else content.decode("utf-8", "surrogateescape")
        return self.workspace.read_text(path)

    def apply(self, edits: Edits) -> Applied:
        gone = {p for p, c in self.patch.files.items() if c is None}
        paths = (index(self.workspace).known | set(self.patch.files)) - gone
        applied = apply(edits, self.read, paths)
        merged = self.patch.merge(applied.patch)
        same = {p for p, c in merged.files.items() if self._base(p) == c}
        self.patch = merged.without(same)
        return applied

    def _base(self, path: str) -> bytes | None:
        try:
            return self.workspace.read(path)
        except FileNotFoundError:
            return None


def _again(completion: Completion, edits: Edits, applied: Applied, prompts: PromptFolder) -> str:
    """The question for the one informed retry, or "" when there is nothing to ask."""
    if completion.finish == "refusal":
        return ""
    if applied.problems:
        kept = ", ".join(applied.patch.paths) or "none"
        told = "\n\n".join(f"{n}. {p.path or '(no path)'}: {p.message}" for n, p in enumerate(applied.problems[:12], 1))
        return prompts.load("repair-retry").fill(kept=kept, problems=told)
    if applied.patch:
        return ""
    if completion.finish == "length":
        return prompts.load("repair-no-edits").fill(
            why="Your answer was cut off at its maximal length before any edit was complete; think less and write less."
        )
    if not completion.text.strip():
        return prompts.load("repair-no-edits").fill(why="Your answer was empty.")
    if edits.items:
        return prompts.load("repair-no-edits").fill(why="Your edits leave every file as it is.")
    return prompts.load("repair-no-edits").fill(why="Your answer holds no edit that can be read.")


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


def _words(applied: Applied, edits: Edits) -> str:
    if applied.problems:
        return (
            f"{len(applied.problems)} of {len(edits.items) + len(edits.problems)} edits did not apply; asking once more"
        )
    return "the answer holds no usable edit; asking once more"
