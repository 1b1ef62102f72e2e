"""`python -m tests.house`: the size of rooms, files and functions, doubled class names, and imports against the layers.

Prints what is over a limit, one line each, and as its last line the figures; exit code 1 when something is. A room is a
folder of the product with Python files in it. The layers are the contracts of pyproject.toml, read by import-linter.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from importlinter import api  # noqa: F401  # it configures what the use cases read
from importlinter.application import use_cases
from importlinter.application.ports.reporting import Report
from importlinter.application.rendering import render_report
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import LayersContract
from importlinter.domain.contract import registry

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("webhook/", "workers/", "strategies/", "sandbox/", "deploy/", "pennyfix.py")
NOT_OURS = ("deploy/demo/project/", "strategies/study/corpus/", "workers/migrations/")  # data, and alembic's scripts
FILES_IN_A_ROOM, LINES_OF_A_FILE, LINES_OF_A_FUNCTION = 22, 500, 80
SAME_NAME = "# same name: "  # on the line of a class whose name another class has too, with the reason


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file: its path from the root, and its text."""

    path: str
    text: str

    @property
    def room(self) -> str:
        """The folder that it stands in; "" for the root."""
        return self.path.rpartition("/")[0]

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())


@dataclass(frozen=True, slots=True)
class Function:
    """A function with the lines from its `def` to its end, which is what a reader has to hold."""

    path: str
    name: str
    lines: int


def product_files() -> list[Source]:
    """Every Python file of the product that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    ours = sorted({p for p in listed if p.startswith(PRODUCT) and not p.startswith(NOT_OURS)})
    return [Source(p, (ROOT / p).read_text(encoding="utf-8")) for p in ours if (ROOT / p).exists()]


def rooms(files: Iterable[Source]) -> dict[str, int]:
    """Each folder with its number of Python files, largest first. The root is not a room."""
    sizes: dict[str, int] = {}
    for file in files:
        if file.room:
            sizes[file.room] = sizes.get(file.room, 0) + 1
    return dict(sorted(sizes.items(), key=lambda pair: (-pair[1], pair[0])))


def functions(files: Iterable[Source]) -> Iterator[Function]:
    """Every function and method, also nested ones."""
    for file in files:
        for node in ast.walk(ast.parse(file.text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield Function(file.path, node.name, (node.end_lineno or node.lineno) - node.lineno + 1)


def doubled_classes(files: Iterable[Source]) -> list[str]:
    """Class names that two modules define, unless all of them but one carry a reason on the line."""
    places: dict[str, list[str]] = {}
    for file in files:
        lines = file.text.splitlines()
        for node in ast.parse(file.text).body:
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, [])
                if not lines[node.lineno - 1].partition(SAME_NAME)[2].strip():
                    places[node.name].append(file.path)
    return [f"class {name} is defined in {', '.join(at)}" for name, at in sorted(places.items()) if len(at) > 1]


def layers(config: Path = ROOT / "pyproject.toml") -> Report:
    """What import-linter says of the contracts in `config`, with nothing remembered from an earlier run."""
    registry.register(LayersContract, "layers")
    registry.register(ForbiddenContract, "forbidden")
    return use_cases.create_report(use_cases.read_user_options(str(config)), cache_dir=None)


def uphill(report: Report) -> int:
    """How many chains of imports break a contract."""
    broken = 0
    for _, check in report.get_contracts_and_checks():
        broken += sum(len(found["routes"]) for found in check.metadata.get("invalid_dependencies", ()))
        broken += sum(len(found["chains"]) for found in check.metadata.get("invalid_chains", ()))
    return broken


def main() -> int:
    """Print what is wrong and the figures. The exit code: 0 when nothing is over."""
    files = product_files()
    sizes, all_functions, report = rooms(files), list(functions(files)), layers()
    wrong = [f"{room}/ holds {n} files, at most {FILES_IN_A_ROOM}" for room, n in sizes.items() if n > FILES_IN_A_ROOM]
    wrong += [f"{f.path} has {f.lines} lines, at most {LINES_OF_A_FILE}" for f in files if f.lines > LINES_OF_A_FILE]
    wrong += [
        f"{f.path}: {f.name} has {f.lines} lines, at most {LINES_OF_A_FUNCTION}"
        for f in all_functions
        if f.lines > LINES_OF_A_FUNCTION
    ]
    wrong += doubled_classes(files)
    if report.contains_failures:
        render_report(report)
        wrong.append("an import contract of pyproject.toml is broken")
    print("\n".join([*wrong, figures(sizes, files, all_functions, uphill(report))]))
    return 1 if wrong else 0


def figures(sizes: dict[str, int], files: list[Source], all_functions: list[Function], broken: int) -> str:
    """The last line."""
    return (
        f"house: {len(sizes)} rooms, largest {max(sizes.values())} files, longest file {max(f.lines for f in files)} "
        f"lines, longest function {max(f.lines for f in all_functions)} lines, {broken} imports uphill"
    )


if __name__ == "__main__":
    sys.exit(main())
