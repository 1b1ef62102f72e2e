"""Webhooks of the stand-in: signed, recorded, redelivered with the same guid."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.demo.github import StandIn
from deploy.demo.github.hooks import sign
from tests.deploy.standins import Conformance, Receiver, as_app, as_installation, started


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    own = Receiver()
    yield own
    own.close()


@pytest.fixture
def github(tmp_path: Path, receiver: Receiver) -> Iterator[StandIn]:
    conformance = Conformance()
    github = started(tmp_path, receiver, conformance)
    yield github
    github.stop()
    conformance.verify()


def test_the_signature_is_githubs() -> None:
    published = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert sign("It's a Secret to Everybody", b"Hello, World!") == f"sha256={published}"


def test_a_label_is_told_with_a_signature(github: StandIn, receiver: Receiver) -> None:
    number = github.open_issue("ada/parcel", "Wrong", "It is.", by="bob")
    github.label("ada/parcel", number, "autofix", by="bob")
    opened, labeled = receiver.take(), receiver.take()
    assert json.loads(opened[1])["action"] == "opened"
    headers, body = labeled
    expected = hmac.new(github.app.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
    assert headers["x-hub-signature-256"] == f"sha256={expected}"
    assert headers["x-github-event"] == "issues"
    assert headers["x-github-hook-installation-target-id"] == str(github.app.id)
    payload = json.loads(body)
    assert (payload["action"], payload["label"]["name"], payload["sender"]["login"]) == ("labeled", "autofix", "bob")
    assert payload["installation"]["id"] == github.installation("ada/parcel").id
    assert payload["issue"]["number"] == number


def test_a_failed_delivery_is_listed_and_redelivered_with_its_guid(github: StandIn, receiver: Receiver) -> None:
    receiver.status = 503
    github.open_issue("ada/parcel", "Wrong", "It is.", by="bob")
    first = receiver.take()[0]["x-github-delivery"]
    github.flush()
    app = as_app(github)
    listed = app("GET", "/app/hook/deliveries", per_page=10)
    assert [(d["guid"], d["status_code"], d["redelivery"]) for d in listed] == [(first, 503, False)]
    assert app("GET", f"/app/hook/deliveries/{listed[0]['id']}")["request"]["payload"]["action"] == "opened"
    receiver.status = 202
    app("POST", f"/app/hook/deliveries/{listed[0]['id']}/attempts", status=202)
    assert receiver.take()[0]["x-github-delivery"] == first
    github.flush()
    assert app("GET", "/app/hook/deliveries")[0]["status"] == "OK"


def test_the_apps_own_doing_is_told_as_a_bots(github: StandIn, receiver: Receiver) -> None:
    number = github.open_issue("ada/parcel", "Wrong", "It is.", by="bob")
    as_installation(github, "ada/parcel")("POST", f"/repos/ada/parcel/issues/{number}/comments", {"body": "hi"}, 201)
    github.flush()
    told = github.deliveries("issue_comment", "created")[0].payload
    assert (told["sender"]["type"], told["comment"]["user"]["login"]) == ("Bot", "pennyfix[bot]")


def test_an_installation_comes_and_goes(github: StandIn, receiver: Receiver) -> None:
    github.add_repository("eve/other", {"a": "b"}, installed=False)
    github.install("eve/other")
    github.suspend("eve/other")
    github.suspend("eve/other", suspended=False)
    github.remove_from_installation("eve/other")
    github.install("eve/other")
    github.uninstall("eve/other")
    github.flush()
    told = [(d.event, d.payload["action"]) for d in github.deliveries() if d.event.startswith("installation")]
    assert told == [
        ("installation", "created"),
        ("installation", "suspend"),
        ("installation", "unsuspend"),
        ("installation_repositories", "removed"),
        ("installation_repositories", "added"),
        ("installation", "deleted"),
    ]


def test_issues_and_repositories_come_to_an_end(github: StandIn, receiver: Receiver) -> None:
    github.add_repository("ada/other", {"a": "b"})
    for title in ("first", "second"):
        github.open_issue("ada/parcel", title, "", by="bob")
    github.admin.delete_issue("ada/parcel", 1)
    github.admin.transfer_issue("ada/parcel", 2, "ada/other")
    token = as_installation(github, "ada/parcel")
    token("GET", "/repos/ada/parcel/issues/1", status=410)
    answer = token("GET", "/repos/ada/parcel/issues/2", status=301)
    assert answer["url"].endswith("/repos/ada/other/issues/1")
    assert github.open_issue("ada/parcel", "third", "", by="bob") == 3
    github.admin.archive("ada/parcel")
    token("POST", "/repos/ada/parcel/issues/3/comments", {"body": "no"}, 403)
    github.admin.rename("ada/parcel", "packet")
    github.flush()
    told = [d.payload["action"] for d in github.deliveries() if d.payload["action"] != "opened"]
    assert told == ["deleted", "transferred", "archived", "renamed"]


def test_another_apps_check_is_told_and_listed(github: StandIn, receiver: Receiver) -> None:
    github.admin.check("ada/parcel", "main", "failure", summary="1 failed")
    github.flush()
    suite = github.deliveries("check_suite", "completed")[0].payload["check_suite"]
    assert (suite["conclusion"], suite["head_branch"]) == ("failure", "main")
    runs = as_installation(github, "ada/parcel")("GET", f"/repos/ada/parcel/commits/{suite['head_sha']}/check-runs")
    assert runs["check_runs"][0]["app"]["id"] != github.app.id
