"""Gauges of jobs and money, on both databases, and without one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from workers.billing import ledger
from workers.billing.ledger import Caps, Cost, Payer
from workers.db.database import Database, open_database
from workers.deliveries import installations
from workers.jobs import queue
from workers.jobs.commands import Place
from workers.views.metrics import gauges

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_jobs_and_money_are_counted(database: Database) -> None:
    with database.begin() as session:
        for number in (1, 2):
            place = Place(1, 2, "ada/parcel", number)
            installations.ensure_repository(session, place, NOW)
            queue.enqueue(session, queue.NewJob(Place(1, 2, "ada/parcel", number), actor="a"), now=NOW)
        leased = queue.lease_next(session, "w", timedelta(minutes=1), NOW)
        assert leased is not None
    _, lease = leased
    account = Payer(lease.job_id, 1, 2, 1, lease.owner, lease.fence)
    caps = Caps(Decimal(1), Decimal(1), Decimal(1), Decimal(1))
    text = spend_and_read(database, account, caps)
    lines = text.splitlines()
    assert 'pennyfix_jobs{state="queued"} 1' in lines
    assert 'pennyfix_jobs{state="running"} 1' in lines
    assert "pennyfix_oldest_due_job_seconds 60" in lines
    assert "pennyfix_month_spent_usd 0.25" in lines
    assert "pennyfix_spending_stopped 0" in lines
    assert len([line for line in lines if line.startswith("# TYPE pennyfix_jobs ")]) == 1


def spend_and_read(database: Database, account: Payer, caps: Caps) -> str:
    with database.begin() as session:
        reserved = ledger.reserve(
            session, account, caps, tier="weak", model="m", purpose="repair", worst=Decimal("0.5"), now=NOW
        )
    with database.begin() as session:
        ledger.settle(session, reserved.id, Cost(Decimal("0.25")), now=NOW)
    return gauges(database, NOW + timedelta(seconds=60))


def test_a_database_that_does_not_answer_is_said(tmp_path: Path) -> None:
    without_tables = open_database(f"sqlite:///{tmp_path}/empty.db")
    text = gauges(without_tables, NOW)
    without_tables.close()
    assert text.splitlines()[-1] == "pennyfix_database_up 0"
