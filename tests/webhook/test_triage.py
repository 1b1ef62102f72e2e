from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.github_delivery import ROBOT, comment_event, issue_event, pull_request_event
from webhook.payload import Event, Payload
from webhook.triage import RULES, TriageContext, triage
from workers.jobs.commands import Cancel, Command, FollowUp, Ignored, Instruct, Learn, Lifecycle, Observe, Place, Start

PLACE = Place(99, 11, "acme/widgets", 7)
PULL = Place(99, 11, "acme/widgets", 8)


def decide(name: str, payload: dict[str, Any], known: TriageContext = TriageContext()) -> Command | Ignored:  # noqa: B008  # frozen
    return triage(Event("guid", name, payload.get("action") or "", "digest", Payload.model_validate(payload)), known)


def why(name: str, payload: dict[str, Any], known: TriageContext = TriageContext()) -> str:  # noqa: B008  # frozen
    decision = decide(name, payload, known)
    assert isinstance(decision, Ignored), decision
    return decision.reason


def test_a_person_who_adds_the_label_starts_a_job() -> None:
    assert decide("issues", issue_event("labeled")) == Start(PLACE, "octocat", "autofix", "main")


def test_labels_are_compared_as_github_does() -> None:
    assert isinstance(decide("issues", issue_event("labeled", label="AutoFix")), Start)


def test_a_repository_may_name_another_label() -> None:
    known = TriageContext(label_of=lambda repository: "repair" if repository == 11 else None)
    assert isinstance(decide("issues", issue_event("labeled", label="repair"), known), Start)
    assert why("issues", issue_event("labeled"), known) == "the label is not ours: autofix"
    assert isinstance(decide("issues", issue_event("unlabeled", label="repair"), known), Cancel)


def test_a_state_label_never_starts_anything() -> None:
    known = TriageContext(label_of=lambda _: "autofix: working")
    assert "not ours" in why("issues", issue_event("labeled", label="autofix: working"), known)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"label": "bug"}, "not ours"),
        ({"sender": ROBOT}, "bot"),
        ({"sender": {"login": "pennyfix[bot]", "type": "User"}}, "bot"),
        ({"sender": None}, "bot"),
        ({"issue": {"pull_request": {}}}, "pull request"),
        ({"issue": {"state": "closed"}}, "not open"),
        ({"issue": {"locked": True}}, "locked"),
        ({"repository": {"archived": True}}, "archived"),
        ({"installation": None}, "not sent for an installation"),
    ],
)
def test_a_label_that_starts_nothing(changes: dict[str, Any], said: str) -> None:
    assert said in why("issues", issue_event("labeled", **changes))


@pytest.mark.parametrize("action", ["unlabeled", "closed", "deleted", "transferred", "locked"])
@pytest.mark.parametrize("sender", [None, ROBOT])
def test_what_cancels_is_accepted_from_anybody(action: str, sender: dict[str, Any] | None) -> None:
    payload = issue_event(action) | ({"sender": sender} if sender else {})
    decision = decide("issues", payload)
    assert isinstance(decision, Cancel)
    assert decision.place == PLACE
    assert decision.reason


def test_another_label_taken_off_cancels_nothing() -> None:
    assert "not ours" in why("issues", issue_event("unlabeled", label="bug"))


def test_a_comment_with_a_command_is_an_instruction() -> None:
    assert decide("issue_comment", comment_event("/autofix budget 5")) == Instruct(PLACE, "octocat", "budget", "5", 55)
    on_pull = decide("issue_comment", comment_event("/autofix rename it", on_pull_request=True))
    assert on_pull == Instruct(PLACE, "octocat", "instructions", "rename it", 55, on_pull_request=True)


def test_comments_by_bots_edited_comments_and_plain_ones_are_ignored() -> None:
    assert why("issue_comment", comment_event("/autofix", sender=ROBOT)) == "said by a bot"
    assert why("issue_comment", comment_event("nice /autofix")) == "the comment is no command"
    assert "nothing to do" in why("issue_comment", comment_event("/autofix") | {"action": "edited"})


def test_a_comment_on_a_diff_has_no_issue_comments_id() -> None:
    payload = pull_request_event(
        "created", comment={"id": 4, "body": "/autofix use a set", "user": {"login": "octocat"}}
    )
    decision = decide("pull_request_review_comment", payload)
    assert decision == Instruct(PULL, "octocat", "instructions", "use a set", 0, on_pull_request=True)


def review(state: str = "changes_requested", **changes: Any) -> dict[str, Any]:
    return pull_request_event("submitted", review={"id": 66, "state": state, "commit_id": "b" * 40}, **changes)


