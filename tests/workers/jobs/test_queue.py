from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from workers.db.database import Database
from workers.db.tables import AttemptRow, JobRow, StepRow
from workers.deliveries import installations
from workers.jobs import queue
from workers.jobs.commands import Place
from workers.jobs.job import Job, Lease, LeaseLost, State
from workers.jobs.queue import Enqueued

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TTL = timedelta(minutes=1)


def enqueue(database: Database, issue: int = 1, *, installation: int = 1, now: datetime = NOW, **more: Any) -> Enqueued:
    with database.begin() as session:
        installations.ensure_repository(session, Place(installation, installation, f"o{installation}/r"), now)
        return queue.enqueue(session, queue.NewJob(Place(installation, installation, f"o{installation}/r", issue), actor="ada", **more), now=now)  # fmt: skip


def lease(database: Database, owner: str = "w1", now: datetime = NOW) -> tuple[Job, Lease]:
    with database.begin() as session:
        leased = queue.lease_next(session, owner, TTL, now)
    assert leased is not None
    return leased


def find(database: Database, job_id: int) -> Job:
    with database.read() as session:
        job = queue.find(session, job_id)
    assert job is not None
    return job


def test_an_issue_has_at_most_one_active_job(database: Database) -> None:
    first = enqueue(database)
    assert first.created
    assert enqueue(database) == Enqueued(first.job_id, created=False)
    assert enqueue(database, 2).created


def test_twenty_threads_asking_at_once_make_one_job(database: Database) -> None:
    enqueue(database, 99)
    found: list[Enqueued] = []
    threads = [threading.Thread(target=lambda: found.append(enqueue(database))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20
    assert sum(one.created for one in found) == 1
    assert len({one.job_id for one in found}) == 1


def test_a_finished_job_makes_room_for_a_new_one(database: Database) -> None:
    enqueue(database)
    job, held = lease(database)
    with database.begin() as session:
        queue.finish(session, held, State.DECLINED, "no", now=NOW)
    again = enqueue(database)
    assert again.created
    assert again.job_id != job.id


def test_the_installation_with_fewest_running_jobs_goes_first_then_the_longest_due(database: Database) -> None:
    for issue in range(1, 4):
        enqueue(database, issue, installation=1, now=NOW + timedelta(seconds=issue))
    enqueue(database, 1, installation=2, now=NOW + timedelta(minutes=5))
    later = NOW + timedelta(minutes=10)
    assert [lease(database, now=later)[0].installation_id for _ in range(4)] == [1, 2, 1, 1]
    with database.begin() as session:
        assert queue.lease_next(session, "w", TTL, later) is None


def test_a_job_that_is_not_due_is_not_leased(database: Database) -> None:
    enqueue(database)
    job, held = lease(database)
    with database.begin() as session:
        queue.requeue(session, held, NOW + TTL, "rate limit", now=NOW, count_attempt=False)
    with database.begin() as session:
        assert queue.lease_next(session, "w", TTL, NOW) is None
        assert queue.lease(session, job.id, "w", TTL, NOW) is None
        leased = queue.lease(session, job.id, "w", TTL, NOW + TTL)
    assert leased is not None
    assert leased[0].attempts == 1  # the first was not counted
    assert leased[1].fence == 2


def test_workers_in_parallel_never_lease_the_same_job(database: Database) -> None:
    for issue in range(1, 31):
        enqueue(database, issue)
    taken: list[int] = []

    def work(owner: str) -> None:
        while True:
            with database.begin() as session:
                leased = queue.lease_next(session, owner, TTL, NOW)
            if leased is None:
                return
            taken.append(leased[0].id)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken))
    while True:  # on PostgreSQL the last ones may have been locked while the others looked
        with database.begin() as session:
            leased = queue.lease_next(session, "last", TTL, NOW)
        if leased is None:
            break
        taken.append(leased[0].id)
    assert sorted(taken) == list(range(min(taken), min(taken) + 30))


WRITES: list[Callable[[Any, Lease], Any]] = [
    lambda session, old: queue.heartbeat(session, old, TTL, NOW),
    lambda session, old: queue.update(session, old, now=NOW, branch="x"),
    lambda session, old: queue.finish(session, old, State.OPENED, "", now=NOW),
    lambda session, old: queue.requeue(session, old, NOW, "", now=NOW),
    lambda session, old: queue.mark_told(session, old, now=NOW),
]


@pytest.mark.parametrize("write", WRITES)
def test_whoever_lost_the_lease_writes_nothing_more(database: Database, write: Callable[[Any, Lease], Any]) -> None:
    enqueue(database)
    job, old = lease(database, "w1")
    with database.begin() as session:
        queue.requeue(session, old, NOW, "its worker stopped", now=NOW)
    lease(database, "w1")  # even the same owner: the fence has grown
    before = find(database, job.id)
    with pytest.raises(LeaseLost), database.begin() as session:
        write(session, old)
    assert find(database, job.id) == before


def test_a_heartbeat_extends_the_lease_and_brings_word_of_a_cancellation(database: Database) -> None:
    enqueue(database)
    _, held = lease(database)
    with database.begin() as session:
        beat = queue.heartbeat(session, held, TTL, NOW + TTL / 2)
    assert beat.lease.expires == NOW + TTL * 1.5
    assert not beat.cancel_requested
    with database.begin() as session:
        assert queue.request_cancel(session, 1, 1, "unlabeled", now=NOW) == held.job_id
        assert queue.heartbeat(session, held, TTL, NOW).cancel_requested


