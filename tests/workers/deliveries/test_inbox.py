from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from workers.billing import ledger, spending_reports
from workers.billing.totals import CapScope
from workers.db.database import Database
from workers.db.tables import ChargeRow, DeliveryRow, InstallationRow, JobRow, RepositoryRow
from workers.deliveries import inbox
from workers.deliveries.inbox import RecordedDelivery
from workers.jobs import command_json, queue
from workers.jobs.command_json import CommandUnreadable
from workers.jobs.commands import Cancel, Command, FollowUp, Ignored, Instruct, Learn, Lifecycle, Observe, Place, Start
from workers.jobs.job import LeaseLost, State
from workers.months import month_of

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TTL = timedelta(minutes=1)
PLACE = Place(1, 2, "octo/repo", 3)
START = Start(PLACE, "ada", "autofix")
INSTRUCT = Instruct(PLACE, "ada", "budget", "50", 99)


def record(database: Database, guid: str, command: Command | Ignored, now: datetime = NOW) -> RecordedDelivery:
    with database.begin() as session:
        return inbox.record(session, guid=guid, event="issues", action="labeled", body_digest="d", command=command,
                                 now=now)  # fmt: skip


def row(database: Database, guid: str) -> DeliveryRow:
    with database.read() as session:
        return session.get_one(DeliveryRow, guid)


def states(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(JobRow.state).order_by(JobRow.id)))


@pytest.mark.parametrize(
    "command",
    [
        START,
        Cancel(PLACE, "ada", "unlabeled"),
        INSTRUCT,
        FollowUp(PLACE, "ada", "review", "autofix/issue-3", "abc", 5),
        Observe(PLACE, "ada", "merged", "autofix/issue-3"),
        Learn(PLACE),
        Lifecycle(1, "octo", "repositories_added", ((2, "octo/repo"), (4, "octo/é"))),
    ],
)
def test_a_command_comes_back_from_json_as_it_was(command: Command) -> None:
    assert command_json.load(command_json.dump(command)) == command


@pytest.mark.parametrize(
    "stored",
    [{}, {"is": "Explode"}, {"is": "Start", "extra": 1}, {"is": "Start", "actor": "a"}, {"is": "Start", "place": {"x": 1}},
     {"is": "Lifecycle", "repositories": [1]}],
)  # fmt: skip
def test_half_a_command_is_refused(stored: dict[str, object]) -> None:
    with pytest.raises(CommandUnreadable):
        command_json.load(stored)


def test_a_label_makes_a_job_and_the_rows_it_needs(database: Database) -> None:
    recorded = record(database, "g1", START)
    assert recorded.wake == "job"
    assert recorded.job_id is not None
    with database.read() as session:
        job = queue.find(session, recorded.job_id)
        assert job is not None
        assert (job.repository, job.issue, job.actor, job.state) == ("octo/repo", 3, "ada", State.QUEUED)
        assert session.get_one(RepositoryRow, 2).installation_id == 1
    assert row(database, "g1").state == "done"


def test_the_same_delivery_twice_changes_nothing(database: Database) -> None:
    first = record(database, "g1", START)
    assert record(database, "g1", Cancel(PLACE, "ada", "unlabeled")) == RecordedDelivery(duplicate=True)
    assert states(database) == ["queued"]
    assert record(database, "g2", START) == RecordedDelivery(duplicate=False, job_id=first.job_id, wake=None)


def test_a_delivery_whose_work_fails_is_not_kept_either(database: Database) -> None:
    with contextlib.suppress(ZeroDivisionError), database.begin() as session:
        inbox.record(session, guid="g1", event="issues", action="labeled", body_digest="", command=START, now=NOW)
        _ = 1 / 0
    assert record(database, "g1", START).duplicate is False


def test_an_ignored_delivery_keeps_its_reason(database: Database) -> None:
    assert record(database, "g1", Ignored("a bot")) == RecordedDelivery(duplicate=False)
    assert (row(database, "g1").state, row(database, "g1").reason) == ("ignored", "a bot")


def test_a_cancel_reaches_the_issues_job(database: Database) -> None:
    job_id = record(database, "g1", START).job_id
    assert record(database, "g2", Cancel(PLACE, "ada", "closed")).job_id == job_id
    assert states(database) == ["cancelled"]


def test_what_needs_github_waits_for_a_worker_and_is_done_once(database: Database) -> None:
    assert record(database, "g1", INSTRUCT).wake == "delivery"
    with database.begin() as session:
        pending = inbox.lease_delivery(session, "w1", TTL, NOW, guid="g1")
        assert inbox.lease_delivery(session, "w2", TTL, NOW) is None
    assert pending is not None
    assert pending.command == INSTRUCT
    with database.begin() as session:
        assert inbox.finish_delivery(session, pending, now=NOW, reason="told") == "done"
    with database.begin() as session:
        assert inbox.finish_delivery(session, pending, now=NOW) == "lost"
        assert inbox.lease_delivery(session, "w1", TTL, NOW + TTL * 2) is None


