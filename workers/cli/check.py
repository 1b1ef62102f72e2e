"""The command `pennyfix check`: how a repository is set up and tested, tried live."""

from __future__ import annotations

from typing import Annotated

import typer

from workers.cli.console import Json, LiveSteps, command_settings, emit, say


def check(
    where: Annotated[str, typer.Argument(metavar="PATH_OR_URL", help="A checkout here, or a repository's URL.")],
    write: Annotated[
        bool, typer.Option("--write", help="Write the lines that worked into the checkout's .github/autofix.yml.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Try how a repository is set up and tested: each set-up of the ladder is installed, and its tests are run.

    Takes the committed state of the checkout, asks no model and costs nothing. Ends with complete (the suite is
    healthy), degraded (only a part of it can judge patches; it names the rest and what is missing) or nothing works.
    The log of each set-up that did not do is printed. Exit code 0 only when complete.
    With --write, lines are added to .github/autofix.yml after they were run; nothing is committed.
    """
    from pathlib import Path

    from sandbox.backends import choose
    from workers.cli.local_resolution import local_file, open_local
    from workers.cli.setup_report import check_json, check_lines, check_set_up, trial_lines, writable_place, write_lines
    from workers.config.operator_file import load_operator
    from workers.config.places import checkout_of
    from workers.processes.wiring import backend_options

    settings = command_settings(checkout_of(where))
    operator = load_operator(settings.config)
    place = writable_place(Path(where)) if write else None
    backend = choose(settings.sandbox, backend_options(settings, operator))
    workspace = open_local(where, settings.home, settings.github_token.get_secret_value())
    numbers = iter(range(1, 1_000))
    with LiveSteps() as print_step:
        result = check_set_up(
            workspace,
            local_file(workspace),
            backend,
            say=print_step,
            seen=lambda trial: None if as_json else say("\n".join(trial_lines(trial, next(numbers)))),
        )
    if place is not None and result.lines:
        write_lines(place, result.lines)
    if as_json:
        emit(check_json(result) | {"written": str(place) if place is not None and result.lines else None})
    else:
        say("\n".join(check_lines(result)))
        if place is not None:
            say(_written(str(place), result.lines, configured=result.configured))
    raise typer.Exit(0 if result.complete else 1)


def _written(place: str, lines: str, *, configured: bool) -> str:
    if lines:
        return f"Written to {place}. Look at it, commit it, and it is used from then on."
    if configured:
        return f"Nothing written: {place} says how to set up already; change it there."
    return "Nothing written: there are no plain lines that say what works. Convention finds it again without a file."
