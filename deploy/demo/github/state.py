"""The stand-in's state in memory: accounts, repositories, issues, pull requests, tokens, deliveries."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from deploy.demo.github.objects import GitObjects

Permission = Literal["none", "read", "write", "admin"]
PERMISSIONS: dict[str, str] = {
    "checks": "write",
    "contents": "write",
    "issues": "write",
    "metadata": "read",
    "pull_requests": "write",
    "statuses": "read",
}
EVENTS = (
    "check_run",
    "check_suite",
    "issue_comment",
    "issues",
    "label",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "push",
    "repository",
)


def now() -> datetime:
    """The current time, UTC, in whole seconds as GitHub gives it."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(slots=True)
class DemoAccount:
    """A person, an organization or a bot."""

    id: int
    login: str
    type: Literal["User", "Bot", "Organization"] = "User"


@dataclass(slots=True)
class DemoLabel:
    """A label of a repository."""

    id: int
    name: str
    color: str = "ededed"
    description: str = ""


@dataclass(slots=True)
class DemoComment:
    """A comment on an issue, or (with `path`) on a line of a pull request."""

    id: int
    author: DemoAccount
    body: str
    created: datetime
    updated: datetime
    reactions: list[tuple[int, str, str]] = field(default_factory=list)  # id, login, content
    path: str = ""
    line: int = 0
    commit: str = ""
    review: int = 0
    reply_to: int = 0


@dataclass(slots=True)
class DemoReview:
    """A submitted review. `state` is APPROVED, CHANGES_REQUESTED or COMMENTED."""

    id: int
    author: DemoAccount
    state: str
    body: str
    commit: str
    submitted: datetime


@dataclass(slots=True)
class DemoPull:
    """What a pull request has beyond an issue. `head_sha` is kept when the branch is gone."""

    head: str
    base: str
    head_sha: str
    base_sha: str
    draft: bool = False
    merged_at: datetime | None = None
    merged_by: DemoAccount | None = None
    merge_sha: str = ""
    reviews: list[DemoReview] = field(default_factory=list)
    comments: list[DemoComment] = field(default_factory=list)


@dataclass(slots=True)
class DemoIssue:
    """An issue, or a pull request when `pull` is set (they share their numbers)."""

    id: int
    number: int
    title: str
    body: str
    author: DemoAccount
    created: datetime
    updated: datetime
    state: Literal["open", "closed"] = "open"
    closed: datetime | None = None
    locked: bool = False
    labels: list[str] = field(default_factory=list)
    comments: list[DemoComment] = field(default_factory=list)
    reactions: list[tuple[int, str, str]] = field(default_factory=list)
    pull: DemoPull | None = None


@dataclass(slots=True)
class DemoCheckRun:
    """A check run, its REST fields kept as given. `other` is the slug of the App when it is not ours."""

    id: int
    head_sha: str
    fields: dict[str, Any]
    started: datetime
    other: str = ""


@dataclass(slots=True)
class DemoRuleset:
    """Active rules for the branches whose names match `pattern`. `rules` are (type, parameters)."""

    id: int
    name: str
    pattern: str
    rules: list[tuple[str, dict[str, Any]]]
    bypass: Literal["always", "pull_requests_only", "never"] = "never"


@dataclass(slots=True)
class DemoRepository:
    """A repository. `people` maps logins to their permission; the owner is its administrator.

    `gone` are the numbers of deleted issues (with "") and of transferred ones (with their new REST address).
    """

    id: int
    owner: DemoAccount
    name: str
    objects: GitObjects
    default_branch: str = "main"
    private: bool = True
    archived: bool = False
    people: dict[str, Permission] = field(default_factory=dict)
    labels: dict[str, DemoLabel] = field(default_factory=dict)  # by lower-case name
    issues: dict[int, DemoIssue] = field(default_factory=dict)
    gone: dict[int, str] = field(default_factory=dict)
    checks: list[DemoCheckRun] = field(default_factory=list)
    rulesets: list[DemoRuleset] = field(default_factory=list)
    created: datetime = field(default_factory=now)

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    @property
    def next_number(self) -> int:
        """The number of the next issue; none is given twice."""
        return max([*self.issues, *self.gone], default=0) + 1

    def permission(self, login: str) -> Permission:
        """What this person may do here."""
        return "admin" if login == self.owner.login else self.people.get(login, "none")


