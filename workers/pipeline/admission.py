"""Whether a job may start, and go on to publish: one decision over what GitHub and the ledger say now. Pure.

A delivery proves at most that somebody had triage rights a while ago, so everything is looked at again:
once before any money is spent, and once more before anything is published (`recheck_issue`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, Protocol

from strategies.verdict import Evidence
from workers.config.errors import ConfigError, ConfigProblem
from workers.config.repository_file import PATH, RepositoryFile, line_of_key, parse_repository_file
from workers.github.branch_rules import BranchFacts, no_base, publish_problem
from workers.github.types import (
    BranchRule,
    FailedCheck,
    Permission,
    RemoteCommit,
    RemoteIssue,
    RemotePull,
    RemoteRepository,
)
from workers.jobs.branch import branch_of
from workers.jobs.job import Job, State
from workers.messages import comments
from workers.messages.pull_request import commit_message, is_ours
from workers.pipeline import labels
from workers.pipeline.follow_up import FollowUpRequest

MAY_SPEND: frozenset[Permission] = frozenset({"write", "admin"})


class RepositoryReader(Protocol):
    """The repository, its file, the issue and a person's permission."""

    def read_repository(self) -> RemoteRepository: ...
    def read_issue(self, number: int) -> RemoteIssue: ...
    def read_permission(self, login: str) -> Permission: ...
    def read_file(self, path: str, ref: str) -> str | None: ...


class BranchReader(Protocol):
    """What an earlier job may have left (our branch and its pull request), and what holds for a branch of that name."""

    def find_pull(self, branch: str, state: Literal["open", "closed", "all"] = "open") -> RemotePull | None: ...
    def read_branch(self, branch: str) -> RemoteCommit | None: ...
    def list_branches(self, prefix: str) -> tuple[str, ...]: ...
    def list_rules(self, branch: str) -> tuple[BranchRule, ...]: ...


class GitHubReader(RepositoryReader, BranchReader, Protocol):
    """What admission reads of GitHub."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that the decision looks at. `pull` and `ours` are of our branch; `left` is USD under the tightest cap.
    `base_problem` is said when the base branch is not there."""

    actor: str
    issue_number: int
    repository: RemoteRepository
    issue: RemoteIssue
    permission: Permission
    file: RepositoryFile | ConfigError
    pull: RemotePull | None
    ours: BranchFacts
    left: Decimal
    base_problem: ConfigProblem | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """It may start, with this configuration and base branch."""

    file: RepositoryFile
    base: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """It may not. `text` goes into the sticky comment; `quiet` means only if that comment is there already."""

    state: State
    reason: str
    text: str
    label: str = ""
    quiet: bool = False


class FileReader(Protocol):
    """What reading a repository's own file needs of GitHub."""

    def read_file(self, path: str, ref: str) -> str | None: ...


def read_repository_file(
    github: FileReader, repository: RemoteRepository, strategies: Collection[str]
) -> RepositoryFile | ConfigError:
    """`.github/autofix.yml` of the default branch: the defaults where there is none, the problems where it cannot be
    used. Raises ForgeError."""
    try:
        return parse_repository_file(github.read_file(PATH, repository.default_branch) or "", strategies=strategies)
    except ConfigError as error:
        return error


def take_snapshot(
    forge: GitHubReader,
    job: Job,
    strategies: Collection[str],
    left: Callable[[RepositoryFile], Decimal],
    actor: str | None = None,
) -> Snapshot:
    """Everything as it is now. `actor` "" asks for nobody's permission (failing checks have no person behind them).

    Raises ForgeError; a file that cannot be used is part of the situation.
    """
    who = job.actor if actor is None else actor
    repository = forge.read_repository()
    branch = branch_of(job.issue)
    file = read_repository_file(forge, repository, strategies)
    return Snapshot(
        actor=who,
        issue_number=job.issue,
        repository=repository,
        issue=forge.read_issue(job.issue),
        permission=forge.read_permission(who) if who else "write",
        file=file,
        pull=forge.find_pull(branch),
        ours=look_at_branch(forge, branch),
        left=Decimal(0) if isinstance(file, ConfigError) else left(file),
        base_problem=None if isinstance(file, ConfigError) else _base_problem(forge, repository, file),
    )


def look_at_branch(forge: BranchReader, branch: str) -> BranchFacts:
    """What holds for a branch of ours. Raises ForgeError."""
    neighbours = forge.list_branches(branch.partition("/")[0])
    return BranchFacts(branch, forge.read_branch(branch), neighbours, forge.list_rules(branch))


def _base_problem(forge: GitHubReader, repository: RemoteRepository, file: RepositoryFile) -> ConfigProblem | None:
    base = file.base or repository.default_branch
    if forge.read_branch(base) is not None:
        return None
    text = forge.read_file(PATH, repository.default_branch) or ""
    return no_base(base, line_of_key(text, "base") if file.base else 0, forge.list_branches(""))


