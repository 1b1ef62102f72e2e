"""The seam to language models: one method. `strategies/models/litellm_model.py` is the one real implementation.

ModelError
├── ModelUnavailable    tried again with back-off and still not there (rate limit, overload, network)
└── ModelRefused        permanent: wrong key, unknown model, bad request; the provider's words
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from strategies.models.price import Price
from strategies.models.usage import ReportedUsage, Usage


class ModelError(Exception):
    """A call gave no completion. `uncertain` means the provider may have charged for it all the same; `reported` is
    what it says that the call used, where that could be read of an answer that is otherwise of no use."""

    def __init__(self, message: str, *, uncertain: bool = False, reported: ReportedUsage | None = None) -> None:
        super().__init__(message)
        self.uncertain = uncertain or reported is not None
        self.reported = reported


class ModelUnavailable(ModelError):
    """Transient trouble outlasted the retries."""


class ModelRefused(ModelError):
    """Trying again cannot help; the message is the provider's, redacted."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool the model wants run; `arguments` is its JSON object as text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool offered to the model; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `tool_call_id` is set on a tool's answer. `cache` marks the end of a prefix worth caching."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    cache: bool = False


Purpose = Literal[
    "repair", "agent",  # write a patch
    "reproduction", "distinguish",  # write a test
    "judge", "route",  # choose an answer, or a tier
    "plan", "issue-qa", "summary", "structure", "qa", "reduction",  # context from one model for another
    "setup",  # propose how a repository is installed and tested
    "quote", "doctor",  # counted for an estimate; tried by the doctor
]  # fmt: skip
"""What a call is for, as the bill and the ledger name it."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request. `digest` is that of the prompt files it was made from."""

    messages: tuple[Message, ...]
    purpose: Purpose
    tools: tuple[Tool, ...] = ()
    temperature: float | None = None
    max_output_tokens: int | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer. `seconds` is wall time; `finish` why it ended; `usage` None when the provider gave none that can be
    believed. `reported` is all that it says of its cost; None: the usage is all."""

    text: str
    usage: Usage | None
    finish: Literal["stop", "length", "tool_calls", "refusal"]
    seconds: float
    tool_calls: tuple[ToolCall, ...] = ()
    reported: ReportedUsage | None = None


class Model(Protocol):
    """A priced language model."""

    name: str
    price: Price
    max_output_tokens: int
    supports_tools: bool

    def count(self, prompt: Prompt) -> int:
        """Input tokens of `prompt`, never less than the provider will count (an upper estimate where unsure)."""

    def complete(self, prompt: Prompt) -> Completion:
        """One answer. Raises ModelUnavailable or ModelRefused."""
