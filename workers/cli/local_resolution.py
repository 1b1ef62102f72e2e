"""The same resolution on a local checkout or a URL, without a GitHub App: what `pennyfix resolve` prints.

Money is capped in memory; nothing is published. The caller writes progress, diff, evidence and bill.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

from sandbox.backends import choose
from sandbox.repository.mirror import Mirror
from sandbox.repository.workspace import Workspace
from strategies.issue import Issue
from strategies.judge import Accept
from strategies.models.in_memory_meter import CapMeter
from strategies.models.litellm_model import open_model
from strategies.models.meter import Charge
from strategies.prompts.cleaning import clean_issue
from strategies.registry import STRATEGIES
from strategies.resolution import Ending, Resolution
from strategies.step import Step
from workers.billing.bill import Bill, bill
from workers.billing.quote import Quote
from workers.config.operator_file import Operator
from workers.config.repository_file import PATH, RepositoryFile, parse_repository_file
from workers.config.settings import Settings, provider_key
from workers.github.client import GitHub
from workers.pipeline.issue_text import visible_issue
from workers.pipeline.quoting import quote_for
from workers.pipeline.solve_request import SolveRequest, SolveResult
from workers.pipeline.solving import IssueSolver
from workers.pipeline.tiers import OpenModel, prompts_of
from workers.processes.wiring import backend_options, pennyfix_version

LARGEST_ISSUE = 5_000_000
"""Bytes of an issue file that are read at most."""


class IssueUnreadable(Exception):
    """The issue's file cannot be used; the message says what to give instead."""


@dataclass(frozen=True, slots=True)
class LocalResult:
    """What came of it. `diff` is a unified diff of the patch, "" when there is none; `strategy` is the one used."""

    resolution: Resolution
    charges: tuple[Charge, ...]
    diff: str
    bill: Bill
    base: str
    strategy: str
    solved: SolveResult

    @property
    def accepted(self) -> bool:
        """Whether the patch earned what was asked for: the exit code."""
        return self.resolution.ending is Ending.ACCEPTED


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


def read_issue_of(url: str, number: int, *, settings: Settings, token: str = "") -> Issue:
    """An issue of a repository on GitHub, by its number; `token` "" asks anonymously. Raises ForgeError."""
    parts = urlsplit(url)
    name = "/".join(parts.path.removesuffix(".git").strip("/").split("/")[:2])
    api = "https://api.github.com" if parts.hostname == "github.com" else settings.github_api_url
    with GitHub(
        api_url=api,
        api_version=settings.github_api_version,
        app_id="",
        private_key="",
        installation_id=0,
        repository_id=0,
        repository=name,
        given_token=token,
    ) as github:
        return visible_issue(github, github.read_issue(number), name)


def open_local(path_or_url: str, home: Path, token: str = "", base: str = "") -> Workspace:
    """The committed state of a checkout on this machine, or the default branch of a repository by URL; or `base`.

    Raises MirrorError.
    """
    if re.match(r"https?://", path_or_url):
        key = "url-" + re.sub(r"[^A-Za-z0-9._-]+", "-", path_or_url)[-100:].strip("-.")
        mirror = Mirror.open(home, key)
        mirror.fetch(path_or_url, token=token or None)
        return mirror.workspace(base or "HEAD")
    mirror = Mirror.of_local(home, Path(path_or_url))
    return mirror.workspace(base or "refs/pennyfix/head")


def local_file(workspace: Workspace) -> RepositoryFile:
    """The checkout's own `.github/autofix.yml`. Raises ConfigError."""
    return parse_repository_file(workspace.read_text(PATH) or "", strategies=STRATEGIES)


def resolve_local(
    path_or_url: str,
    issue: Issue,
    *,
    settings: Settings,
    operator: Operator,
    strategy: str = "",
    say: Callable[[Step], None] = lambda _step: None,
    cap: Decimal | None = None,
    token: str = "",
    base: str = "",
    accept: Accept | None = None,
    opener: OpenModel = open_model,
    key_of: Callable[[str, str], str] = provider_key,
) -> LocalResult:
    """Resolve it. `cap` is USD (the least of it, the operator's and the repository's issue cap holds); `base` is a
    commit, "" the newest; `accept` stands above the repository's file.

    Raises MirrorError, ConfigError, ModelError, OverBudget, SandboxUnavailable.
    """
    options = backend_options(settings, operator)
    workspace = open_local(path_or_url, settings.home, token, base)
    file = local_file(workspace)
    if accept is not None:
        file = file.model_copy(update={"accept": accept})
    caps = [operator.limits.issue_usd, file.budget.issue_usd, cap]
    meter = CapMeter(min(c for c in caps if c is not None))
    solver = IssueSolver(
        operator=operator,
        open_backend=lambda: choose(settings.sandbox, options),
        open_model=opener,
        key_of=key_of,
        version=pennyfix_version(),
        prompts=prompts_of(operator),
    )
    name = strategy or file.strategy
    solved = solver(
        SolveRequest(
            issue=issue,
            workspace=workspace,
            scope=workspace.key,
            file=file,
            strategy=name,
            meter=meter,
            say=say,
            memory=settings.home / "memory" / workspace.key,
        )
    )
    resolution = solved.resolution
    kept = next((n for n, t in enumerate(resolution.tried, 1) if t is resolution.chosen), 0)
    charges: Sequence[Charge] = meter.charges
    return LocalResult(
        resolution=resolution,
        charges=tuple(charges),
        diff=workspace.diff(resolution.patch) if resolution.patch else "",
        bill=bill(charges, solved.strong, kept),
        base=workspace.base,
        strategy=name,
        solved=solved,
    )


def quote_local(
    issue: Issue,
    *,
    operator: Operator,
    opener: OpenModel = open_model,
    key_of: Callable[[str, str], str] = provider_key,
) -> Quote:
    """What `--dry-run` prints: no call is made. Raises ModelRefused for an unknown or unpriced model."""
    words = "\n\n".join((issue.title, issue.body, *(c.body for c in issue.comments)))
    return quote_for(operator, opener, key_of, words)