@dataclass(slots=True)
class DemoInstallation:
    """The App on one account. `repositories` are ids."""

    id: int
    account: DemoAccount
    repositories: set[int]
    permissions: dict[str, str]
    created: datetime
    suspended: datetime | None = None


@dataclass(slots=True)
class DemoToken:
    """An installation token (`ghs_`) or a person's token (`ghu_`, `person` set)."""

    text: str
    expires: datetime
    installation: int = 0
    repositories: set[int] | None = None  # None: all of the installation
    permissions: dict[str, str] = field(default_factory=dict)
    person: DemoAccount | None = None


@dataclass(slots=True)
class DemoDelivery:
    """One attempt to deliver a webhook; a redelivery is another with the same `guid`."""

    id: int
    guid: str
    event: str
    payload: dict[str, Any]
    redelivery: bool = False
    delivered: datetime = field(default_factory=now)
    status_code: int = 0
    status: str = "pending"
    seconds: float = 0.0
    request_headers: dict[str, str] = field(default_factory=dict)
    response_body: str = ""


@dataclass(slots=True)
class DemoApp:
    """The one GitHub App. Keys are PEM texts; the stand-in verifies with the public one only."""

    id: int
    slug: str
    name: str
    client_id: str
    client_secret: str
    public_key: str
    private_key: str
    webhook_url: str
    webhook_secret: str
    callback_url: str = ""
    permissions: dict[str, str] = field(default_factory=lambda: dict(PERMISSIONS))
    events: tuple[str, ...] = EVENTS


@dataclass(slots=True)
class World:
    """The whole state of the stand-in. Ids come from one counter, so no two objects share one."""

    app: DemoApp
    url: str = ""  # http://host:port
    bot: DemoAccount = field(default_factory=lambda: DemoAccount(0, ""))
    accounts: dict[str, DemoAccount] = field(default_factory=dict)  # by lower-case login
    repositories: dict[int, DemoRepository] = field(default_factory=dict)
    installations: dict[int, DemoInstallation] = field(default_factory=dict)
    tokens: dict[str, DemoToken] = field(default_factory=dict)
    deliveries: list[DemoDelivery] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)  # OAuth codes waiting to be exchanged
    conversions: dict[str, dict[str, Any]] = field(default_factory=dict)  # manifests waiting for conversion
    ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1001))

    @property
    def api(self) -> str:
        """The REST root, shaped as on GitHub Enterprise Server."""
        return f"{self.url}/api/v3"

    def account(self, login: str) -> DemoAccount:
        """The account of that name, made on first use."""
        key = login.lower()
        if key not in self.accounts:
            self.accounts[key] = DemoAccount(next(self.ids), login)
        return self.accounts[key]

    def repository(self, owner: str, name: str) -> DemoRepository | None:
        full = f"{owner}/{name}".lower()
        return next((r for r in self.repositories.values() if r.full_name.lower() == full), None)

    def installation_of(self, repository: int) -> DemoInstallation | None:
        return next((i for i in self.installations.values() if repository in i.repositories), None)

    def mint(
        self, installation: DemoInstallation, repositories: set[int] | None, permissions: dict[str, str]
    ) -> DemoToken:
        """A new installation token, valid for an hour, in GitHub's long form with dots."""
        parts = (secrets.token_urlsafe(90), secrets.token_urlsafe(240), secrets.token_urlsafe(54))
        text = "ghs_" + ".".join(parts).replace("-", "x")
        token = DemoToken(text, now() + timedelta(hours=1), installation.id, repositories, permissions)
        self.tokens[text] = token
        return token
