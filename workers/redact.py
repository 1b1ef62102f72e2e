"""Takes secrets out of text that leaves the process: logs, comments, stored errors. By shape, not by value.

Installation tokens have grown to `ghs_` and about 520 characters with dots. The shapes are wide on purpose:
a word too many struck out costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

STRUCK = "[redacted]"
DEEPEST = 6

PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
SHAPES: tuple[re.Pattern[str], ...] = (
    PEM,
    re.compile(r"ghs_[A-Za-z0-9._-]{20,}"),
    re.compile(r"gh[opur]_[A-Za-z0-9]{20,}"),
    re.compile(r"github_pat_[A-Za-z0-9_]{20,}"),
    re.compile(r"\bv1\.[0-9a-f]{40}\b"),  # installation tokens of old GHES
    re.compile(r"\bsk-[A-Za-z0-9_-]{16,}"),  # OpenAI, Anthropic (sk-ant-), OpenRouter (sk-or-), DeepSeek
    re.compile(r"\bAIza[A-Za-z0-9_-]{30,}"),  # Google
    re.compile(r"\b(?:gsk|xai|hf|r8|pplx|fw|nvapi)[_-][A-Za-z0-9_-]{20,}"),  # Groq, xAI, Hugging Face, Replicate, …
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),  # AWS key ids
    re.compile(
        r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"
    ),  # JSON web tokens (the App's own)
)
LABELLED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(bearer|basic|token)(\s+)[A-Za-z0-9._~+/=-]{16,}"), rf"\1\2{STRUCK}"),
    (re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s/:@]*):[^\s/@]+@"), rf"\1:{STRUCK}@"),  # a password in a URL
    (
        re.compile(
            r"(?i)\b((?:api[_-]?key|client[_-]?secret|webhook[_-]?secret|password)[\"']?\s*[=:]\s*[\"']?)[^\s\"',;&]{6,}"
        ),
        rf"\1{STRUCK}",
    ),
)


def redact(text: str) -> str:
    """The text with every secret-shaped part struck out."""
    for shape in SHAPES:
        text = shape.sub(STRUCK, text)
    for shape, instead in LABELLED:
        text = shape.sub(instead, text)
    return text


def redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: redacts every string in a log entry, also nested ones."""
    for key in list(event):
        event[key] = _deep(event[key], redact, DEEPEST)
    return event


def _deep(value: Any, change: Callable[[str], str], depth: int) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, bytes):
        return change(value.decode("utf-8", "replace"))
    if isinstance(value, bool | int | float) or value is None:
        return value
    if depth == 0 or isinstance(value, BaseException):
        return change(str(value))
    if isinstance(value, Mapping):
        return {k: _deep(v, change, depth - 1) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_deep(v, change, depth - 1) for v in value]
    return change(str(value))
