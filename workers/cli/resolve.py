"""The command `pennyfix resolve`: one issue of a local checkout or a URL, without a GitHub App."""

from __future__ import annotations

from typing import Annotated

import typer

from workers.cli.console import Json, LiveSteps, check_strategy, command_context, command_settings, emit, say


def resolve(
    where: Annotated[str, typer.Argument(metavar="PATH_OR_URL", help="A checkout here, or a repository's URL.")] = "",
    issue: Annotated[str, typer.Option(help="A file (its first line is the title), or a number.")] = "",
    strategy: Annotated[str, typer.Option(help="A strategy (default: the repository's, else cascade).")] = "",
    max_usd: Annotated[str, typer.Option(help="Spend at most this on the issue, in USD.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only quote the cost; no model is called.")] = False,
    as_job: Annotated[
        int | None,
        typer.Option("--as-job", min=1, metavar="ID", help="Repeat a job: its issue, commit, strategy and tiers."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Resolve one issue without GitHub App: prints the diff, the evidence and the bill. Nothing is published.

    Takes the committed state of the checkout. Exit code 0 only if the patch earned what the repository accepts.
    With --as-job nothing else is needed; it tells at the end what is not as it was (a prompt, a price, a version).
    """
    from strategies.models.model_lookup import look_up
    from workers.cli.local_issue import find_issue
    from workers.cli.local_resolution import LocalRequest, quote_local, resolve_local
    from workers.cli.recorded_job import clone_url, differences, load_recorded_job
    from workers.cli.resolve_output import quote_json, quote_lines, result_json, result_lines
    from workers.config.operator_file import load_operator
    from workers.config.places import checkout_of
    from workers.processes.wiring import images_of
    from workers.usd import parse_usd

    settings = command_settings(checkout_of(where))
    operator = load_operator(settings.config)
    cap = parse_usd(max_usd) if max_usd else None
    check_strategy(strategy)
    recorded = None
    if as_job:
        with command_context() as (context, _), context.database.read() as session:
            recorded = load_recorded_job(session, operator, as_job)
        operator, strategy = recorded.operator, strategy or recorded.strategy
        where = where or clone_url(settings, recorded.repository)
    elif not (where and issue):
        raise typer.BadParameter("give PATH_OR_URL and --issue, or --as-job ID")
    images = images_of(settings, operator)
    found = find_issue(settings, where, issue, images) if issue or recorded is None else recorded.issue
    if dry_run:
        quote = quote_local(found, operator=operator)
        emit(quote_json(quote)) if as_json else say("\n".join(quote_lines(quote)))
        return
    request = LocalRequest(
        where,
        found,
        strategy=strategy,
        cap_usd=cap,
        base=recorded.base if recorded else "",
        accept=recorded.accept if recorded else None,
        token=settings.github_token.get_secret_value(),
    )
    with LiveSteps() as print_step:
        result = resolve_local(request, settings=settings, operator=operator, say=print_step, ask=look_up)
    differs = differences(recorded.versions, result.solved.versions.json()) if recorded else ()
    if as_json:
        emit(result_json(result) | ({"as_job": as_job, "differs": list(differs)} if recorded else {}))
    else:
        say("\n".join(result_lines(result)))
    if recorded and not as_json:
        say(
            "\n".join(f"differs    {d}" for d in differs)
            or f"Nothing that was recorded of job {as_job} has changed since."
        )
    raise typer.Exit(0 if result.accepted else 1)
