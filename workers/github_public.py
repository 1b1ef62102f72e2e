"""Reading one issue by its number without the App: what `pennyfix resolve URL --issue 42` needs. It never writes."""

from __future__ import annotations

import re
from typing import NoReturn

from strategies.issue import Issue
from workers.forge import ForgeError
from workers.github import GitHub
from workers.issue_text import visible_issue
from workers.settings import Settings


class PublicGitHub(GitHub):
    """GitHub as a stranger sees it, or as the person whose token is given. Nothing is minted, nothing revoked."""

    def __init__(self, settings: Settings, repository: str) -> None:
        super().__init__(
            api_url=settings.github_api_url,
            api_version=settings.github_api_version,
            app_id="",
            private_key="",
            installation_id=0,
            repository_id=0,
            repository=repository,
        )
        self._own = settings.github_token.get_secret_value()

    def _mint(self) -> None:
        self._token = self._own or "none"
        self._client = self._open(self._own or None)

    def revoke(self) -> None:
        self._forget()

    def write(self, method: str, path: str, body: object = None, *, repeatable: bool | None = None) -> NoReturn:
        del body, repeatable
        raise ForgeError(f"{method} {path}: without the App nothing is written")


def public_issue(settings: Settings, repository: str, number: int) -> Issue:
    """The issue with the comments that count, cleaned. Raises ForgeError; a private one needs PENNYFIX_GITHUB_TOKEN."""
    with PublicGitHub(settings, repository) as github:
        return visible_issue(github, github.read_issue(number), repository)


def repository_of(url: str) -> str:
    """`owner/name` of a repository's web address or git URL; "" when it has none."""
    found = re.search(r"[/:]([\w.-]+/[\w.-]+?)(?:\.git)?/?$", url.strip())
    return found[1] if (found and "://" in url) or (url.startswith("git@") and found) else ""
