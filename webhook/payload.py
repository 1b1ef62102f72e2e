"""A verified delivery as data: only the fields that triage uses, and tolerant of everything else.

GitHub adds fields and sends nulls where its own schemas promise objects (a deleted user, a fork that is
gone); strict models rejected a third of its published examples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Id = Annotated[int, Field(ge=0, lt=2**63)]


class PayloadPart(BaseModel):
    """Base of all payload models: frozen, and unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class AccountPayload(PayloadPart):
    """A user, organization or bot. `type` is "User", "Organization" or "Bot"."""

    login: str = ""
    type: str = "User"

    @property
    def bot(self) -> bool:
        """Whether no person stands behind it (ourselves included)."""
        return self.type == "Bot" or self.login.endswith("[bot]")


class InstallationPayload(PayloadPart):
    """The App's installation on an account; `account` comes only with installation events."""

    id: Id
    account: AccountPayload | None = None


class RepositoryName(PayloadPart):
    """A repository in a list."""

    id: Id
    full_name: str = ""


class RepositoryPayload(RepositoryName):
    """The repository it happened in."""

    default_branch: str = ""
    archived: bool = False
    disabled: bool = False
    owner: AccountPayload | None = None


class LabelPayload(PayloadPart):
    """A label."""

    name: str = ""


class IssuePayload(PayloadPart):
    """An issue, or a pull request seen as one (`pull_request` is then set)."""

    number: Id
    state: str = "open"
    locked: bool | None = False
    pull_request: dict[str, object] | None = None


class CommentPayload(PayloadPart):
    """A comment on an issue, a pull request or a diff."""

    id: Id
    body: str | None = None
    user: AccountPayload | None = None


class BranchPayload(PayloadPart):
    """The branch a pull request comes from or goes to; `repo` is null when the fork is gone."""

    ref: str = ""
    sha: str = ""
    repo: RepositoryName | None = None


class PullRequestPayload(PayloadPart):
    """A pull request. `merged` is missing in review events."""

    number: Id
    state: str = "open"
    merged: bool | None = False
    head: BranchPayload = BranchPayload()
    base: BranchPayload = BranchPayload()


class ReviewPayload(PayloadPart):
    """A review; `state` is lower case in webhooks."""

    id: Id
    state: str = ""
    commit_id: str | None = None


class AppPayload(PayloadPart):
    """The App that ran checks."""

    id: Id = 0


class PullRequestNumber(PayloadPart):
    """A pull request in a list."""

    number: Id


class CheckSuitePayload(PayloadPart):
    """All checks of one App on one commit."""

    head_branch: str | None = None
    head_sha: str = ""
    conclusion: str | None = None
    app: AppPayload | None = None
    pull_requests: tuple[PullRequestNumber, ...] | None = ()


class Payload(PayloadPart):
    """The body of any event that has a rule."""

    action: str | None = None
    sender: AccountPayload | None = None
    installation: InstallationPayload | None = None
    repository: RepositoryPayload | None = None
    issue: IssuePayload | None = None
    label: LabelPayload | None = None
    comment: CommentPayload | None = None
    pull_request: PullRequestPayload | None = None
    review: ReviewPayload | None = None
    check_suite: CheckSuitePayload | None = None
    repositories: tuple[RepositoryName, ...] | None = ()
    repositories_added: tuple[RepositoryName, ...] | None = ()
    repositories_removed: tuple[RepositoryName, ...] | None = ()


class ActionOnly(PayloadPart):
    """The body of an event without a rule."""

    action: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A delivery whose signature was right. `digest` is the body's SHA-256, in hex."""

    guid: str
    name: str
    action: str
    digest: str
    payload: Payload
