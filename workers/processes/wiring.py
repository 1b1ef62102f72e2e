"""Makes `JobDependencies` from what is configured: the GitHub client, the solver, the limits."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlsplit

import structlog

from sandbox.backend import SandboxLimits
from sandbox.backends import choose
from sandbox.options import BackendOptions
from strategies.issue import IssueImage
from workers.billing.policy import limits_of
from workers.billing.quote import Quote
from workers.config.operator_file import Operator
from workers.config.repository_file import RepositoryFile
from workers.config.settings import Settings, provider_key
from workers.github.client import GitHub
from workers.github.connection import PERMISSIONS, AppCredentials, RepositoryAccess
from workers.github.issue_images import fetch_images
from workers.github.types import RemoteIssue
from workers.jobs.commands import Place
from workers.jobs.job import Job
from workers.pipeline.breaker import Breaker
from workers.pipeline.dependencies import JobDependencies
from workers.processes.context import Context
from workers.solving.quoting import past_issues, quote_for

log = structlog.get_logger()


def job_dependencies(context: Context) -> JobDependencies:
    """The dependencies of jobs in production."""
    from strategies.models.litellm_model import open_model
    from strategies.registry import STRATEGIES
    from workers.solving.issue_solver import IssueSolver
    from workers.solving.tiers import prompts_of

    settings, operator = context.settings, context.operator
    options = backend_options(settings, operator)
    prompts = prompts_of(operator)

    def estimate(place: Place, issue: RemoteIssue, _file: RepositoryFile) -> Quote:
        past = past_issues(context.database, place.repository_id)
        return quote_for(operator, open_model, provider_key, f"{issue.title}\n\n{issue.body}", past)

    return JobDependencies(
        database=context.database,
        home=settings.home,
        owner=f"{socket.gethostname()}:{os.getpid()}",
        open_forge=lambda place: open_github(settings, place),
        solver=IssueSolver(
            operator=operator,
            open_backend=lambda: choose(settings.sandbox, options),
            open_model=open_model,
            key_of=provider_key,
            version=pennyfix_version(),
            prompts=prompts,
        ),
        limits=limits_of(operator),
        strategies=frozenset(STRATEGIES),
        clock=context.clock,
        wake=lambda job_id: publish(context, "job", job_id),
        wake_reporter=lambda job_id: publish(context, "tell", job_id),
        prompts=prompts,
        quote_above=operator.limits.quote_above_usd,
        breaker=Breaker(operator.limits.follow_up_rounds, operator.limits.follow_up_usd),
        quote=estimate,
        lease=settings.lease_seconds,
        max_runs=settings.job_attempts,
        page=lambda job: page_of(settings, job),
        fetch_images=images_of(settings, operator),
    )


def images_of(settings: Settings, operator: Operator) -> Callable[[Sequence[str], str], tuple[IssueImage, ...]]:
    """What fetches an issue's images, given its texts and a token: nothing where the operator lets no model see any."""
    if not any(tier.images for tier in operator.tiers):
        return lambda _texts, _token: ()
    web = urlsplit(settings.github_web_url).hostname or ""
    return lambda texts, token: fetch_images(texts, token, web)


def publish(context: Context, kind: str, job_id: int) -> None:
    """Wake somebody. A broker that is away costs nothing: the sweeper finds the row."""
    try:
        context.publish(kind, job_id)
    except Exception:  # noqa: BLE001 - whatever the broker's client raises
        log.warning("a wake-up was not sent; the sweeper will send it", kind=kind, job=job_id)


def open_github(settings: Settings, place: Place, permissions: Mapping[str, str] = PERMISSIONS) -> GitHub:
    """A client for one repository; use with `with`. Nothing is asked of GitHub before the first request."""
    settings.require_app()
    app = AppCredentials(
        settings.github_api_url,
        settings.github_api_version,
        str(settings.github_app_id),
        settings.github_private_key.get_secret_value(),
    )
    access = RepositoryAccess(place.installation_id, place.repository_id, place.repository, permissions)
    local = settings.github_api_url.startswith("http://127.0.0.1")
    return GitHub(app, access, write_interval=0.0 if local else 1.0)


def page_of(settings: Settings, job: Job) -> str:
    """The job's page on the dashboard, "" when nobody outside can reach it."""
    return f"{settings.public_url}/jobs/{job.id}" if settings.public_url else ""


def backend_options(settings: Settings, operator: Operator) -> BackendOptions:
    """What sandboxes are made from."""
    given = operator.sandbox
    limits = SandboxLimits(
        cpus=given.cpus,
        memory_mb=given.memory,
        pids=given.pids,
        disk_mb=given.disk,
        setup_seconds=given.setup_seconds,
        lifetime_seconds=given.lifetime_seconds,
    )
    options = BackendOptions(home=settings.home, image=given.image, limits=limits, runtime=given.runtime)
    if given.allowed_hosts is None:
        return options
    hosts = tuple(h if ":" in h else f"{h}:443" for h in given.allowed_hosts)
    return BackendOptions(options.home, options.image, limits, options.runtime, hosts)


def pennyfix_version() -> str:
    """The installed version, "unknown" in a bare checkout."""
    try:
        return version("pennyfix")
    except PackageNotFoundError:
        return "unknown"
