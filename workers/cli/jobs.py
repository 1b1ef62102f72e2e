"""The commands `pennyfix jobs list`, `show`, `cancel` and `retry`."""

from __future__ import annotations

from typing import Annotated

import typer

from workers.cli.console import Json, check_strategy, command_context, emit, say

jobs = typer.Typer(no_args_is_help=True, help="What is being worked on, what came of it, and what exactly ran.")
JobId = Annotated[int, typer.Argument(metavar="ID", min=1)]


@jobs.command("list")
def jobs_list(
    state: Annotated[str, typer.Option(help="queued, running, opened, declined, failed, cancelled, over_budget.")] = "",
    repository: Annotated[str, typer.Option(metavar="OWNER/NAME", help="Only this repository's.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many, newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """The newest jobs, with state, pull request and cost."""
    from workers.billing.budget_reports import find_repository
    from workers.cli.tables import job_line_json, print_jobs
    from workers.jobs.job import State
    from workers.views.job_report import list_jobs

    if state and state not in list(State):
        raise typer.BadParameter(f"{state!r} is not one of {', '.join(State)}", param_hint="--state")
    with command_context() as (context, console):
        with context.database.read() as session:
            whose = find_repository(session, repository).id if repository else None
            lines = list_jobs(session, state=State(state) if state else None, repository_id=whose, limit=limit)
        emit([job_line_json(line) for line in lines]) if as_json else print_jobs(console, lines)


@jobs.command("show")
def jobs_show(
    job_id: JobId,
    diffs: Annotated[bool, typer.Option(help="Also print each attempt's diff.")] = True,
    as_json: Json = False,
) -> None:
    """What exactly produced this patch: strategy, tiers, models and prices, prompts, attempts, every call."""
    from workers.cli.tables import job_json, print_job
    from workers.views.job_report import job_report

    with command_context() as (context, console):
        with context.database.read() as session:
            report = job_report(session, job_id)
        emit(job_json(report)) if as_json else print_job(console, report, diffs=diffs)


@jobs.command("cancel")
def jobs_cancel(job_id: JobId, as_json: Json = False) -> None:
    """Stop a job that waits or runs; a running one ends after the call it is in."""
    from dataclasses import asdict

    from workers.cli.operator_actions import cancel_job, cli_actor

    with command_context() as (context, _):
        job = cancel_job(context, job_id, actor=cli_actor())
    state = "has been asked to stop" if job.state.active else f"is {job.state}"
    emit(asdict(job)) if as_json else say(f"Job {job.id} {state}.")


@jobs.command("retry")
def jobs_retry(
    job_id: JobId,
    strategy: Annotated[str, typer.Option(help="Another strategy (default: the same).")] = "",
    as_json: Json = False,
) -> None:
    """Run an ended job again as a new one, in the name of the person who asked at first."""
    from dataclasses import asdict

    from workers.cli.operator_actions import cli_actor, retry_job

    check_strategy(strategy)
    with command_context() as (context, _):
        job = retry_job(context, job_id, actor=cli_actor(), strategy=strategy)
    emit(asdict(job)) if as_json else say(f"Job {job.id} is queued for {job.repository}#{job.issue}.")
