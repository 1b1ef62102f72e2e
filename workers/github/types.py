"""What GitHub tells, and how it refuses, as values: the words between `workers.github.client` and those who decide.

ForgeError
├── Unreachable           network, timeout or 5xx outlasted the retries; the job is tried again later
├── RateLimited           wait until `until`; the job is rescheduled, never slept through
├── CredentialsRefused    the App's id or key is wrong: the operator must act
├── InstallationGone      uninstalled, suspended, or the repository was taken out of it
└── Refused               GitHub's answer is no; `status` and its own words
    ├── Missing           404 or 410
    │   └── Moved         it answers, but from another repository
    └── Unprocessable     422
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


class ForgeError(Exception):
    """Base of what a request to GitHub can end with."""


class Unreachable(ForgeError):
    """No usable answer. A write may or may not have happened: whoever repeats it looks first."""


class RateLimited(ForgeError):
    """GitHub asks for patience until `until` (UTC)."""

    def __init__(self, until: datetime, message: str) -> None:
        super().__init__(message)
        self.until = until


class CredentialsRefused(ForgeError):
    """The App cannot identify itself."""


class InstallationGone(ForgeError):
    """Nothing may be read or written in this repository any more."""


class Refused(ForgeError):
    """A 4xx answer, in GitHub's words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"GitHub answered {status}: {message}")
        self.status = status
        self.message = message


class Missing(Refused):
    """It is not there, or this App may not see it."""


class Moved(Missing):
    """GitHub followed a redirect to another repository: the issue was transferred. `message` says where it is now."""


class Unprocessable(Refused):
    """GitHub understood and says that it cannot be done."""


@dataclass(frozen=True, slots=True)
class RemoteRepository:
    """A repository as it is now. `id` is the key, `full_name` (owner/name) is for display and addresses."""

    id: int
    full_name: str
    default_branch: str
    clone_url: str
    html_url: str
    private: bool = False
    archived: bool = False
    disabled: bool = False

    @property
    def owner(self) -> str:
        """The account that owns it."""
        return self.full_name.partition("/")[0]


@dataclass(frozen=True, slots=True)
class RemoteIssue:
    """An issue as it is now; texts are raw and untrusted. `association` is the author's tie to the repository."""

    number: int
    title: str
    body: str
    author: str
    association: str
    state: Literal["open", "closed"]
    locked: bool
    is_pull_request: bool
    labels: tuple[str, ...]
    html_url: str


@dataclass(frozen=True, slots=True)
class RemoteComment:
    """A comment, raw. `ours` means that this App wrote it."""

    id: int
    author: str
    association: str
    body: str
    is_bot: bool = False
    ours: bool = False
    html_url: str = ""


@dataclass(frozen=True, slots=True)
class RemotePull:
    """A pull request. `head_repository_id` tells a fork's branch of the same name from ours."""

    number: int
    state: Literal["open", "closed"]
    merged: bool
    draft: bool
    title: str
    body: str
    head_branch: str
    head_sha: str
    head_repository_id: int
    base_branch: str
    html_url: str


@dataclass(frozen=True, slots=True)
class RemoteCommit:
    """A commit object: what a branch of ours is recognised by."""

    sha: str
    tree: str
    message: str
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BranchRule:
    """One active rule of a ruleset for a branch's name, which this App cannot bypass. `parameters` are GitHub's.

    https://docs.github.com/en/rest/repos/rules#get-rules-for-a-branch
    """

    kind: str
    ruleset: str
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReviewComment:
    """A line comment of a review. `hunk` is the code it stands on, as GitHub shows it."""

    id: int
    author: str
    association: str
    body: str
    path: str
    line: int
    hunk: str


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """A check that failed on a commit, with what it says about itself."""

    name: str
    title: str
    summary: str
    html_url: str


Permission = Literal["admin", "write", "read", "none"]
"""What a person may do, as `get_collaborator_permission_level` says (maintain counts as write, triage as read).

https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user
"""


@dataclass(frozen=True, slots=True)
class LabelLook:
    """How a label of ours looks. `color` is six hexadecimal digits."""

    color: str
    description: str
