from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from webhook.app import create_app
from workers.config.settings import load_settings
from workers.db.database import open_database
from workers.deliveries import installations
from workers.jobs.commands import Place

PACKAGES = ("@octokit/webhooks-examples@7.6.1", "@octokit/webhooks-methods@6.0.0")
SECRET = "from the examples"
LABEL = "bug"  # the label that the examples carry
# Written by hand from GitHub's documentation of the events; every other (event, action) is ignored.
EXPECTED = {
    ("issues", "labeled"): (2, 202, "Start"),
    ("issues", "unlabeled"): (2, 202, "Cancel"),
    ("issues", "deleted"): (1, 202, "Cancel"),
    ("issues", "transferred"): (1, 202, "Cancel"),
    ("issues", "locked"): (2, 202, "Cancel"),
    ("installation", "created"): (2, 202, "Lifecycle"),
    ("installation", "deleted"): (2, 202, "Lifecycle"),
    ("installation", "suspend"): (1, 202, "Lifecycle"),
    ("installation", "unsuspend"): (1, 202, "Lifecycle"),
    ("installation_repositories", "added"): (2, 202, "Lifecycle"),
    ("installation_repositories", "removed"): (1, 202, "Lifecycle"),
    ("repository", "renamed"): (1, 202, "Lifecycle"),
    ("repository", "transferred"): (3, 202, "Lifecycle"),
    ("ping", ""): (4, 200, ""),
}


@pytest.fixture(scope="session")
def examples() -> list[dict[str, str]]:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "pennyfix-tests" / "octokit-7.6.1-6.0.0"
    if not (cache / "complete").exists():
        cache.mkdir(parents=True, exist_ok=True)
        install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(cache), *PACKAGES]
        subprocess.run(install, check=True, capture_output=True, timeout=150)
        (cache / "complete").touch()
    script = Path(__file__).with_name("octokit_sign.mjs")
    done = subprocess.run(
        ["node", str(script), str(cache), SECRET], check=True, capture_output=True, text=True, timeout=60
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.node
@pytest.mark.network
def test_every_published_example_is_answered_with_the_right_decision(
    examples: list[dict[str, str]], tmp_path: Path
) -> None:
    assert len(examples) == 329
    settings = load_settings(home=tmp_path, github_webhook_secret=SECRET)
    database = open_database(settings.database_url)
    database.migrate()
    numbers = {json.loads(e["body"])["repository"]["id"] for e in examples if e["event"] == "issues"}
    with database.begin() as session:
        for number in numbers:
            installations.ensure_repository(
                session, Place(4242, number, "octo-org/octo-repo"), datetime.now(UTC)
            ).settings = {"label": LABEL}
    seen: Counter[tuple[tuple[str, str], int, str]] = Counter()
    with TestClient(create_app(settings, database, lambda _kind, _id: None)) as client:
        for example in examples:
            headers = {
                "content-type": "application/json",
                "x-github-event": example["event"],
                "x-github-delivery": str(uuid.uuid4()),
                "x-hub-signature-256": example["signature"],
            }
            answer = client.post("/webhooks/github", content=example["body"].encode(), headers=headers)
            key = (example["event"], json.loads(example["body"]).get("action") or "")
            seen[key, answer.status_code, answer.json().get("why", "") if answer.content else ""] += 1
    database.close()
    decided = {key: (n, status, why) for (key, status, why), n in seen.items() if status != 204}
    assert decided == EXPECTED
    assert sum(n for (_, status, _), n in seen.items() if status == 204) == 329 - sum(
        n for n, _, _ in EXPECTED.values()
    )
