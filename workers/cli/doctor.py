"""The command `pennyfix doctor`: check everything an issue needs on its way to a pull request."""

from __future__ import annotations

from typing import Annotated

import typer

from workers.cli.console import CONFIG, Json, emit


def doctor(
    only: Annotated[
        list[str] | None,
        typer.Option(help="Look only at: disk, database, broker, github, webhook, sandbox, models (repeatable)."),
    ] = None,
    call_models: Annotated[
        bool, typer.Option("--call-models", help="Really ask each model one word, and say what it cost.")
    ] = False,
    redeliver: Annotated[
        bool, typer.Option("--redeliver", help="Ask GitHub for the deliveries that were missed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check everything a labeled issue needs on its way, and print for each failure the line that fixes it.

    Exit code 1 when something failed. Spends nothing without --call-models; changes nothing without --redeliver.
    """
    from dataclasses import asdict
    from functools import partial

    from rich.console import Console

    from workers.cli.tables import print_check, print_verdict
    from workers.config.settings import load_settings
    from workers.doctor.all_checks import CHECKS, failed, run_checks
    from workers.doctor.check import DoctorOptions

    unknown = [n for n in only or () if n not in CHECKS]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is not one of {', '.join(CHECKS)}", param_hint="--only")
    console = Console(soft_wrap=True)
    found = []
    options = DoctorOptions(call_models, redeliver)
    load = partial(load_settings, config=CONFIG.get())
    for check in run_checks(options, only=tuple(only or ()), load=load):
        found.append(check)
        if not as_json:
            print_check(console, check)
    if as_json:
        emit({"ok": not failed(found), "checks": [asdict(check) for check in found]})
    else:
        print_verdict(console, found)
    raise typer.Exit(1 if failed(found) else 0)
