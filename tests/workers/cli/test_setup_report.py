"""`pennyfix check`: what a maintainer sees of the set-up ladder, and the file that it writes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.recipes.trial import Trial
from sandbox.testing.report import TestOutcome, TestReport, TestResult
from strategies.step import Step
from tests.fakes.folder_backend import PYTEST, FolderBackend, pytest_recipe
from tests.fakes.origin import Origin
from workers.cli.setup_report import (
    FileNotWritten,
    SetUpCheck,
    check_json,
    check_lines,
    check_set_up,
    trial_lines,
    writable_place,
    write_lines,
)
from workers.config.repository_file import PATH, RepositoryFile

GOOD = "def test_a(): pass\n\n\ndef test_b(): pass\n"


def report(**outcomes: TestOutcome) -> TestReport:
    results = {
        i: TestResult(i, o, "why\nlast words" if o is not TestOutcome.PASSED else "") for i, o in outcomes.items()
    }
    return TestReport(results)


def checked(files: dict[str, str], file: RepositoryFile, tmp_path: Path) -> tuple[SetUpCheck, list[Trial], list[Step]]:
    origin = Origin(tmp_path / "repo")
    origin.commit(files)
    backend, seen, said = FolderBackend(), list[Trial](), list[Step]()
    with origin.workspace(tmp_path / "home") as workspace:
        check = check_set_up(workspace, file, backend, say=said.append, seen=seen.append)
    assert backend.all_closed()
    return check, seen, said


def test_a_healthy_suite_is_complete_and_its_trial_is_told_when_it_is_over(tmp_path: Path) -> None:
    check, seen, said = checked({"tests/test_a.py": GOOD}, RepositoryFile(test=PYTEST), tmp_path)
    assert (check.state, check.complete, check.configured, check.lines) == ("complete", True, True, "")
    assert [t.passed for t in seen] == [2]
    assert said[0].text.startswith("Python tests run by")
    assert check_lines(check) == ["Complete: 2 tests pass, 0 do not, 0 are skipped, set up by .github/autofix.yml."]


def test_a_suite_that_cannot_be_read_whole_is_degraded_and_names_the_rest_and_what_is_missing(tmp_path: Path) -> None:
    files = {"tests/test_a.py": GOOD, "tests/test_c.py": "import surely_not_there\n\n\ndef test_c(): pass\n"}
    lenient = RepositoryFile(test=f"{PYTEST} --continue-on-collection-errors")
    check, seen, _ = checked(files, lenient, tmp_path)
    lines = check_lines(check)
    assert (check.state, check.complete) == ("degraded", False)
    assert lines[0].startswith("Degraded: 2 tests pass, 1 do not")
    assert any(line.startswith("unread") and "tests/test_c.py" in line for line in lines)
    assert any(line.startswith("missing") and "surely_not_there" in line for line in lines)
    assert any(line.startswith("Next: ") for line in lines)
    told = trial_lines(seen[0], 1)
    assert told[0].startswith("  1. python, by .github/autofix.yml: 2 tests passed, 1 did not")
    assert any("surely_not_there" in line for line in told if line.startswith("     | "))


def test_where_no_test_passes_the_log_of_the_set_up_is_shown_and_the_next_step(tmp_path: Path) -> None:
    broken = Trial(
        replace(pytest_recipe(), setup=("make all",)), None, "set-up failed: make all", "cc: not found", set_up=False
    )
    assert trial_lines(broken, 3) == [
        "  3. python, by the test: the set-up failed (cc: not found)",
        "     $ make all",
        "     | cc: not found",
    ]
    check, _, _ = checked({"tests/test_a.py": "def test_a(): assert 0\n"}, RepositoryFile(test=PYTEST), tmp_path)
    assert check.state == "nothing works"
    assert check.kept is None
    assert check_lines(check)[0].startswith("Nothing works")
    assert check_lines(check)[-1].startswith("Next: ")


def test_a_repository_without_tests_says_where_was_looked(tmp_path: Path) -> None:
    check, seen, _ = checked({"README.md": "words\n"}, RepositoryFile(), tmp_path)
    assert (check.state, seen) == ("nothing works", [])
    assert any(line.startswith("looked     ") for line in check_lines(check))
    assert check_json(check)["trials"] == []


def test_json_holds_every_trial_with_its_log() -> None:
    bad = Trial(pytest_recipe(), None, "set-up failed", "the log", set_up=False)
    good = Trial(pytest_recipe(), report(a=TestOutcome.PASSED))
    told = check_json(SetUpCheck("c0ffee", (), (bad, good), good, 'setup: []\ntest: "x"\n', configured=False))
    assert (told["state"], told["passed"]) == ("complete", 1)
    trials = told["trials"]
    assert isinstance(trials, list)
    assert [t["log"] for t in trials] == ["the log", ""]
    assert [t["complete"] for t in trials] == [False, True]


def test_lines_are_added_after_what_the_file_says(tmp_path: Path) -> None:
    place = writable_place(tmp_path)
    write_lines(place, "setup: []\n")
    assert place.read_text() == "setup: []\n"
    place.write_text("label: fix", encoding="utf-8")
    write_lines(place, "setup: []\n")
    assert (tmp_path / PATH).read_text() == "label: fix\nsetup: []\n"


@pytest.mark.parametrize("link", [".github", ".github/autofix.yml"])
def test_nothing_is_written_through_a_symbolic_link(link: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    checkout = tmp_path / "checkout"
    (checkout / link).parent.mkdir(parents=True)
    (checkout / link).symlink_to(outside / "file" if link.endswith("yml") else outside)
    with pytest.raises(FileNotWritten, match="symbolic link"):
        writable_place(checkout)
    assert list(outside.iterdir()) == []


def test_a_url_cannot_be_written_to() -> None:
    with pytest.raises(FileNotWritten, match="clone it first"):
        writable_place(Path("https://github.com/acme/parcel"))


def test_a_file_that_cannot_be_written_is_told_with_the_next_step(tmp_path: Path) -> None:
    (tmp_path / ".github").write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(FileNotWritten, match="add the lines yourself"):
        write_lines(tmp_path / PATH, "setup: []\n")
