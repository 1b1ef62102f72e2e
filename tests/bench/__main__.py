"""`python -m tests.bench [NAME …] [--json]`: runs the benches and prints one table.

A bench is a module here with `run() -> list[Row]`. One whose outside service is missing raises NotHere and is
skipped, in words. Progress goes to stderr; the exit code is 1 when a bench broke, not when an aim is missed: an aim
missed on a busy machine is a figure, not an error.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.row import NotHere, Row

NAMES = tuple(
    path.stem
    for path in sorted(Path(__file__).parent.glob("*.py"))
    if "\ndef run() -> list[Row]:" in path.read_text(encoding="utf-8")
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One bench: its rows, or why there are none."""

    name: str
    rows: tuple[Row, ...] = ()
    skipped: str = ""
    broken: str = ""


def measure(name: str) -> Measured:
    """Run one. Whatever it prints goes to stderr."""
    try:
        with redirect_stdout(sys.stderr):
            return Measured(name, tuple(importlib.import_module(f"tests.bench.{name}").run()))
    except NotHere as error:
        return Measured(name, skipped=str(error))
    except Exception as error:  # noqa: BLE001  # one broken bench must not take the others' figures with it
        return Measured(name, broken=f"{type(error).__name__}: {error}"[:500])


def table_of(measured: list[Measured]) -> Table:
    """Figure, value, what it is compared with, aim, and whether it is met."""
    table = Table("figure", "value", "beside", "ratio", "aim", "met")
    for one in measured:
        for row in one.rows:
            ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
            met = ("[green]yes[/]" if row.ok else "[bold red]no[/]") if row.aim else ""
            table.add_row(row.name, f"{_number(row.value)} {row.unit}".strip(), row.peer, ratio, row.aim, met)
        if not one.rows:
            table.add_row(one.name, "", one.skipped or f"broken: {one.broken}", "", "", "")
    return table


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def main(argv: list[str] | None = None) -> int:
    """Exit code: 0, or 1 when a bench broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=str(__doc__).partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(NAMES)}; all of them if left out")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    given = parser.parse_args(argv)
    unknown = sorted(set(given.names) - set(NAMES))
    if unknown:
        parser.error(f"there is no bench {', '.join(unknown)}; there are {', '.join(NAMES)}")
    measured = []
    for name in given.names or NAMES:
        print(f"{name} …", file=sys.stderr, flush=True)
        began = time.perf_counter()
        measured.append(measure(name))
        print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    if given.json:
        print(json.dumps([asdict(one) for one in measured], ensure_ascii=False, indent=1))
    else:
        console = Console()
        Console(width=max(console.width, 160)).print(table_of(measured))
    return 1 if any(one.broken for one in measured) else 0


if __name__ == "__main__":
    sys.exit(main())
