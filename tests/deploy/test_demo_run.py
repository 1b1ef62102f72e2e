"""The whole demo, for real: `pennyfix up` as its own processes against the stand-ins."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from deploy.demo.demo import run
from tests.deploy.standins import Conformance


def play(folder: Path, sandbox: str) -> str:
    """Play it; returns what was printed. All traffic must be GitHub's."""
    conformance = Conformance()
    console = Console(file=io.StringIO(), width=160, force_terminal=False)
    code = run(folder, console, sandbox=sandbox, timeout=400, observer=conformance)
    assert isinstance(console.file, io.StringIO)
    output = console.file.getvalue()
    assert code == 0, output
    conformance.verify()
    assert ("POST", "/repos/{owner}/{repo}/pulls") in conformance.seen
    return output


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_four_issues_end_as_expected(tmp_path: Path) -> None:
    output = play(tmp_path, "process")
    assert "Fixes #1" in output
    assert "Fixes #2" in output
    assert "test_issue_2.py" in output
    assert output.count("as expected") == 4
