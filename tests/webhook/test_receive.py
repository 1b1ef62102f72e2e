from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.fakes.github_delivery import SECRET, comment_event, issue_event, signed
from webhook.app import create_app
from webhook.receive import LARGEST
from webhook.writer import NotWritten, ReceivedDelivery, Writer
from workers.config.errors import ConfigError
from workers.config.settings import Settings, load_settings
from workers.db.database import Database, open_database
from workers.db.tables import DeliveryRow, JobRow
from workers.deliveries import installations
from workers.jobs.commands import Ignored, Place, Start


class Wakes:
    """Collects wake-ups; `fail` makes the broker refuse."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str | int]] = []
        self.fail = False

    def __call__(self, kind: str, which: str | int) -> None:
        if self.fail:
            raise ConnectionError("the broker is down")
        self.sent.append((kind, which))

    def soon(self, count: int) -> list[tuple[str, str | int]]:
        deadline = time.monotonic() + 5
        while len(self.sent) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        return self.sent


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path, github_webhook_secret=f"old,{SECRET}", github_app_id=42)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    database = open_database(settings.database_url)
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def wakes() -> Wakes:
    return Wakes()


@pytest.fixture
def client(settings: Settings, database: Database, wakes: Wakes) -> Iterator[TestClient]:
    with TestClient(create_app(settings, database, wakes)) as client:
        yield client


def post(client: TestClient, event: str, payload: dict[str, Any] | bytes, **changes: str | None) -> Any:
    body, headers = signed(event, payload, guid=changes.pop("guid", None) or "")
    for name, value in changes.items():
        headers.pop(name.replace("_", "-"), None)
        if value is not None:
            headers[name.replace("_", "-")] = value
    return client.post("/webhooks/github", content=body, headers=headers)


def rows(database: Database) -> tuple[list[DeliveryRow], list[JobRow]]:
    with database.read() as session:
        found = list(session.scalars(select(DeliveryRow))), list(session.scalars(select(JobRow)))
        session.expunge_all()
        return found


def test_no_secret_no_start(tmp_path: Path, database: Database, wakes: Wakes) -> None:
    with pytest.raises(ConfigError, match="PENNYFIX_GITHUB_WEBHOOK_SECRET"):
        create_app(load_settings(home=tmp_path, github_webhook_secret=""), database, wakes)


def test_a_label_becomes_delivery_and_job_and_then_a_wake_up(
    client: TestClient, database: Database, wakes: Wakes
) -> None:
    answer = post(client, "issues", issue_event("labeled"), guid="g-1")
    assert (answer.status_code, answer.json()["why"]) == (202, "Start")
    ((delivery,), (job,)) = rows(database)
    assert (delivery.guid, delivery.event, delivery.action) == ("g-1", "issues", "labeled")
    assert (job.repository_id, job.issue, job.state) == (11, 7, "queued")
    assert wakes.soon(1) == [("job", job.id)]
    deadline = time.monotonic() + 5
    while rows(database)[1][0].published_at is None:
        assert time.monotonic() < deadline, "the sweeper would publish it again"


def test_a_redelivery_is_answered_200_and_changes_nothing(client: TestClient, database: Database, wakes: Wakes) -> None:
    answers = [post(client, "issues", issue_event("labeled"), guid="g-1").status_code for _ in range(3)]
    assert answers == [202, 200, 200]
    assert [len(found) for found in rows(database)] == [1, 1]
    assert len(wakes.soon(1)) == 1


def test_two_labels_at_once_make_one_job(client: TestClient, database: Database) -> None:
    assert [post(client, "issues", issue_event("labeled")).status_code for _ in range(2)] == [202, 202]
    assert [len(found) for found in rows(database)] == [2, 1]


def test_a_comment_waits_in_its_delivery_for_a_worker(client: TestClient, database: Database, wakes: Wakes) -> None:
    assert post(client, "issue_comment", comment_event("/autofix help"), guid="g-2").status_code == 202
    ((delivery,), jobs) = rows(database)
    assert (delivery.state, jobs) == ("pending", [])
    assert wakes.soon(1) == [("delivery", "g-2")]


def test_ignored_is_204_without_a_body_and_its_reason_is_kept(client: TestClient, database: Database) -> None:
    answer = post(client, "issues", issue_event("labeled", label="bug"))
    assert (answer.status_code, answer.content) == (204, b"")
    ((delivery,), _) = rows(database)
    assert (delivery.state, delivery.reason) == ("ignored", "the label is not ours: bug")


def test_a_ping_is_answered_200(client: TestClient) -> None:
    assert post(client, "ping", {"zen": "Keep it logically awesome.", "hook_id": 1}).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"x_hub_signature_256": None}, 401),
        ({"x_hub_signature_256": "sha256=" + "0" * 64}, 401),
        ({"x_hub_signature_256": "sha1=" + "0" * 40}, 401),
        ({"x_github_event": None}, 400),
        ({"x_github_event": "Issues; drop"}, 400),
        ({"x_github_delivery": None}, 400),
        ({"x_github_delivery": "x" * 200}, 400),
        ({"content_type": "application/x-www-form-urlencoded"}, 415),
        ({"content_type": None}, 415),
        ({"content_type": "application/json; charset=utf-8"}, 202),
    ],
)
def test_headers_decide_the_status(
    client: TestClient, database: Database, changes: dict[str, str | None], status: int
) -> None:
    assert post(client, "issues", issue_event("labeled"), **changes).status_code == status
    assert len(rows(database)[0]) == (status == 202)


def test_a_signature_with_bytes_beyond_ascii_is_refused(client: TestClient) -> None:
    body, headers = signed("issues", issue_event("labeled"))
    raw = [(k.encode(), v.encode()) for k, v in headers.items() if k != "x-hub-signature-256"]
    answer = client.post(
        "/webhooks/github", content=body, headers=[*raw, (b"x-hub-signature-256", b"sha256=" + b"\xe9" * 64)]
    )
    assert answer.status_code == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"action": "labeled"'])
@pytest.mark.parametrize("event", ["issues", "star"])
def test_what_is_no_json_object_is_400_once_the_signature_is_right(client: TestClient, body: bytes, event: str) -> None:
    assert post(client, event, body).status_code == 400
    assert post(client, event, body, x_hub_signature_256="sha256=" + "0" * 64).status_code == 401


@pytest.mark.parametrize(
    "change", [{"issue": []}, {"installation": {"id": 2**70}}, {"repository": "x"}, {"label": {"name": None}}]
)
def test_a_signed_body_of_another_shape_is_ignored_not_an_error(
    client: TestClient, database: Database, change: dict[str, Any]
) -> None:
    assert post(client, "issues", issue_event("labeled") | change).status_code == 204
    assert rows(database)[0][0].reason.startswith("unexpected payload")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_405(client: TestClient, method: str) -> None:
    answer = client.request(method, "/webhooks/github")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_body_that_announces_too_much_is_413_unread(client: TestClient) -> None:
    body, headers = signed("issues", issue_event("labeled"))
    assert (
        client.post(
            "/webhooks/github", content=body, headers=headers | {"content-length": str(LARGEST + 1)}
        ).status_code
        == 413
    )


def test_a_body_that_streams_too_much_is_413(client: TestClient) -> None:
    _, headers = signed("issues", b"")
    chunk = b"x" * (1024 * 1024)
    taken = 0

    def chunks() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(40):
            taken += 1
            yield chunk

    assert client.post("/webhooks/github", content=chunks(), headers=headers).status_code == 413


def test_a_body_of_nearly_25_mb_is_taken(client: TestClient) -> None:
    payload = issue_event("labeled", issue={"body": "é" * (11 * 1024 * 1024)})
    body = json.dumps(payload, ensure_ascii=False).encode()
    assert 20_000_000 < len(body) < LARGEST
    assert post(client, "issues", body).status_code == 202


def test_a_broker_that_is_down_loses_nothing(client: TestClient, database: Database, wakes: Wakes) -> None:
    wakes.fail = True
    assert post(client, "issues", issue_event("labeled")).status_code == 202
    ((_,), (job,)) = rows(database)
    assert job.published_at is None  # the sweeper will
    deadline = time.monotonic() + 5
    while "pennyfix_unpublished_wakeups_total 1" not in client.get("/metrics").text:
        assert time.monotonic() < deadline


def test_a_broker_that_hangs_delays_no_answer(settings: Settings, database: Database) -> None:
    stuck = threading.Event()

    published: list[str] = []

    def hang(kind: str, _which: str | int) -> None:
        stuck.wait(60)
        published.append(kind)

    with TestClient(create_app(settings, database, hang)) as client:
        assert [post(client, "issues", issue_event("labeled", number=n)).status_code for n in range(1, 6)] == [202] * 5
        assert published == []  # every answer came while the broker still hung
        stuck.set()


def test_a_database_that_fails_is_503_and_only_then(settings: Settings, database: Database, wakes: Wakes) -> None:
    with TestClient(create_app(settings, database, wakes)) as client:
        with database.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE deliveries RENAME TO gone")
        answer = post(client, "issues", issue_event("labeled"))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
        with database.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE gone RENAME TO deliveries")
        assert post(client, "issues", issue_event("labeled")).status_code == 202
        assert client.get("/readyz").status_code == 200
        assert wakes.soon(1)


def test_the_label_that_the_repositorys_file_named_counts(client: TestClient, database: Database) -> None:
    with database.begin() as session:
        installations.ensure_repository(session, Place(99, 11, "acme/widgets"), datetime.now(UTC)).settings = {
            "label": "repair"
        }
    assert post(client, "issues", issue_event("labeled", label="repair")).status_code == 202
    assert post(client, "issues", issue_event("labeled")).status_code == 204


def test_a_label_that_cannot_be_looked_up_is_503_not_ignored(client: TestClient, database: Database) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE repositories RENAME TO gone")
    assert post(client, "issues", issue_event("labeled", label="repair")).status_code == 503


def test_metrics_count_what_was_answered(client: TestClient) -> None:
    post(client, "issues", issue_event("labeled"))
    post(client, "star", {"action": "created"})
    post(client, "made_up_" + "x" * 40, {})
    text = client.get("/metrics").text
    assert 'pennyfix_deliveries_total{event="issues",status="202"} 1' in text
    assert 'pennyfix_deliveries_total{event="other",status="204"} 2' in text
    assert 'pennyfix_delivery_seconds_bucket{le="+Inf"} 3' in text


def test_others_may_add_pages(settings: Settings, database: Database, wakes: Wakes) -> None:
    pages = APIRouter()
    pages.add_api_route("/hello", lambda: "there")
    with TestClient(create_app(settings, database, wakes, routers=[pages])) as client:
        assert client.get("/hello").json() == "there"


class Counting:
    """A database that counts its transactions."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.groups = 0

    def begin(self) -> AbstractContextManager[Session]:
        self.groups += 1
        return self.database.begin()


