"""A worker that only spends: leases real jobs, reserves and settles, and is killed at random by its own hand.

Run in its own process. Its clock runs faster than the wall's, so that a test can cross a month in seconds.
"""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from workers import budget_rows, jobs, ledger
from workers.budget import Limits
from workers.database import Database, open_database
from workers.job import Job, Lease, LeaseLost, State

TTL = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class FastClock:
    """Starts at `begin` when the wall clock is at `wall`, and runs `speed` times as fast."""

    begin: datetime
    wall: float
    speed: float

    def __call__(self) -> datetime:
        return self.begin + timedelta(seconds=(time.time() - self.wall) * self.speed)


def spend(url: str, seed: int, clock: FastClock, limits: Limits, until: float) -> None:
    """Work until the wall clock says `until`; SIGKILL itself now and then, at the worst moments."""
    dice = random.Random(seed)
    database = open_database(url)
    owner = f"spender-{seed}"
    while time.time() < until:
        with database.begin() as session:
            leased = jobs.lease_next(session, owner, TTL, clock())
        if leased is None:
            time.sleep(0.02)
            continue
        try:
            _work(database, dice, clock, limits, *leased)
        except LeaseLost:
            continue
    database.close()


def _work(database: Database, dice: random.Random, clock: FastClock, limits: Limits, job: Job, lease: Lease) -> None:
    account = ledger.Account(job.id, job.installation_id, job.repository_id, job.issue, lease.owner, lease.fence)
    for _ in range(dice.randint(1, 5)):
        worst = Decimal(dice.randint(1, 20_000)) / 1_000_000
        try:
            with database.begin() as session:
                caps = budget_rows.caps_of(session, job.repository_id, limits)
                reserved = ledger.reserve(
                    session, account, caps, tier="weak", model="m", purpose="repair", worst=worst, now=clock()
                )
        except ledger.CapReached as refusal:
            with database.begin() as session:
                state = State.OVER_BUDGET
                jobs.finish(session, lease, state, refusal.scope, now=clock(), needed=refusal.needed)
            return
        time.sleep(dice.random() * 0.003)
        _maybe_die(dice)
        with database.begin() as session:
            if dice.random() < 0.1:
                ledger.release(session, reserved.id)
            else:
                known = worst * dice.randint(0, 100) / 100
                cost = ledger.Cost(None if dice.random() < 0.1 else known, input_tokens=10)
                ledger.settle(session, reserved.id, cost, now=clock())
            if dice.random() < 0.01:
                os.kill(os.getpid(), signal.SIGKILL)  # inside the transaction
    _maybe_die(dice)
    with database.begin() as session:
        jobs.finish(session, lease, State.DECLINED, "done", now=clock())


def _maybe_die(dice: random.Random) -> None:
    if dice.random() < 0.02:
        os.kill(os.getpid(), signal.SIGKILL)
