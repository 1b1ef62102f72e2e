"""What was tried, as rows for people: joins the loop's attempts with their cost. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from strategies.attempt import JudgedAttempt
from strategies.models.meter import Charge
from strategies.verdict import Judged, Rung
from workers.billing.bill import per_attempt

SHORT: dict[Judged, str] = {
    Judged.PASSED: "earned it",
    Judged.FAILED: "fell short",
    Judged.UNJUDGED: "could not be judged",
}


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One attempt. `usd` is None when it made no call. `why`, `diagnosis`, `feedback`, `note` are untrusted text."""

    number: int
    tier: str
    solver: str
    outcome: str
    rung: str
    why: str
    diagnosis: str
    feedback: str
    note: str
    files: tuple[str, ...]
    usd: Decimal | None


def attempt_rows(tried: Sequence[JudgedAttempt], charges: Sequence[Charge]) -> tuple[AttemptRow, ...]:
    """Rows in the order of the attempts; numbers start at 1, as in `Charge.attempt`."""
    costs = per_attempt(charges)
    return tuple(
        AttemptRow(
            number=number,
            tier=one.attempt.tier,
            solver=one.attempt.solver,
            outcome=SHORT[one.verdict.judged],
            rung=one.verdict.evidence.top.name.lower(),
            why=why(one),
            diagnosis=one.attempt.diagnosis,
            feedback=one.verdict.feedback,
            note=one.attempt.note,
            files=one.attempt.patch.paths,
            usd=costs.get(number),
        )
        for number, one in enumerate(tried, 1)
    )


def why(tried: JudgedAttempt) -> str:
    """One sentence on why the attempt ended as it did."""
    verdict, evidence = tried.verdict, tried.verdict.evidence
    if tried.attempt.error:
        return tried.attempt.error
    if verdict.judged is Judged.PASSED:
        return "Its evidence is what this repository asks for."
    if evidence.broken:
        count = len(evidence.broken)
        return f"{count} test{'s' if count > 1 else ''} that passed before did not pass any more."
    if evidence.reproduction is not None and not evidence.reproduction.passes:
        return "The test written from the issue still fails with this patch."
    if Rung.APPLIES not in evidence.rungs:
        return "The patch does not fit the base commit, or touches what it may not."
    if Rung.BUILDS not in evidence.rungs:
        return "The code does not parse or build with this patch."
    if evidence.notes:
        return evidence.notes[0]
    if verdict.judged is Judged.UNJUDGED:
        return "The tests could not be run, so nobody can tell."
    return "Its evidence is less than this repository asks for."
