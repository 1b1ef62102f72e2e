"""A part of another meter's money, for a side job that may not eat up what the issue has."""

from __future__ import annotations

from decimal import Decimal

from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import Charge, Meter, Reservation


class ShareMeter:
    """At most `cap` USD of what `whole` has; every charge is one of `whole`'s. Keeps the `Meter` protocol."""

    def __init__(self, whole: Meter, cap: Decimal, scope: str) -> None:
        self._whole = whole
        self._part = CapMeter(cap, scope)
        self._pairs: dict[str, Reservation] = {}

    def reserve(self, tier: str, model: str, purpose: str, worst_usd: Decimal) -> Reservation:
        """Under the part's cap and under all of the whole's. Raises OverBudget."""
        part = self._part.reserve(tier, model, purpose, worst_usd)
        try:
            reservation = self._whole.reserve(tier, model, purpose, worst_usd)
        except BaseException:
            self._part.release(part)
            raise
        self._pairs[reservation.id] = part
        return reservation

    def settle(self, reservation: Reservation, charge: Charge) -> None:
        self._part.settle(self._pairs.pop(reservation.id), charge)
        self._whole.settle(reservation, charge)

    def release(self, reservation: Reservation) -> None:
        self._part.release(self._pairs.pop(reservation.id))
        self._whole.release(reservation)

    def left(self) -> Decimal:
        return min(self._part.left(), self._whole.left())
