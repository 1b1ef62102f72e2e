"""The heartbeat keeps the lease, and notices when the work must stop."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fakes.databases import sqlite_url
from workers.db.database import Database, open_database
from workers.deliveries import installations
from workers.jobs import queue
from workers.jobs.commands import Place
from workers.jobs.job import Lease, LeaseLost
from workers.pipeline.lease_heartbeat import Cancelled, LeaseHeartbeat

TTL = timedelta(seconds=60)
START = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    made = open_database(sqlite_url(tmp_path))
    yield made
    made.close()


@pytest.fixture
def lease(store: Database) -> Lease:
    with store.begin() as session:
        installations.ensure_repository(session, Place(3, 7, "ada/parcel", 1), START)
        made = queue.enqueue(session, queue.NewJob(Place(3, 7, "ada/parcel", 1), actor="ada"), now=START)
        leased = queue.lease(session, made.job_id, "worker", TTL, START)
    assert leased is not None
    return leased[1]


def fence(store: Database, lease: Lease) -> None:
    with store.begin() as session:
        queue.fenced(session, lease)


def test_a_beat_extends_the_lease(store: Database, lease: Lease) -> None:
    clock = Clock()
    heartbeat = LeaseHeartbeat(store, lease, ttl=TTL, clock=clock)
    clock.now += timedelta(seconds=50)
    heartbeat.check_now()
    clock.now += timedelta(seconds=50)
    heartbeat.check()
    assert heartbeat.lease.expires == START + timedelta(seconds=110)


def test_a_lease_that_ran_out_stops_the_work_even_when_the_database_is_silent(store: Database, lease: Lease) -> None:
    clock = Clock()
    heartbeat = LeaseHeartbeat(store, lease, ttl=TTL, clock=clock)
    clock.now += timedelta(seconds=60)
    with pytest.raises(LeaseLost):
        heartbeat.check()


def test_a_cancellation_is_noticed_at_the_next_beat(store: Database, lease: Lease) -> None:
    heartbeat = LeaseHeartbeat(store, lease, ttl=TTL, clock=Clock())
    with store.begin() as session:
        queue.request_cancel(session, 7, 1, "the label was removed", now=START)
    heartbeat.check()
    with pytest.raises(Cancelled):
        heartbeat.check_now()
    fence(store, lease)  # the lease is still ours: the ending may be told


def test_a_lease_taken_by_another_worker_is_lost(store: Database, lease: Lease) -> None:
    heartbeat = LeaseHeartbeat(store, lease, ttl=TTL, clock=Clock())
    with store.begin() as session:
        queue.requeue(session, lease, START, "test", now=START)
        assert queue.lease(session, lease.job_id, "another", TTL, START) is not None
    with pytest.raises(LeaseLost):
        fence(store, lease)
    with pytest.raises(LeaseLost):
        heartbeat.check_now()


def test_the_thread_beats_and_outlives_a_tick_that_fails(store: Database, lease: Lease) -> None:
    ticks = threading.Semaphore(0)

    def tick() -> None:
        ticks.release()
        raise RuntimeError("GitHub said something odd")

    with LeaseHeartbeat(store, lease, ttl=TTL, clock=Clock(), interval=0.01) as heartbeat:
        heartbeat.after_beat = tick
        assert all(ticks.acquire(timeout=10) for _ in range(3))
        heartbeat.check()
