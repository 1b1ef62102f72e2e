"""One request to the stand-in's REST API, its reply, and the errors GitHub answers with."""

# ruff: noqa: D103 - each function is the operation GitHub has by that name; numbers are GitHub's
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from deploy.demo.github.actions import Actions
from deploy.demo.github.state import (
    DemoAccount,
    DemoInstallation,
    DemoIssue,
    DemoRepository,
    DemoToken,
    World,
)

Json = dict[str, Any]
DOCS = "https://docs.github.com/rest"


class RequestRefused(Exception):
    """A request answered with GitHub's error shape. `errors` are the field errors of a 422."""

    def __init__(self, status: int, message: str, errors: list[Json] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers: dict[str, str] = {}
        self.body: Json = {"message": message, "documentation_url": DOCS, "status": str(status)}
        if errors is not None:
            self.body["errors"] = errors


def not_found() -> RequestRefused:
    return RequestRefused(404, "Not Found")


def moved(where: str) -> RequestRefused:
    """To a new address, or ("") deleted for good."""
    if not where:
        return RequestRefused(410, "This issue was deleted")
    refused = RequestRefused(301, "Moved Permanently")
    refused.body["url"] = refused.headers["Location"] = where
    return refused


def invalid(resource: str, field_: str, code: str, message: str = "") -> RequestRefused:
    """GitHub's "Validation Failed" about one field."""
    error = {"resource": resource, "field": field_, "code": code}
    return RequestRefused(422, "Validation Failed", [error | ({"message": message} if message else {})])


@dataclass(slots=True)
class ApiRequest:
    """What an operation is given. `actor` is the App's bot or the person whose token it is."""

    world: World
    actions: Actions
    params: dict[str, str]
    query: dict[str, str]
    body: Json
    actor: DemoAccount
    token: DemoToken | None = None
    installation: DemoInstallation | None = None
    repository: DemoRepository | None = None

    @property
    def repo(self) -> DemoRepository:
        """The repository of the path. Raises RequestRefused 404 where there is none."""
        if self.repository is None:
            raise not_found()
        return self.repository

    @property
    def person(self) -> DemoAccount:
        """Whose `ghu_` token it is. Raises RequestRefused 403 for an App's token."""
        if self.token is None or self.token.person is None:
            raise RequestRefused(403, "Resource not accessible by integration")
        return self.token.person

    def number(self, name: str) -> int:
        """A numeric part of the path. Raises RequestRefused 404 when it is not one."""
        text = self.params[name]
        if not text.isdecimal():
            raise not_found()
        return int(text)

    def text(self, name: str, resource: str) -> str:
        """A required text of the body. Raises RequestRefused 422."""
        value = self.body.get(name)
        if not isinstance(value, str) or not value:
            raise invalid(resource, name, "missing_field")
        return value

    def issue(self) -> DemoIssue:
        """The issue (or pull request) of the path. Raises RequestRefused 404, 410 (deleted), 301 (transferred)."""
        number = self.number("issue_number")
        it = self.repo.issues.get(number)
        if it is None:
            raise moved(self.repo.gone[number]) if number in self.repo.gone else not_found()
        return it

    def pull(self) -> DemoIssue:
        """The pull request of the path. Raises RequestRefused 404."""
        it = self.repo.issues.get(self.number("pull_number"))
        if it is None or it.pull is None:
            raise not_found()
        return it


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, JSON (None for no body); `pages` names the list to paginate, "" when the body is the list itself."""

    body: Any = None
    status: int = 200
    pages: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `needs`: `app` (JWT), `token`, `user`, `none`, or permissions any of which will do."""

    method: str
    path: str
    needs: str
    answer: Callable[[ApiRequest], Reply]
