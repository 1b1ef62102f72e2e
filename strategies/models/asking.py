"""Asking once more after an answer got lost or was spent on thoughts: every try is reserved and settled by itself, so
no cap is overrun."""

from __future__ import annotations

from dataclasses import replace

from strategies.models.meter import Metered
from strategies.models.model import Completion, ModelUnavailable, Prompt

TRIES = 2


def _thought_only(completion: Completion) -> bool:
    return completion.finish == "length" and not completion.text.strip() and not completion.tool_calls


def ask(model: Metered, prompt: Prompt) -> Completion:
    """One metered answer; a lost one (perhaps charged) is asked for again under a new reservation. So is, once and with
    all the room that there is, one that is empty because a short limit went into thoughts.

    Raises OverBudget, ModelUnavailable or ModelRefused.
    """
    for left in reversed(range(TRIES)):
        try:
            completion = model.complete(prompt)
        except ModelUnavailable as error:
            if not (error.uncertain and left):
                raise
            continue
        if not (left and _thought_only(completion) and model.room(prompt) < model.model.max_output_tokens):
            return completion
        prompt = replace(prompt, max_output_tokens=None)
    raise AssertionError("unreachable")