def test_a_queued_job_is_cancelled_at_once(database: Database) -> None:
    job_id = enqueue(database).job_id
    with database.begin() as session:
        queue.request_cancel(session, 1, 1, "closed", now=NOW)
    job = find(database, job_id)
    assert (job.state, job.reason, job.finished_at) == (State.CANCELLED, "closed", NOW)
    with database.begin() as session:
        assert queue.request_cancel(session, 1, 1, "closed", now=NOW) is None


def test_labelled_again_while_being_cancelled_runs_again_afterwards(database: Database) -> None:
    enqueue(database)
    job, held = lease(database)
    with database.begin() as session:
        queue.request_cancel(session, 1, 1, "unlabeled", now=NOW)
    assert not enqueue(database).created
    with database.begin() as session:
        follower = queue.finish(session, held, State.CANCELLED, "unlabeled", now=NOW)
    assert follower is not None
    assert follower.created
    assert find(database, follower.job_id).state is State.QUEUED
    assert find(database, job.id).state is State.CANCELLED


def test_unlabelled_again_after_that_it_stays_cancelled(database: Database) -> None:
    enqueue(database)
    _, held = lease(database)
    for _ in range(2):
        with database.begin() as session:
            queue.request_cancel(session, 1, 1, "unlabeled", now=NOW)
        if _ == 0:
            enqueue(database)
    with database.begin() as session:
        assert queue.finish(session, held, State.CANCELLED, "unlabeled", now=NOW) is None


def test_requeueing_a_job_that_is_being_cancelled_ends_it(database: Database) -> None:
    enqueue(database)
    job, held = lease(database)
    with database.begin() as session:
        queue.request_cancel(session, 1, 1, "unlabeled", now=NOW)
        queue.requeue(session, held, NOW, "rate limit", now=NOW)
    assert find(database, job.id).state is State.CANCELLED


def test_a_new_request_supersedes_a_job_that_waits_for_money(database: Database) -> None:
    enqueue(database)
    job, held = lease(database)
    with database.begin() as session:
        queue.finish(session, held, State.OVER_BUDGET, "issue", now=NOW, needed=Decimal("0.1"))
    assert enqueue(database).created
    assert find(database, job.id).state is State.CANCELLED


def test_only_known_columns_are_updated_and_a_job_cannot_finish_as_running(database: Database) -> None:
    enqueue(database)
    job, held = lease(database)
    with database.begin() as session:
        assert queue.update(session, held, now=NOW, branch="autofix/issue-1", pull_request=7).pull_request == 7
    with pytest.raises(TypeError, match="lease_fence"), database.begin() as session:
        queue.update(session, held, now=NOW, lease_fence=9)
    with pytest.raises(ValueError, match="requeue"), database.begin() as session:
        queue.finish(session, held, State.RUNNING, "", now=NOW)
    with database.read() as session:
        found = queue.by_branch(session, 1, "autofix/issue-1")
        assert found is not None
        assert found.id == job.id


def test_an_ended_job_is_told_by_one_worker_at_a_time(database: Database) -> None:
    enqueue(database)
    job, held = lease(database)
    with database.begin() as session:
        queue.finish(session, held, State.FAILED, "why", now=NOW, told=False)
    with database.begin() as session:
        first = queue.lease_untold(session, job.id, "w1", TTL, NOW)
        assert queue.lease_untold(session, job.id, "w2", TTL, NOW) is None
        second = queue.lease_untold(session, job.id, "w2", TTL, NOW + TTL)
    assert first is not None
    assert second is not None
    with pytest.raises(LeaseLost), database.begin() as session:
        queue.mark_told(session, first[1], now=NOW)
    with database.begin() as session:
        queue.mark_told(session, second[1], now=NOW)
        assert queue.lease_untold(session, job.id, "w3", TTL, NOW + TTL * 9) is None
    assert find(database, job.id).state is State.FAILED


def test_what_a_job_leaves_behind_may_hold_any_text_and_goes_with_the_job(database: Database) -> None:
    job_id = enqueue(database).job_id
    with database.begin() as session:
        session.add(StepRow(job_id=job_id, at=NOW, kind="k", text="a\0\udcffé", facts={"n": "\0é"}))
        session.add(
            AttemptRow(
                job_id=job_id,
                number=1,
                tier="weak",
                solver="repair",
                strategy="cascade",
                verdict="failed",
                evidence={},
                diff="-a\n+b\udc80\n",
                note="",
                error="",
                started_at=NOW,
            )
        )
    with database.begin() as session:
        step = session.scalars(select(StepRow)).one()
        assert (step.text, step.facts) == ("a\ufffd\ufffdé", {"n": "\0é"})
        assert session.scalars(select(AttemptRow)).one().diff == "-a\n+b\ufffd\n"
        session.delete(session.get_one(JobRow, job_id))
    with database.read() as session:
        assert session.scalars(select(StepRow)).all() == []
        assert session.scalars(select(AttemptRow)).all() == []
