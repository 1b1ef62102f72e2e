"""The command line: the front door, one verb per process or task.

Every verb parses, calls one function that does the work, and prints. Heavy libraries are imported by the verb that
needs them, so that `pennyfix --help` answers at once. Exit codes: 0 done, 1 the answer is no (not accepted, a check
failed, an issue of the demo ended differently), 2 bad input, 3 something that is needed is not there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="pennyfix",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Resolves labeled GitHub issues at the lowest cost that still earns a merge.",
    epilog="Start with [bold]pennyfix demo[/] (no account, no key), then [bold]pennyfix setup[/] and "
    "[bold]pennyfix up[/]. Settings are environment variables that start with PENNYFIX_, or lines of .env.",
)
study = typer.Typer(no_args_is_help=True, help="Compare strategies and models: cost against resolution.")
app.add_typer(study, name="study")

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def say(text: str = "") -> None:
    """One line for people, on standard output."""
    print(text)


def emit(value: Any) -> None:
    """JSON on standard output; amounts of money are strings, so that nothing is rounded."""
    print(json.dumps(value, indent=2, default=str, ensure_ascii=False))


def names(text: str) -> list[str]:
    """A comma-separated list without blanks."""
    return [part.strip() for part in text.split(",") if part.strip()]


@study.command("replay")
def study_replay(
    outcomes: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV of recorded outcomes.")],
    chain: Annotated[str, typer.Option(help="Models in the order they are tried, separated by commas.")],
    false_accept: Annotated[float, typer.Option(help="How often a wrong patch is accepted, 0 to 1.")] = 0.0,
    false_reject: Annotated[float, typer.Option(help="How often a right patch is rejected, 0 to 1.")] = 0.0,
    tests_of: Annotated[str, typer.Option(help="Instead of rates: this model's recorded tests decide.")] = "",
    search: Annotated[bool, typer.Option("--search", help="Also search all chains, with cross-validation.")] = False,
    strong: Annotated[str, typer.Option(help="The strong model to match in the search (default: last in chain).")] = "",
    models: Annotated[str, typer.Option(help="Models the search may use, separated by commas (default: all).")] = "",
    html: Annotated[Path | None, typer.Option(help="Write a page with charts to this file.")] = None,
    as_json: Json = False,
) -> None:
    """Replay recorded outcomes under a chain of models and a verifier that errs.

    Example: pennyfix study replay outcomes.csv --chain DeepSeek-V4-Pro,MiniMax-M3,claude-opus-4-8
    --false-accept 0.1 --false-reject 0.1 --search
    """
    from strategies.study.outcomes import load_outcomes
    from strategies.study.replay import Rates, RecordedTests, Verifier
    from strategies.study.replay_report import replay_page, rows
    from strategies.study.said import replay_json
    from strategies.study.search import search as search_chains

    recorded = load_outcomes(outcomes)
    verifier: Verifier = RecordedTests.of(recorded, tests_of) if tests_of else Rates(false_accept, false_reject)
    words = (
        f"patches are judged by the recorded tests of {tests_of}"
        if tests_of
        else f"a verifier with {false_accept:.0%} false accepts and {false_reject:.0%} false rejects"
    )
    compared = rows(recorded, names(chain), verifier)
    found = None
    if search:
        with ProgressBar("searching chains") as step:
            found = search_chains(
                recorded, verifier, strong=strong or names(chain)[-1], models=names(models), progress=step
            )
    if html:
        html.write_text(replay_page(recorded, compared, words, found), encoding="utf-8")
    if as_json:
        emit(replay_json(compared, found))
        return
    from strategies.study.guidelines import of_search
    from strategies.study.replay_report import table

    say(f"{len(recorded.issues)} issues, {words}.")
    _print_table(table(compared))
    for sentence in of_search(found) if found else ():
        say(f"- {sentence}")
    if html:
        say(f"The page is at {html}.")


def _print_table(shown: Any) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    grid = Table(box=box.SIMPLE_HEAD, caption=shown.caption, caption_justify="left")
    for i, name in enumerate(shown.head):
        grid.add_column(name, justify="right" if i else "left", overflow="fold")
    for row, kind in zip(shown.rows, shown.kinds or [""] * len(shown.rows), strict=True):
        grid.add_row(*row, style={"best": "bold green", "reference": "dim"}.get(kind, ""))
    Console().print(grid)


class ProgressBar:
    """A progress bar on standard error, only where somebody watches."""

    def __init__(self, words: str) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self.bar = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
        self.words = words

    def __enter__(self) -> Callable[[int, int], None]:
        self.bar.start()
        line = self.bar.add_task(self.words)
        return lambda done, total: self.bar.update(line, completed=done, total=total)

    def __exit__(self, *error: object) -> None:
        self.bar.stop()


EXPECTED: dict[str, int] = {
    # error class by name (so that asking costs no import) → exit code; the message already names the fix
    "ConfigError": 2,
    "OutcomesError": 2,
    "MoneyError": 2,
    "PromptError": 2,
    "UsageError": 2,
    "ModelRefused": 2,
    "OverBudget": 1,
    "ModelUnavailable": 3,
    "SandboxUnavailable": 3,
    "PreparationFailed": 3,
    "MirrorError": 3,
    "GitHubError": 3,
    "BrokerError": 3,
    "DatabaseError": 3,
    "OperationalError": 3,
}


def explain(error: BaseException) -> tuple[str, int] | None:
    """What an expected error says to a person, and the exit code; None for one that should stay loud."""
    for kind in type(error).__mro__:
        if kind.__name__ in EXPECTED:
            return str(error), EXPECTED[kind.__name__]
    return None


def main() -> None:
    """Run the command line; expected errors become words and an exit code, all others stay loud."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # the one place that decides what an exception means to a person
        explained = explain(error)
        if explained is None:
            raise
        print(f"pennyfix: {explained[0]}", file=sys.stderr)
        sys.exit(explained[1])
