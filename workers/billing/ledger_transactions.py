"""The ledger's steps, each in a transaction of its own: where a running job pays.

On PostgreSQL the ordinary case is one statement (`ledger_postgres.py`); everything else, and SQLite, goes
through `ledger.py`.
"""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal

from workers.billing import ledger, ledger_postgres
from workers.billing.ledger import Caps, Cost, Payer, Reserved
from workers.billing.totals import scopes
from workers.db.database import Database
from workers.usd import from_micro, to_micro


def reserve(
    database: Database,
    account: Payer,
    caps: Caps,
    *,
    tier: str,
    model: str,
    purpose: str,
    worst: Decimal,
    now: datetime,
) -> Reserved:
    """`ledger.reserve`, committed. Raises CapReached, SpendingStopped or LeaseLost, with nothing set aside."""
    if not database.sqlite and worst >= 0:
        exact = from_micro(to_micro(worst))
        row = ledger.reservation_row(account, tier=tier, model=model, purpose=purpose, worst=exact, now=now)
        wanted = scopes(account.installation_id, account.repository_id, account.issue, row["month"])
        with database.alone() as connection:
            if ledger_postgres.reserve(connection, wanted, row, caps, account.owner):
                return Reserved(row["id"], exact, row["month"])
    with database.begin() as session:
        return ledger.reserve(session, account, caps, tier=tier, model=model, purpose=purpose, worst=worst, now=now)


def settle(database: Database, reservation_id: str, cost: Cost, *, now: datetime) -> bool:
    """`ledger.settle`, committed: whether anything was booked."""
    if not database.sqlite:
        facts = {**ledger.cost_facts(cost), "price": json.dumps(dict(cost.price)), "at": now}
        with database.alone() as connection:
            if ledger_postgres.settle(connection, reservation_id, facts):
                return True
    with database.begin() as session:
        return ledger.settle(session, reservation_id, cost, now=now)


def release(database: Database, reservation_id: str) -> bool:
    """`ledger.release`, committed: whether anything was given back."""
    with database.begin() as session:
        return ledger.release(session, reservation_id)
