"""The solver that works step by step: a loop of model and tools in the sandbox, within turns and money.

It is told what remains, reminded before the end and granted one extension when its files changed since. The
patch is read from the sandbox's files, never from what the model says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sandbox.backend import Sandbox
from sandbox.errors import PatchRejected
from sandbox.repository.changes import changes, untracked
from sandbox.repository.patch import Patch
from strategies.agents.code_index import CodeIndex
from strategies.agents.conversation import Conversation
from strategies.agents.loop import LOOP_PROMPTS, AgentLoop, dollars
from strategies.agents.tools import tool_list, tools
from strategies.attempt import Attempt
from strategies.localization.localize import rank
from strategies.localization.pack import outline
from strategies.models.meter import OverBudget
from strategies.models.model import Message, ModelError, Tool
from strategies.prompts.fence import fence
from strategies.prompts.prompt import PromptFolder, digest
from strategies.prompts.sections import ATTEMPTS_PROMPTS, ISSUE_PROMPTS, attempts_section, is_empty, issue_section
from strategies.solvers.attempt_task import AttemptTask
from strategies.solvers.repair import EMPTY
from strategies.step import Step

PROMPTS = ("agent-system", "agent-issue", *LOOP_PROMPTS, *ISSUE_PROMPTS, *ATTEMPTS_PROMPTS)


def agent(
    task: AttemptTask, open_sandbox: Callable[[], Sandbox], say: Callable[[Step], None], prompts: PromptFolder
) -> Attempt:
    """One attempt by one model. Raises SandboxUnavailable; OverBudget and ModelError only while nothing was changed
    (later they end the work, and what the files hold is the attempt)."""
    tier = task.tier
    if is_empty(task.issue):
        return Attempt(tier.name, "agent", Patch(), error=EMPTY)
    with open_sandbox() as sandbox:
        already = untracked(sandbox, task.workspace)

        def patch() -> Patch:
            return changes(sandbox, task.workspace, already=already)

        offered = tools(prompts, searching=True)
        conversation = Conversation(_opening(task, offered, prompts))

        def changed() -> bool:
            try:
                return bool(patch())
            except PatchRejected:
                return True  # changed too much, but changed

        run = AgentLoop(
            tier,
            sandbox,
            conversation,
            offered,
            prompts,
            say,
            changed,
            tier.max_turns,
            prompt_digest(prompts),
            facts={"attempt": task.number},
            temperature=task.temperature,
            search=CodeIndex(task.workspace, patch),
        )
        stopped: OverBudget | ModelError | None = None
        try:
            run.loop()
        except (OverBudget, ModelError) as why:
            stopped = why
        try:
            result = patch()
        except PatchRejected as why:
            return Attempt(tier.name, "agent", Patch(), diagnosis=run.diagnosis, error=f"not a usable change: {why}")
    if stopped is not None and not result:
        raise stopped
    error = f"stopped early: {stopped}" if stopped else run.ended
    if not result and not error:
        error = "the agent changed nothing"
    return Attempt(tier.name, "agent", result, diagnosis=run.diagnosis[:4_000], error=error)


def prompt_digest(prompts: PromptFolder) -> str:
    """The digest of all prompt files that shape an agent's work."""
    return digest(*(prompts.load(name) for name in PROMPTS))


def _opening(task: AttemptTask, offered: Sequence[Tool], prompts: PromptFolder) -> list[Message]:
    tier, workspace = task.tier, task.workspace
    native = tier.model.model.supports_tools
    protocol = "" if native else prompts.load("agent-text-protocol").fill(tools=tool_list(offered))
    located = rank(task.issue, workspace)[:12]
    rows = [f"- {file.path} ({'; '.join(file.reasons[:2])})" for file in located]
    question = prompts.load("agent-issue").fill(
        outline=outline(workspace),
        located=fence("located", "\n".join(rows) or "(none)"),
        context=task.context,
        issue=issue_section(task.issue, prompts),
        learned=attempts_section(task.hints.learned, workspace, prompts),
        turns=str(tier.max_turns),
        money=dollars(tier.model.meter.left()),
    )
    return [
        Message("system", prompts.load("agent-system").fill(protocol=protocol)),
        Message("user", question, cache=True, images=task.issue.images),
    ]
