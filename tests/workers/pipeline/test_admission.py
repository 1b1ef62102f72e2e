"""Who and what is let in: a table of situations."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.fakes.github import issue, repository
from workers.config.errors import ConfigError, ConfigProblem
from workers.config.repository_file import RepositoryFile
from workers.github.branch_rules import BranchFacts
from workers.github.types import FailedCheck, RemoteCommit, RemotePull
from workers.jobs.job import State
from workers.pipeline import labels
from workers.pipeline.admission import Admitted, Rejected, Snapshot, admit, admit_follow_up, recheck_issue
from workers.pipeline.follow_up import FollowUpRequest

PULL = RemotePull(9, "open", False, False, "t", "b", "autofix/issue-1", "abc", 7, "main", "https://x")
OURS = RemoteCommit("abc", "tree", "Fix\n\nPennyfix-Job: 3\nPennyfix-Issue: 1", ())
THEIRS = RemoteCommit("abc", "tree", "My work", ())
BROKEN = ConfigError(".github/autofix.yml", (ConfigProblem(3, "budgit", "is not a known key", "write `budget`"),))


def facts(**known: Any) -> BranchFacts:
    return replace(BranchFacts("autofix/issue-1"), **known)


def snapshot(**changed: object) -> Snapshot:
    given = Snapshot(
        actor="ada",
        issue_number=1,
        repository=repository(),
        issue=issue(),
        permission="write",
        file=RepositoryFile(),
        pull=None,
        ours=BranchFacts("autofix/issue-1"),
        left=Decimal(2),
    )
    return replace(given, **changed)  # type: ignore[arg-type] # a test names real fields


def test_an_open_labelled_issue_of_a_writer_is_let_in_on_the_default_branch() -> None:
    assert admit(snapshot()) == Admitted(RepositoryFile(), "main")


def test_a_label_is_the_same_in_upper_case() -> None:
    assert isinstance(admit(snapshot(issue=issue(1, labels=("AutoFix",)))), Admitted)


def test_the_file_may_name_another_base_branch() -> None:
    decision = admit(snapshot(file=RepositoryFile(base="develop")))
    assert isinstance(decision, Admitted)
    assert decision.base == "develop"


def test_a_branch_of_ours_from_an_earlier_job_is_no_obstacle() -> None:
    assert isinstance(admit(snapshot(ours=facts(tip=OURS))), Admitted)


@pytest.mark.parametrize(
    ("changed", "state", "says"),
    [
        ({"repository": repository(archived=True)}, State.CANCELLED, "archived"),
        ({"repository": repository(disabled=True)}, State.CANCELLED, "archived"),
        ({"issue": issue(is_pull_request=True)}, State.DECLINED, "pull request"),
        ({"issue": issue(state="closed")}, State.CANCELLED, "closed"),
        ({"issue": issue(locked=True)}, State.CANCELLED, "locked"),
        ({"issue": issue(labels=("bug",))}, State.CANCELLED, "label autofix is not on"),
        ({"permission": "read"}, State.DECLINED, "no write access"),
        ({"permission": "none"}, State.DECLINED, "no write access"),
        ({"file": BROKEN}, State.DECLINED, "cannot be used"),
        ({"pull": PULL}, State.DECLINED, "open pull request"),
        ({"ours": facts(tip=THEIRS)}, State.DECLINED, "not mine"),
        ({"left": Decimal(0)}, State.OVER_BUDGET, "no money"),
    ],
)
def test_everything_else_is_turned_away_with_a_reason(changed: dict[str, object], state: State, says: str) -> None:
    decision = admit(snapshot(**changed))
    assert isinstance(decision, Rejected)
    assert decision.state is state
    assert says in decision.reason


def test_somebody_without_write_access_is_not_told_what_is_in_the_file() -> None:
    decision = admit(snapshot(permission="read", file=BROKEN))
    assert isinstance(decision, Rejected)
    assert "budgit" not in decision.text


def test_a_bad_file_is_reported_with_line_and_fix() -> None:
    decision = admit(snapshot(file=BROKEN))
    assert isinstance(decision, Rejected)
    assert "line 3: `budgit` is not a known key. Fix: write `budget`." in decision.text
    assert decision.label == labels.NEEDS_HUMAN


def test_an_issue_that_stays_as_it_was_is_still_wanted() -> None:
    assert recheck_issue(repository(), issue(), "autofix") is None


@pytest.mark.parametrize("changed", [{"labels": ()}, {"state": "closed"}, {"locked": True}])
def test_an_issue_that_changed_is_not_published_for(changed: dict[str, object]) -> None:
    gone = recheck_issue(repository(), issue(1, **changed), "autofix")
    assert gone is not None
    assert gone.state is State.CANCELLED


# -- follow-ups -------------------------------------------------------------------------------------------------


def follow_up(
    request: FollowUpRequest | None = None, pull: RemotePull = PULL, **changed: object
) -> Admitted | Rejected:
    return admit_follow_up(snapshot(pull=pull, **changed), pull, request or FollowUpRequest("review", pull.number))


def test_a_follow_up_of_a_writer_on_our_open_pull_request_is_let_in_on_its_base() -> None:
    decision = follow_up()
    assert isinstance(decision, Admitted)
    assert decision.base == PULL.base_branch
    assert (decision.file.accept, decision.file.unverified) == ("regression", "decline")


def test_failing_checks_of_the_newest_commit_are_let_in() -> None:
    failed = (FailedCheck("lint", "1 error", "E501", ""),)
    assert isinstance(
        admit_follow_up(snapshot(), PULL, FollowUpRequest("checks", PULL.number, head_sha="abc"), failed), Admitted
    )


@pytest.mark.parametrize("permission", ["none", "read"])
def test_a_follow_up_spends_for_nobody_without_write_access(permission: str) -> None:
    decision = follow_up(permission=permission)
    assert isinstance(decision, Rejected)
    assert decision.state is State.DECLINED
    assert "no write access" in decision.reason
    assert "ada" in decision.text


@pytest.mark.parametrize(
    ("changed", "state", "says"),
    [
        ({"repository": repository(archived=True)}, State.CANCELLED, "archived"),
        ({"pull": replace(PULL, state="closed")}, State.CANCELLED, "not open"),
        ({"pull": replace(PULL, head_branch="mine")}, State.CANCELLED, "not from a branch of mine"),
        ({"pull": replace(PULL, head_repository_id=8)}, State.CANCELLED, "not from a branch of mine"),
        ({"request": FollowUpRequest("checks", 9, head_sha="old")}, State.CANCELLED, "newer commit"),
        ({"request": FollowUpRequest("checks", 9, head_sha="abc")}, State.CANCELLED, "do not fail"),
        ({"file": BROKEN}, State.DECLINED, "cannot be used"),
        ({"left": Decimal(0)}, State.OVER_BUDGET, "no money"),
    ],
)
def test_every_other_follow_up_is_turned_away_with_a_reason(changed: dict[str, Any], state: State, says: str) -> None:
    decision = follow_up(**changed)
    assert isinstance(decision, Rejected)
    assert decision.state is state
    assert says in decision.reason
