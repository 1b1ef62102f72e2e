from __future__ import annotations

from pathlib import Path

import yaml

from webhook.triage import RULES

MANIFEST = yaml.safe_load((Path(__file__).parents[2] / "app.yml").read_text())
ALWAYS = {"installation", "installation_repositories", "ping"}  # sent to every App, refused in default_events
# From GitHub's reference of webhook events: the permission without which an event cannot be subscribed to.
NEEDS = {
    "issues": "issues",
    "issue_comment": "issues",
    "pull_request": "pull_requests",
    "pull_request_review": "pull_requests",
    "pull_request_review_comment": "pull_requests",
    "check_suite": "checks",
    "repository": "metadata",
}


def test_the_manifest_subscribes_to_exactly_the_events_that_have_rules() -> None:
    assert set(MANIFEST["default_events"]) == {event for event, _ in RULES} - ALWAYS


def test_every_event_has_the_permission_it_needs() -> None:
    assert {NEEDS[event] for event in MANIFEST["default_events"]} <= set(MANIFEST["default_permissions"])


def test_it_asks_for_no_more_than_it_uses() -> None:
    assert MANIFEST["default_permissions"] == {
        "metadata": "read",
        "contents": "write",
        "issues": "write",
        "pull_requests": "write",
        "checks": "write",
    }
    assert MANIFEST["public"] is False
