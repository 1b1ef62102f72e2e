"""The solver that works step by step: a loop of model and tools in the sandbox, within turns and money.

It is told what remains, reminded before the end and granted one extension when its files changed since. The
patch is read from the sandbox's files, never from what the model says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from sandbox.backend import Sandbox
from sandbox.errors import PatchRejected
from sandbox.repository.changes import changes, untracked
from sandbox.repository.patch import Patch
from strategies.attempt import Attempt
from strategies.issue import Issue
from strategies.localization.localize import localize
from strategies.localization.pack import outline
from strategies.models.asking import ask
from strategies.models.meter import OverBudget
from strategies.models.model import Completion, Message, ModelError, Prompt
from strategies.prompts.fence import fence
from strategies.prompts.prompt import PromptFolder, digest
from strategies.prompts.sections import is_empty, tell_issue, tell_learned
from strategies.solvers.agent_conversation import REPEATS, Talk
from strategies.solvers.agent_tools import TOOLS, Use, described, perform, read_calls, read_text
from strategies.solvers.repair import EMPTY
from strategies.step import Step
from strategies.tier import Tier

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace
    from strategies.attempt import JudgedAttempt

CALLS = 8
"""Tool calls of one answer that are carried out."""
PROMPTS = ("agent-system", "agent-text-protocol", "agent-issue", "repair-learned")
NUDGE = "Nothing in the repository has changed yet. Use the tools to change it, or call finish if no change is right."


def agent(
    issue: Issue,
    workspace: Workspace,
    tier: Tier,
    *,
    open_sandbox: Callable[[], Sandbox],
    number: int,
    say: Callable[[Step], None],
    learned: Sequence[JudgedAttempt] = (),
    advice: str = "",
    temperature: float | None = None,
    prompts: PromptFolder | None = None,
) -> Attempt:
    """One attempt by one model. Raises SandboxUnavailable; OverBudget and ModelError only while nothing was changed
    (later they end the work, and what the files hold is the attempt)."""
    if is_empty(issue):
        return Attempt(tier.name, "agent", Patch(), error=EMPTY)
    prompts = prompts or PromptFolder()
    with open_sandbox() as sandbox:
        already = untracked(sandbox, workspace)

        def patch() -> Patch:
            return changes(sandbox, workspace, already=already)

        opening = _opening(issue, workspace, tier, learned, advice, prompts)
        chosen = tier.temperature if temperature is None else temperature
        run = _Run(tier, sandbox, Talk(opening), chosen, number, say, patch, prompt_digest(prompts), tier.max_turns)
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


def _opening(
    issue: Issue, workspace: Workspace, tier: Tier, learned: Sequence[JudgedAttempt], advice: str, prompts: PromptFolder
) -> list[Message]:
    native = tier.model.model.supports_tools
    protocol = "" if native else prompts.load("agent-text-protocol").fill(tools=described())
    located = localize(issue, workspace, limit_tokens=20_000)[:12]
    rows = [f"- {one.path} ({'; '.join(one.reasons[:2])})" for one in located]
    task = prompts.load("agent-issue").fill(
        outline=outline(workspace),
        located=fence("located", "\n".join(rows) or "(none)"),
        context=f"{advice.strip()}\n\n" if advice.strip() else "",
        issue=tell_issue(issue),
        learned=tell_learned(learned, workspace, prompts),
        turns=str(tier.max_turns),
        money=_dollars(tier.model.meter.left()),
    )
    return [
        Message("system", prompts.load("agent-system").fill(protocol=protocol)),
        Message("user", task, cache=True),
    ]


@dataclass(slots=True)
class _Run:
    """The loop's state. `ended` says why it ended when that was not the agent's own decision."""

    tier: Tier
    sandbox: Sandbox
    talk: Talk
    temperature: float | None
    number: int
    say: Callable[[Step], None]
    patch: Callable[[], Patch]
    digest: str
    turns: int
    diagnosis: str = ""
    ended: str = ""
    turn: int = 0
    extended: bool = False
    nudged: bool = False

    def loop(self) -> None:
        """Ask, do, tell; until the agent finishes or something else ends it."""
        while not self.ended:
            if self.turn >= self.turns and not self._extend():
                self.ended = f"the agent used all its {self.turns} turns"
                return
            self.turn += 1
            self.talk.compact()
            completion = self._ask()
            native = self.tier.model.model.supports_tools
            uses = read_calls(completion.tool_calls) if native else read_text(completion.text)
            self.talk.say(Message("assistant", completion.text, completion.tool_calls if native else ()))
            if completion.finish == "refusal":
                self.ended = "the model refused to go on"
            elif uses:
                if self._carry_out(uses, native=native):
                    return
            elif not self._go_on(completion):
                return

    def _ask(self) -> Completion:
        native = self.tier.model.model.supports_tools
        prompt = Prompt(
            tuple(self.talk.messages),
            purpose="agent",
            tools=TOOLS if native else (),
            temperature=self.temperature,
            max_output_tokens=self.tier.max_output_tokens,
            digest=self.digest,
        )
        return ask(self.tier.model, prompt)

    def _go_on(self, completion: Completion) -> bool:
        """What follows an answer without a tool: it was cut off, it is the end, or it needs a nudge."""
        if completion.finish == "length":
            self._tell("Your message was cut off at its maximal length before a tool call. Be shorter.")
            return True
        self.diagnosis = completion.text.strip() or self.diagnosis
        if self.nudged or self._changed():
            return False
        self.nudged = True
        self._tell(NUDGE)
        return True

    def _carry_out(self, uses: list[Use], *, native: bool) -> bool:
        """Run the tools and tell their outputs. True when `finish` was among them."""
        told: list[str] = []
        finished = False
        for place, use in enumerate(uses):
            if use.name == "finish":
                finished = True
                self.diagnosis = str((use.arguments or {}).get("summary") or "").strip() or self.diagnosis
                output = "finished"
            elif place >= CALLS:
                output = f"Error: not run; at most {CALLS} calls at once"
            else:
                self.say(Step("agent", f"turn {self.turn}: {_short(use)}", {"attempt": self.number, "turn": self.turn}))
                output = self._perform(use)
            last = place == len(uses) - 1
            text = fence("output", output) + (f"\n{self._status()}" if last else "")
            if native:
                self.talk.say(Message("tool", text, tool_call_id=use.call.id, cache=last), output=True)
            else:
                told.append(text)
        if told:
            self.talk.say(Message("user", "\n".join(told), cache=True), output=True)
        return finished

    def _perform(self, use: Use) -> str:
        output = perform(use, self.sandbox)
        times = self.talk.repeated(f"{use.name} {use.call.arguments}", output)
        if times >= 2 * REPEATS:
            self.ended = f"the agent ran in circles: {_short(use)} gave the same output {times} times"
        elif times >= REPEATS:
            output += f"\n[the same command has given the same output {times} times: try something else, or finish]"
        return output

    def _status(self) -> str:
        left = self.turns - self.turn
        status = f"[turn {self.turn} of {self.turns}; ${_dollars(self.tier.model.meter.left())} left]"
        if left <= max(2, self.turns // 8):
            status += f" Only {left} turns remain: bring the files into their final state now, then finish."
        elif self.tier.model.meter.left() < 3 * self.tier.model.worst(
            Prompt(tuple(self.talk.messages), "agent", TOOLS)
        ):
            status += " The money is nearly gone: bring the files into their final state now, then finish."
        return status

    def _extend(self) -> bool:
        """Once, half as many turns more, if there is a change that is not yet finished."""
        if self.extended or not self._changed():
            return False
        self.extended = True
        more = max(self.turns // 2, 3)
        self.turns += more
        self.say(Step("agent", f"{more} more turns, because there is progress", {"attempt": self.number}))
        self._tell(f"You have used all your turns, but there is progress: you get {more} more, and then it ends.")
        return True

    def _changed(self) -> bool:
        try:
            return bool(self.patch())
        except PatchRejected:
            return True  # changed too much, but changed

    def _tell(self, text: str) -> None:
        self.talk.say(Message("user", text))


def _short(use: Use) -> str:
    arguments = use.arguments or {}
    what = (
        arguments.get("command", "") if use.name == "shell" else f"{arguments.get('command')} {arguments.get('path')}"
    )
    return f"{use.name} {' '.join(str(what).split())}"[:120]


def _dollars(amount: Decimal) -> str:
    return str(amount.quantize(Decimal("0.01"), rounding=ROUND_FLOOR))
