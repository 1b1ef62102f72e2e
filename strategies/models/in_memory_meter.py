"""A cap held in memory: the meter of `pennyfix resolve` and of the study, where no database keeps the ledger."""

from __future__ import annotations

import threading
from decimal import Decimal

from strategies.models.meter import Charge, OverBudget, Reservation
from strategies.models.price import usd


class CapMeter:
    """Keeps one cap in USD; `charges` is the bill in the order of settlement. Safe between threads."""

    def __init__(self, cap: Decimal, scope: str = "issue") -> None:
        self.cap = cap
        self.scope = scope
        self.charges: list[Charge] = []
        self._settled = Decimal(0)
        self._open: dict[str, Decimal] = {}
        self._number = 0
        self._lock = threading.Lock()

    @property
    def spent(self) -> Decimal:
        """USD settled so far; a charge of unknown cost counts with its worst case."""
        return self._settled

    def reserve(self, tier: str, model: str, purpose: str, worst_usd: Decimal) -> Reservation:
        del tier, model, purpose
        with self._lock:
            taken = self._settled + sum(self._open.values(), Decimal(0))
            if taken + worst_usd > self.cap:
                raise OverBudget(self.scope, self.cap, taken, worst_usd)
            self._number += 1
            reservation = Reservation(str(self._number), worst_usd)
            self._open[reservation.id] = worst_usd
            return reservation

    def settle(self, reservation: Reservation, charge: Charge) -> None:
        """Replace the reservation by the charge. Raises KeyError for one that is not open (a programming error)."""
        with self._lock:
            worst = self._open.pop(reservation.id)
            self._settled += worst if charge.usd is None else usd(charge.usd)
            self.charges.append(charge)

    def release(self, reservation: Reservation) -> None:
        """Give the reservation back. Raises KeyError for one that is not open (a programming error)."""
        with self._lock:
            del self._open[reservation.id]

    def left(self) -> Decimal:
        with self._lock:
            return max(self.cap - self._settled - sum(self._open.values(), Decimal(0)), Decimal(0))
