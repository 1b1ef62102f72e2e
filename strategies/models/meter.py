"""Money is reserved before a call and settled after it. `Metered` is the only model a strategy ever holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

from strategies.models.model import Completion, Model, ModelError, ModelUnavailable, Prompt, QuotaExhausted
from strategies.models.price import Price
from strategies.models.usage import ReportedUsage, Usage


class OverBudget(Exception):
    """A reservation would overrun a cap; nothing was called and nothing reserved. Amounts in USD."""

    def __init__(self, scope: str, cap: Decimal, spent: Decimal, needed: Decimal) -> None:
        super().__init__(
            f"the {scope} budget of ${cap} has ${max(cap - spent, Decimal(0))} left; this call may need ${needed}"
        )
        self.scope = scope
        self.cap = cap
        self.spent = spent
        self.needed = needed


@dataclass(frozen=True, slots=True)
class Charge:
    """One model call on the bill. `usd` None means the cost is unknown (which is not zero); `worst_usd` was reserved.

    `price` is what was in force, so that a later price change leaves the bill alone.
    """

    tier: str
    model: str
    purpose: str
    attempt: int
    usage: Usage
    usd: Decimal | None
    worst_usd: Decimal
    price: Price
    seconds: float
    error: str = ""


@dataclass(frozen=True, slots=True)
class Reservation:
    """Money set aside for one call, in USD."""

    id: str
    usd: Decimal


class Meter(Protocol):
    """Where the money is: the ledger in production, an in-memory cap for local runs and the study."""

    def reserve(self, tier: str, model: str, purpose: str, worst_usd: Decimal) -> Reservation:
        """Set `worst_usd` aside under every cap at once. Raises OverBudget."""

    def settle(self, reservation: Reservation, charge: Charge) -> None:
        """Replace the reservation by what the call cost. An unknown cost counts as the reservation's worst case."""

    def release(self, reservation: Reservation) -> None:
        """Give the reservation back: the call was certainly not charged for."""

    def left(self) -> Decimal:
        """USD that may still be spent on this issue, the tightest of all caps, reservations deducted."""


class Metered:
    """A model that reserves before, settles after, and cannot be called any other way.

    While it does not answer or has no credit, `fallbacks` are asked in order, each under a reservation of its own and
    on the bill by its own name and price.
    """

    def __init__(self, model: Model, meter: Meter, tier: str, fallbacks: Sequence[Model] = ()) -> None:
        self.model = model
        self.fallbacks = tuple(fallbacks)
        self.meter = meter
        self.tier = tier
        self.attempt = 0

    @property
    def name(self) -> str:
        return self.model.name

    def worst(self, prompt: Prompt) -> Decimal:
        """USD that this prompt can cost at most."""
        return self.model.price.worst(self.model.count(prompt), self.room(prompt))

    def room(self, prompt: Prompt) -> int:
        """Output tokens that the answer may have."""
        return _room(self.model, prompt)

    def complete(self, prompt: Prompt) -> Completion:
        """One metered answer. Raises OverBudget before, or ModelError after, the call."""
        able = [m for m in self.fallbacks if m.supports_tools or not prompt.tools]
        try:
            return self._complete(self.model, prompt)
        except (ModelUnavailable, QuotaExhausted):
            for place, fallback in enumerate(able, 1):
                try:
                    return self._complete(fallback, prompt)
                except ModelError:
                    if place == len(able):
                        break
            raise

    def _complete(self, model: Model, prompt: Prompt) -> Completion:
        prompt = replace(prompt, max_output_tokens=_room(model, prompt))
        worst = model.price.worst(model.count(prompt), prompt.max_output_tokens or 0)
        reservation = self.meter.reserve(self.tier, model.name, prompt.purpose, worst)
        charge = Charge(
            tier=self.tier,
            model=model.name,
            purpose=prompt.purpose,
            attempt=self.attempt,
            usage=Usage(),
            usd=None,
            worst_usd=worst,
            price=model.price,
            seconds=0.0,
        )
        try:
            completion = model.complete(prompt)
        except ModelError as error:
            if error.uncertain:
                self.meter.settle(reservation, replace(_charged(charge, error.reported), error=str(error)))
            else:
                self.meter.release(reservation)
            raise
        except BaseException as error:  # broken off from our side: what was made until then is charged
            self.meter.settle(reservation, replace(charge, error=type(error).__name__))
            raise
        reported = completion.reported
        if reported is None and completion.usage is not None:
            reported = ReportedUsage(completion.usage)
        self.meter.settle(reservation, replace(_charged(charge, reported), seconds=completion.seconds))
        return completion


def _room(model: Model, prompt: Prompt) -> int:
    """Output tokens of an answer: the thoughts of a model that thinks come beside what is asked for."""
    most = model.max_output_tokens
    thoughts: int = getattr(model, "thinking_tokens", 0)
    return min(prompt.max_output_tokens + thoughts, most) if prompt.max_output_tokens else most


def _charged(charge: Charge, reported: ReportedUsage | None) -> Charge:
    """The charge for what a provider reports; of unknown cost without a report. Its price is the one that applied."""
    if reported is None:
        return charge
    price, _, _ = charge.price.served(reported)
    return replace(charge, usage=reported.usage, usd=charge.price.bill(reported, charge.worst_usd), price=price)
