"""One job's money as a run sees it: the meter, what is left, what was charged, and the repository's month."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from strategies.models.meter import Charge, OverBudget, Reservation
from strategies.models.usage import Usage
from workers.billing import budgets, totals
from workers.billing.bill import Month
from workers.billing.ledger import Caps, SpendingStopped
from workers.billing.ledger_meter import LedgerMeter, Stopped, price_from_json
from workers.billing.policy import BudgetLimits
from workers.db.database import Database
from workers.db.tables import ChargeRow, JobRow
from workers.jobs.job import Job, Lease
from workers.months import month_of


class JobAccount:
    """The money of one job. Implements `strategies.models.meter.Meter` by the ledger, and notices the kill switch."""

    def __init__(
        self, database: Database, job: Job, lease: Lease, limits: BudgetLimits, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._job = job
        self._limits = limits
        self._clock = clock
        self._meter = LedgerMeter(database, job, lease, self._caps, clock)
        self._stopped: Stopped | None = None
        self.needed: Decimal | None = None
        """USD of the last call that found no room."""
        self.full = ""
        """Whose money it was: the scope of that call's cap, "repository" for its month."""

    def _caps(self) -> Caps:
        with self._database.read() as session:
            return budgets.caps_of(session, self._job.repository_id, self._limits)

    # -- the meter -------------------------------------------------------------------------------------------

    def reserve(self, tier: str, model: str, purpose: str, worst_usd: Decimal) -> Reservation:
        """Set money aside. Raises OverBudget or LeaseLost."""
        try:
            return self._meter.reserve(tier, model, purpose, worst_usd)
        except Stopped as error:
            self._stopped = error
            raise
        except OverBudget as error:
            self.needed = error.needed
            self.full = error.scope
            raise

    def settle(self, reservation: Reservation, charge: Charge) -> None:
        """Book what a call cost."""
        self._meter.settle(reservation, charge)

    def release(self, reservation: Reservation) -> None:
        """Give money back."""
        self._meter.release(reservation)

    def left(self) -> Decimal:
        """USD under the tightest cap."""
        return self._meter.left()

    def raise_if_stopped(self) -> None:
        """Raises SpendingStopped when the operator's switch, not a cap, ended the spending."""
        if self._stopped is not None:
            raise SpendingStopped("the operator", str(self._stopped))

    # -- the bill --------------------------------------------------------------------------------------------

    def charges(self) -> tuple[Charge, ...]:
        """Every call of this job, also those of a run that crashed, oldest first."""
        query = select(ChargeRow).where(ChargeRow.job_id == self._job.id).order_by(ChargeRow.id)
        with self._database.read() as session:
            return tuple(_charge(r) for r in session.scalars(query))

    def earlier(self, branch: str) -> tuple[Charge, ...]:
        """Every call of the other jobs that worked on this branch, oldest first: the pull request's bill so far."""
        others = select(JobRow.id).where(
            JobRow.repository_id == self._job.repository_id, JobRow.branch == branch, JobRow.id != self._job.id
        )
        query = select(ChargeRow).where(ChargeRow.job_id.in_(others)).order_by(ChargeRow.id)
        with self._database.read() as session:
            return tuple(_charge(r) for r in session.scalars(query))

    def month(self) -> Month:
        """The repository's month so far."""
        month = month_of(self._clock())
        wanted = totals.scopes(self._job.installation_id, self._job.repository_id, 0, month)
        with self._database.read() as session:
            budget = budgets.budget_of(session, self._job.repository_id, self._limits)
            total = totals.read(session, wanted).get("repository", totals.Total())
        return Month(total.spent, budget.month, total.reserved)


def _charge(r: ChargeRow) -> Charge:
    return Charge(
        tier=r.tier,
        model=r.model,
        purpose=r.purpose,
        attempt=r.attempt,
        usage=Usage(r.input_tokens, r.cached_tokens, r.output_tokens, r.cache_write_tokens),
        usd=r.usd,
        worst_usd=r.worst,
        price=price_from_json(r.price),
        seconds=r.milliseconds / 1000,
        error=r.error,
    )