async def _write(writer: Writer, deliveries: list[ReceivedDelivery]) -> list[object]:
    return await asyncio.gather(*(writer.write(d) for d in deliveries), return_exceptions=True)


def test_one_bad_delivery_does_not_take_its_group_with_it(database: Database) -> None:
    good = [
        ReceivedDelivery(f"g-{n}", "issues", "labeled", "d", Start(Place(1, n, "a/b", n), "me", "autofix"))
        for n in range(1, 6)
    ]
    bad = ReceivedDelivery("bad", None, "labeled", "d", Ignored("no"))  # type: ignore[arg-type]  # what a bug would do
    wakes = Wakes()
    with Writer(database, wakes) as writer:
        outcomes = asyncio.run(_write(writer, [*good[:2], bad, *good[2:]]))
    failed = [o for o in outcomes if isinstance(o, NotWritten)]
    assert len(failed) == 1
    assert outcomes.index(failed[0]) == 2
    assert [len(found) for found in rows(database)] == [5, 5]


def test_deliveries_that_arrive_together_share_a_transaction(database: Database) -> None:
    counting = Counting(database)
    deliveries = [ReceivedDelivery(f"g-{n}", "star", "created", "d", Ignored("no")) for n in range(50)]
    with Writer(counting, Wakes()) as writer:
        outcomes = asyncio.run(_write(writer, deliveries))
    assert not any(isinstance(o, Exception) for o in outcomes)
    assert counting.groups < 25
    assert len(rows(database)[0]) == 50
