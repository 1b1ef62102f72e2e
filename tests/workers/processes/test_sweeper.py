from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select

from workers.billing import budgets, ledger
from workers.billing.ledger import Caps, Cost, Payer
from workers.billing.policy import BudgetLimits
from workers.db import locks, switches
from workers.db.database import Database
from workers.db.tables import DeliveryRow, JobRow, SessionRow
from workers.deliveries import inbox, installations
from workers.jobs import outcomes, queue
from workers.jobs.commands import Ignored, Instruct, Place
from workers.jobs.job import Job, Lease, State
from workers.processes import heartbeat, sweeper
from workers.processes.sweeper import Swept, Wake, sweep

D = Decimal
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TTL = timedelta(minutes=1)
LATER = NOW + timedelta(minutes=10)
LIMITS = BudgetLimits(operator_month=D(10), repository_month=D(1), issue=D(1))
NO_CAPS = Caps(None, None, None, None)


class Broker:
    def __init__(self, fails_after: int = 10_000) -> None:
        self.sent: list[tuple[str, str]] = []
        self.fails_after = fails_after

    def __call__(self, kind: Wake, key: str) -> None:
        if len(self.sent) >= self.fails_after:
            raise ConnectionError("broker down")
        self.sent.append((kind, key))


def enqueue(database: Database, issue: int = 1, now: datetime = NOW) -> int:
    with database.begin() as session:
        installations.ensure_repository(session, Place(1, 2, "o/r"), now)
        return queue.enqueue(session, queue.NewJob(Place(1, 2, "o/r", issue), actor="ada"), now=now).job_id


def lease(database: Database, now: datetime = NOW) -> tuple[Job, Lease]:
    with database.begin() as session:
        leased = queue.lease_next(session, "w", TTL, now)
    assert leased is not None
    return leased


def find(database: Database, job_id: int) -> Job:
    with database.read() as session:
        job = queue.find(session, job_id)
    assert job is not None
    return job


def starve(database: Database, issue: int, needed: str, now: datetime = NOW) -> int:
    job_id = enqueue(database, issue, now)
    _, held = lease(database, now)
    with database.begin() as session:
        queue.finish(session, held, State.OVER_BUDGET, "repository", now=now, needed=D(needed))
    return job_id


def test_a_wake_up_that_was_never_sent_is_sent_once_and_again_when_it_is_old(database: Database) -> None:
    job_id = enqueue(database)
    with database.begin() as session:
        inbox.record(session, guid="g", event="e", action="a", body_digest="",
                          command=Instruct(Place(1, 2, "o/r", 1), "ada", "help", "", 1), now=NOW)  # fmt: skip
    broker = Broker()
    assert sweep(database, broker, NOW + timedelta(seconds=1)) == Swept()  # whoever recorded it is publishing it
    sweep(database, broker, NOW + timedelta(seconds=11))
    sweep(database, broker, NOW + timedelta(seconds=30))
    assert broker.sent == [("job", str(job_id)), ("delivery", "g")]
    sweep(database, broker, NOW + timedelta(minutes=6))
    assert len(broker.sent) == 4


def test_what_the_receiver_published_is_not_published_again(database: Database) -> None:
    job_id = enqueue(database)
    with database.begin() as session:
        queue.mark_published(session, [job_id], NOW)
    broker = Broker()
    sweep(database, broker, NOW + timedelta(minutes=1))
    assert broker.sent == []


def test_a_broker_that_fails_half_way_loses_nothing(database: Database) -> None:
    ids = [enqueue(database, issue) for issue in range(1, 5)]
    broken = Broker(fails_after=2)
    swept = sweep(database, broken, LATER)
    assert (swept.published, swept.broker_error) == (2, "ConnectionError: broker down")
    healthy = Broker()
    sweep(database, healthy, LATER + timedelta(seconds=1))
    assert [int(key) for _, key in broken.sent + healthy.sent] == ids


