"""The part of README.md between the help markers, made from the command line itself; a test compares them.

python -m tests.readme_help      writes it anew
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from typer.main import get_command
from typer.testing import CliRunner

from pennyfix import app

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- help:begin -->", "<!-- help:end -->"
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


def generated() -> str:
    """The whole part, markers included."""
    parts = [BEGIN, ""]
    for command in commands():
        words = " ".join(("pennyfix", *command))
        parts += ["<details>", f"<summary><code>{words}</code></summary>", "", "```text", help_of(*command), "```", ""]
        parts += ["</details>", ""]
    return "\n".join([*parts, END])


def written(text: str) -> str | None:
    """The part as it stands in the README; None without markers."""
    found = re.search(f"{BEGIN}.*?{END}", text, re.DOTALL)
    return found[0] if found else None


if __name__ == "__main__":
    before = README.read_text(encoding="utf-8")
    old, new = written(before), generated()
    after = before.replace(old, new) if old else f"{before.rstrip()}\n\n## Command line\n\n{new}\n"
    README.write_text(after, encoding="utf-8")