def test_requested_changes_on_our_branch_start_a_follow_up() -> None:
    expected = FollowUp(PULL, "octocat", "review", "autofix/issue-7", "b" * 40, 66)
    assert decide("pull_request_review", review()) == expected


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (review("approved"), "requests no changes"),
        (review(ref="feature"), "not on a branch of ours"),
        (review(ref="autofix/issue-7x"), "not on a branch of ours"),
        (review(repository_id=12), "not on a branch of ours"),
        (review(repository_id=None), "not on a branch of ours"),
        (review(sender=ROBOT), "bot"),
        (review(pull_request={"state": "closed"}), "not open"),
    ],
)
def test_reviews_that_ask_nothing_of_us(payload: dict[str, Any], said: str) -> None:
    assert said in why("pull_request_review", payload)


def suite(conclusion: str = "failure", branch: str | None = "autofix/issue-7", app: int = 1) -> dict[str, Any]:
    return issue_event("completed", label=None, sender=ROBOT, issue={}) | {
        "issue": None,
        "check_suite": {
            "head_branch": branch, "head_sha": "c" * 40, "conclusion": conclusion, "app": {"id": app}, "pull_requests": [{"number": 8}],
        },
    }  # fmt: skip


def test_failing_checks_on_our_branch_start_a_follow_up_whoever_pushed() -> None:
    assert decide("check_suite", suite()) == FollowUp(PULL, "renovate[bot]", "checks", "autofix/issue-7", "c" * 40)


def test_checks_that_ask_nothing_of_us() -> None:
    assert "did not fail" in why("check_suite", suite("success"))
    assert "not on a branch" in why("check_suite", suite(branch="main"))
    assert "not on a branch" in why("check_suite", suite(branch=None))
    assert why("check_suite", suite(app=42), TriageContext(app_id=42)) == "our own checks"


@pytest.mark.parametrize(
    ("action", "merged", "outcome"),
    [("closed", True, "merged"), ("closed", False, "closed"), ("reopened", False, "reopened")],
)
def test_outcomes_of_our_pull_requests_are_observed(action: str, merged: bool, outcome: str) -> None:
    payload = pull_request_event(action, pull_request={"merged": merged}, sender=ROBOT)
    assert decide("pull_request", payload) == Observe(PULL, "renovate[bot]", outcome, "autofix/issue-7")  # type: ignore[arg-type]  # parametrized
    assert "not on a branch" in why("pull_request", pull_request_event(action, ref="main"))
    assert "not on a branch" in why("pull_request", pull_request_event(action, repository_id=12))


def test_any_merge_into_the_default_branch_may_bring_another_file() -> None:
    def merged(base: str) -> dict[str, Any]:
        return pull_request_event("closed", ref="theirs", pull_request={"merged": True, "base": {"ref": base}})

    assert decide("pull_request", merged("main")) == Learn(PULL)
    assert "not on a branch" in why("pull_request", merged("release"))


def test_a_merged_revert_of_our_pull_request_is_observed() -> None:
    payload = pull_request_event("closed", ref="revert-5-autofix/issue-7", pull_request={"merged": True})
    assert decide("pull_request", payload) == Observe(
        Place(99, 11, "acme/widgets", 5), "octocat", "reverted", "autofix/issue-7"
    )
    assert "not on a branch" in why("pull_request", pull_request_event("closed", ref="revert-5-autofix/issue-7"))


@pytest.mark.parametrize(
    ("name", "action", "what"),
    [
        ("installation", "created", "created"),
        ("installation", "deleted", "deleted"),
        ("installation", "suspend", "suspended"),
        ("installation", "unsuspend", "unsuspended"),
        ("installation_repositories", "added", "repositories_added"),
        ("installation_repositories", "removed", "repositories_removed"),
    ],
)
def test_installations_come_and_go(name: str, action: str, what: str) -> None:
    key = "repositories" if name == "installation" else f"repositories_{action}"
    payload = {
        "action": action,
        "installation": {"id": 99, "account": {"login": "acme"}},
        "sender": {"login": "octocat"},
        key: [{"id": 11, "full_name": "acme/widgets"}],
    }
    assert decide(name, payload) == Lifecycle(99, "acme", what, ((11, "acme/widgets"),))  # type: ignore[arg-type]  # parametrized


@pytest.mark.parametrize("action", ["renamed", "archived", "deleted", "transferred"])
def test_repositories_change(action: str) -> None:
    payload = issue_event(action, label=None)
    assert decide("repository", payload) == Lifecycle(99, "acme", f"repository_{action}", ((11, "acme/widgets"),))  # type: ignore[arg-type]  # parametrized


@pytest.mark.parametrize("key", sorted(RULES, key=str))
def test_no_rule_falls_over_an_empty_payload(key: tuple[str, str]) -> None:
    payload = Payload.model_validate({"action": key[1], "installation": {"id": 1}})
    decision = triage(Event("guid", key[0], key[1], "", payload), TriageContext())
    assert isinstance(decision, Ignored | Lifecycle)
