"""A worker that only spends: leases real jobs, reserves and settles, and is killed at random by its own hand.

Run in its own process. The test sets its clock, so that a month can be crossed in seconds.
"""

from __future__ import annotations

import os
import random
import signal
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from multiprocessing.context import BaseContext

from workers.billing import budgets, ledger, ledger_transactions
from workers.billing.policy import BudgetLimits
from workers.db.database import Database, open_database
from workers.jobs import queue
from workers.jobs.job import Job, Lease, LeaseLost, State

TTL = timedelta(minutes=20)


class SharedClock:
    """The time that the test says it is, the same in all processes. `stopped` ends their work."""

    def __init__(self, context: BaseContext, begin: datetime) -> None:
        self._now = context.RawValue("d", begin.timestamp())
        self._stopped = context.RawValue("b", 0)

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self._now.value, UTC)

    def set(self, now: datetime) -> None:
        """Only the test does this."""
        self._now.value = now.timestamp()

    def stop(self) -> None:
        """No new job is begun."""
        self._stopped.value = 1

    @property
    def stopped(self) -> bool:
        return bool(self._stopped.value)


def spend(url: str, seed: int, clock: SharedClock, limits: BudgetLimits) -> None:
    """Work until the clock is stopped; SIGKILL itself now and then, at the worst moments."""
    dice = random.Random(seed)
    database = open_database(url)
    owner = f"spender-{seed}"
    while not clock.stopped:
        with database.begin() as session:
            leased = queue.lease_next(session, owner, TTL, clock())
        if leased is None:
            time.sleep(0.02)
            continue
        try:
            _work(database, dice, clock, limits, *leased)
        except LeaseLost:
            continue
    database.close()


def _work(
    database: Database, dice: random.Random, clock: SharedClock, limits: BudgetLimits, job: Job, lease: Lease
) -> None:
    account = ledger.Payer(job.id, job.installation_id, job.repository_id, job.issue, lease.owner, lease.fence)
    for _ in range(dice.randint(1, 5)):
        worst = Decimal(dice.randint(1, 20_000)) / 1_000_000
        try:
            with database.read() as session:
                caps = budgets.caps_of(session, job.repository_id, limits)
            reserved = ledger_transactions.reserve(
                database, account, caps, tier="weak", model="m", purpose="repair", worst=worst, now=clock()
            )
        except ledger.CapReached as refusal:
            with database.begin() as session:
                state = State.OVER_BUDGET
                queue.finish(session, lease, state, refusal.scope, now=clock(), needed=refusal.needed)
            return
        time.sleep(dice.random() * 0.003)
        _maybe_die(dice)
        known = worst * dice.randint(0, 100) / 100
        cost = ledger.Cost(None if dice.random() < 0.1 else known, input_tokens=10)
        match dice.randint(0, 9):
            case 0:
                ledger_transactions.release(database, reserved.id)
            case 1 | 2 | 3:
                with database.begin() as session:
                    ledger.settle(session, reserved.id, cost, now=clock())
                    if dice.random() < 0.1:
                        os.kill(os.getpid(), signal.SIGKILL)  # inside the transaction
            case _:
                ledger_transactions.settle(database, reserved.id, cost, now=clock())
    _maybe_die(dice)
    with database.begin() as session:
        queue.finish(session, lease, State.DECLINED, "done", now=clock())


def _maybe_die(dice: random.Random) -> None:
    if dice.random() < 0.05:
        os.kill(os.getpid(), signal.SIGKILL)
