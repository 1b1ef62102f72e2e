"""The stand-in answers what GitHub answers."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.demo.github import StandIn
from deploy.demo.github.rest import OPERATIONS
from tests.deploy.standins import Client, Conformance, app_jwt, as_app, as_installation, started
from tests.openapi.check import description

R = "/repos/ada/parcel"


@pytest.fixture
def conformance() -> Iterator[Conformance]:
    own = Conformance()
    yield own
    own.verify()


@pytest.fixture
def github(tmp_path: Path, conformance: Conformance) -> Iterator[StandIn]:
    github = started(tmp_path, None, conformance)
    yield github
    github.stop()


def test_every_operation_of_the_stand_in_exists_at_github() -> None:
    known = {(m.upper(), p) for p, methods in description()["paths"].items() for m in methods}
    assert {(op.method, op.path) for op in OPERATIONS} <= known


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"exp": int(time.time()) - 5}, "Expiration time"),
        ({"exp": int(time.time()) + 3600}, "too far in the future"),
        ({"iat": int(time.time()) + 3600}, "Issued at"),
        ({"iss": "999"}, "Issuer"),
    ],
)
def test_a_jwt_with_a_wrong_claim_is_refused(github: StandIn, claims: dict[str, object], words: str) -> None:
    answer = Client(github, app_jwt(github, **claims))("GET", "/app", status=401)
    assert words in answer["message"]


def test_a_jwt_of_another_key_is_refused(github: StandIn, tmp_path: Path) -> None:
    other = StandIn(tmp_path / "other", app_id=github.app.id)
    Client(github, app_jwt(other))("GET", "/app", status=401)
    assert Client(github, app_jwt(github))("GET", "/app")["slug"] == "pennyfix"


def test_a_token_reaches_only_its_repositories_and_permissions(github: StandIn) -> None:
    github.add_repository("ada/other", {"a": "b"})
    token = as_installation(github, "ada/parcel", issues="read")
    token("GET", f"{R}/issues")
    token("GET", "/repos/ada/other/issues", status=404)
    answer = token("POST", f"{R}/issues", {"title": "no"}, 403)
    assert answer["message"] == "Resource not accessible by integration"
    assert token("GET", "/installation/repositories")["total_count"] == 1
    text = token.http.headers["Authorization"].removeprefix("Bearer ")
    assert text.startswith("ghs_")
    assert 500 < len(text) < 560
    token("DELETE", "/installation/token", status=204)
    token("GET", f"{R}/issues", status=401)


def test_a_token_for_more_than_the_installation_has_is_refused(github: StandIn) -> None:
    app, it = as_app(github), github.installation("ada/parcel")
    path = f"/app/installations/{it.id}/access_tokens"
    app("POST", path, {"permissions": {"workflows": "write"}}, 422)
    app("POST", path, {"repository_ids": [1]}, 422)
    github.suspend("ada/parcel")
    app("POST", path, {}, 403)


def test_an_app_finds_its_installations(github: StandIn) -> None:
    app = as_app(github)
    found = app("GET", f"{R}/installation")
    assert app("GET", "/app/installations") == [found]
    assert app("GET", f"/app/installations/{found['id']}") == found
    assert app("GET", "/app/hook/config")["content_type"] == "json"


def test_issues_labels_comments_and_reactions(github: StandIn) -> None:
    number = github.open_issue("ada/parcel", "Wrong", "It is wrong.", by="bob")
    token, at = as_installation(github, "ada/parcel"), f"{R}/issues/{number}"
    assert token("GET", at)["user"]["login"] == "bob"
    token("POST", f"{R}/labels", {"name": "autofix: working", "color": "fbca04", "description": "now"}, 201)
    token("POST", f"{R}/labels", {"name": "Autofix: Working"}, 422)
    assert token("GET", f"{R}/labels/autofix%3A%20working")["color"] == "fbca04"
    assert [x["name"] for x in token("POST", f"{at}/labels", {"labels": ["autofix: working"]})] == ["autofix: working"]
    assert token("GET", f"{at}/labels") == token("GET", f"{R}/labels")
    assert token("DELETE", f"{at}/labels/autofix%3A%20working") == []
    token("DELETE", f"{at}/labels/autofix%3A%20working", status=404)
    comment = token("POST", f"{at}/comments", {"body": "Hello"}, 201)
    assert comment["user"]["type"] == "Bot"
    token("PATCH", f"{R}/issues/comments/{comment['id']}", {"body": "Bye"})
    assert token("GET", f"{R}/issues/comments/{comment['id']}")["body"] == "Bye"
    assert [c["body"] for c in token("GET", f"{at}/comments")] == ["Bye"]
    token("POST", f"{at}/comments", {"body": "x" * 65_537}, 422)
    token("POST", f"{at}/reactions", {"content": "eyes"}, 201)
    token("POST", f"{at}/reactions", {"content": "eyes"}, 200)
    token("POST", f"{R}/issues/comments/{comment['id']}/reactions", {"content": "eyes"}, 201)
    assert token("PATCH", at, {"state": "closed"})["state"] == "closed"
    assert token("GET", f"{R}/issues") == []
    token("POST", f"{R}/issues", {"title": "Second", "labels": ["bug"]}, 201)
    token("GET", f"{R}/issues/99", status=404)


def test_who_may_write(github: StandIn) -> None:
    token = as_installation(github, "ada/parcel")
    found = [token("GET", f"{R}/collaborators/{who}/permission")["permission"] for who in ("ada", "bob", "eve")]
    assert found == ["admin", "write", "read"]
    token("GET", f"{R}/collaborators/nobody/permission", status=404)


def test_contents_are_read_at_a_branch(github: StandIn) -> None:
    token = as_installation(github, "ada/parcel")
    found = token("GET", f"{R}/contents/src/parcel.py")
    assert base64.b64decode(found["content"]) == b"PRICE = 1\n"
    assert [e["name"] for e in token("GET", f"{R}/contents/src", ref="main")] == ["parcel.py"]
    token("GET", f"{R}/contents/.github/autofix.yml", status=404)
    token("GET", f"{R}/contents/README.md", ref="nope", status=404)
    assert token("GET", R)["clone_url"] == f"{github.url}/ada/parcel.git"


def test_pages_are_linked(github: StandIn) -> None:
    for n in range(3):
        github.open_issue("ada/parcel", f"Issue {n}", "", by="ada")
    token = as_installation(github, "ada/parcel")
    first = token("GET", f"{R}/issues", per_page=2)
    assert 'rel="next"' in token.headers["Link"]
    second = token("GET", f"{R}/issues", per_page=2, page=2)
    assert 'rel="next"' not in token.headers["Link"]
    assert [i["number"] for i in first + second] == [3, 2, 1]


def publish(token: Client, branch: str = "autofix/issue-1", text: str = "PRICE = 2\n") -> str:
    """Commit `text` by the Git Data API and point `branch` at it."""
    head = token("GET", f"{R}/git/ref/heads/main")["object"]["sha"]
    base = token("GET", f"{R}/git/commits/{head}")
    blob = token(
        "POST", f"{R}/git/blobs", {"content": base64.b64encode(text.encode()).decode(), "encoding": "base64"}, 201
    )
    entries = [
        {"path": "src/parcel.py", "mode": "100644", "type": "blob", "sha": blob["sha"]},
        {"path": "tests/test_new.py", "mode": "100644", "type": "blob", "content": "assert True\n"},
        {"path": "run.sh", "mode": "100755", "type": "blob", "sha": None},
    ]
    tree = token("POST", f"{R}/git/trees", {"base_tree": base["tree"]["sha"], "tree": entries}, 201)
    body = {"message": "Fix the price", "tree": tree["sha"], "parents": [head]}
    commit = token("POST", f"{R}/git/commits", body, 201)
    assert commit["verification"]["verified"]
    token("POST", f"{R}/git/refs", {"ref": f"refs/heads/{branch}", "sha": commit["sha"]}, 201)
    return str(commit["sha"])


def test_a_pull_request_from_git_data(github: StandIn) -> None:
    token = as_installation(github, "ada/parcel")
    number = github.open_issue("ada/parcel", "Price", "too low", by="bob")
    body = {"title": "Fix", "head": "autofix/issue-1", "base": "main", "body": f"Fixes #{number}", "draft": True}
    assert token("POST", f"{R}/pulls", body, 422)["errors"][0]["field"] == "head"
    sha = publish(token)
    pull = token("POST", f"{R}/pulls", body, 201)
    assert (pull["head"]["sha"], pull["changed_files"], pull["draft"]) == (sha, 3, True)
    assert "already exists" in token("POST", f"{R}/pulls", body, 422)["errors"][0]["message"]
    token("POST", f"{R}/git/refs", {"ref": "refs/heads/empty", "sha": pull["base"]["sha"]}, 201)
    nothing = token("POST", f"{R}/pulls", body | {"head": "empty"}, 422)
    assert nothing["errors"][0]["message"] == "No commits between main and empty"
    at = f"{R}/pulls/{pull['number']}"
    assert [p["number"] for p in token("GET", f"{R}/pulls", head="ada:autofix/issue-1", state="open")] == [2]
    assert token("GET", f"{R}/pulls", head="ada:other") == []
    assert {(f["filename"], f["status"]) for f in token("GET", f"{at}/files")} == {
        ("run.sh", "removed"),
        ("src/parcel.py", "modified"),
        ("tests/test_new.py", "added"),
    }
    assert token("PATCH", at, {"title": "Fix it"})["title"] == "Fix it"
    token("POST", f"{R}/issues/2/comments", {"body": "on the pull request"}, 201)
    assert token("GET", at)["comments"] == 1
    github.merge("ada/parcel", 2, by="ada")
    assert token("GET", at)["merged"]
    assert token("GET", f"{R}/issues/1")["state"] == "closed"
    assert github.read("ada/parcel", "src/parcel.py") == b"PRICE = 2\n"


def test_references_are_created_and_moved_as_at_github(github: StandIn) -> None:
    token = as_installation(github, "ada/parcel")
    sha = publish(token, "fix")
    base = token("GET", f"{R}/git/ref/heads/main")["object"]["sha"]
    again = {"ref": "refs/heads/fix", "sha": sha}
    assert token("POST", f"{R}/git/refs", again, 422)["message"] == "Reference already exists"
    assert token("POST", f"{R}/git/refs", again | {"sha": "0" * 40}, 422)["message"] == "Object does not exist"
    assert "fast forward" in token("PATCH", f"{R}/git/refs/heads/fix", {"sha": base}, 422)["message"]
    token("PATCH", f"{R}/git/refs/heads/fix", {"sha": base, "force": True})
    assert [r["ref"] for r in token("GET", f"{R}/git/matching-refs/heads/fi")] == ["refs/heads/fix"]
    token("DELETE", f"{R}/git/refs/heads/fix", status=204)
    token("GET", f"{R}/git/ref/heads/fix", status=404)


def test_workflows_are_refused_without_their_permission(github: StandIn) -> None:
    token = as_installation(github, "ada/parcel")
    entry = {"path": ".github/workflows/ci.yml", "mode": "100644", "type": "blob", "content": "on: push\n"}
    token("POST", f"{R}/git/trees", {"tree": [entry]}, 403)
    climbing = {"path": "../x", "mode": "100644", "type": "blob", "content": "x"}
    token("POST", f"{R}/git/trees", {"tree": [climbing]}, 422)


def test_reviews_and_replies(github: StandIn) -> None:
    token = as_installation(github, "ada/parcel")
    publish(token)
    pull = token("POST", f"{R}/pulls", {"title": "Fix", "head": "autofix/issue-1", "base": "main"}, 201)
    at = f"{R}/pulls/{pull['number']}"
    lines = [("src/parcel.py", 1, "Why two?")]
    review = github.review("ada/parcel", pull["number"], "CHANGES_REQUESTED", "Not yet", by="bob", lines=lines)
    assert [r["state"] for r in token("GET", f"{at}/reviews")] == ["CHANGES_REQUESTED"]
    assert token("GET", f"{at}/reviews/{review.id}")["body"] == "Not yet"
    remark = token("GET", f"{at}/reviews/{review.id}/comments")[0]
    token("POST", f"{at}/comments/{remark['id']}/replies", {"body": "Because"}, 201)
    assert [c["body"] for c in token("GET", f"{at}/comments")] == ["Why two?", "Because"]


def test_check_runs(github: StandIn) -> None:
    token = as_installation(github, "ada/parcel")
    sha = publish(token)
    run = token("POST", f"{R}/check-runs", {"name": "autofix", "head_sha": sha, "status": "in_progress"}, 201)
    output = {"title": "done", "summary": "2 tests"}
    token("PATCH", f"{R}/check-runs/{run['id']}", {"conclusion": "success", "output": output})
    assert token("GET", f"{R}/check-runs/{run['id']}")["status"] == "completed"
    assert token("GET", f"{R}/commits/{sha}/check-runs")["total_count"] == 1
    assert token("GET", f"{R}/commits/{sha}/status")["state"] == "pending"


def test_a_tree_and_a_blob_are_what_git_says(github: StandIn) -> None:
    token = as_installation(github, "ada/parcel")
    head = token("GET", f"{R}/git/ref/heads/main")["object"]["sha"]
    tree = token("GET", f"{R}/git/trees/{head}", recursive="1")
    entry = next(e for e in tree["tree"] if e["path"] == "src/parcel.py")
    assert base64.b64decode(token("GET", f"{R}/git/blobs/{entry['sha']}")["content"]) == b"PRICE = 1\n"
    assert entry["sha"] == hashlib.sha1(b"blob 10\0PRICE = 1\n", usedforsecurity=False).hexdigest()
