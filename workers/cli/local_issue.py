"""The issue that `pennyfix resolve` was pointed at: a file, or a number on GitHub."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from strategies.issue import Issue, IssueImage
from strategies.prompts.cleaning import clean_issue
from workers.config.settings import Settings
from workers.github.client import GitHub
from workers.github.connection import AppCredentials, RepositoryAccess
from workers.pipeline.issue_text import visible_issue

Images = Callable[[Sequence[str], str], tuple[IssueImage, ...]]
"""What fetches an issue's images, given its texts and a token."""
LARGEST_ISSUE = 5_000_000
"""Bytes of an issue file that are read at most."""


class IssueUnreadable(Exception):
    """The issue's file cannot be used; the message says what to give instead."""


def find_issue(
    settings: Settings, where: str, number_or_file: str, images: Images = lambda _texts, _token: ()
) -> Issue:
    """The issue in a file, or by its number at the repository that `where` (a URL or a checkout) belongs to.

    Raises IssueUnreadable (no readable file, or no repository to ask), ForgeError.
    """
    if not number_or_file.isascii() or not number_or_file.isdigit():
        return read_issue_file(Path(number_or_file))
    url = repository_url(where) or repository_url(_origin(Path(where)))
    if not url:
        raise IssueUnreadable(
            f"issue {number_or_file}: {where} names no repository on GitHub (it has no remote `origin`); "
            "give a text file instead"
        )
    token = settings.github_token.get_secret_value()
    return read_issue_of(url, int(number_or_file), settings=settings, token=token, images=images)


def read_issue_file(path: Path) -> Issue:
    """Title (first line, `#` marks aside) and text of a Markdown or plain file. Raises IssueUnreadable."""
    try:
        raw = path.read_bytes()[:LARGEST_ISSUE]
    except OSError as error:
        raise IssueUnreadable(
            f"{path} cannot be read: {error.strerror}; give a text file whose first line is the title"
        ) from error
    text = raw.decode("utf-8", "replace").lstrip("\ufeff").strip()
    if not text or "\0" in text[:1_000]:
        raise IssueUnreadable(f"{path} holds no text; give a text file whose first line is the title")
    title, _, body = text.partition("\n")
    return clean_issue(re.sub(r"^#+\s*", "", title), body)


def read_issue_of(
    url: str, number: int, *, settings: Settings, token: str = "", images: Images = lambda _texts, _token: ()
) -> Issue:
    """An issue of a repository on GitHub, by its number; `token` "" asks anonymously. Raises ForgeError."""
    parts = urlsplit(url)
    name = "/".join(parts.path.removesuffix(".git").strip("/").split("/")[:2])
    api = "https://api.github.com" if parts.hostname == "github.com" else settings.github_api_url
    app = AppCredentials(api, settings.github_api_version, app_id="", private_key="")
    with GitHub(app, RepositoryAccess(0, 0, name, given_token=token)) as github:
        return visible_issue(github, github.read_issue(number), name, fetch=lambda texts: images(texts, token))


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
    in_section = False
    for line in lines:
        if line.strip().startswith("["):
            in_section = line.strip().replace("'", '"') == '[remote "origin"]'
        elif in_section and line.partition("=")[0].strip() == "url":
            return line.partition("=")[2].strip()
    return ""