def admit(s: Snapshot, *, paid: bool = False) -> Admitted | Rejected:
    """The decision before any money is spent, in the order in which people want to hear of it.

    With `paid`, an earlier job has paid for the fix: it is only published, and no money has to be left.
    """
    gone = _gone(s.repository, s.issue)
    if gone is not None:
        return gone
    if s.permission not in MAY_SPEND:
        reason = f"{s.actor} has no write access"
        return Rejected(State.DECLINED, reason, comments.not_allowed(s.actor, s.permission))
    if isinstance(s.file, ConfigError):
        text = comments.bad_configuration(PATH, s.file.problems)
        return Rejected(State.DECLINED, f"{PATH} cannot be used", text, labels.NEEDS_HUMAN)
    if not has_label(s.issue, s.file.label):
        return _cancelled(f"the label {s.file.label} is not on the issue")
    branch = branch_of(s.issue_number)
    if s.pull is not None:
        fix = f"Close it to start over, or comment on it: #{s.pull.number}."
        return replace(
            _declined(f"there is already an open pull request from the branch `{branch}`.", fix), label=labels.OPENED
        )
    if s.ours.tip is not None and not is_ours(s.ours.tip.message, s.issue_number):
        return _declined(
            f"the branch `{branch}` holds commits that are not mine.", "Rename or delete it, then `/autofix retry`."
        )
    if s.base_problem is not None:
        text = comments.bad_configuration(PATH, (s.base_problem,))
        return Rejected(State.DECLINED, "the base branch is not there", text, labels.NEEDS_HUMAN)
    problem = publish_problem(s.ours, commit_message(s.issue_number, s.issue.title, 0, Evidence()))
    if problem is not None:
        return replace(_declined(*problem), label=labels.NEEDS_HUMAN)
    if s.left <= 0 and not paid:
        return Rejected(State.OVER_BUDGET, "no money is left", "", labels.OVER_BUDGET)
    return Admitted(s.file, s.file.base or s.repository.default_branch)


def admit_follow_up(
    s: Snapshot, pull: RemotePull, request: FollowUpRequest, failed: Sequence[FailedCheck] = ()
) -> Admitted | Rejected:
    """The same for work on our own open pull request: its label is not needed, its branch may have others' commits.

    `failed` are the checks that fail on its newest commit now.
    """
    gone = recheck_pull_request(s.repository, pull)
    if gone is not None:
        return gone
    if pull.head_branch != branch_of(s.issue_number) or pull.head_repository_id != s.repository.id:
        return _cancelled("the pull request is not from a branch of mine")
    if request.cause == "checks" and pull.head_sha != request.head_sha:
        return _cancelled("there is a newer commit than the one whose checks failed")
    if request.cause == "checks" and not failed:
        return _cancelled("the checks do not fail any more")
    if s.permission not in MAY_SPEND:
        return Rejected(State.DECLINED, f"{s.actor} has no write access", comments.not_allowed(s.actor, s.permission))
    if isinstance(s.file, ConfigError):
        text = comments.bad_configuration(PATH, s.file.problems)
        return Rejected(State.DECLINED, f"{PATH} cannot be used", text)
    if s.left <= 0:
        return Rejected(State.OVER_BUDGET, "no money is left", "", labels.OVER_BUDGET)
    # The new test of the pull request passes on its own branch already: what is asked for now is to break nothing.
    accept = "any" if s.file.accept == "any" else "regression"
    return Admitted(s.file.model_copy(update={"accept": accept, "unverified": "decline"}), pull.base_branch)


def has_label(issue: RemoteIssue, label: str) -> bool:
    """Whether the label is on; GitHub does not tell upper from lower case."""
    return label.casefold() in (name.casefold() for name in issue.labels)


def recheck_issue(repository: RemoteRepository, issue: RemoteIssue, label: str) -> Rejected | None:
    """The look before publishing: None when the issue is still as it was admitted (`label` "" asks for none)."""
    gone = _gone(repository, issue)
    if gone is None and label and not has_label(issue, label):
        gone = _cancelled(f"the label {label} was taken off")
    return gone


def recheck_pull_request(repository: RemoteRepository, pull: RemotePull) -> Rejected | None:
    """The same look at our pull request, before and after the work of a follow-up."""
    if repository.archived or repository.disabled:
        return _cancelled("the repository is archived")
    if pull.state != "open":
        return _cancelled("the pull request is not open any more")
    return None


def _gone(repository: RemoteRepository, issue: RemoteIssue) -> Rejected | None:
    if repository.archived or repository.disabled:
        return _cancelled("the repository is archived")
    if issue.is_pull_request:
        return _declined("this is a pull request, and I work on issues.", "")
    if issue.state != "open":
        return _cancelled("the issue is closed")
    if issue.locked:
        return _cancelled("the issue is locked")
    return None


def _cancelled(reason: str) -> Rejected:
    return Rejected(State.CANCELLED, reason, "", quiet=True)


def _declined(reason: str, fix: str) -> Rejected:
    return Rejected(State.DECLINED, reason, comments.refused(reason, fix))
