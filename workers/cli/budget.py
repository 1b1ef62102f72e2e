"""The commands `pennyfix budget list`, `show` and `set`: what each repository may spend a month."""

from __future__ import annotations

from typing import Annotated

import typer

from workers.cli.console import Json, command_context, emit, say

budget = typer.Typer(no_args_is_help=True, help="What each repository may spend a month, and what it has spent.")
Repository = Annotated[str, typer.Argument(metavar="OWNER/NAME")]


@budget.command("list")
def budget_list(as_json: Json = False) -> None:
    """Every repository's month: spent, budget, forecast, and who says so."""
    from workers.billing.budget_reports import budget_lines
    from workers.cli.tables import budget_json, print_budgets

    with command_context() as (context, console):
        with context.database.read() as session:
            lines = budget_lines(session, context.limits, context.clock())
        emit([budget_json(line) for line in lines]) if as_json else print_budgets(console, lines)


@budget.command("show")
def budget_show(repository: Repository, as_json: Json = False) -> None:
    """One repository's month: bar, forecast, by tier and model, by issue."""
    from dataclasses import asdict

    from workers.billing import spending_reports
    from workers.billing.budget_reports import budget_line, find_repository
    from workers.cli.tables import budget_json, print_budget

    with command_context() as (context, console):
        with context.database.read() as session:
            row = find_repository(session, repository)
            line = budget_line(session, row, context.limits, context.clock())
            by_model = spending_reports.by_tier_model(session, line.month, repository_id=row.id)
            by_issue = spending_reports.by_issue(session, row.id, line.month)
        if as_json:
            tables = {"by_model": [asdict(b) for b in by_model], "by_issue": [asdict(b) for b in by_issue]}
            emit({**budget_json(line), **tables})
        else:
            print_budget(console, line, by_model, by_issue)


@budget.command("set", context_settings={"ignore_unknown_options": True})  # so that -5 is answered as an amount
def budget_set(
    repository: Repository,
    amount: Annotated[str, typer.Argument(metavar="USD", help="Like 50 or 12.50; `file` to go back to the file's.")],
    as_json: Json = False,
) -> None:
    """Set a repository's month in USD. Jobs that waited for money go on, oldest first. The change is audited."""
    from dataclasses import asdict

    from workers.cli.operator_actions import change_budget, cli_actor
    from workers.usd import show_usd

    with command_context() as (context, _):
        changed = change_budget(context, repository, amount, actor=cli_actor())
    if as_json:
        emit(asdict(changed))
        return
    say(f"{changed.repository}: {show_usd(changed.before.month)} → {show_usd(changed.after.month)} a month.")
    if changed.resumed:
        say(f"These jobs waited for money and go on: {', '.join(map(str, changed.resumed))}.")
