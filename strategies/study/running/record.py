"""The record of one issue under one strategy: what exactly produced the result, and what it cost.

One JSON object a line, appended whole; a line that a kill cut short is no record and is done again.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from strategies.attempt import JudgedAttempt
from strategies.models.meter import Charge
from strategies.resolution import Resolution
from strategies.study.tasks.hidden import HiddenResult
from strategies.study.tasks.task import TaskError

FILE = "records.jsonl"
DIFF = 40_000


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """The part of a line that figures are made from. `usd` None: the cost of a call is unknown."""

    task: str
    strategy: str
    resolved: bool | None
    usd: Decimal | None
    setting: Mapping[str, Any]
    row: Mapping[str, Any]


def record_row(
    task: str,
    strategy: str,
    setting: Mapping[str, Any],
    resolution: Resolution,
    charges: Sequence[Charge],
    hidden: HiddenResult,
    diff: str,
    seconds: float,
) -> dict[str, Any]:
    """One record as a row for the file; amounts are USD as text, `seconds` wall-clock time."""
    known = [c.usd for c in charges if c.usd is not None]
    chosen = resolution.chosen
    return {
        "instance_id": task,
        "strategy": strategy,
        "resolved": hidden.resolved,
        "hidden": {"why": hidden.why, "failed": list(hidden.failed)},
        "ending": str(resolution.ending),
        "reason": resolution.reason,
        "accepted_tier": chosen.attempt.tier if chosen else None,
        "verdict": _verdict(chosen) if chosen else None,
        "usd": str(sum(known, Decimal(0))) if len(known) == len(charges) else None,
        "calls": [_call(c) for c in charges],
        "tried": [
            {"tier": t.attempt.tier, "solver": t.attempt.solver, "note": t.attempt.note, "error": t.attempt.error}
            | _verdict(t)
            for t in resolution.attempts
        ],
        "setting": dict(setting),
        "diff": diff[:DIFF],
        "seconds": round(seconds, 2),
    }


def _call(c: Charge) -> dict[str, Any]:
    return {
        "tier": c.tier,
        "model": c.model,
        "purpose": c.purpose,
        "attempt": c.attempt,
        "usage": asdict(c.usage),
        "usd": None if c.usd is None else str(c.usd),
        "seconds": round(c.seconds, 2),
        "error": c.error,
    }


def _verdict(t: JudgedAttempt) -> dict[str, Any]:
    e = t.verdict.evidence
    return {
        "judged": str(t.verdict.judged),
        "rungs": [r.name.lower() for r in sorted(e.rungs)],
        "before": None if e.before is None else asdict(e.before),
        "after": None if e.after is None else asdict(e.after),
        "broken": list(e.broken[:20]),
        "flaky": list(e.flaky[:20]),
        "reproduction": None if e.reproduction is None else e.reproduction.passes,
        "notes": list(e.notes[:10]),
    }


def read_records(folder: Path) -> tuple[StudyRecord, ...]:
    """The records of a study's folder. Raises TaskError when there are none."""
    found = recorded(folder)
    if not found:
        raise TaskError(f"{folder} holds no records; `pennyfix study run` writes them there (--out)")
    return found


def recorded(folder: Path) -> tuple[StudyRecord, ...]:
    """The last record of each (task, strategy), as many as there are."""
    path = folder / FILE
    found: dict[tuple[str, str], StudyRecord] = {}
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            row = json.loads(line)
        except ValueError:
            continue  # cut short by a kill
        usd = None if row["usd"] is None else Decimal(row["usd"])
        record = StudyRecord(row["instance_id"], row["strategy"], row["resolved"], usd, row["setting"], row)
        found[record.task, record.strategy] = record
    return tuple(found.values())


class Records:
    """Appends records, each in one write that is on disk before it counts. Safe between threads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / FILE
        whole = not path.exists() or not path.stat().st_size or path.read_bytes().endswith(b"\n")
        self._file = path.open("ab")
        self._lock = threading.Lock()
        if not whole:
            self._file.write(b"\n")

    def append(self, row: Mapping[str, Any]) -> None:
        """Append one record and flush it to disk."""
        line = json.dumps(row, ensure_ascii=True, default=str).encode() + b"\n"
        with self._lock:
            self._file.write(line)
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()
