"""Deliveries as GitHub sends them: headers, signature, and small payloads with the fields that matter."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from typing import Any

SECRET = "It's a Secret to Everybody"
OCTOCAT = {"login": "octocat", "id": 1, "type": "User"}
ROBOT = {"login": "renovate[bot]", "id": 2, "type": "Bot"}
REPOSITORY = {
    "id": 11, "full_name": "acme/widgets", "default_branch": "main", "archived": False, "owner": {"login": "acme", "type": "Organization"},
}  # fmt: skip


def issue_event(action: str, *, label: str | None = "autofix", number: int = 7, **changes: Any) -> dict[str, Any]:
    """An `issues` payload. `issue`, `repository`, `sender` change parts of it."""
    payload: dict[str, Any] = {
        "action": action,
        "installation": {"id": 99},
        "sender": OCTOCAT,
        "repository": REPOSITORY | changes.pop("repository", {}),
        "issue": {"number": number, "state": "open", "locked": False, "user": OCTOCAT} | changes.pop("issue", {}),
    }
    if label is not None:
        payload["label"] = {"id": 5, "name": label}
    return payload | changes


def comment_event(body: str, *, on_pull_request: bool = False, **changes: Any) -> dict[str, Any]:
    """An `issue_comment.created` payload."""
    issue = {"pull_request": {"url": "https://api.github.com/x"}} if on_pull_request else {}
    comment = {"id": 55, "body": body, "user": changes.get("sender", OCTOCAT)}
    return issue_event("created", label=None, issue=issue, comment=comment, **changes)


def pull_request_event(
    action: str, *, ref: str = "autofix/issue-7", repository_id: int | None = 11, **changes: Any
) -> dict[str, Any]:
    """A `pull_request` or review payload."""
    repo = {"id": repository_id, "full_name": "x/y"} if repository_id is not None else None
    pull = {"number": 8, "state": "open", "merged": False, "head": {"ref": ref, "sha": "a" * 40, "repo": repo}}
    payload = {"action": action, "installation": {"id": 99}, "sender": OCTOCAT, "repository": REPOSITORY}
    return payload | {"pull_request": pull | changes.pop("pull_request", {})} | changes


def signed(
    event: str, payload: dict[str, Any] | bytes, *, secret: str = SECRET, guid: str = ""
) -> tuple[bytes, dict[str, str]]:
    """The body and headers of a delivery."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "content-type": "application/json",
        "x-github-event": event,
        "x-github-delivery": guid or str(uuid.uuid4()),
        "x-hub-signature-256": f"sha256={mac}",
        "user-agent": "GitHub-Hookshot/0000000",
    }
    return body, headers
