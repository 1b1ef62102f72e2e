"""An agent's conversation: grows at its end so that provider caches hit, and is compacted in one go when too long."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace

from strategies.models import tokens
from strategies.models.model import Message
from strategies.prompts.prompt import PromptFolder

COMPACT_TOKENS = 60_000
"""Estimated tokens of history above which old outputs are dropped."""
KEPT = 6
"""The latest outputs, which stay."""
SHORT = 400
"""Characters up to which an old output is not worth dropping."""
REPEATS = 3
"""The same command with the same output so often is a loop; twice as often ends the attempt."""


@dataclass(slots=True)
class Conversation:
    """`messages` begin with the opening, which never changes. `outputs` are the places of tool outputs in them."""

    messages: list[Message]
    outputs: list[int] = field(default_factory=list)
    compacted: int = 0
    _seen: Counter[str] = field(default_factory=Counter)

    def add(self, message: Message, *, output: bool = False) -> None:
        """Add a message at the end."""
        if output:
            self.outputs.append(len(self.messages))
        self.messages.append(message)

    def repeated(self, command: str, output: str) -> int:
        """How often this command has now given this output."""
        key = hashlib.sha256(f"{command}\0{output}".encode("utf-8", "surrogatepass")).hexdigest()
        self._seen[key] += 1
        return self._seen[key]

    def compact(self, prompts: PromptFolder, most: int = COMPACT_TOKENS, kept: int = KEPT) -> bool:
        """Replace all but the latest outputs by a line when the whole has more than `most` tokens; True if any was.
        Raises PromptError."""
        if sum(tokens.estimate(m.content) for m in self.messages) <= most:
            return False
        changed = False
        for place in self.outputs[:-kept]:
            message = self.messages[place]
            if len(message.content) > SHORT:
                size = f"{len(message.content):,}"
                note = prompts.load("agent-output-dropped").fill(size=size)
                self.messages[place] = replace(message, content=note, cache=False)
                changed = True
        self.compacted += changed
        return changed
