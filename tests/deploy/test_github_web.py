"""The stand-in's git, sign-in, registration and pages."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from deploy.demo.github import StandIn
from deploy.demo.github.pages import markdown
from tests.deploy.standins import Client, Conformance, app_jwt, as_installation, started


@pytest.fixture
def github(tmp_path: Path) -> Iterator[StandIn]:
    conformance = Conformance()
    github = started(tmp_path, None, conformance)
    yield github
    github.stop()
    conformance.verify()


def git(*args: str, cwd: Path, token: str = "") -> subprocess.CompletedProcess[str]:
    """Run git with the token in a header, never in the address."""
    env = {"PATH": "/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0", "HOME": str(cwd)}
    if token:
        basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        env |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.extraHeader"}
        env["GIT_CONFIG_VALUE_0"] = f"Authorization: Basic {basic}"
    return subprocess.run(["git", *args], cwd=cwd, env=env, capture_output=True, text=True, check=False)


def token_of(client: Client) -> str:
    return client.http.headers["Authorization"].removeprefix("Bearer ")


def test_git_clones_what_the_api_shows(github: StandIn, tmp_path: Path) -> None:
    client = as_installation(github, "ada/parcel", contents="read")
    address = f"{github.url}/ada/parcel.git"
    assert git("clone", "--quiet", address, "refused", cwd=tmp_path).returncode != 0
    done = git("clone", "--quiet", address, "clone", cwd=tmp_path, token=token_of(client))
    assert done.returncode == 0, done.stderr
    head = git("rev-parse", "HEAD", cwd=tmp_path / "clone").stdout.strip()
    assert head == client("GET", "/repos/ada/parcel/git/ref/heads/main")["object"]["sha"]
    assert (tmp_path / "clone/src/parcel.py").read_text() == "PRICE = 1\n"
    assert git("fsck", "--strict", cwd=tmp_path / "clone").returncode == 0


def test_git_pushes_only_with_write_permission(github: StandIn, tmp_path: Path) -> None:
    reader = token_of(as_installation(github, "ada/parcel", contents="read"))
    writer = token_of(as_installation(github, "ada/parcel", contents="write"))
    git("clone", "--quiet", f"{github.url}/ada/parcel.git", "clone", cwd=tmp_path, token=reader)
    clone = tmp_path / "clone"
    assert git("push", "--quiet", "origin", "HEAD:refs/heads/mine", cwd=clone, token=reader).returncode != 0
    done = git("push", "--quiet", "origin", "HEAD:refs/heads/mine", cwd=clone, token=writer)
    assert done.returncode == 0, done.stderr
    assert github.repository("ada/parcel").objects.ref("refs/heads/mine")


def sign_in(github: StandIn, verifier: str) -> str:
    """Click through as bob; returns the code."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    query = {"client_id": github.app.client_id, "redirect_uri": "http://localhost/back", "state": "s1"}
    query |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    address = f"{github.url}/login/oauth/authorize"
    assert ">bob</a>" in httpx.get(address, params=query, trust_env=False).text
    answer = httpx.get(address, params={**query, "as": "bob"}, trust_env=False)
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert back["state"] == ["s1"]
    return back["code"][0]


def exchange(github: StandIn, **fields: str) -> dict[str, str]:
    body = {"client_id": github.app.client_id, "client_secret": github.app.client_secret, **fields}
    headers = {"Accept": "application/json"}
    answer = httpx.post(f"{github.url}/login/oauth/access_token", data=body, headers=headers, trust_env=False)
    assert answer.status_code == 200
    found: dict[str, str] = answer.json()
    return found


def test_a_person_signs_in_with_pkce_and_sees_what_they_may(github: StandIn) -> None:
    github.add_repository("ada/secret", {"a": "b"})
    code = sign_in(github, "v" * 43)
    fields = {"code": code, "redirect_uri": "http://localhost/back", "code_verifier": "v" * 43}
    token = exchange(github, **fields)["access_token"]
    assert exchange(github, **fields)["error"] == "bad_verification_code"
    person = Client(github, token)
    assert person("GET", "/user")["login"] == "bob"
    it = person("GET", "/user/installations")["installations"][0]
    found = person("GET", f"/user/installations/{it['id']}/repositories")["repositories"]
    assert [(r["name"], r["permissions"]["push"], r["permissions"]["admin"]) for r in found] == [
        ("parcel", True, False)
    ]


def test_a_wrong_verifier_or_secret_is_refused(github: StandIn) -> None:
    code = sign_in(github, "v" * 43)
    assert exchange(github, code=code, client_secret="guess")["error"] == "incorrect_client_credentials"
    assert exchange(github, code=code, code_verifier="w" * 43)["error"] == "bad_verification_code"


def test_a_manifest_becomes_an_app_once(github: StandIn) -> None:
    manifest = {
        "name": "Ada's fixer",
        "url": "http://localhost",
        "hook_attributes": {"url": "http://localhost/webhooks/github"},
        "redirect_url": "http://localhost/setup/back",
        "default_permissions": {"issues": "write"},
        "default_events": ["issues"],
    }
    form = {"manifest": json.dumps(manifest)}
    answer = httpx.post(f"{github.url}/settings/apps/new", params={"state": "s2"}, data=form, trust_env=False)
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert back["state"] == ["s2"]
    path = f"/app-manifests/{back['code'][0]}/conversions"
    made = Client(github)("POST", path, status=201)
    assert (made["slug"], made["permissions"]) == ("ada-s-fixer", {"issues": "write"})
    Client(github)("POST", path, status=404)
    assert "PRIVATE KEY" in made["pem"]
    Client(github, app_jwt(github))("GET", "/app", status=401)


def test_pages_show_and_escape(github: StandIn) -> None:
    number = github.open_issue("ada/parcel", "<b>Wrong</b>", "<script>alert(1)</script> ![x](http://x/y.png)", by="bob")
    page = httpx.get(f"{github.url}/ada/parcel/issues/{number}", trust_env=False).text
    assert "&lt;b&gt;Wrong" in page
    assert "<script" not in page
    assert "<img" not in page
    assert f"/ada/parcel/issues/{number}" in httpx.get(github.url, trust_env=False).text
    assert httpx.get(f"{github.url}/ada/parcel/issues/99", trust_env=False).status_code == 404


def test_markdown_keeps_tables_and_details_and_hides_comments() -> None:
    html = markdown(
        "<!-- hidden -->\n<details><summary>More</summary>\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n</details>"
    )
    assert "<table>" in html
    assert "<details>" in html
    assert "<summary>More</summary>" in html
    assert "hidden" not in html
    assert "javascript:" not in markdown("[x](javascript:alert(1))").replace("[x](javascript:alert(1))", "")
