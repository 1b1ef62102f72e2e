"""Asking once more after an answer got lost: every try is reserved and settled by itself, so no cap is overrun."""

from __future__ import annotations

from strategies.models.meter import Metered
from strategies.models.model import Completion, ModelUnavailable, Prompt

TRIES = 2


def ask(model: Metered, prompt: Prompt) -> Completion:
    """One metered answer; a lost one (perhaps charged) is asked for again under a new reservation.

    Raises OverBudget, ModelUnavailable or ModelRefused.
    """
    for left in reversed(range(TRIES)):
        try:
            return model.complete(prompt)
        except ModelUnavailable as error:
            if not (error.uncertain and left):
                raise
    raise AssertionError("unreachable")
