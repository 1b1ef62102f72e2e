"""Recorded per-issue outcomes of many models on the same issues, read from a CSV file.

Columns: instance_id, model, resolved (1, 0 or empty = no verdict), cost_usd, test_valid (1, 0 or empty: did the
model write a test that fails before and passes after), test_cost_usd. Money is kept as integer millionths of a
dollar; an empty cost is *unknown*, which is not zero.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

UNKNOWN = np.int64(-1)
COLUMNS = ("instance_id", "model", "resolved", "cost_usd", "test_valid", "test_cost_usd")


class OutcomesError(ValueError):
    """The file cannot be read as outcomes; the message names line, column, value and what is allowed."""


@dataclass(frozen=True, slots=True)
class RecordedOutcomes:
    """Arrays of shape (models, issues). `resolved` and `test_valid` are -1 where not known.

    `cost` and `test_cost` are millionths of a US dollar, -1 where unknown.
    """

    models: tuple[str, ...]
    issues: tuple[str, ...]
    resolved: NDArray[np.int8]
    cost: NDArray[np.int64]
    test_valid: NDArray[np.int8]
    test_cost: NDArray[np.int64]

    def row(self, model: str) -> int:
        """The index of a model. Raises OutcomesError naming the models there are, the nearest first."""
        if model in self.models:
            return self.models.index(model)
        import difflib

        near = difflib.get_close_matches(model, self.models, n=3, cutoff=0.3)
        raise OutcomesError(
            f"no model {model!r} in the outcomes; "
            + (f"did you mean {', '.join(near)}? " if near else "")
            + f"There are: {', '.join(self.models)}"
        )

    def known_cost(self) -> NDArray[np.float64]:
        """Costs in USD for statistics, an unknown cost replaced by its model's mean known cost.

        Leaving it at zero would make a model look cheaper than it is.
        """
        return _filled(self.cost)

    def known_test_cost(self) -> NDArray[np.float64]:
        """Costs of writing a test, in USD, unknown ones replaced as in `known_cost`."""
        return _filled(self.test_cost)

    def is_resolved(self) -> NDArray[np.float64]:
        """1.0 where resolved, else 0.0: a missing verdict counts as not resolved."""
        right: NDArray[np.float64] = (self.resolved == 1).astype(np.float64)
        return right


def _filled(micro: NDArray[np.int64]) -> NDArray[np.float64]:
    known = np.where(micro >= 0, micro, np.nan).astype(np.float64) / 1e6
    missing = np.isnan(known)
    counts = (~missing).sum(axis=1)
    sums = np.where(missing, 0.0, known).sum(axis=1)
    means = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
    filled: NDArray[np.float64] = np.where(missing, means[:, None], known)
    return filled


def load_outcomes(path: Path) -> RecordedOutcomes:
    """Read a CSV file of outcomes. Raises OutcomesError (line, column, value, allowed) or FileNotFoundError.

    Every model must have been run on the same issues.
    """
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = [c for c in COLUMNS[:4] if c not in (reader.fieldnames or [])]
        if missing:
            raise OutcomesError(f"{path.name}: column {missing[0]!r} is missing; needed are {', '.join(COLUMNS)}")
        cells = {(row["model"], row["instance_id"]): _cell(path.name, reader.line_num, row) for row in reader}
    if not cells:
        raise OutcomesError(f"{path.name}: no outcomes below the header line")
    models = tuple(dict.fromkeys(m for m, _ in cells))
    issues = tuple(dict.fromkeys(i for _, i in cells))
    for model in models:
        for issue in issues:
            if (model, issue) not in cells:
                raise OutcomesError(
                    f"{path.name}: model {model!r} has no row for issue {issue!r}; "
                    "models can only be compared on the same issues"
                )
    table = np.array([[cells[m, i] for i in issues] for m in models], dtype=np.int64)
    return RecordedOutcomes(
        models,
        issues,
        table[:, :, 0].astype(np.int8),
        table[:, :, 1],
        table[:, :, 2].astype(np.int8),
        table[:, :, 3],
    )


def _cell(name: str, line: int, row: dict[str, str]) -> tuple[int, int, int, int]:
    def flag(column: str) -> int:
        value = row.get(column) or ""
        if value not in ("", "0", "1"):
            raise OutcomesError(f"{name}:{line}: {column} is {value!r}; allowed are 1, 0 and empty (not known)")
        return int(value) if value else -1

    def micro(column: str) -> int:
        value = row.get(column) or ""
        if not value:
            return int(UNKNOWN)
        try:
            amount = Decimal(value)
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or amount < 0:
            raise OutcomesError(f"{name}:{line}: {column} is {value!r}; allowed is a number of US dollars, 0 or more")
        return int((amount * 1_000_000).to_integral_value())

    return flag("resolved"), micro("cost_usd"), flag("test_valid"), micro("test_cost_usd")


def subset(outcomes: RecordedOutcomes, models: Sequence[str]) -> RecordedOutcomes:
    """The same outcomes for fewer models, in the order given. Raises OutcomesError for an unknown one."""
    rows = [outcomes.row(m) for m in models]
    return RecordedOutcomes(
        tuple(models),
        outcomes.issues,
        outcomes.resolved[rows],
        outcomes.cost[rows],
        outcomes.test_valid[rows],
        outcomes.test_cost[rows],
    )
