"""The help of every command, as the command line itself prints it."""

from __future__ import annotations

from collections.abc import Iterator

from typer.main import get_command
from typer.testing import CliRunner

from pennyfix import app

WIDTH = "100"


def help_of(*command: str) -> str:
    """What `pennyfix COMMAND --help` prints, plain, at a fixed width."""
    plain = {"COLUMNS": WIDTH, "NO_COLOR": "1", "TERM": "dumb", "FORCE_COLOR": None, "GITHUB_ACTIONS": None}
    done = CliRunner(env=plain).invoke(app, [*command, "--help"], prog_name="pennyfix")
    if done.exit_code != 0:
        raise RuntimeError(f"pennyfix {' '.join(command)} --help: exit code {done.exit_code}\n{done.output}")
    return "\n".join(line.rstrip() for line in done.output.splitlines()).strip("\n")


def commands() -> Iterator[tuple[str, ...]]:
    """The command itself, every verb, and every verb of a group."""
    yield ()
    for name, command in sorted(getattr(get_command(app), "commands", {}).items()):
        yield (name,)
        for inner in sorted(getattr(command, "commands", {})):
            yield (name, inner)


def all_commands() -> str:
    """One heading per command with its help below it."""
    parts = []
    for command in commands():
        words = " ".join(("pennyfix", *command))
        parts.append(f"{'##' if len(command) < 2 else '###'} `{words}`\n\n```text\n{help_of(*command)}\n```")
    return "\n\n".join(parts)
