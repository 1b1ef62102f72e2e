"""Money is never a float: no float literal, no `float(…)`, no `float` as a type, in the files that deal with money.

Read from the syntax tree, so that a comment or a text does not count. Whoever needs a float there gives a reason here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
MONEY = (
    "strategies/models/meter.py",
    "strategies/models/in_memory_meter.py",
    "strategies/models/price.py",
    "strategies/models/price_table.py",
    "strategies/models/usage.py",
    "workers/billing/*.py",
    "workers/db/columns.py",
    "workers/messages/budget_issue.py",
    "workers/pipeline/breaker.py",
    "workers/pipeline/budget_alerts.py",
    "workers/solving/quoting.py",
    "workers/usd.py",
    "workers/views/metrics.py",
)
SECONDS = "a duration in seconds, not an amount"
REASONED = {
    ("strategies/models/meter.py", "seconds"): SECONDS,
    ("workers/billing/ledger.py", "seconds"): SECONDS,
    (
        "strategies/models/price_table.py",
        "_number",
    ): "a price table's own number, told apart from other JSON; read by its digits",
}


def files() -> list[Path]:
    return sorted({path for pattern in MONEY for path in ROOT.glob(pattern)})


def floats(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, the name it belongs to) of every float that the code makes or asks for."""
    names = {child: _name(node) for node in ast.walk(tree) if _name(node) for child in ast.walk(node)}
    for node in ast.walk(tree):
        literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        asked = isinstance(node, ast.Name) and node.id == "float" and isinstance(node.ctx, ast.Load)
        if literal or asked:
            assert isinstance(node, ast.Constant | ast.Name)
            yield node.lineno, names.get(node, "")


def _name(node: ast.AST) -> str:
    """The function, field, keyword or argument that a part of the code belongs to; the innermost counts."""
    if isinstance(node, ast.FunctionDef):
        return node.name
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    if isinstance(node, ast.keyword | ast.arg):
        return node.arg or ""
    return ""


def test_every_pattern_finds_a_file() -> None:
    assert [pattern for pattern in MONEY if not list(ROOT.glob(pattern))] == []


@pytest.mark.parametrize("path", files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_float_where_money_is(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    found = [
        (line, of) for line, of in floats(ast.parse(path.read_text(encoding="utf-8"))) if (name, of) not in REASONED
    ]
    assert found == [], "write Decimal, or give a reason in REASONED"


def test_every_reason_is_still_needed() -> None:
    seen = {
        (path.relative_to(ROOT).as_posix(), of)
        for path in files()
        for _, of in floats(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert set(REASONED) - seen == set()


@pytest.mark.parametrize(
    "code", ["cap = 0.5", "Decimal(0.1)", "total = float(usd)", "def f(usd: float) -> None: ...", "x: float = seconds"]
)
def test_a_float_is_found(code: str) -> None:
    assert list(floats(ast.parse(code)))