def test_a_silent_workers_job_runs_again_and_is_given_up_in_the_end_with_a_word(database: Database) -> None:
    job_id = enqueue(database)
    broker = Broker()
    now = NOW
    for _ in range(2):
        lease(database, now)
        assert sweep(database, broker, now + TTL / 2).requeued == 0
        now += timedelta(minutes=5)
        assert sweep(database, broker, now).requeued == 1
        now += timedelta(minutes=5)
    assert broker.sent[0] == ("job", str(job_id))  # at once, without waiting for the next round
    lease(database, now)
    broker.sent.clear()
    swept = sweep(database, broker, now + TTL)
    job = find(database, job_id)
    assert (swept.given_up, job.state) == (1, State.FAILED)
    assert "3 times" in job.reason
    assert broker.sent == [("tell", str(job_id))]


def test_a_silent_worker_of_a_cancelled_job_leaves_it_cancelled(database: Database) -> None:
    job_id = enqueue(database)
    lease(database)
    with database.begin() as session:
        queue.request_cancel(session, 2, 1, "closed", now=NOW)
    assert sweep(database, Broker(), LATER).cancelled == 1
    assert (find(database, job_id).state, find(database, job_id).reason) == (State.CANCELLED, "closed")


def test_a_call_of_a_dead_worker_is_booked_at_its_worst_and_corrected_if_the_worker_lives(database: Database) -> None:
    enqueue(database)
    job, held = lease(database)
    account = Payer(job.id, 1, 2, 1, held.owner, held.fence)
    with database.begin() as session:
        key = ledger.reserve(session, account, NO_CAPS, tier="weak", model="m", purpose="p", worst=D("0.5"), now=NOW).id
    assert sweep(database, Broker(), NOW + TTL / 2).settled == 0  # its lease is alive
    assert sweep(database, Broker(), LATER).settled == 1
    with database.begin() as session:
        assert ledger.settle(session, key, Cost(D("0.2")), now=LATER)
        assert not ledger.settle(session, key, Cost(D("0.2")), now=LATER)
        assert not ledger.settle(session, key, Cost(None), now=LATER, swept=True)
    with database.read() as session:
        assert ledger.orphans(session, LATER) == []


def test_jobs_over_budget_run_again_oldest_first_when_a_raise_gives_them_room(database: Database) -> None:
    first, second, third = (starve(database, issue, "0.4", NOW + timedelta(seconds=issue)) for issue in (1, 2, 3))
    with database.begin() as session:
        budgets.set_budget(session, 2, D("0.1"), "ada", NOW, limits=LIMITS)
    assert sweep(database, Broker(), LATER, limits=LIMITS).resumed == 0
    with database.begin() as session:
        budgets.set_budget(session, 2, D("0.9"), "ada", NOW, limits=LIMITS)
    broker = Broker()
    assert sweep(database, broker, LATER, limits=LIMITS).resumed == 2
    assert broker.sent == [("job", str(first)), ("job", str(second))]
    assert find(database, third).state is State.OVER_BUDGET


def test_jobs_over_budget_run_again_in_a_new_month(database: Database) -> None:
    job_id = starve(database, 1, "0.4")
    with database.begin() as session:
        reserved = ledger.reserve(session, Payer(99, 1, 2, 77), NO_CAPS, tier="w", model="m", purpose="p",
                                  worst=D("0.9"), now=NOW)  # fmt: skip
        ledger.settle(session, reserved.id, Cost(D("0.9")), now=NOW)
    assert sweep(database, Broker(), LATER, limits=LIMITS).resumed == 0
    assert sweep(database, Broker(), datetime(2026, 12, 1, tzinfo=UTC), limits=LIMITS).resumed == 1
    assert find(database, job_id).attempts == 0


