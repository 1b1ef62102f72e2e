"""The command line. The commands live in `workers/cli/`; those that need `webhook` or `deploy` stand here.

Heavy libraries are imported by the command that needs them, so that `pennyfix --help` options at once. Exit codes:
0 done, 1 the answer is no (not accepted, a check failed, an issue of the demo ended differently), 2 bad input,
3 something that is needed is not there.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from workers.cli.budget import budget
from workers.cli.check import check
from workers.cli.command_group import CommandGroup, ConfigFile
from workers.cli.console import CONFIG, Json, command_settings, emit, say
from workers.cli.doctor import doctor
from workers.cli.jobs import jobs
from workers.cli.processes import up, worker
from workers.cli.resolve import resolve
from workers.cli.study import study

app = typer.Typer(
    name="pennyfix",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Resolves labeled GitHub issues at the lowest cost that still earns a merge.",
    epilog="Start with [bold]pennyfix demo[/] (no account, no key), then [bold]pennyfix setup[/] and "
    "[bold]pennyfix up[/]. Settings are environment variables that start with PENNYFIX_, or lines of the .env in the "
    "state folder or in Pennyfix's own folder; never of the current folder.",
    cls=CommandGroup,
)


@app.callback()
def everywhere(config: ConfigFile = None) -> None:
    """Resolves labeled GitHub issues at the lowest cost that still earns a merge."""
    CONFIG.set(config)


app.add_typer(study, name="study")
app.add_typer(budget, name="budget")
app.add_typer(jobs, name="jobs")
app.command()(up)


@app.command()
def serve() -> None:
    """Run only the receiver and the pages (needs PENNYFIX_REDIS_URL or a running `pennyfix up` for the wake-ups)."""
    from webhook.serve import serve as run

    run(command_settings())


app.command()(worker)
app.command()(resolve)
app.command()(check)


@app.command()
def demo(
    keep: Annotated[bool, typer.Option(help="Serve the stand-in's pages at the end (always on a terminal).")] = False,
    sandbox: Annotated[str, typer.Option(help="docker, bubblewrap or process (default: the best here).")] = "",
) -> None:
    """From label to pull request on this machine, without account or key: a stand-in GitHub and scripted models."""
    from rich.console import Console

    from deploy.demo.demo import run

    raise typer.Exit(run(None, Console(), keep=keep or sys.stdout.isatty(), sandbox=sandbox))


@app.command()
def setup(
    organization: Annotated[str, typer.Option(help="Register the App for this organization, not for yourself.")] = "",
    public_url: Annotated[
        str, typer.Option(help="https://… where GitHub reaches this machine (default: PENNYFIX_PUBLIC_URL).")
    ] = "",
    name: Annotated[str, typer.Option(help="The App's name on GitHub, at most 34 characters.")] = "",
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port of the local page (0: any).")] = None,
    force: Annotated[bool, typer.Option("--force", help="Make another App although one is configured.")] = False,
    as_json: Json = False,
) -> None:
    """Make the GitHub App: a local page takes its manifest to GitHub; its keys go into the state folder (mode 0600).

    GitHub must reach this machine at --public-url: a reverse proxy or, for development, a tunnel that leaves bytes
    unchanged (cloudflared tunnel --url http://127.0.0.1:8000; tailscale funnel 8000; ngrok http 8000). Relays that
    re-write the JSON break its signature. What is delivered while nothing runs, `pennyfix up` asks for again.
    """
    from dataclasses import asdict

    from webhook.setup.run import SetupOptions, run_setup

    options = SetupOptions(organization=organization, name=name, public_url=public_url, port=port, force=force)
    made = run_setup(command_settings(), options, (lambda line: print(line, file=sys.stderr)) if as_json else say)
    if made is None:
        raise typer.Exit(1)
    if as_json:
        secret = ("pem", "webhook_secret", "client_secret")
        emit({k: v for k, v in asdict(made).items() if k not in secret})


app.command()(doctor)


def main() -> None:
    """Run the command line; expected errors become a sentence and an exit code, all others stay loud."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # the one place that decides what an exception means to a person
        from workers.cli.exit_codes import explain

        explained = explain(error)
        if explained is None:
            raise
        print(f"pennyfix: {explained[0]}", file=sys.stderr)
        sys.exit(explained[1])
