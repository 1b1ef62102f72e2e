"""The option that all commands share: `--config PATH`, before or behind the command's name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

OPTION = "--config"
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        OPTION, metavar="PATH", exists=True, dir_okay=False, resolve_path=True,
        help="Use this pennyfix.toml (default: PENNYFIX_CONFIG, the state folder's, then Pennyfix's own folder's).",
    ),
]  # fmt: skip


class CommandGroup(TyperGroup):
    """Takes the shared option wherever it stands: people write it last."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # typer's own type
        return super().parse_args(ctx, first(args))


def first(args: list[str]) -> list[str]:
    """The arguments with the shared option in front; what stands behind `--` stays as it is."""
    end = args.index("--") if "--" in args else len(args)
    taken: list[str] = []
    left: list[str] = []
    words = iter(args[:end])
    for word in words:
        if word == OPTION:
            taken += [word, *(value for value in (next(words, None),) if value is not None)]
        elif word.startswith(f"{OPTION}="):
            taken.append(word)
        else:
            left.append(word)
    return [*taken, *left, *args[end:]]
