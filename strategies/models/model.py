"""The seam to language models: one method. `strategies/models/litellm_model.py` is the one real implementation.

ModelError
├── ModelUnavailable    tried again with back-off and still not there (rate limit, overload, network)
└── ModelRefused        trying the same again cannot help: wrong key, unknown model; the provider's words
    ├── QuotaExhausted  the account has no credit left
    └── PromptTooLong   more than the model reads, or than the account may send at once: a smaller one may do
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from strategies.issue import IssueImage
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
    """Transient trouble outlasted the retries. `wait` is in how many seconds it may be worth asking again, `outage` for
    how many the provider has not answered anybody here; 0 where that is not known."""

    def __init__(
        self,
        message: str,
        *,
        uncertain: bool = False,
        reported: ReportedUsage | None = None,
        wait: float = 0.0,
        outage: float = 0.0,
    ) -> None:
        super().__init__(message, uncertain=uncertain, reported=reported)
        self.wait = wait
        self.outage = outage


class ModelRefused(ModelError):
    """Trying the same again cannot help; the message is the provider's, redacted."""


class QuotaExhausted(ModelRefused):
    """The account has no credit left, or has reached its own limit of spending: people must see to it."""


class PromptTooLong(ModelRefused):
    """The prompt is more than the model reads, or than the account may send at once: a smaller one may do."""


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
    """One turn. `tool_call_id` is set on a tool's answer. `cache` marks the end of a prefix worth caching. `images` are
    shown before the text, to a model that may see them."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    cache: bool = False
    images: tuple[IssueImage, ...] = ()


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
    supports_tools: bool

    @property
    def max_output_tokens(self) -> int:
        """Tokens that one answer may have."""

    def count(self, prompt: Prompt) -> int:
        """Input tokens of `prompt`, never less than the provider will count (an upper estimate where unsure)."""

    def complete(self, prompt: Prompt) -> Completion:
        """One answer. Raises ModelUnavailable or ModelRefused."""
