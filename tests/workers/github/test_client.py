"""The client against a GitHub over HTTP: tokens, reads, writes, and githubkit's traps.

The stand-in's traffic is compared with GitHub's own description of its API.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from deploy.demo.github import StandIn
from deploy.demo.github.rest import HttpAnswer
from deploy.demo.github.state import DemoRuleset
from tests.deploy.standins import Conformance
from workers.github.client import GitHub
from workers.github.connection import AppCredentials, RepositoryAccess
from workers.github.types import (
    CredentialsRefused,
    InstallationGone,
    Missing,
    Moved,
    RateLimited,
    Refused,
    Unprocessable,
    Unreachable,
)
from workers.pipeline import labels

NAME = "demo/parcel"
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture
def observer() -> Conformance:
    return Conformance()


@pytest.fixture
def world(tmp_path: Path, observer: Conformance) -> Iterator[StandIn]:
    with StandIn(tmp_path, observer=observer) as github:
        github.add_repository(
            NAME, {"README.md": "hello\n", "run.sh": "true\n"}, people={"ada": "write", "bob": "read"}
        )
        yield github


@pytest.fixture
def opened(world: StandIn) -> Iterator[Callable[..., GitHub]]:
    made: list[GitHub] = []

    def connect(**changed: Any) -> GitHub:
        given: dict[str, Any] = {
            "api_url": world.api_url,
            "api_version": "2022-11-28",
            "app_id": str(world.app.id),
            "private_key": world.private_key,
            "installation_id": world.installation(NAME).id,
            "repository_id": world.repository(NAME).id,
            "repository": NAME,
            "write_interval": 0.0,
            "sleep": lambda _seconds: None,
            "clock": lambda: NOW,
        }
        values = {**given, **changed}

        def taken(of: type[Any]) -> Any:
            return of(**{f.name: values.pop(f.name) for f in fields(of) if f.name in values})

        github = GitHub(taken(AppCredentials), taken(RepositoryAccess), **values)
        made.append(github)
        return github

    yield connect
    for one in made:
        one.revoke()


def refuse(status: int, body: dict[str, Any] | None = None, **headers: str) -> HttpAnswer:
    answer = json.dumps(body or {"message": "no"}).encode()
    return HttpAnswer(status, {"content-type": "application/json", **headers}, answer)


def test_a_job_reads_what_it_needs_and_nothing_departs_from_githubs_description(
    world: StandIn, opened: Callable[..., GitHub], observer: Conformance
) -> None:
    number = world.open_issue(NAME, "Rounding", "is wrong", by="ada")
    world.comment(NAME, number, "me too", by="bob")
    github = opened()
    assert github.read_repository().full_name == NAME
    issue = github.read_issue(number)
    assert (issue.title, issue.author, issue.state, issue.is_pull_request) == ("Rounding", "ada", "open", False)
    assert [c.body for c in github.list_comments(number)] == ["me too"]
    assert [github.read_permission(p) for p in ("ada", "bob", "eve")] == ["write", "read", "none"]
    assert github.read_file("README.md", "main") == "hello\n"
    assert github.read_file(".github/autofix.yml", "main") is None
    assert github.read_branch("main") is not None
    assert github.read_branch("autofix/issue-1") is None
    observer.verify()


def test_comments_reactions_and_labels_land_on_the_issue(
    world: StandIn, opened: Callable[..., GitHub], observer: Conformance
) -> None:
    number = world.open_issue(NAME, "Rounding", "is wrong", by="ada")
    github = opened()
    github.react(number, "eyes")
    first = github.add_comment(number, "<!-- mark --> one")
    found = github.find_comment(number, "<!-- mark -->")
    assert found is not None
    assert (found.id, found.ours) == (first, True)
    github.edit_comment(first, "<!-- mark --> two")
    for _ in range(2):
        github.add_label(number, labels.WORKING, labels.LABEL_STYLES[labels.WORKING])
    assert github.read_issue(number).labels == (labels.WORKING,)
    for _ in range(2):
        github.remove_label(number, labels.WORKING)
    assert github.read_issue(number).labels == ()
    assert [c.body for c in github.list_comments(number)] == ["<!-- mark --> two"]
    observer.verify()


def test_other_peoples_comments_are_never_taken_for_ours(world: StandIn, opened: Callable[..., GitHub]) -> None:
    number = world.open_issue(NAME, "Rounding", "is wrong", by="ada")
    world.comment(NAME, number, "<!-- mark --> forged", by="bob")
    assert opened().find_comment(number, "<!-- mark -->") is None


def test_a_patch_becomes_a_commit_a_branch_and_a_pull_request(
    world: StandIn, opened: Callable[..., GitHub], observer: Conformance
) -> None:
    github = opened()
    base = github.read_branch("main")
    assert base is not None
    files = {"README.md": ("100644", b"better\n"), "bin": ("100755", bytes(range(256))), "run.sh": None}
    commit = github.add_commit(base.sha, files, "Fix")
    github.add_branch("autofix/issue-1", commit.sha)
    with pytest.raises(Unprocessable):
        github.add_branch("autofix/issue-1", commit.sha)
    pull = github.open_pull(title="Fix", head="autofix/issue-1", base="main", body="Fixes #1", draft=True)
    assert (pull.head_sha, pull.draft, pull.head_repository_id) == (commit.sha, True, github.repository_id)
    with pytest.raises(Unprocessable, match="already exists"):
        github.open_pull(title="Fix", head="autofix/issue-1", base="main", body="Fixes #1", draft=True)
    assert github.find_pull("autofix/issue-1") == pull
    github.edit_pull(pull.number, title="Fix it", body="Fixes #1 well")
    assert github.read_pull(pull.number).title == "Fix it"
    assert world.read(NAME, "bin", "autofix/issue-1") == bytes(range(256))
    with pytest.raises(KeyError):
        world.read(NAME, "run.sh", "autofix/issue-1")
    again = github.add_commit(commit.sha, {"README.md": ("100644", b"best\n")}, "Fix more")
    github.move_branch("autofix/issue-1", again.sha, force=False)
    assert github.read_branch("autofix/issue-1") == again
    observer.verify()


def test_a_check_run_is_made_once_and_only_where_it_is_allowed(
    tmp_path: Path, opened: Callable[..., GitHub], world: StandIn
) -> None:
    github = opened()
    base = github.read_branch("main")
    assert base is not None
    assert github.may_write_checks
    for _ in range(2):
        github.add_check(base.sha, name="Pennyfix", conclusion="success", title="t", summary="s")
    world.installation(NAME).permissions.pop("checks")
    other = opened()
    assert not other.may_write_checks
    other.add_check(base.sha, name="Other", conclusion="success", title="t", summary="s")


def test_the_token_is_for_one_repository_and_is_revoked_at_the_end(
    world: StandIn, opened: Callable[..., GitHub]
) -> None:
    world.add_repository("demo/other", {"a": "b"})
    with opened() as github:
        token = github.token
        assert token.startswith("ghs_")
        other = opened(repository="demo/other")
        other._token, other._client = token, other._open(token)
        with pytest.raises(Missing):
            other.read_repository()
    late = opened()
    late._token, late._client = token, late._open(token)
    late._private_key = "no more"
    with pytest.raises(CredentialsRefused):  # the old token answers 401, and a new one cannot be minted
        late.read_repository()


def test_a_token_that_is_no_longer_good_is_minted_anew_once(world: StandIn, opened: Callable[..., GitHub]) -> None:
    github = opened()
    github.read_repository()
    github._send(github._client, "DELETE", "/installation/token")
    assert github.read_repository().full_name == NAME


def test_a_wrong_private_key_names_the_settings(opened: Callable[..., GitHub], tmp_path: Path) -> None:
    stranger = StandIn(tmp_path / "other")
    with pytest.raises(CredentialsRefused, match="PENNYFIX_GITHUB_PRIVATE_KEY"):
        opened(private_key=stranger.private_key).read_repository()
    with pytest.raises(CredentialsRefused, match="no usable RSA key"):
        opened(private_key="-----BEGIN NONSENSE-----").read_repository()


def test_an_app_that_was_uninstalled_or_suspended_is_told_apart(world: StandIn, opened: Callable[..., GitHub]) -> None:
    github = opened()
    world.suspend(NAME)
    with pytest.raises(InstallationGone):
        github.read_repository()
    world.suspend(NAME, suspended=False)
    world.uninstall(NAME)
    with pytest.raises(InstallationGone):
        github.read_repository()


def test_a_name_that_belongs_to_another_repository_now_is_refused(
    world: StandIn, opened: Callable[..., GitHub]
) -> None:
    github = opened()
    mine = github._send(github._open(github.token), "GET", f"/repos/{NAME}")
    other = refuse(200, {**mine, "id": 999_999})
    world.rest.fault = lambda *_rest: other
    with pytest.raises(Missing, match="another repository"):
        github.read_repository()


def test_an_issue_that_another_repository_answers_for_is_noticed_and_a_new_name_is_none(
    world: StandIn, opened: Callable[..., GitHub]
) -> None:
    github = opened()
    number = world.open_issue(NAME, "Rounding", "is wrong", by="ada")
    mine = github._send(github._open(github.token), "GET", f"/repos/{NAME}/issues/{number}")
    own = github._send(github._open(github.token), "GET", f"/repos/{NAME}")
    answers = {f"/repos/{NAME}": refuse(200, {**own, "full_name": "demo/renamed"})}
    world.rest.fault = lambda _method, path: answers.get(path)
    for where, new in (("demo/other", number), ("demo/other", 7), ("demo/renamed", 8)):
        elsewhere = {**mine, "repository_url": f"{world.api_url}/repos/{where}", "number": new}
        answers[f"/repos/{NAME}/issues/{number}"] = refuse(200, elsewhere)
        github.repository = NAME
        with pytest.raises(Moved, match=rf"transferred to {where}#{new}"):
            github.read_issue(number)
    renamed = {**mine, "repository_url": f"{world.api_url}/repos/demo/renamed"}
    answers[f"/repos/{NAME}/issues/{number}"] = refuse(200, renamed)
    github.repository = NAME
    assert github.read_issue(number).title == "Rounding"


@pytest.mark.parametrize(("bypass", "told"), [("never", True), ("pull_requests_only", True), ("always", False)])
def test_the_rules_of_a_branch_are_those_that_bind_this_app(
    world: StandIn, opened: Callable[..., GitHub], observer: Conformance, bypass: Literal["always", "never"], told: bool
) -> None:
    github = opened()
    world.repository(NAME).rulesets.append(
        DemoRuleset(5, "ours only", r"autofix/.*", [("creation", {}), ("deletion", {})], bypass)
    )
    found = github.list_rules("autofix/issue-1")
    assert [(r.kind, r.ruleset) for r in found] == (
        [("creation", "ours only"), ("deletion", "ours only")] if told else []
    )
    assert github.list_rules("main") == ()
    tip = github.read_branch("main")
    assert tip is not None
    if told:
        with pytest.raises(Unprocessable, match="creations being restricted"):
            github.add_branch("autofix/issue-1", tip.sha)
        return
    github.add_branch("autofix/issue-1", tip.sha)
    assert github.list_branches("auto") == ("autofix/issue-1",)
    with pytest.raises(Unprocessable, match="update failed"):
        github.add_branch("autofix", tip.sha)
    observer.verify()


def test_an_older_server_without_rulesets_has_no_rules(world: StandIn, opened: Callable[..., GitHub]) -> None:
    github = opened()
    world.rest.fault = lambda _method, path: refuse(404) if "/rules" in path else None
    assert github.list_rules("autofix/issue-1") == ()


def test_an_unreachable_github_is_named(opened: Callable[..., GitHub]) -> None:
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9"):
        opened(api_url="http://127.0.0.1:9/api/v3").read_repository()


def test_reads_are_tried_again_and_posts_that_people_see_are_not(world: StandIn, opened: Callable[..., GitHub]) -> None:
    number = world.open_issue(NAME, "Rounding", "is wrong", by="ada")
    github = opened()
    github.read_repository()
    seen: list[str] = []

    def outage(method: str) -> HttpAnswer | None:
        seen.append(method)
        return refuse(502) if len(seen) < 3 or method == "POST" else None

    world.rest.fault = lambda method, *_rest: outage(method)
    assert github.read_issue(number).number == number
    assert seen == ["GET", "GET", "GET"]
    with pytest.raises(Unreachable, match="502"):
        github.add_comment(number, "once")
    assert seen.count("POST") == 1


@pytest.mark.parametrize(
    ("status", "body", "headers", "wait"),
    [
        (403, "You have exceeded a secondary rate limit.", {}, 60),
        (403, "You have exceeded a secondary rate limit.", {"retry-after": "90"}, 90),
        (429, "Too many requests", {}, 60),
        (403, "API rate limit exceeded", {"x-ratelimit-remaining": "0", "retry-after": "7"}, 7),
    ],
)
def test_a_rate_limit_says_until_when_and_nobody_sleeps(
    world: StandIn, opened: Callable[..., GitHub], status: int, body: str, headers: dict[str, str], wait: int
) -> None:
    slept: list[float] = []
    github = opened(sleep=slept.append)
    github.read_repository()
    world.rest.fault = lambda *_rest: refuse(status, {"message": body}, **headers)
    with pytest.raises(RateLimited) as caught:
        github.read_repository()
    assert caught.value.until == NOW + timedelta(seconds=wait)
    assert slept == []


def test_writes_are_at_least_the_interval_apart(world: StandIn, opened: Callable[..., GitHub]) -> None:
    number = world.open_issue(NAME, "Rounding", "is wrong", by="ada")
    slept: list[float] = []
    github = opened(write_interval=5.0, sleep=slept.append)
    github.add_comment(number, "one")
    assert slept == []
    github.add_comment(number, "two")
    assert len(slept) == 1
    assert 4.0 < slept[0] <= 5.0


def test_an_issue_can_be_read_with_a_persons_own_token_which_is_not_revoked(
    world: StandIn, opened: Callable[..., GitHub]
) -> None:
    number = world.open_issue(NAME, "Rounding", "is wrong", by="ada")
    minted = opened().token
    with opened(given_token=minted, private_key="", installation_id=0) as github:
        assert github.read_issue(number).title == "Rounding"
    with opened(given_token=minted) as again:
        assert again.read_issue(number).title == "Rounding"
    with opened(given_token="") as nobody, pytest.raises(Refused):
        nobody.read_issue(number)