def test_a_delivery_is_tried_again_later_and_given_up_in_the_end(database: Database) -> None:
    record(database, "g1", INSTRUCT)
    now = NOW
    outcomes = []
    for _ in range(inbox.MOST_ATTEMPTS):
        now += timedelta(hours=1)
        with database.begin() as session:
            pending = inbox.lease_delivery(session, "w", TTL, now)
            assert pending is not None
            outcomes.append(inbox.finish_delivery(session, pending, now=now, error="GitHub is down"))
            assert inbox.lease_delivery(session, "w", TTL, now) is None
    assert outcomes == ["pending"] * 4 + ["failed"]
    assert row(database, "g1").reason == "GitHub is down"


def test_a_worker_that_was_replaced_cannot_end_a_delivery(database: Database) -> None:
    record(database, "g1", INSTRUCT)
    with database.begin() as session:
        old = inbox.lease_delivery(session, "w", TTL, NOW)
        new = inbox.lease_delivery(session, "w", TTL, NOW + TTL)
    assert old is not None
    assert new is not None
    with database.begin() as session:
        assert inbox.finish_delivery(session, old, now=NOW) == "lost"
        assert inbox.finish_delivery(session, new, now=NOW) == "done"


def test_a_command_of_another_version_fails_and_says_so(database: Database) -> None:
    record(database, "g1", INSTRUCT)
    with database.begin() as session:
        session.execute(update(DeliveryRow).values(command={"is": "FromTheFuture"}))
    with database.begin() as session:
        assert inbox.lease_delivery(session, "w", TTL, NOW) is None
    assert row(database, "g1").state == "failed"
    assert "FromTheFuture" in row(database, "g1").reason


@pytest.mark.parametrize(
    "what", ["repositories_removed", "repository_archived", "repository_deleted", "repository_transferred"]
)
def test_a_repository_that_goes_takes_its_jobs_along(database: Database, what: str) -> None:
    record(database, "g1", START)
    record(database, "g2", Start(Place(1, 9, "octo/other", 1), "ada", "autofix"))
    record(database, "g3", Lifecycle(1, "octo", what, ((2, "octo/repo"),)))  # type: ignore[arg-type] # a parameter
    assert states(database) == ["cancelled", "queued"]


def test_somebody_elses_installation_cannot_remove_a_repository(database: Database) -> None:
    record(database, "g1", START)
    record(database, "g2", Lifecycle(7, "mallory", "repositories_removed", ((2, "octo/repo"),)))
    assert states(database) == ["queued"]


def test_a_suspended_installation_stops_and_a_rename_is_followed(database: Database) -> None:
    record(database, "g1", START)
    record(database, "g2", Lifecycle(1, "octo", "repository_renamed", ((2, "octo/new"),)))
    with database.read() as session:
        assert session.get_one(RepositoryRow, 2).name == "octo/new"
        assert session.scalars(select(JobRow.repository)).one() == "octo/new"
    record(database, "g3", Lifecycle(1, "octo", "suspended"))
    assert states(database) == ["cancelled"]
    with database.read() as session:
        assert session.get_one(InstallationRow, 1).suspended
    record(database, "g4", Lifecycle(1, "octo", "unsuspended"))
    with database.read() as session:
        assert not session.get_one(InstallationRow, 1).suspended


def test_uninstalling_purges_everything_but_the_sums_and_stops_the_worker(database: Database) -> None:
    record(database, "g0", INSTRUCT)
    record(database, "g1", START)
    with database.begin() as session:
        leased = queue.lease_next(session, "w", TTL, NOW)
        assert leased is not None
        job, lease = leased
        account = ledger.Payer(job.id, 1, 2, 3, "w", lease.fence)
        caps = ledger.Caps(None, None, None, None)
        first, second = (
            ledger.reserve(session, account, caps, tier="weak", model="m", purpose="p", worst=Decimal("0.5"), now=NOW)
            for _ in range(2)
        )
        ledger.settle(session, first.id, ledger.Cost(Decimal("0.2"), input_tokens=7), now=NOW)
    record(database, "g2", Lifecycle(1, "octo", "deleted"))
    assert states(database) == []
    with pytest.raises(LeaseLost), database.begin() as session:
        queue.heartbeat(session, lease, TTL, NOW)
    with pytest.raises(LeaseLost), database.begin() as session:
        ledger.reserve(session, account, caps, tier="weak", model="m", purpose="p", worst=Decimal(1), now=NOW)
    with database.begin() as session:  # the call in flight comes home: it was booked at its worst case already
        assert not ledger.settle(session, second.id, ledger.Cost(Decimal("0.1")), now=NOW)
    with database.read() as session:
        assert spending_reports.discrepancies(session) == ()
        charge = session.scalars(select(ChargeRow)).one()
        assert (charge.usd, charge.issue, charge.job_id, charge.input_tokens) == (Decimal("0.7"), 0, None, 7)
        month = month_of(NOW)
        assert spending_reports.spent(session, CapScope.OPERATOR, "", month).spent == Decimal("0.7")
        assert session.scalars(select(RepositoryRow)).all() == []
        assert session.get_one(DeliveryRow, "g0").command is None
        assert session.get_one(DeliveryRow, "g0").state == "done"
    assert record(database, "g1", START).duplicate  # a replay stays a replay
    assert record(database, "g9", START).wake == "job"  # and a new installation starts clean
    with database.read() as session:
        assert spending_reports.spent(session, CapScope.ISSUE, "2#3", "").spent == 0
        assert spending_reports.spent(session, CapScope.REPOSITORY, "2", month).spent == Decimal("0.7")
