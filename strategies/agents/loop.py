"""The loop of an agent: a model is asked, its tools are run in the sandbox, their outputs are shown to it.

It ends by turns, by money, in circles, or when the agent says so. What came of it stands in the sandbox's files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from typing import Literal

from sandbox.backend import Sandbox
from strategies.agents.code_index import CodeIndex
from strategies.agents.conversation import KEPT, REPEATS, Conversation
from strategies.agents.tools import TOOL_PROMPTS, ToolUse, perform, read_calls, read_text
from strategies.models.asking import ask
from strategies.models.model import Completion, Message, Prompt, PromptTooLong, Tool
from strategies.prompts.fence import fence
from strategies.prompts.prompt import PromptFolder
from strategies.step import Step
from strategies.tier import Tier

CALLS = 8
"""Tool calls of one answer that are carried out."""
LOOP_PROMPTS = (
    "agent-text-protocol",
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
)
"""The prompt files of the loop, for the digest of a prompt that it asks."""


@dataclass(slots=True)
class AgentLoop:
    """The loop's state. `ended` says why it ended when that was not the agent's own decision.

    `purpose` names the calls on the bill and the steps that are told, `facts` stand with these, `digest` is that of all
    prompt files. `changed` tells whether the files hold anything new; if not, an agent that stops is nudged once by
    the prompt `nudge`. `more` is whether turns are added while there is progress, `spend` what the work may cost in
    USD (None: all that is left), `search` answers questions to the index where the tools offer them.
    """

    tier: Tier
    sandbox: Sandbox
    conversation: Conversation
    tools: tuple[Tool, ...]
    prompts: PromptFolder
    say: Callable[[Step], None]
    changed: Callable[[], bool]
    turns: int
    digest: str
    purpose: Literal["agent", "reproduction"] = "agent"
    facts: Mapping[str, object] = field(default_factory=dict)
    temperature: float | None = None
    nudge: str = "agent-nudge"
    more: bool = True
    spend: Decimal | None = None
    search: CodeIndex | None = None
    diagnosis: str = ""
    ended: str = ""
    turn: int = 0
    extended: bool = False
    nudged: bool = False

    def loop(self) -> None:
        """Ask the model, run its tools, add their outputs; until the agent finishes or something else ends it.

        Raises OverBudget, ModelError and SandboxUnavailable.
        """
        before = self.tier.model.meter.left()
        while not self.ended:
            if self.spend is not None and before - self.tier.model.meter.left() >= self.spend:
                self.ended = f"the agent used all of its ${dollars(self.spend)}"
                return
            if self.turn >= self.turns and not self._extend():
                self.ended = f"the agent used all its {self.turns} turns"
                return
            self.turn += 1
            self.conversation.compact(self.prompts)
            completion = self._ask()
            native = self.tier.model.model.supports_tools
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
        """The next answer. A model that cannot read so much is shown less of what is long past, and asked again."""
        for kept in (KEPT, 1):
            try:
                return self._answer()
            except PromptTooLong:
                if not self.conversation.compact(self.prompts, most=0, kept=kept):
                    raise
        return self._answer()

    def _answer(self) -> Completion:
        native = self.tier.model.model.supports_tools
        prompt = Prompt(
            tuple(self.conversation.messages),
            purpose=self.purpose,
            tools=self.tools if native else (),
            temperature=self.temperature,
            max_output_tokens=self.tier.max_output_tokens,
            digest=self.digest,
        )
        return ask(self.tier.model, prompt)

    def _continue(self, completion: Completion) -> bool:
        """What follows an answer without a tool: it was cut off, it is the end, or it needs a nudge."""
        if completion.finish == "length":
            self._ask_for("agent-cut-off")
            return True
        self.diagnosis = completion.text.strip() or self.diagnosis
        if self.nudged or self.changed():
            return False
        self.nudged = True
        self._ask_for(self.nudge)
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
                self.say(Step(self.purpose, f"turn {self.turn}: {_short(use)}", {**self.facts, "turn": self.turn}))
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
        output = perform(use, self.sandbox, self.search)
        times = self.conversation.repeated(f"{use.name} {use.call.arguments}", output)
        if times >= 2 * REPEATS:
            self.ended = f"the agent ran in circles: {_short(use)} gave the same output {times} times"
        elif times >= REPEATS:
            output += "\n" + self.prompts.load("agent-repeated").fill(times=str(times))
        return output

    def _status(self) -> str:
        left = self.turns - self.turn
        money = self.tier.model.meter.left()
        status = self.prompts.load("agent-status").fill(
            turn=str(self.turn), turns=str(self.turns), money=dollars(money)
        )
        if left <= max(2, self.turns // 8):
            status += " " + self.prompts.load("agent-last-turns").fill(left=str(left))
        elif self.tier.model.meter.left() < 3 * self.tier.model.worst(
            Prompt(tuple(self.conversation.messages), self.purpose, self.tools)
        ):
            status += " " + self.prompts.load("agent-last-money").fill()
        return status

    def _extend(self) -> bool:
        """Once, half as many turns more, if there is a change that is not yet finished."""
        if self.extended or not self.more or not self.changed():
            return False
        self.extended = True
        more = max(self.turns // 2, 3)
        self.turns += more
        self.say(Step(self.purpose, f"{more} more turns, because there is progress", self.facts))
        self._ask_for("agent-extension", more=str(more))
        return True

    def _ask_for(self, name: str, **values: str) -> None:
        """Add the prompt `name` as the next message to the model."""
        self.conversation.add(Message("user", self.prompts.load(name).fill(**values)))


def _short(use: ToolUse) -> str:
    arguments = use.arguments or {}
    if use.name == "edit":
        what = f"{arguments.get('command')} {arguments.get('path')}"
    else:
        what = str(next(iter(arguments.values()), ""))
    return f"{use.name} {' '.join(what.split())}"[:120]


def dollars(amount: Decimal) -> str:
    """An amount of USD as an agent is told of it: cents, rounded down."""
    return str(amount.quantize(Decimal("0.01"), rounding=ROUND_FLOOR))
