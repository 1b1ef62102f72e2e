"""An issue resolved on a local checkout or a URL, without a GitHub App: the work behind `pennyfix resolve`.

Money is capped in memory; nothing is published. The caller writes progress, diff, evidence and bill.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from sandbox.backends import choose
from sandbox.repository.mirror import Mirror
from sandbox.repository.workspace import Workspace
from strategies.issue import Issue
from strategies.judge import Accept
from strategies.models.in_memory_meter import CapMeter
from strategies.models.litellm_model import open_model
from strategies.models.meter import Charge
from strategies.registry import STRATEGIES
from strategies.resolution import Ending, Resolution
from strategies.step import Step
from workers.billing.bill import Bill, bill
from workers.billing.quote import Quote
from workers.config.operator_file import Operator
from workers.config.repository_file import PATH, RepositoryFile, parse_repository_file
from workers.config.settings import Settings, provider_key
from workers.processes.wiring import backend_options, pennyfix_version
from workers.solving.issue_solver import IssueSolver
from workers.solving.model_check import Ask, check_models
from workers.solving.model_use import OpenModel, require_usable
from workers.solving.quoting import quote_for
from workers.solving.solve_request import SolveRequest, SolveResult
from workers.solving.tiers import prompts_of


@dataclass(frozen=True, slots=True)
class LocalRequest:
    """One issue to resolve on this machine. `where` is the path of a checkout or the URL of a repository.

    `strategy` "" takes the repository's, `base` "" the newest commit, `cap_usd` None no cap besides the configured
    ones; `accept` stands above the repository's file; `token` is sent only to a URL.
    """

    where: str
    issue: Issue
    strategy: str = ""
    cap_usd: Decimal | None = None
    base: str = ""
    accept: Accept | None = None
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class LocalResult:
    """How a local resolution ended. `diff` is a unified diff of the patch, "" without one; `strategy` was used.
    `doubtful_diff` is that of the best rejected patch, where one is shown."""

    resolution: Resolution
    charges: tuple[Charge, ...]
    diff: str
    bill: Bill
    base: str
    strategy: str
    solved: SolveResult
    doubtful_diff: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the patch earned what was asked for: the exit code."""
        return self.resolution.ending is Ending.ACCEPTED


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
    request: LocalRequest,
    *,
    settings: Settings,
    operator: Operator,
    say: Callable[[Step], None] = lambda _step: None,
    opener: OpenModel = open_model,
    key_of: Callable[[str, str], str] = provider_key,
    ask: Ask | None = None,
) -> LocalResult:
    """Resolve the issue; the least of the request's, the operator's and the repository's issue cap holds. With `ask`,
    the models' servers are asked first whether they take key and name.

    Raises MirrorError, ConfigError, ModelError, OverBudget, SandboxUnavailable.
    """
    options = backend_options(settings, operator)
    workspace = open_local(request.where, settings.home, request.token, request.base)
    file = local_file(workspace)
    if request.accept is not None:
        file = file.model_copy(update={"accept": request.accept})
    caps = [operator.limits.issue_usd, file.budget.issue_usd, request.cap_usd]
    meter = CapMeter(min(c for c in caps if c is not None))
    if ask is not None:
        require_usable(operator, key_of)  # before litellm is loaded, which takes seconds
        check_models(operator, meter, opener, key_of, ask)
    solver = IssueSolver(
        operator=operator,
        open_backend=lambda: choose(settings.sandbox, options),
        open_model=opener,
        key_of=key_of,
        version=pennyfix_version(),
        prompts=prompts_of(operator),
    )
    strategy = request.strategy or file.strategy
    solved = solver(
        SolveRequest(
            issue=request.issue,
            workspace=workspace,
            scope=workspace.key,
            file=file,
            strategy=strategy,
            meter=meter,
            say=say,
            memory=settings.home / "memory" / workspace.key,
        )
    )
    resolution = solved.resolution
    chosen_number = next((n for n, t in enumerate(resolution.attempts, 1) if t is resolution.chosen), 0)
    charges: Sequence[Charge] = meter.charges
    doubtful = resolution.doubtful
    return LocalResult(
        resolution=resolution,
        charges=tuple(charges),
        diff=workspace.diff(resolution.patch) if resolution.patch else "",
        bill=bill(charges, solved.strong, chosen_number),
        base=workspace.base,
        strategy=strategy,
        solved=solved,
        doubtful_diff=workspace.diff(doubtful.attempt.patch) if doubtful is not None else "",
    )


def quote_local(
    issue: Issue,
    *,
    operator: Operator,
    opener: OpenModel = open_model,
    key_of: Callable[[str, str], str] = provider_key,
) -> Quote:
    """What `--dry-run` prints: no call is made. Raises ModelRefused for an unknown or unpriced model."""
    text = "\n\n".join((issue.title, issue.body, *(c.body for c in issue.comments)))
    return quote_for(operator, opener, key_of, text)
