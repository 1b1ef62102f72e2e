"""The issue that `pennyfix resolve` was pointed at: a file, or a number on GitHub."""

from __future__ import annotations

from pathlib import Path

from strategies.issue import Issue
from workers.github_public import public_issue, repository_of
from workers.local import IssueUnreadable, read_issue_file
from workers.settings import Settings


def find_issue(settings: Settings, where: str, named: str) -> Issue:
    """The issue. Raises IssueUnreadable (neither a file nor a number, or no repository to ask) or ForgeError."""
    if not named.isascii() or not named.isdigit():
        return read_issue_file(Path(named))
    repository = repository_of(where) or repository_of(_origin(Path(where)))
    if not repository:
        raise IssueUnreadable(
            f"issue {named}: {where} tells no repository on GitHub (no remote `origin`); give a text file instead"
        )
    return public_issue(settings, repository, int(named))


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
