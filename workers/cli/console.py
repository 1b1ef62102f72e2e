"""What every command prints with: text, JSON, tables and progress; and the database it reads.

Rich and the database are imported when they are used, so that `pennyfix --help` answers at once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from workers.config.places import Places
    from workers.config.settings import Settings
    from workers.processes.context import Context

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

CONFIG: ContextVar[Path | None] = ContextVar("config", default=None)
"""What `--config` says in this call of the program."""


def say(text: str = "") -> None:
    """One line for people, on standard output."""
    print(text)


def emit(value: Any) -> None:
    """JSON on standard output; amounts of money are strings, so that nothing is rounded."""
    print(json.dumps(value, indent=2, default=str, ensure_ascii=False))


def names(text: str) -> list[str]:
    """A comma-separated list without blanks."""
    return [part.strip() for part in text.split(",") if part.strip()]


def command_settings(tree: Path | None = None) -> Settings:
    """The settings of one command; which files they come from is said on standard error. Raises ConfigError.

    `tree` is a checkout that the command works on: no setting is read from it, unless `--config` names a file there.
    """
    from workers.config.settings import load_settings, own_places

    settings = load_settings(tree=tree, config=CONFIG.get())
    places = own_places() if tree is None else own_places(tree)
    print(settings_line(settings, places), file=sys.stderr)
    return settings


def settings_line(settings: Settings, places: Places) -> str:
    """Which files the settings come from, as one line."""
    lines = [str(path) for path in places.env_files()]
    if settings.config is not None:
        return f"settings: {', '.join([str(settings.config), *lines])}"
    looked = " or ".join(str(p) for p in dict.fromkeys((settings.home, places.own)) if p is not None)
    return f"settings: {', '.join([f'no pennyfix.toml in {looked}, the defaults hold', *lines])}"


@contextmanager
def command_context() -> Iterator[tuple[Context, Console]]:
    """The open database with its settings, and a console, for one command; the database is closed afterwards.

    Raises ConfigError, DatabaseUrlError.
    """
    from rich.console import Console

    from workers.processes.celery_app import publisher
    from workers.processes.context import open_context

    settings = command_settings()
    context = open_context(settings, publisher(settings))
    try:
        yield context, Console()
    finally:
        context.database.close()


def check_strategy(name: str) -> None:
    """Raises typer.BadParameter for a strategy that does not exist; "" stands for the default."""
    from strategies.registry import STRATEGIES

    if name and name not in STRATEGIES:
        raise typer.BadParameter(
            f"{name!r} is no strategy; allowed are {', '.join(STRATEGIES)}", param_hint="--strategy"
        )


def print_table(table: Any) -> None:
    """A table of a study's report (`strategies.study.reporting.page`), on standard output."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    grid = Table(box=box.SIMPLE_HEAD, caption=table.caption, caption_justify="left")
    for i, name in enumerate(table.head):
        grid.add_column(name, justify="left" if i in (0, *table.texts) else "right", overflow="fold")
    for row, kind in zip(table.rows, table.kinds or [""] * len(table.rows), strict=True):
        grid.add_row(*row, style={"best": "bold green", "reference": "dim"}.get(kind, ""))
    Console().print(grid)


class ProgressBar:
    """A progress bar on standard error, only where somebody watches."""

    def __init__(self, label: str) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self.bar = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
        self.label = label

    def __enter__(self) -> Callable[[int, int], None]:
        self.bar.start()
        line = self.bar.add_task(self.label)
        return lambda done, total: self.bar.update(line, completed=done, total=total)

    def __exit__(self, *error: object) -> None:
        self.bar.stop()


class LiveSteps:
    """Each step as a line on standard error, with the seconds since the start."""

    def __enter__(self) -> Callable[[Any], None]:
        import time

        began = time.monotonic()

        def print_step(step: Any) -> None:
            print(f"{time.monotonic() - began:6.1f} s  {step.text.splitlines()[0][:200]}", file=sys.stderr, flush=True)

        return print_step

    def __exit__(self, *error: object) -> None:
        sys.stderr.flush()