def test_nothing_is_resumed_while_spending_is_stopped_or_the_installation_suspended(database: Database) -> None:
    starve(database, 1, "0.1")
    with database.begin() as session:
        switches.turn(session, ledger.STOP_SPENDING, thrown=True, actor="root", now=NOW)
    assert sweep(database, Broker(), LATER, limits=LIMITS).resumed == 0
    with database.begin() as session:
        switches.turn(session, ledger.STOP_SPENDING, thrown=False, actor="root", now=NOW)
    assert sweep(database, Broker(), LATER, limits=LIMITS).resumed == 1


def test_old_deliveries_and_sessions_go_and_young_ones_stay(database: Database) -> None:
    with database.begin() as session:
        for guid, age in (("old", 31), ("young", 29)):
            inbox.record(session, guid=guid, event="e", action="a", body_digest="", command=Ignored("x"),
                              now=NOW - timedelta(days=age))  # fmt: skip
        for name, expires in (("gone", NOW), ("here", NOW + TTL)):
            session.add(SessionRow(id_digest=name, github_id=1, login="a", csrf="", created_at=NOW, expires=expires))
        heartbeat.record_heartbeat(session, "w1", "h", None, NOW - timedelta(days=2))
        heartbeat.record_heartbeat(session, "w2", "h", 7, NOW)
        heartbeat.record_heartbeat(session, "w2", "h", 8, NOW)
    assert sweep(database, Broker(), NOW).deleted == 3
    with database.read() as session:
        assert session.scalars(select(DeliveryRow.guid)).all() == ["young"]
        assert session.scalars(select(SessionRow.id_digest)).all() == ["here"]
        assert [(row.worker_id, row.job_id) for row in heartbeat.live_workers(session, NOW)] == [("w2", 8)]


def test_only_one_sweeper_works_at_a_time(database: Database) -> None:
    with database.begin() as session:
        assert locks.take(session, sweeper.LOCK, "another", sweeper.LOCK_FOR, NOW)
    enqueue(database)
    broker = Broker()
    assert sweep(database, broker, NOW + timedelta(seconds=30)) == Swept(ran=False)
    assert broker.sent == []
    assert sweep(database, broker, NOW + sweeper.LOCK_FOR).published == 1  # the other died


def test_a_delivery_that_kills_every_worker_is_given_up(database: Database) -> None:
    with database.begin() as session:
        inbox.record(session, guid="g", event="e", action="a", body_digest="",
                          command=Instruct(Place(1, 2, "o/r", 1), "ada", "help", "", 1), now=NOW)  # fmt: skip
    now = NOW
    for _ in range(inbox.MOST_ATTEMPTS):
        with database.begin() as session:
            assert inbox.lease_delivery(session, "w", TTL, now) is not None
        now += TTL * 2
    assert sweep(database, Broker(), now).given_up == 1
    with database.read() as session:
        assert session.get_one(DeliveryRow, "g").state == "failed"


def test_what_became_of_a_pull_request_is_remembered_once_and_not_undone_by_a_late_word(database: Database) -> None:
    enqueue(database)
    job, _ = lease(database)
    branch = "autofix/issue-1"
    with database.begin() as session:
        for _ in range(2):
            outcomes.opened(session, job, pull_request=7, branch=branch, tier="weak", strategy="cascade",
                            evidence="reproduction", now=NOW)  # fmt: skip
        assert outcomes.observe(session, 2, "somebody/else", "merged", NOW) is None
        assert outcomes.observe(session, 2, branch, "merged", NOW) is not None
        outcomes.observe(session, 2, branch, "closed", NOW)
    with database.begin() as session:
        assert [row.outcome for row in outcomes.of_repository(session, 2)] == ["merged"]
        outcomes.observe(session, 2, branch, "reverted", NOW)
        (record,) = outcomes.records(session, 2)
        assert (record.tier, record.opened, record.merged, record.reverted) == ("weak", 1, 0, 1)


def test_a_job_row_is_never_numbered_twice(database: Database) -> None:
    first = enqueue(database)
    with database.begin() as session:
        session.delete(session.get_one(JobRow, first))
    assert enqueue(database) > first
