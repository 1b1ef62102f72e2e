"""How a job is to end, decided once and kept before anything is written outside.

It is stored as a step of the job. A run that finds one does not solve again: it only carries it out, and
everything in carrying out finds what is done already. So a crash after the decision costs no second call.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from workers.jobs.job import State

Files = Mapping[str, tuple[str, bytes] | None]
"""(mode, content) by path; None deletes."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What is to be seen on GitHub. `parent` is the commit it stands on, and `follow_up` that it adds to our branch."""

    issue: int
    branch: str
    base: str
    parent: str
    files: Files
    message: str
    title: str
    body: str
    draft: bool
    follow_up: bool = False


@dataclass(frozen=True, slots=True)
class JobEnding:
    """The job's final state, what the sticky comment says, the label, and what is published, if anything.

    `label` "" leaves none. `wanted_label` is the one that must still be on the issue when something is published.
    `check` is a check run's conclusion, `check_title` its words ("" for the usual ones). `evidence`, `tier` and
    `strategy` are one word each, for the outcome's row.
    `threads` are line comments of a review that are answered. `needed` is USD of the call that found no room,
    `strong_only` USD that the strong model alone would have cost (an estimate); both None for none.
    `diff` is what is published, for the comment where it cannot be.
    `quiet`: say it only where a comment is there already. Made by the functions of `workers.pipeline.endings`.
    """

    state: State
    reason: str
    headline: str
    text: str
    label: str = ""
    quiet: bool = False
    publication: Publication | None = None
    wanted_label: str = ""
    threads: tuple[int, ...] = ()
    check: str = ""
    evidence: str = ""
    tier: str = ""
    strategy: str = ""
    needed: Decimal | None = None
    strong_only: Decimal | None = None
    check_title: str = ""
    diff: str = ""


def to_facts(s: JobEnding) -> dict[str, Any]:
    """JSON-able."""
    facts: dict[str, Any] = {name: getattr(s, name) for name in _PLAIN}
    facts |= {name: "" if (usd := getattr(s, name)) is None else str(usd) for name in _MONEY}
    facts["state"] = s.state.value
    facts["threads"] = list(s.threads)
    p = s.publication
    if p is not None:
        facts["publication"] = {
            **{name: getattr(p, name) for name in _PUBLICATION},
            "files": {path: None if c is None else [c[0], _pack(c[1])] for path, c in p.files.items()},
        }
    return facts


def from_facts(facts: dict[str, Any]) -> JobEnding:
    """The inverse of `to_facts`."""
    raw = facts.get("publication")
    publication = None
    if raw is not None:
        files: Files = {path: None if c is None else (c[0], _unpack(c[1])) for path, c in raw["files"].items()}
        publication = Publication(files=files, **{name: raw[name] for name in _PUBLICATION})
    plain = {name: facts.get(name, "") for name in _PLAIN}
    money: dict[str, Any] = {name: Decimal(facts[name]) if facts.get(name) else None for name in _MONEY}
    state, threads = State(facts["state"]), tuple(facts["threads"])
    return JobEnding(**plain, **money, state=state, threads=threads, publication=publication)


_PLAIN = (
    "reason",
    "headline",
    "text",
    "label",
    "quiet",
    "wanted_label",
    "check",
    "check_title",
    "evidence",
    "tier",
    "strategy",
    "diff",
)
_MONEY = ("needed", "strong_only")  # text in the facts, "" for none
_PUBLICATION = ("issue", "branch", "base", "parent", "message", "title", "body", "draft", "follow_up")


def _pack(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content)).decode("ascii")


def _unpack(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))
