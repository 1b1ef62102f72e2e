"""Decides what a delivery asks for. Pure: no network, no database, no clock. One table of rules.

A label event proves "triage" rights at most and events arrive late and out of order, so a worker asks
GitHub again before anything costs money (`workers.pipeline.admission`). Stopping is accepted from anybody; whatever
spends is accepted from people only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from webhook.payload import Event, PullRequestPayload
from webhook.slash_command import parse
from workers.jobs.branch import OURS, REVERT_OF_OURS
from workers.jobs.commands import Cancel, Command, FollowUp, Ignored, Instruct, Learn, Lifecycle, Observe, Place, Start

DEFAULT_LABEL = "autofix"
STATE_LABELS = "autofix:"
FAILING = ("failure", "timed_out")


@dataclass(frozen=True, slots=True)
class TriageContext:
    """What triage knows besides the event: our App's id, and a repository's label (None when it has not been read)."""

    app_id: int = 0
    label_of: Callable[[int], str | None] = lambda _repository_id: None


Rule = Callable[[Event, TriageContext], Command | Ignored]


def triage(event: Event, context: TriageContext) -> Command | Ignored:
    """The command in a delivery, or why there is none."""
    rule = RULES.get((event.name, event.action)) or RULES.get((event.name, None))
    if rule is None:
        return Ignored(f"nothing to do for {event.name}{'.' + event.action if event.action else ''}")
    if event.payload.installation is None:
        return Ignored("not sent for an installation of the App")
    return rule(event, context)


def _labeled(event: Event, context: TriageContext) -> Command | Ignored:
    issue, repository, label = event.payload.issue, event.payload.repository, event.payload.label
    if issue is None or repository is None or label is None:
        return Ignored("the payload names no issue, repository or label")
    if not _is_ours(label.name, repository.id, context):
        return Ignored(f"the label is not ours: {label.name[:100]}")
    if _by_bot(event):
        return Ignored("labeled by a bot")
    if issue.pull_request is not None:
        return Ignored("labeled a pull request, not an issue")
    if issue.state != "open":
        return Ignored("the issue is not open")
    if issue.locked:
        return Ignored("the issue is locked")
    if repository.archived or repository.disabled:
        return Ignored("the repository is archived")
    return Start(_place(event), _actor(event), label.name, repository.default_branch)


def _unlabeled(event: Event, context: TriageContext) -> Command | Ignored:
    repository, label = event.payload.repository, event.payload.label
    if repository is None or label is None or not _is_ours(label.name, repository.id, context):
        return Ignored("the label is not ours")
    return _cancel("the label was removed")(event, context)


def _cancel(reason: str) -> Rule:
    def rule(event: Event, _context: TriageContext) -> Command | Ignored:
        issue = event.payload.issue
        if issue is None or event.payload.repository is None:
            return Ignored("the payload names no issue or repository")
        if issue.pull_request is not None:
            return Ignored("happened to a pull request, not an issue")
        return Cancel(_place(event), _actor(event), reason)

    return rule


def _commented(event: Event, _context: TriageContext) -> Command | Ignored:
    issue, comment = event.payload.issue, event.payload.comment
    if issue is None or comment is None or event.payload.repository is None:
        return Ignored("the payload names no issue or comment")
    return _instruct(event, comment.body, comment.id, on_pull_request=issue.pull_request is not None)


def _commented_on_diff(event: Event, _context: TriageContext) -> Command | Ignored:
    """A comment on a diff is no issue comment: its id is of another kind, so `comment_id` is 0."""
    comment = event.payload.comment
    if event.payload.pull_request is None or comment is None or event.payload.repository is None:
        return Ignored("the payload names no pull request or comment")
    return _instruct(event, comment.body, 0, on_pull_request=True)


def _instruct(event: Event, body: str | None, comment_id: int, *, on_pull_request: bool) -> Command | Ignored:
    command = parse(body or "", on_pull_request=on_pull_request)
    if command is None:
        return Ignored("the comment is no command")
    author = event.payload.comment.user if event.payload.comment else None
    if _by_bot(event) or (author is not None and author.bot):
        return Ignored("said by a bot")
    verb, rest = command
    return Instruct(_place(event), _actor(event), verb, rest, comment_id, on_pull_request)


def _reviewed(event: Event, _context: TriageContext) -> Command | Ignored:
    pull, review = event.payload.pull_request, event.payload.review
    if pull is None or review is None or event.payload.repository is None:
        return Ignored("the payload names no pull request or review")
    if review.state.lower() != "changes_requested":
        return Ignored("the review requests no changes")
    if not _on_our_branch(event, pull):
        return Ignored("not on a branch of ours")
    if _by_bot(event):
        return Ignored("reviewed by a bot")
    if pull.state != "open":
        return Ignored("the pull request is not open")
    sha = review.commit_id or pull.head.sha
    return FollowUp(_place(event), _actor(event), "review", pull.head.ref, sha, review.id)


def _checked(event: Event, context: TriageContext) -> Command | Ignored:
    """Checks run because of our own commits, so the sender is often ourselves; only our own checks are left out."""
    suite = event.payload.check_suite
    if suite is None or event.payload.repository is None:
        return Ignored("the payload names no check suite")
    if suite.conclusion not in FAILING:
        return Ignored("the checks did not fail")
    if not OURS.fullmatch(suite.head_branch or ""):
        return Ignored("not on a branch of ours")
    if context.app_id and suite.app is not None and suite.app.id == context.app_id:
        return Ignored("our own checks")
    return FollowUp(_place(event), _actor(event), "checks", suite.head_branch or "", suite.head_sha)


def _pull_request_closed(event: Event, _context: TriageContext) -> Command | Ignored:
    pull = event.payload.pull_request
    if pull is None or event.payload.repository is None:
        return Ignored("the payload names no pull request")
    revert = REVERT_OF_OURS.fullmatch(pull.head.ref)
    if revert and pull.merged and _same_repository(event, pull):
        return Observe(_place(event, int(revert[1])), _actor(event), "reverted", revert[2])
    if not _on_our_branch(event, pull):
        if pull.merged and pull.base.ref == event.payload.repository.default_branch != "":
            return Learn(_place(event))
        return Ignored("not on a branch of ours")
    return Observe(_place(event), _actor(event), "merged" if pull.merged else "closed", pull.head.ref)


def _pull_request_reopened(event: Event, _context: TriageContext) -> Command | Ignored:
    pull = event.payload.pull_request
    if pull is None or event.payload.repository is None or not _on_our_branch(event, pull):
        return Ignored("not on a branch of ours")
    return Observe(_place(event), _actor(event), "reopened", pull.head.ref)


InstallationChange = Literal["created", "deleted", "suspended", "unsuspended"]
RepositoryChange = Literal["repository_renamed", "repository_archived", "repository_deleted", "repository_transferred"]


def _installation(change: InstallationChange) -> Rule:
    def rule(event: Event, _context: TriageContext) -> Command | Ignored:
        repositories = tuple((r.id, r.full_name) for r in event.payload.repositories or ())
        return Lifecycle(_installation_id(event), _account(event), change, repositories)

    return rule


def _repositories_added(event: Event, _context: TriageContext) -> Command | Ignored:
    added = tuple((r.id, r.full_name) for r in event.payload.repositories_added or ())
    return Lifecycle(_installation_id(event), _account(event), "repositories_added", added)


def _repositories_removed(event: Event, _context: TriageContext) -> Command | Ignored:
    removed = tuple((r.id, r.full_name) for r in event.payload.repositories_removed or ())
    return Lifecycle(_installation_id(event), _account(event), "repositories_removed", removed)


def _repository(change: RepositoryChange) -> Rule:
    def rule(event: Event, _context: TriageContext) -> Command | Ignored:
        repository = event.payload.repository
        if repository is None:
            return Ignored("the payload names no repository")
        return Lifecycle(_installation_id(event), _account(event), change, ((repository.id, repository.full_name),))

    return rule


RULES: dict[tuple[str, str | None], Rule] = {
    ("issues", "labeled"): _labeled,
    ("issues", "unlabeled"): _unlabeled,
    ("issues", "closed"): _cancel("the issue was closed"),
    ("issues", "deleted"): _cancel("the issue was deleted"),
    ("issues", "transferred"): _cancel("the issue was transferred"),
    ("issues", "locked"): _cancel("the issue was locked"),
    ("issue_comment", "created"): _commented,
    ("pull_request_review_comment", "created"): _commented_on_diff,
    ("pull_request_review", "submitted"): _reviewed,
    ("check_suite", "completed"): _checked,
    ("pull_request", "closed"): _pull_request_closed,
    ("pull_request", "reopened"): _pull_request_reopened,
    ("installation", "created"): _installation("created"),
    ("installation", "deleted"): _installation("deleted"),
    ("installation", "suspend"): _installation("suspended"),
    ("installation", "unsuspend"): _installation("unsuspended"),
    ("installation_repositories", "added"): _repositories_added,
    ("installation_repositories", "removed"): _repositories_removed,
    ("repository", "renamed"): _repository("repository_renamed"),
    ("repository", "archived"): _repository("repository_archived"),
    ("repository", "deleted"): _repository("repository_deleted"),
    ("repository", "transferred"): _repository("repository_transferred"),
}


def _is_ours(label: str, repository_id: int, context: TriageContext) -> bool:
    """GitHub compares labels without regard to case. Our state labels never start or stop anything."""
    name = label.casefold()
    return not name.startswith(STATE_LABELS) and name == (context.label_of(repository_id) or DEFAULT_LABEL).casefold()


def _on_our_branch(event: Event, pull: PullRequestPayload) -> bool:
    """A fork may name its branch like ours; only the repository's own branches count."""
    return OURS.fullmatch(pull.head.ref) is not None and _same_repository(event, pull)


def _same_repository(event: Event, pull: PullRequestPayload) -> bool:
    repository = event.payload.repository
    return repository is not None and pull.head.repo is not None and pull.head.repo.id == repository.id


def _by_bot(event: Event) -> bool:
    return event.payload.sender is None or event.payload.sender.bot


def _actor(event: Event) -> str:
    return event.payload.sender.login if event.payload.sender is not None else ""


def _installation_id(event: Event) -> int:
    return event.payload.installation.id if event.payload.installation is not None else 0


def _account(event: Event) -> str:
    p = event.payload
    if p.installation is not None and p.installation.account is not None:
        return p.installation.account.login
    return p.repository.owner.login if p.repository is not None and p.repository.owner is not None else ""


def _place(event: Event, number: int | None = None) -> Place:
    p = event.payload
    if number is None:
        numbers = [n.number for n in (p.check_suite.pull_requests or ())] if p.check_suite is not None else []
        found = p.issue or p.pull_request
        number = found.number if found is not None else numbers[0] if numbers else 0
    repository_id, name = (p.repository.id, p.repository.full_name) if p.repository is not None else (0, "")
    return Place(_installation_id(event), repository_id, name, number)
