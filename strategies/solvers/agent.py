"""The solver that works step by step: a loop of model and tools in the sandbox, within turns and money.

It is told what remains, reminded before the end and granted one extension when its files changed since. The
patch is read from the sandbox's files, never from what the model says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from sandbox.backend import Sandbox
from sandbox.errors import PatchRejected
from sandbox.repository.changes import changes, untracked
from sandbox.repository.patch import Patch
from strategies.attempt import Attempt
from strategies.localization.localize import localize
from strategies.localization.pack import outline
from strategies.models.asking import ask
from strategies.models.meter import OverBudget
from strategies.models.model import Completion, Message, ModelError, Prompt, Tool
from strategies.prompts.fence import fence
from strategies.prompts.prompt import PromptFolder, digest
from strategies.prompts.sections import ATTEMPTS_PROMPTS, ISSUE_PROMPTS, attempts_section, is_empty, issue_section
from strategies.solvers.agent_conversation import REPEATS, Conversation
from strategies.solvers.agent_tools import TOOL_PROMPTS, ToolUse, perform, read_calls, read_text, tool_list, tools
from strategies.solvers.attempt_task import AttemptTask
from strategies.solvers.repair import EMPTY
from strategies.step import Step

CALLS = 8
"""Tool calls of one answer that are carried out."""
PROMPTS = (
    "agent-system",
    "agent-text-protocol",
    "agent-issue",
    "agent-nudge",
    "agent-cut-off",
    "agent-extension",
    "agent-status",
    "agent-last-turns",
    "agent-last-money",
    "agent-repeated",
    "agent-too-many-calls",
    "agent-output-dropped",
    *TOOL_PROMPTS,
    *ISSUE_PROMPTS,
    *ATTEMPTS_PROMPTS,
)


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

        offered = tools(prompts)
        conversation = Conversation(_opening(task, offered, prompts))
        run = _Run(task, sandbox, conversation, offered, prompts, say, patch, tier.max_turns)
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
    located = localize(task.issue, workspace, limit_tokens=20_000)[:12]
    rows = [f"- {file.path} ({'; '.join(file.reasons[:2])})" for file in located]
    question = prompts.load("agent-issue").fill(
        outline=outline(workspace),
        located=fence("located", "\n".join(rows) or "(none)"),
        context=task.context,
        issue=issue_section(task.issue, prompts),
        learned=attempts_section(task.hints.learned, workspace, prompts),
        turns=str(tier.max_turns),
        money=_dollars(tier.model.meter.left()),
    )
    return [
        Message("system", prompts.load("agent-system").fill(protocol=protocol)),
        Message("user", question, cache=True),
    ]


@dataclass(slots=True)
class _Run:
    """The loop's state. `ended` says why it ended when that was not the agent's own decision."""

    task: AttemptTask
    sandbox: Sandbox
    conversation: Conversation
    tools: tuple[Tool, ...]
    prompts: PromptFolder
    say: Callable[[Step], None]
    patch: Callable[[], Patch]
    turns: int
    diagnosis: str = ""
    ended: str = ""
    turn: int = 0
    extended: bool = False
    nudged: bool = False

    def loop(self) -> None:
        """Ask the model, run its tools, add their outputs; until the agent finishes or something else ends it."""
        while not self.ended:
            if self.turn >= self.turns and not self._extend():
                self.ended = f"the agent used all its {self.turns} turns"
                return
            self.turn += 1
            self.conversation.compact(self.prompts)
            completion = self._ask()
            native = self.task.tier.model.model.supports_tools
            uses = read_calls(completion.tool_calls) if native else read_text(completion.text)
            self.conversation.add(Message("assistant", completion.text, completion.tool_calls if native else ()))
            if completion.finish == "refusal":
                self.ended = "the model refused to go on"
            elif uses:
                if self._carry_out(uses, native=native):
                    return
            elif not self._continue(completion):
                return

    def _ask(self) -> Completion:
        native = self.task.tier.model.model.supports_tools
        prompt = Prompt(
            tuple(self.conversation.messages),
            purpose="agent",
            tools=self.tools if native else (),
            temperature=self.task.temperature,
            max_output_tokens=self.task.tier.max_output_tokens,
            digest=prompt_digest(self.prompts),
        )
        return ask(self.task.tier.model, prompt)

    def _continue(self, completion: Completion) -> bool:
        """What follows an answer without a tool: it was cut off, it is the end, or it needs a nudge."""
        if completion.finish == "length":
            self._ask_for("agent-cut-off")
            return True
        self.diagnosis = completion.text.strip() or self.diagnosis
        if self.nudged or self._changed():
            return False
        self.nudged = True
        self._ask_for("agent-nudge")
        return True

    def _carry_out(self, uses: list[ToolUse], *, native: bool) -> bool:
        """Run the tools and add their outputs. True when `finish` was among them."""
        outputs: list[str] = []
        finished = False
        for place, use in enumerate(uses):
            if use.name == "finish":
                finished = True
                self.diagnosis = str((use.arguments or {}).get("summary") or "").strip() or self.diagnosis
                output = "finished"
            elif place >= CALLS:
                output = self.prompts.load("agent-too-many-calls").fill(calls=str(CALLS))
            else:
                self.say(
                    Step("agent", f"turn {self.turn}: {_short(use)}", {"attempt": self.task.number, "turn": self.turn})
                )
                output = self._perform(use)
            last = place == len(uses) - 1
            text = fence("output", output) + (f"\n{self._status()}" if last else "")
            if native:
                self.conversation.add(Message("tool", text, tool_call_id=use.call.id, cache=last), output=True)
            else:
                outputs.append(text)
        if outputs:
            self.conversation.add(Message("user", "\n".join(outputs), cache=True), output=True)
        return finished

    def _perform(self, use: ToolUse) -> str:
        output = perform(use, self.sandbox)
        times = self.conversation.repeated(f"{use.name} {use.call.arguments}", output)
        if times >= 2 * REPEATS:
            self.ended = f"the agent ran in circles: {_short(use)} gave the same output {times} times"
        elif times >= REPEATS:
            output += "\n" + self.prompts.load("agent-repeated").fill(times=str(times))
        return output

    def _status(self) -> str:
        left = self.turns - self.turn
        money = self.task.tier.model.meter.left()
        status = self.prompts.load("agent-status").fill(
            turn=str(self.turn), turns=str(self.turns), money=_dollars(money)
        )
        if left <= max(2, self.turns // 8):
            status += " " + self.prompts.load("agent-last-turns").fill(left=str(left))
        elif self.task.tier.model.meter.left() < 3 * self.task.tier.model.worst(
            Prompt(tuple(self.conversation.messages), "agent", self.tools)
        ):
            status += " " + self.prompts.load("agent-last-money").fill()
        return status

    def _extend(self) -> bool:
        """Once, half as many turns more, if there is a change that is not yet finished."""
        if self.extended or not self._changed():
            return False
        self.extended = True
        more = max(self.turns // 2, 3)
        self.turns += more
        self.say(Step("agent", f"{more} more turns, because there is progress", {"attempt": self.task.number}))
        self._ask_for("agent-extension", more=str(more))
        return True

    def _changed(self) -> bool:
        try:
            return bool(self.patch())
        except PatchRejected:
            return True  # changed too much, but changed

    def _ask_for(self, name: str, **values: str) -> None:
        """Add the prompt `name` as the next message to the model."""
        self.conversation.add(Message("user", self.prompts.load(name).fill(**values)))


def _short(use: ToolUse) -> str:
    arguments = use.arguments or {}
    what = (
        arguments.get("command", "") if use.name == "shell" else f"{arguments.get('command')} {arguments.get('path')}"
    )
    return f"{use.name} {' '.join(str(what).split())}"[:120]


def _dollars(amount: Decimal) -> str:
    return str(amount.quantize(Decimal("0.01"), rounding=ROUND_FLOOR))
