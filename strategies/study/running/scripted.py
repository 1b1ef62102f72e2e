"""Models that answer the corpus from its scripts: no key, no network, honest counts of tokens.

Which task is meant is read from the prompt, as a model would; which kind of answer, from the prompt's purpose. They
let the whole study run on a fresh machine. Their prices are those of two real models, their skill is the script's.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from strategies.models.meter import Meter, Metered
from strategies.models.model import Completion, Prompt
from strategies.models.price import Price
from strategies.models.usage import Usage
from strategies.strategy import Role
from strategies.study.tasks.corpus import TaskScript
from strategies.tier import Tier

Skill = Literal["weak", "strong"]
CHARACTERS = 4
"""Of one token, about; the same for input and output, so that ratios are right."""
BLOCK = 64
"""Tokens: what a provider's cache counts in."""
UNKNOWN = "I cannot tell: nobody has written a script for this question."
PRICES: Mapping[Skill, Price] = {
    "weak": Price(Decimal("0.10"), Decimal("0.50"), Decimal("0.01")),
    "strong": Price(Decimal(4), Decimal(20), Decimal("0.20")),
}
OUTPUT_TOKENS = 4_000


@dataclass(slots=True)
class ScriptedModel:
    """One model of one skill. A repeated question for edits gets the next answer of the script, then the last."""

    skill: Skill
    scripts: Sequence[TaskScript] = field(repr=False)
    name: str = ""
    price: Price = field(default_factory=lambda: PRICES["weak"])
    max_output_tokens: int = OUTPUT_TOKENS
    supports_tools: bool = False
    prompts: list[str] = field(default_factory=list, repr=False)
    purposes: list[str] = field(default_factory=list, repr=False)
    _asked: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.name = self.name or f"scripted/{self.skill}"
        self.price = PRICES[self.skill]

    def count(self, prompt: Prompt) -> int:
        return estimate_tokens(prompt_text(prompt))

    def complete(self, prompt: Prompt) -> Completion:
        whole = prompt_text(prompt)
        with self._lock:
            text = self._answer(prompt, whole)
            cached = (
                max((common_prefix_length(whole, p) for p in self.prompts), default=0) // CHARACTERS // BLOCK * BLOCK
            )
            self.prompts.append(whole)
            self.purposes.append(prompt.purpose)
        written, most = estimate_tokens(text), prompt.max_output_tokens or self.max_output_tokens
        usage = Usage(estimate_tokens(whole), min(cached, estimate_tokens(whole)), min(written, most))
        return Completion(text[: most * CHARACTERS], usage, "length" if written > most else "stop", 0.0)

    def _answer(self, prompt: Prompt, whole: str) -> str:
        script = next((s for s in self.scripts if s.title in whole), None)
        if prompt.purpose in ("summary", "structure", "qa"):
            return "A small program in a package of its own; its tests stand in a folder beside it."
        if script is None:
            return UNKNOWN
        if prompt.purpose == "reproduction":
            return f"```\n{script.test}```\n" if script.test else "The issue does not say what should happen."
        if prompt.purpose == "route":
            return self._route(script)
        if prompt.purpose == "judge":
            return "They differ in how much they change; the first follows the issue most closely.\n\norder: 1"
        if prompt.purpose in ("plan", "issue-qa"):
            return script.explanation or UNKNOWN
        if prompt.purpose == "reduction":
            return "[]"
        return self._edits(script)

    def _edits(self, script: TaskScript) -> str:
        answers = script.answers.get(self.skill) or (UNKNOWN,)
        asked = self._asked.get(script.title, 0)
        self._asked[script.title] = asked + 1
        return answers[min(asked, len(answers) - 1)]

    def _route(self, script: TaskScript) -> str:
        """The strong judge sees what the weak model will fail at; the weak one trusts itself with short issues."""
        if script.question and self.skill == "strong":
            return json.dumps(
                {"tier": "ask", "why": "the issue does not say what is wrong", "question": script.question}
            )
        first = script.answers["weak"][:1]
        easy = first == script.answers["strong"][-1:] if self.skill == "strong" else len(script.answers["weak"]) == 1
        return json.dumps({"tier": "weak" if easy else "strong", "why": "one place" if easy else "several places"})


def scripted_tiers(scripts: Sequence[TaskScript], meter: Meter) -> tuple[tuple[Tier, ...], Mapping[Role, Tier]]:
    """A weak and a strong tier with the roles: the weak one tests, the strong one judges and writes."""
    weak, strong = ScriptedModel("weak", scripts), ScriptedModel("strong", scripts)
    tiers = (
        Tier("weak", Metered(weak, meter, "weak"), attempts=2, solver="repair", family="scripted-weak"),
        Tier("strong", Metered(strong, meter, "strong"), attempts=1, solver="repair", family="scripted-strong"),
    )
    roles: dict[Role, Tier] = {
        "tester": Tier("weak", Metered(weak, meter, "weak")),
        "judge": Tier("strong", Metered(strong, meter, "strong")),
        "writer": Tier("strong", Metered(strong, meter, "strong")),
    }
    return tiers, roles


def prompt_text(prompt: Prompt) -> str:
    """All messages of a prompt, in order."""
    return "\n".join(m.content for m in prompt.messages)


def estimate_tokens(text: str) -> int:
    """A rough count of tokens."""
    return len(text) // CHARACTERS + 1


def common_prefix_length(first: str, second: str) -> int:
    """The length in characters of the longest common prefix."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[:middle] == second[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
