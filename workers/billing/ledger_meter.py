"""The production meter: a job's model calls go through the ledger. Implements `strategies.models.meter.Meter`.

Its clock is passed in; each step is one short transaction, and no transaction is open while a model answers.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from strategies.models.meter import Charge, OverBudget, Reservation
from strategies.models.price import Price
from workers.billing import ledger, ledger_transactions, totals
from workers.billing.ledger import CapReached, Caps, Cost, Payer, SpendingStopped
from workers.db.database import Database
from workers.jobs.job import Job, Lease
from workers.months import month_of


class Stopped(OverBudget):
    """The operator stopped all spending; no cap is at fault."""

    def __init__(self, reason: str, needed: Decimal) -> None:
        super().__init__("operator's", Decimal(0), Decimal(0), needed)
        self.args = (f"no call may start: {reason}",)


class LedgerMeter:
    """One job's money. `caps` is asked at every call, so that a raise or a cut takes effect at once.

    `reserve` raises OverBudget, or LeaseLost when the job is somebody else's by now.
    """

    def __init__(
        self,
        database: Database,
        job: Job,
        lease: Lease,
        caps: Caps | Callable[[], Caps],
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._account = Payer(
            job.id, job.installation_id, job.repository_id, job.issue, owner=lease.owner, fence=lease.fence
        )
        self._caps = caps
        self._clock = clock

    @property
    def caps(self) -> Caps:
        """The caps in force now."""
        return self._caps() if callable(self._caps) else self._caps

    def reserve(self, tier: str, model: str, purpose: str, worst_usd: Decimal) -> Reservation:
        caps = self.caps
        try:
            reserved = ledger_transactions.reserve(
                self._database,
                self._account,
                caps,
                tier=tier,
                model=model,
                purpose=purpose,
                worst=worst_usd,
                now=self._clock(),
            )
        except CapReached as error:
            raise OverBudget(error.scope, error.cap, error.spent, error.needed) from error
        except SpendingStopped as error:
            raise Stopped(str(error), worst_usd) from error
        return Reservation(reserved.id, reserved.usd)

    def settle(self, reservation: Reservation, charge: Charge) -> None:
        usage = charge.usage
        cost = Cost(
            usd=charge.usd,
            attempt=charge.attempt,
            input_tokens=usage.input_tokens,
            cached_tokens=usage.cached_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            output_tokens=usage.output_tokens,
            price=price_json(charge.price),
            seconds=charge.seconds,
            error=charge.error,
        )
        ledger_transactions.settle(self._database, reservation.id, cost, now=self._clock())

    def release(self, reservation: Reservation) -> None:
        ledger_transactions.release(self._database, reservation.id)

    def left(self) -> Decimal:
        account = self._account
        month = month_of(self._clock())
        wanted = totals.scopes(account.installation_id, account.repository_id, account.issue, month)
        caps = self.caps
        with self._database.read() as session:
            room = ledger.left_under(caps, totals.read(session, wanted))
        if room is None:
            raise ValueError("a job has at least its issue's cap")
        return room


def price_json(price: Price) -> dict[str, Any]:
    """A price for the record: USD per million tokens as text, what is not set left out."""
    kept: dict[str, Any] = {"input": str(price.input), "output": str(price.output)}
    if price.cached_input is not None:
        kept["cached_input"] = str(price.cached_input)
    if price.cache_write is not None:
        kept["cache_write"] = str(price.cache_write)
    if price.above is not None and price.above_tokens is not None:
        kept["above_tokens"] = price.above_tokens
        kept["above"] = price_json(price.above)
    return kept


def price_from_json(kept: dict[str, Any]) -> Price:
    """The price that `price_json` wrote; zero where a purge left none."""
    above = kept.get("above")
    return Price(
        input=Decimal(kept.get("input", "0")),
        output=Decimal(kept.get("output", "0")),
        cached_input=Decimal(kept["cached_input"]) if "cached_input" in kept else None,
        cache_write=Decimal(kept["cache_write"]) if "cache_write" in kept else None,
        above_tokens=kept.get("above_tokens"),
        above=None if above is None else price_from_json(above),
    )
