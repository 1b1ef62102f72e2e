"""Publishing, run twice or after a crash anywhere, leaves one branch and one pull request."""

from __future__ import annotations

import pytest

from tests.fakes.github import FakeGitHub
from workers.jobs.ending import Publication
from workers.messages.pull_request import TRAILER
from workers.pipeline.publish import BranchTaken, publish


class Crash(BaseException):
    """The worker died."""


def publication(github: FakeGitHub, **changed: object) -> Publication:
    given: dict[str, object] = {
        "issue": 1,
        "branch": "autofix/issue-1",
        "base": "main",
        "parent": github.base.sha,
        "files": {"README.md": ("100644", b"better\n"), "run.sh": ("100755", b"#!/bin/sh\n")},
        "message": f"Fix #1: Rounding\n\n{TRAILER}: 5\nPennyfix-Issue: 1\n",
        "title": "Fix #1: Rounding",
        "body": "Fixes #1",
        "draft": False,
    }
    return Publication(**{**given, **changed})  # type: ignore[arg-type] # a test names real fields


def free() -> None:
    """The lease is ours."""


def test_a_patch_becomes_a_branch_with_one_commit_and_a_pull_request() -> None:
    github = FakeGitHub()
    pull = publish(github, publication(github), free)
    tip = github.read_branch("autofix/issue-1")
    assert tip is not None
    assert tip.parents == (github.base.sha,)
    assert github.contents[tip.tree] == {"README.md": ("100644", b"better\n"), "run.sh": ("100755", b"#!/bin/sh\n")}
    assert (pull.head_sha, pull.base_branch, pull.draft) == (tip.sha, "main", False)


def test_a_second_run_finds_everything_and_writes_nothing() -> None:
    github = FakeGitHub()
    first = publish(github, publication(github), free)
    writes = list(github.writes)
    assert publish(github, publication(github), free) == first
    assert github.writes == writes


@pytest.mark.parametrize("write", ["branch", "pull"])
def test_a_crash_after_any_write_is_resumed_without_a_second_one(write: str) -> None:
    github = FakeGitHub()

    def crash(what: str) -> None:
        if what == write:
            raise Crash

    github.after = crash
    with pytest.raises(Crash):
        publish(github, publication(github), free)
    github.after = lambda _what: None
    publish(github, publication(github), free)
    assert len(github.pulls) == 1
    assert github.writes == ["branch", "pull"]


def test_a_lost_lease_stops_before_the_next_visible_write() -> None:
    github = FakeGitHub()

    def lost() -> None:
        raise Crash

    with pytest.raises(Crash):
        publish(github, publication(github), lost)
    assert github.writes == []


def test_commits_of_other_people_are_never_overwritten() -> None:
    github = FakeGitHub()
    theirs = github.add_commit(github.base.sha, {"mine.txt": ("100644", b"x")}, "My own work")
    github.branches["autofix/issue-1"] = theirs.sha
    with pytest.raises(BranchTaken):
        publish(github, publication(github), free)
    assert github.branches["autofix/issue-1"] == theirs.sha


def test_a_branch_left_by_an_earlier_job_of_ours_is_moved() -> None:
    github = FakeGitHub()
    message = f"Fix #1: before\n\n{TRAILER}: 4\nPennyfix-Issue: 1\n"
    old = github.add_commit(github.base.sha, {"README.md": ("100644", b"worse\n")}, message)
    github.branches["autofix/issue-1"] = old.sha
    pull = publish(github, publication(github), free)
    assert pull.head_sha != old.sha
    assert github.commits[pull.head_sha].parents == (github.base.sha,)


def test_a_trailer_for_another_issue_does_not_make_a_branch_ours() -> None:
    github = FakeGitHub()
    other = github.add_commit(github.base.sha, {}, f"x\n\n{TRAILER}: 4\nPennyfix-Issue: 12\n")
    github.branches["autofix/issue-1"] = other.sha
    with pytest.raises(BranchTaken):
        publish(github, publication(github), free)


def test_where_drafts_are_not_offered_an_ordinary_pull_request_is_opened() -> None:
    github = FakeGitHub(drafts=False)
    assert not publish(github, publication(github, draft=True), free).draft


def test_a_pull_request_with_an_older_text_gets_the_new_one() -> None:
    github = FakeGitHub()
    first = publish(github, publication(github), free)
    publish(github, publication(github, body="Fixes #1\n\nnew bill"), free)
    assert github.pulls[first.number].body == "Fixes #1\n\nnew bill"
    assert len(github.pulls) == 1
