"""What is configured becomes a course: the GitHub client, the solver, the limits. Made once per wake-up, cheaply."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from sandbox.backend import Limits as SandboxLimits
from sandbox.options import BackendOptions
from workers.context import Context
from workers.course import Course
from workers.github import GitHub
from workers.github_connection import PERMISSIONS
from workers.job import Job
from workers.operator_file import Operator
from workers.purse import limits_of
from workers.settings import Settings


def course_of(context: Context) -> Course:
    """The production course."""
    from strategies.registry import STRATEGIES
    from workers.solving import production_solver

    settings = context.settings
    return Course(
        database=context.database,
        home=settings.home,
        owner=f"{socket.gethostname()}:{os.getpid()}",
        open_forge=lambda job: open_github(settings, job.installation_id, job.repository_id, job.repository),
        solver=production_solver(settings, context.operator),
        limits=limits_of(context.operator),
        strategies=frozenset(STRATEGIES),
        clock=context.clock,
        wake=lambda job_id: context.publish("job", job_id),
        lease=settings.lease_seconds,
        most_runs=settings.job_attempts,
        page=lambda job: page_of(settings, job),
    )


def open_github(
    settings: Settings,
    installation_id: int,
    repository_id: int,
    repository: str,
    permissions: Mapping[str, str] = PERMISSIONS,
) -> GitHub:
    """A client for one repository; use with `with`. Nothing is asked of GitHub before the first request."""
    settings.require_app()
    return GitHub(
        api_url=settings.github_api_url,
        api_version=settings.github_api_version,
        app_id=str(settings.github_app_id),
        private_key=settings.github_private_key.get_secret_value(),
        installation_id=installation_id,
        repository_id=repository_id,
        repository=repository,
        permissions=permissions,
        write_interval=0.0 if settings.github_api_url.startswith("http://127.0.0.1") else 1.0,
    )


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
