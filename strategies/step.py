"""One line of what is happening, for the sticky comment, the terminal and the job page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Step:
    """`kind` is a stable word (checkout, environment, baseline, attempt, verdict, escalate, decision …);
    `text` a sentence for people; `facts` its numbers, JSON-able, for the record."""

    kind: str
    text: str
    facts: Mapping[str, object] = field(default_factory=dict)
