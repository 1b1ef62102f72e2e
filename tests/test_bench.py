"""`make bench` finds every bench, and names the ones there are when asked for another."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.__main__ import NAMES, Measured, main, measure, table_of
from tests.bench.row import Row


def test_every_module_with_figures_is_run() -> None:
    folder = Path(__file__).parent / "bench"
    parts = {"__main__", "row", "bare_receiver", "localize_history"}  # what benches are made of, or needs a folder
    assert {p.stem for p in folder.glob("*.py")} - parts == set(NAMES)


def test_an_unknown_bench_is_answered_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["speed"])
    assert ended.value.code == 2
    assert "there is no bench speed; there are" in capsys.readouterr().err


def test_a_bench_that_breaks_is_told_and_does_not_end_the_others() -> None:
    assert "ModuleNotFoundError" in measure("nothing_of_that_name").broken


def test_a_missed_aim_is_told_and_a_missing_service_is_not_a_figure() -> None:
    rows = (Row("a", 1.0, "s", "b", 2.0, "<= 0.5 s", ok=False),)
    table = table_of([Measured("a", rows), Measured("c", skipped="no engine")])
    cells = [list(c.cells) for c in table.columns]
    assert cells[0] == ["a", "c"]
    assert cells[2] == ["b", "no engine"]
    assert "no" in str(cells[5][0])
