"""The set-up model in a whole solve: asked only where it is switched on, paid by the issue, and then out of the way."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import pytest

from strategies.issue import Issue
from strategies.models.in_memory_meter import CapMeter
from strategies.models.model import Prompt
from strategies.models.model_spec import ModelSpec
from strategies.resolution import Ending
from tests.fakes.folder_backend import PYTEST
from tests.fakes.installing_backend import InstallingBackend
from tests.fakes.model import ScriptedModel
from tests.fakes.origin import Origin
from workers.config.operator_file import parse_operator
from workers.config.repository_file import RepositoryFile
from workers.solving.issue_solver import IssueSolver
from workers.solving.solve_request import SolveRequest, SolveResult

FILES = {
    "pyproject.toml": '[project]\nname = "acme"\nversion = "1"\n',
    "README.md": "First `python generate.py`.\n",
    "generate.py": "open('tables.py', 'w').write('ROWS = [1]\\n')\n",
    "tests/test_tables.py": "import tables\n\n\ndef test_rows(): assert tables.ROWS\n",
}
TOML = """
[[tiers]]
name = "weak"
model = "x/weak"
[[tiers]]
name = "strong"
model = "x/strong"
[setup_model]
enabled = {enabled}
turns = 3
"""


def solved(
    tmp_path: Path, *, enabled: bool, file: RepositoryFile, files: dict[str, str] = FILES
) -> tuple[SolveResult, CapMeter, list[str]]:
    asked: list[str] = []

    def answer(prompt: Prompt) -> str:
        asked.append(prompt.purpose)
        proposed = f"```setup\npython generate.py\n```\n```test\n{PYTEST}\n```"
        return proposed if prompt.purpose == "setup" else "I cannot say."

    def open_model(spec: ModelSpec) -> ScriptedModel:
        return ScriptedModel(answer, name=spec.model)

    origin = Origin(tmp_path / "repo")
    origin.commit(files)
    meter = CapMeter(Decimal(1))
    operator = parse_operator(TOML.format(enabled=str(enabled).lower()))
    solver = IssueSolver(operator, InstallingBackend, open_model, lambda *_: "key", "1")
    with origin.workspace(tmp_path / "home") as workspace:
        request = SolveRequest(
            issue=Issue(1, "The rows are wrong", "They should be two."),
            workspace=workspace,
            scope="scope",
            file=file,
            strategy="weak",
            meter=meter,
            say=lambda _: None,
            memory=tmp_path / "memory",
        )
        return solver(request), meter, asked


def test_where_it_is_on_a_repository_that_no_convention_sets_up_is_judged(tmp_path: Path) -> None:
    result, meter, asked = solved(tmp_path, enabled=True, file=RepositoryFile(accept="regression"))
    assert asked[0] == "setup"
    assert set(asked[1:]) == {"repair"} or set(asked[1:]) == {"agent"}
    assert result.resolution.ending is Ending.UNSOLVED
    assert meter.charges[0].purpose == "setup"
    assert result.versions.json()["roles"]["setup"] == "weak"
    assert result.suggestion.startswith('setup: ["python generate.py"')
    assert "pytest" in result.suggestion


def test_what_it_found_is_offered_once_and_then_remembered(tmp_path: Path) -> None:
    file = RepositoryFile(accept="regression")
    first, _, _ = solved(tmp_path, enabled=True, file=file)
    (tmp_path / "repo").rename(tmp_path / "before")
    second, _, asked = solved(tmp_path, enabled=True, file=file)
    assert (bool(first.suggestion), second.suggestion) == (True, "")
    assert "setup" not in asked


def test_where_it_is_off_nothing_is_asked(tmp_path: Path) -> None:
    result, meter, asked = solved(tmp_path, enabled=False, file=RepositoryFile(accept="regression"))
    assert (asked, meter.charges, result.resolution.ending) == ([], [], Ending.UNJUDGED)
    assert "setup" not in result.versions.json()["roles"]


def test_what_our_file_says_is_not_replaced_by_it(tmp_path: Path) -> None:
    file = RepositoryFile(accept="regression", test=f"{sys.executable} -m pytest -q")
    result, _, asked = solved(tmp_path, enabled=True, file=file)
    assert (asked, result.resolution.ending) == ([], Ending.UNJUDGED)


@pytest.mark.parametrize(("accept", "asked_first"), [("regression", "setup"), ("any", "repair")])
def test_where_nothing_is_found_at_all_it_is_asked_if_tests_are_wanted(
    accept: str, asked_first: str, tmp_path: Path
) -> None:
    file = RepositoryFile.model_validate({"accept": accept})
    _, _, asked = solved(tmp_path, enabled=True, file=file, files={"README.md": "words\n", "a.txt": "x\n"})
    assert asked[0] == asked_first
