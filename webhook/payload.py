"""A verified delivery as data: only the fields that triage uses, and tolerant of everything else.

GitHub adds fields and sends nulls where its own schemas promise objects (a deleted user, a fork that is
gone); strict models rejected a third of its published examples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Id = Annotated[int, Field(ge=0, lt=2**63)]


class Part(BaseModel):
    """Base of all parts: unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Person(Part):
    """A user, organization or bot. `type` is "User", "Organization" or "Bot"."""

    login: str = ""
    type: str = "User"

    @property
    def bot(self) -> bool:
        """Whether no person stands behind it (ourselves included)."""
        return self.type == "Bot" or self.login.endswith("[bot]")


class Installation(Part):
    """The App's installation on an account; `account` comes only with installation events."""

    id: Id
    account: Person | None = None


class Named(Part):
    """A repository in a list."""

    id: Id
    full_name: str = ""


class Repository(Named):
    """The repository it happened in."""

    default_branch: str = ""
    archived: bool = False
    disabled: bool = False
    owner: Person | None = None


class Label(Part):
    """A label."""

    name: str = ""


class Issue(Part):
    """An issue, or a pull request seen as one (`pull_request` is then set)."""

    number: Id
    state: str = "open"
    locked: bool | None = False
    pull_request: dict[str, object] | None = None


class Comment(Part):
    """A comment on an issue, a pull request or a diff."""

    id: Id
    body: str | None = None
    user: Person | None = None


class Head(Part):
    """The branch a pull request comes from or goes to; `repo` is null when the fork is gone."""

    ref: str = ""
    sha: str = ""
    repo: Named | None = None


class PullRequest(Part):
    """A pull request. `merged` is missing in review events."""

    number: Id
    state: str = "open"
    merged: bool | None = False
    head: Head = Head()
    base: Head = Head()


class Review(Part):
    """A review; `state` is lower case in webhooks."""

    id: Id
    state: str = ""
    commit_id: str | None = None


class App(Part):
    """The App that ran checks."""

    id: Id = 0


class Numbered(Part):
    """A pull request in a list."""

    number: Id


class CheckSuite(Part):
    """All checks of one App on one commit."""

    head_branch: str | None = None
    head_sha: str = ""
    conclusion: str | None = None
    app: App | None = None
    pull_requests: tuple[Numbered, ...] | None = ()


class Payload(Part):
    """The body of any event that has a rule."""

    action: str | None = None
    sender: Person | None = None
    installation: Installation | None = None
    repository: Repository | None = None
    issue: Issue | None = None
    label: Label | None = None
    comment: Comment | None = None
    pull_request: PullRequest | None = None
    review: Review | None = None
    check_suite: CheckSuite | None = None
    repositories: tuple[Named, ...] | None = ()
    repositories_added: tuple[Named, ...] | None = ()
    repositories_removed: tuple[Named, ...] | None = ()


class Envelope(Part):
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
