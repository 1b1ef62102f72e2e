"""What the hidden block of a pull request says of its job: all that is needed to reproduce or audit it. Pure.

It is JSON in an HTML comment. Only what Pennyfix itself says goes in, and it cannot end the comment early: `<`, `>`,
`&` and `-` are written as escapes, which JSON reads back unchanged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from strategies.attempt import JudgedAttempt
from strategies.resolution import Resolution
from workers.billing.bill import Bill
from workers.jobs.versions import Versions

SCHEMA = 1
LONGEST = 12_000
"""Characters; lists (of test ids, attempts) are shortened until the block fits."""

_OPEN = "<!-- pennyfix-record "
_CLOSE = " -->"
_BLOCK = re.compile(re.escape(_OPEN) + r"([^\n<>]*?)" + re.escape(_CLOSE))
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "-": "\\u002d"}


def job_record(
    *, job: int, issue: int, base_commit: str, versions: Versions, resolution: Resolution, bill: Bill
) -> dict[str, Any]:
    """The block's content, JSON-able; amounts are text in USD."""
    chosen = resolution.chosen
    return {
        "schema": SCHEMA,
        **versions.json(),
        "job": job,
        "issue": issue,
        "base_commit": base_commit,
        "ending": resolution.ending.value,
        "patch": resolution.patch.digest,
        "evidence": chosen.verdict.evidence.json() if chosen else None,
        "attempts": [_attempt(t) for t in resolution.attempts],
        "bill": bill_json(bill),
        "total_usd": str(bill.total),
        "strong_only_usd": str(bill.strong_only.usd) if bill.strong_only else None,
    }


def bill_json(bill: Bill) -> list[dict[str, Any]]:
    """The bill's rows."""
    return [
        {
            "tier": r.tier,
            "model": r.model,
            "calls": r.calls,
            "unknown": r.unknown,
            "input": r.usage.input_tokens,
            "cached": r.usage.cached_tokens,
            "cache_write": r.usage.cache_write_tokens,
            "output": r.usage.output_tokens,
            "usd": str(r.usd),
        }
        for r in bill.rows
    ]


def _attempt(tried: JudgedAttempt) -> dict[str, Any]:
    return {
        "tier": tried.attempt.tier,
        "solver": tried.attempt.solver,
        "judged": tried.verdict.judged.value,
        "rung": tried.verdict.evidence.top.name.lower(),
        "patch": tried.attempt.patch.digest,
    }


def hidden(content: Mapping[str, Any]) -> str:
    """The block as text for a pull request body, at most about `LONGEST` characters."""
    for keep in (200, 20):
        text = hide(_shortened(content, keep))
        if len(text) <= LONGEST:
            return text
    return hide(_shortened(content, 0))


def _shortened(value: Any, keep: int) -> Any:
    if isinstance(value, Mapping):
        return {k: _shortened(v, keep) for k, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        cut = [_shortened(v, keep) for v in value[:keep]]
        return cut if len(value) <= keep else [*cut, f"and {len(value) - keep} more"]
    return value


def hide(record: Mapping[str, Any]) -> str:
    """`record` (JSON-able; money as text) as a comment that GitHub does not show."""
    text = json.dumps(record, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return _OPEN + "".join(_ESCAPED.get(character, character) for character in text) + _CLOSE


def find(body: str) -> dict[str, Any] | None:
    """The last record hidden in a text, or None if there is none that can be read."""
    for block in reversed(_BLOCK.findall(body)):
        try:
            record = json.loads(block)
        except ValueError:
            continue
        if isinstance(record, dict):
            return record
    return None
