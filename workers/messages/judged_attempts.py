"""The attempts of a running job as `AttemptView`s: joins what the strategies' loop judged with what it cost. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from strategies.attempt import JudgedAttempt
from strategies.models.meter import Charge
from workers.billing.bill import per_attempt
from workers.messages.attempt_view import AttemptView


def views_of_judged(tried: Sequence[JudgedAttempt], charges: Sequence[Charge]) -> tuple[AttemptView, ...]:
    """Views of a running job's attempts, in order; numbers start at 1, as in `Charge.attempt`."""
    costs = per_attempt(charges)
    return tuple(
        AttemptView(
            number=number,
            tier=judged.attempt.tier,
            solver=judged.attempt.solver,
            verdict=judged.verdict.judged.value,
            evidence={**judged.verdict.evidence.json(), "notes": list(judged.verdict.evidence.notes)},
            explanation=judged.attempt.diagnosis,
            error=judged.attempt.error or judged.verdict.feedback,
            usd=costs.get(number),
            strategy_note=judged.attempt.note,
            files=judged.attempt.patch.paths,
        )
        for number, judged in enumerate(tried, 1)
    )
