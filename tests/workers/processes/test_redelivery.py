from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.demo.github import StandIn
from tests.deploy.standins import Conformance, Receiver, started
from tests.fakes.databases import sqlite_url
from workers.config.operator_file import Operator
from workers.config.settings import Settings, load_settings
from workers.db.database import open_database
from workers.github.app_client import SentDelivery, app_api
from workers.processes.context import Context
from workers.processes.redelivery import MOST, ask_once, keep_redelivering, missed_deliveries

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def sent(number: int, guid: str, status: int, minutes: float = 5) -> SentDelivery:
    return SentDelivery(number, guid, "issues", NOW - timedelta(minutes=minutes), "", status)


def test_only_what_never_arrived_is_missed_by_its_newest_attempt_oldest_first() -> None:
    attempts = [
        sent(9, "gone", 502, 1), sent(8, "saved", 202, 1), sent(7, "late", 0, 2),
        sent(3, "gone", 504, 60), sent(2, "saved", 500, 61), sent(1, "fine", 204, 62),
    ]  # fmt: skip
    assert [a.id for a in missed_deliveries(attempts, NOW)] == [7, 9]


def test_an_attempt_under_way_is_left_alone_and_patience_ends() -> None:
    assert missed_deliveries([sent(1, "now", 502, 0.1)], NOW) == ()
    often = [sent(n, "refused", 400, 60 * n) for n in range(1, MOST + 1)]
    assert missed_deliveries(often, NOW) == ()
    assert [a.id for a in missed_deliveries(often[:-1], NOW)] == [1]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def github(tmp_path: Path, receiver: Receiver) -> Iterator[StandIn]:
    seen = Conformance()
    github = started(tmp_path / "github", receiver, seen)
    yield github
    github.stop()
    seen.verify()


def settings_for(github: StandIn, folder: Path) -> Settings:
    return load_settings(
        github_app_id=github.app.id,
        github_private_key=github.private_key,
        github_api_url=github.api_url,
        home=folder,
        database_url=sqlite_url(folder),
    )


@pytest.fixture
def context(github: StandIn, tmp_path: Path) -> Iterator[Context]:
    settings = settings_for(github, tmp_path)
    database = open_database(settings.database_url)
    later = lambda: datetime.now(UTC) + timedelta(minutes=10)
    yield Context(settings, Operator(), database, lambda _kind, _id: None, later)
    database.close()


def test_the_app_finds_its_deliveries_page_by_page_and_stops_at_the_window(github: StandIn, context: Context) -> None:
    for _ in range(120):
        github.webhooks.send("issues", {"action": "opened"})
    github.webhooks.flush()
    with app_api(context.settings) as api:
        everything = list(api.deliveries(datetime.now(UTC) - timedelta(hours=1)))
        assert len(everything) >= 120
        assert len({d.id for d in everything}) == len(everything)
        assert list(api.deliveries(datetime.now(UTC) + timedelta(hours=1))) == []


def test_what_a_receiver_that_was_down_missed_arrives_once_more_under_the_same_guid(
    github: StandIn, receiver: Receiver, context: Context
) -> None:
    receiver.status = 503
    lost = github.webhooks.send("issues", {"action": "labeled"})
    github.webhooks.flush()
    while not receiver.arrived.empty():
        receiver.take()
    receiver.status = 202
    assert lost.guid in {d.guid for d in ask_once(context, "me")}
    github.webhooks.flush()
    assert lost.guid in {receiver.take()[0]["x-github-delivery"] for _ in range(receiver.arrived.qsize())}
    assert ask_once(context, "me") == ()


def test_one_process_asks_at_a_time(context: Context) -> None:
    from workers.db import locks
    from workers.processes.redelivery import LOCK, LOCK_FOR

    with context.database.begin() as session:
        assert locks.take(session, LOCK, "somebody else", LOCK_FOR, context.clock())
    assert ask_once(context, "me") == ()


def test_a_github_that_is_away_costs_one_warning_and_the_loop_goes_on(github: StandIn, context: Context) -> None:
    asked = threading.Event()
    stop = threading.Event()

    class Counting(threading.Event):
        waits = 0

        def wait(self, timeout: float | None = None) -> bool:
            Counting.waits += 1
            if Counting.waits > 2:
                asked.set()
                stop.set()
            return stop.is_set()

    from deploy.demo.github.rest import HttpAnswer

    github.rest.fault = lambda _method, _path: HttpAnswer(500, {}, b"{}")
    keep_redelivering(context, Counting(), first=0, every=0)
    assert asked.is_set()
