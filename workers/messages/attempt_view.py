"""One attempt as people see it: on the pull request, on the job's page, in its JSON and on the command line.

All four are made from `AttemptView`, so that they cannot differ. A view is made either from the attempts of a running
job (`workers.messages.judged_attempts`), or from what the database kept of them. Pure, and without an import of
`strategies`: the pages of the receiver show it too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from workers.db.tables import AttemptRow

OUTCOMES = {"passed": "earned it", "failed": "fell short", "unjudged": "could not be judged"}
"""In words, each value of `strategies.verdict.Judged`."""


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One attempt. `verdict` is a value of `strategies.verdict.Judged`, `evidence` is `Evidence.json()` with its
    `notes`; `usd` is the cost of its solving calls (unknown ones at their worst case), None when it made none.

    `error`, `explanation` and `strategy_note` are untrusted text. Only a running job fills `strategy_note` and
    `files`, only the database `strategy`, `model`, `diff` and `chosen` (it is what the job came to).
    """

    number: int
    tier: str
    solver: str
    verdict: str
    evidence: Mapping[str, Any]
    explanation: str
    error: str
    usd: Decimal | None
    strategy_note: str = ""
    files: tuple[str, ...] = ()
    strategy: str = ""
    model: str = ""
    diff: str = ""
    chosen: bool = False

    @property
    def outcome(self) -> str:
        """The verdict in words."""
        return OUTCOMES.get(self.verdict, self.verdict)

    @property
    def rung(self) -> str:
        """The highest rung of evidence, in lower case; "none" when nothing was earned."""
        return str(self.evidence.get("rung") or "none")

    @property
    def note(self) -> str:
        """The model's explanation, or the strategy's note when the model gave none."""
        return self.explanation or self.strategy_note

    @property
    def why(self) -> str:
        """One sentence on why the attempt ended as it did. Untrusted text."""
        return why_it_ended(self.verdict, self.evidence, self.error)


def views_of_rows(rows: Sequence[AttemptRow], costs: Mapping[int, Decimal]) -> tuple[AttemptView, ...]:
    """Views of stored attempts. `costs`: USD by attempt number, counted as `workers.billing.bill.per_attempt` does."""
    return tuple(
        AttemptView(
            number=row.number,
            tier=row.tier,
            solver=row.solver,
            verdict=row.verdict,
            evidence=row.evidence,
            explanation=row.note,
            error=row.error,
            usd=costs.get(row.number),
            strategy=row.strategy,
            model=row.model,
            diff=row.diff,
            chosen=row.chosen,
        )
        for row in rows
    )


def attempt_json(view: AttemptView) -> dict[str, Any]:
    """The attempt as JSON-able values, the same in the job's record and on the command line; `usd` is text."""
    return {
        "number": view.number,
        "tier": view.tier,
        "solver": view.solver,
        "strategy": view.strategy,
        "model": view.model,
        "verdict": view.verdict,
        "outcome": view.outcome,
        "rung": view.rung,
        "why": view.why,
        "usd": None if view.usd is None else str(view.usd),
        "chosen": view.chosen,
        "evidence": dict(view.evidence),
        "diff": view.diff,
        "note": view.note,
        "error": view.error,
    }


def why_it_ended(verdict: str, evidence: Mapping[str, Any], error: str) -> str:
    """One sentence on why an attempt ended as it did. `evidence` is `Evidence.json()` with its `notes`.

    An attempt that earned nothing ended by its `error`; for all others the evidence says it.
    """
    rungs = evidence.get("rungs") or ()
    broken = len(evidence.get("broken") or ())
    asks, doubts = len(evidence.get("asks") or ()), len(evidence.get("doubts") or ())
    rejected = bool(evidence.get("reproduction")) and not evidence.get("reproduction_passes")
    notes = evidence.get("notes") or ()
    rules = (
        (verdict == "passed" and doubts > 0, "Its evidence is what this repository asks for, but there are doubts."),
        (verdict == "passed", "Its evidence is what this repository asks for."),
        (bool(error) and not rungs, error),
        (asks > 0, f"It resolves the issue and asks about {asks} test{'s' if asks > 1 else ''} that passed before."),
        (broken > 0, f"{broken} test{'s' if broken > 1 else ''} that passed before did not pass any more."),
        (
            rejected and "regression" in rungs,
            "The test written from the issue still fails with this patch; every test that passed before still passes.",
        ),
        (rejected, "The test written from the issue still fails with this patch."),
        ("applies" not in rungs, "The patch does not fit the base commit, or touches what it may not."),
        ("builds" not in rungs, "The code does not parse or build with this patch."),
        (bool(notes), str(notes[0]) if notes else ""),
        (verdict == "unjudged", "The tests could not be run, so nobody can tell."),
    )
    return next((text for holds, text in rules if holds), "Its evidence is less than this repository asks for.")
