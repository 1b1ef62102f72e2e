"""`make quick` leaves out what needs a service or starts a process, and nothing that is not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import LOADS_LITELLM, LONG, NOT_QUICK, SERVICES, STARTS_PROCESSES, is_allowed_when_quick

ROOT = Path(__file__).resolve().parents[1]
CONFTEST = (ROOT / "tests" / "conftest.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("beginning", [*STARTS_PROCESSES, *LOADS_LITELLM, *LONG])
def test_what_is_listed_is_there(beginning: str) -> None:
    path, _, name = beginning.partition("::")
    assert list(ROOT.glob(f"{path}*"))
    assert not name or f"def {name}" in (ROOT / path).read_text(encoding="utf-8")


def test_every_service_is_left_out() -> None:
    assert set(NOT_QUICK) == {*SERVICES, "network", "slow"}


@pytest.mark.parametrize(
    ("argv", "allowed"),
    [
        (["git", "status"], True),
        (("/usr/bin/git", "log"), True),
        (["sh", "-n", "-c", "echo"], True),
        (["sh", "-c", "echo"], False),
        ([sys.executable, "-c", ""], False),
        ("sleep 1", False),
    ],
)
def test_only_git_and_a_shell_that_reads_are_allowed(argv: object, allowed: bool) -> None:
    assert is_allowed_when_quick(argv) is allowed


@pytest.mark.slow
def test_a_test_that_starts_a_process_fails_only_when_quick_and_a_marked_one_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(
        "import subprocess, sys, pytest\n"
        "def test_plain():\n    assert True\n"
        "def test_git():\n    subprocess.run(['git', '--version'], check=True)\n"
        "def test_starts():\n    subprocess.run([sys.executable, '-c', ''], check=True)\n"
        "def test_forks():\n    import multiprocessing\n"
        "    multiprocessing.get_context('forkserver').Process(target=print).start()\n"
        "@pytest.mark.slow\ndef test_marked():\n    assert True\n"
    )

    def run(*options: str) -> str:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(tmp_path)]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout

    assert "5 passed" in run()
    quick = run("--quick")
    assert "2 failed, 2 passed, 1 deselected" in quick
    assert "list it in STARTS_PROCESSES" in quick


@pytest.mark.slow
def test_a_busy_machine_may_give_each_test_more_time_also_those_that_name_their_own(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(
        "import pytest, time\n@pytest.mark.timeout(0.2)\ndef test_slow():\n    time.sleep(1)\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    hasty = {name: value for name, value in os.environ.items() if name != "PYTEST_TIMEOUT"}
    impatient = subprocess.run(command, cwd=tmp_path, env=hasty, capture_output=True, text=True, check=False)
    assert impatient.returncode != 0
    patient = {**os.environ, "PYTEST_TIMEOUT": "60"}
    done = subprocess.run(command, cwd=tmp_path, env=patient, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout
