"""A model that answers from a script. It keeps the promise of `strategies.models.model.Model` and complains about misuse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import Meter, Metered
from strategies.models.model import Completion, ModelError, Prompt, ToolCall
from strategies.models.price import Price
from strategies.models.tokens import bound_prompt
from strategies.models.usage import Usage
from strategies.tier import Tier

Answer = str | Completion | ModelError | Callable[[Prompt], "Answer"]


def says(text: str = "", *calls: ToolCall, finish: str = "") -> Completion:
    """A completion with honest usage left to the model; `calls` make it a tool call."""
    ended = finish or ("tool_calls" if calls else "stop")
    assert ended in ("stop", "length", "tool_calls", "refusal")
    return Completion(text, Usage(), ended, 0.0, calls)  # type: ignore[arg-type]  # checked on the line above


class ScriptedModel:
    """Answers by a list (one each call) or by a function. `prompts` records every call.

    Raises AssertionError for a call beyond the script, a prompt without messages, a tool prompt when tools are
    not supported, or an output limit above its own; `done()` for answers never asked for.
    """

    def __init__(
        self,
        answers: Sequence[Answer] | Callable[[Prompt], Answer],
        *,
        name: str = "scripted",
        price: Price | None = None,
        max_output_tokens: int = 4_096,
        supports_tools: bool = False,
        usage: bool = True,
    ) -> None:
        self._answers = answers if callable(answers) else list(answers)
        self.name = name
        self.price = price or Price(Decimal(1), Decimal(5), Decimal("0.1"))
        self.max_output_tokens = max_output_tokens
        self.supports_tools = supports_tools
        self.prompts: list[Prompt] = []
        self._usage = usage

    def count(self, prompt: Prompt) -> int:
        return bound_prompt(prompt)

    def complete(self, prompt: Prompt) -> Completion:
        number = len(self.prompts) + 1
        assert prompt.messages, "a prompt without messages"
        assert prompt.purpose, "a prompt without purpose"
        assert prompt.messages[-1].role in ("user", "tool"), "the last word must not be the model's own"
        assert self.supports_tools or not prompt.tools, f"{self.name} does not support tools"
        assert prompt.max_output_tokens is None or prompt.max_output_tokens <= self.max_output_tokens
        self.prompts.append(prompt)
        if callable(self._answers):
            answer = self._answers(prompt)
        else:
            assert self._answers, f"{self.name}: unexpected call {number} for {prompt.purpose}"
            answer = self._answers.pop(0)
        while callable(answer):
            answer = answer(prompt)
        if isinstance(answer, ModelError):
            raise answer
        if isinstance(answer, str):
            answer = says(answer)
        return Completion(answer.text, self._used(prompt, answer), answer.finish, 0.01, answer.tool_calls)

    def _used(self, prompt: Prompt, answer: Completion) -> Usage | None:
        if not self._usage:
            return None
        if answer.usage is not None and answer.usage != Usage():
            return answer.usage
        limit = prompt.max_output_tokens or self.max_output_tokens
        return Usage(self.count(prompt) // 3, 0, min(len(answer.text) // 4 + 1, limit))

    def done(self) -> None:
        assert callable(self._answers) or not self._answers, (
            f"{self.name}: {len(self._answers)} answers never asked for"
        )


def scripted_tier(model: ScriptedModel, name: str = "weak", meter: Meter | None = None, **options: object) -> Tier:
    """A tier around a scripted model, with $1,000 unless a meter is given."""
    return Tier(name, Metered(model, meter or CapMeter(Decimal(1000)), name), **options)  # type: ignore[arg-type]  # a tier's own fields
