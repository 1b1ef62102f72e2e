"""The issue that `pennyfix resolve` was pointed at: a file, or a number on GitHub."""

from __future__ import annotations

import re
from pathlib import Path

from strategies.issue import Issue
from workers.cli.local_resolution import IssueUnreadable, read_issue_file, read_issue_of
from workers.config.settings import Settings


def find_issue(settings: Settings, where: str, named: str) -> Issue:
    """The issue. Raises IssueUnreadable (neither a file nor a number, or no repository to ask) or ForgeError."""
    if not named.isascii() or not named.isdigit():
        return read_issue_file(Path(named))
    url = repository_url(where) or repository_url(_origin(Path(where)))
    if not url:
        raise IssueUnreadable(
            f"issue {named}: {where} tells no repository on GitHub (no remote `origin`); give a text file instead"
        )
    return read_issue_of(url, int(named), settings=settings, token=settings.github_token.get_secret_value())


def repository_url(url: str) -> str:
    """A repository's address on the web, from that or from git's short form (git@host:owner/name); "" otherwise."""
    if short := re.fullmatch(r"(?:ssh://)?git@([\w.-]+)[:/]([\w.-]+/[\w.-]+)", url.strip()):
        return f"https://{short[1]}/{short[2]}"
    return url.strip() if re.match(r"https?://[^/]+/[\w.-]+/[\w.-]+", url.strip()) else ""


def _origin(checkout: Path) -> str:
    """The address of the remote `origin`, read as text: git is not asked, so nothing configured there can run."""
    try:
        lines = (checkout / ".git" / "config").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    inside = False
    for line in lines:
        if line.strip().startswith("["):
            inside = line.strip().replace("'", '"') == '[remote "origin"]'
        elif inside and line.partition("=")[0].strip() == "url":
            return line.partition("=")[2].strip()
    return ""
