"""Takes secrets out of text that leaves the process: logs, comments, stored errors. By shape, and the configured ones
(`know_secrets`) by value too, for a provider may echo a key that looks like nothing.

Installation tokens have grown to `ghs_` and about 520 characters with dots. The shapes are wide on purpose:
a word too many struck out costs nothing.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any
from urllib.parse import quote, quote_plus

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
    re.compile(r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"),  # AWS key ids
    re.compile(r"\bABSK[A-Za-z0-9+/=]{40,}"),  # AWS Bedrock
    re.compile(r"\bnpm_[A-Za-z0-9]{30,}"),
    re.compile(r"\bpypi-[A-Za-z0-9_-]{16,}"),
    re.compile(r"\bgl(?:pat|dt|rtr?|cbt|ptt|ft|imt|agent|soat|oas|ffct|wt)-[A-Za-z0-9_.-]{16,}"),  # GitLab
    re.compile(r"\bx(?:ox[a-z]|app)-[A-Za-z0-9-]{10,}"),  # Slack
    re.compile(r"\bhooks\.slack\.com/services/[A-Za-z0-9/_-]{20,}"),
    re.compile(r"\b[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{26}\b"),  # Azure AI (84 characters)
    re.compile(r"\b[A-Za-z0-9+/_-]{30,48}(?:AzFu|AzCa|AzSe|ACRr|ACDb|AIoT|ASt|APIM)[A-Za-z0-9+/_=-]{4,12}"),  # Azure
    re.compile(r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"),  # Stripe
    re.compile(r"\b(?:dop|doo|dor)_v1_[a-f0-9]{40,}"),  # DigitalOcean
    re.compile(r"\bdckr_pat_[A-Za-z0-9_-]{20,}"),  # Docker Hub
    re.compile(
        r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"
    ),  # JSON web tokens (the App's own)
)
LABELLED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(bearer|basic|token)(\s+)[A-Za-z0-9._~+/=-]{16,}"), rf"\1\2{STRUCK}"),
    (re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s/:@]*):[^\s/@]+@"), rf"\1:{STRUCK}@"),  # a password in a URL
    (re.compile(r"(?i)(\b(?:https?|git)://)(?!git@)[^\s/:@?#]{6,}@"), rf"\1{STRUCK}@"),  # a token as a URL's user
    (
        re.compile(
            r"(?i)((?:api[_-]?key|(?:aws_?)?secret[_-]?(?:access[_-]?)?key|account[_-]?key|subscription[_-]?key"
            r"|(?:mistral|azure|cohere|together)[a-z0-9_]*_key|(?:auth|access)[_-]?token|_auth|client[_-]?secret"
            r"|webhook[_-]?secret|shared[_-]?access[_-]?signature|\bsig|password)[\"']?\s*[=:]\s*[\"']?)"
            r"(?!(?:bearer|basic|token)\s)[^\s\"',;&\[]{6,}"
        ),
        rf"\1{STRUCK}",
    ),
)


SHORTEST_KNOWN = 8
"""Characters; a shorter configured secret would strike ordinary words."""


class KnownSecrets:
    """Configured secrets by value, each also as it looks in a URL, in JSON, in `repr` and in base64."""

    def __init__(self) -> None:
        self._pattern: re.Pattern[str] | None = None
        self._values: frozenset[str] = frozenset()

    def add(self, values: Iterable[str]) -> None:
        """Strike these from now on; those known stay known, as when a key is changed while it is in use."""
        strings = {v.strip() for v in values if len(v.strip()) >= SHORTEST_KNOWN}
        self._values |= {form for v in strings for form in _written(v)}
        forms = sorted(self._values, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, forms))) if forms else None

    def strike(self, text: str) -> str:
        """The text without them."""
        return self._pattern.sub(STRUCK, text) if self._pattern is not None else text


def _written(value: str) -> set[str]:
    encoded = base64.b64encode(value.encode()).decode()
    forms = {value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1], repr(value)[1:-1], encoded}
    return forms | {encoded.rstrip("=")}


_KNOWN = KnownSecrets()
know_secrets = _KNOWN.add
"""Called once per process with every configured secret, when settings are read."""


def redact(text: str) -> str:
    """The text with every configured secret and every secret-shaped part struck out."""
    text = _KNOWN.strike(text)
    for shape in SHAPES:
        text = shape.sub(STRUCK, text)
    for shape, instead in LABELLED:
        text = shape.sub(instead, text)
    return text


def redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: redacts every string in a log entry, also nested ones."""
    for key in list(event):
        event[key] = _deep(event[key], DEEPEST)
    return event


def _deep(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, bytes):
        return redact(value.decode("utf-8", "replace"))
    if isinstance(value, bool | int | float) or value is None:
        return value
    if depth == 0 or isinstance(value, BaseException):
        return redact(str(value))
    if isinstance(value, Mapping):
        return {k: _deep(v, depth - 1) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_deep(v, depth - 1) for v in value]
    return redact(str(value))
