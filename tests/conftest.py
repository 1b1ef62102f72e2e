"""What every test may rely on: marked tests run when their real service is there, and `--quick` leaves the slow ones out.

On a developer's machine a missing service skips the test; in CI (the variable CI is set) it fails, so that
nothing real is skipped there without anybody noticing.

`--quick` (make quick) runs the tests that need no service and start no process but git. It measures no time: a test
that starts another process fails there until it is listed in `STARTS_PROCESSES`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import PurePath

import pytest
from coverage import Coverage

from tests.leftovers import leftovers, ticks_since_boot


def _answers(*argv: str) -> bool:
    if shutil.which(argv[0]) is None:
        return False
    try:
        return subprocess.run(argv, capture_output=True, timeout=20, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _postgres() -> bool:
    url = os.environ.get("PENNYFIX_TEST_POSTGRES", "")
    if not url:
        return False
    import psycopg

    try:
        psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


SERVICES: dict[str, tuple[Callable[[], bool], str]] = {
    "docker": (
        lambda: _answers("docker", "image", "inspect", "pennyfix/sandbox"),
        "a Docker engine with the image pennyfix/sandbox (make sandbox-image)",
    ),
    "bubblewrap": (lambda: _answers("bwrap", "--ro-bind", "/", "/", "--unshare-all", "true"), "bubblewrap"),
    "postgres": (_postgres, "PENNYFIX_TEST_POSTGRES with the URL of an empty PostgreSQL database"),
    "browser": (lambda: bool(shutil.which("chromium") and shutil.which("chromedriver")), "chromium and chromedriver"),
    "node": (lambda: _answers("node", "--version") and _answers("npm", "--version"), "node and npm"),
    "go": (lambda: _answers("go", "version"), "the Go toolchain"),
    "cargo": (lambda: _answers("/usr/bin/cargo", "--version"), "cargo in /usr/bin, where sandboxes look for programs"),
}


@cache
def _there(name: str) -> bool:
    return SERVICES[name][0]()


def pytest_runtest_setup(item: pytest.Item) -> None:
    for name, (_, what) in SERVICES.items():
        if item.get_closest_marker(name) and not _there(name):
            if os.environ.get("CI"):
                pytest.fail(f"in CI nothing real is skipped, and this needs {what}", pytrace=False)
            pytest.skip(f"needs {what}")


NOT_QUICK = (*SERVICES, "network", "slow")
STARTS_PROCESSES = (
    "tests/deploy/test_demo.py::test_an_up_that_ends_at_once",
    "tests/deploy/test_demo.py::test_the_project_is_tested",
    "tests/deploy/test_demo_models.py",
    "tests/deploy/test_deployments.py::test_only_verbs_that_exist_are_run",
    "tests/sandbox/process/",
    "tests/sandbox/recipes/python/test_unittest_recorder.py",
    "tests/sandbox/recipes/test_compiled_languages.py",
    "tests/sandbox/recipes/test_discovery.py::test_without_a_fitting_interpreter",
    "tests/sandbox/recipes/test_javascript.py::test_chosen_tests",
    "tests/sandbox/repository/test_changes.py",
    "tests/sandbox/repository/test_mirror.py::test_processes_share_a_mirror",
    "tests/sandbox/test_backends.py",
    "tests/sandbox/test_transfer.py",
    "tests/sandbox/testing/test_canary.py::test_pytest_collects_it",
    "tests/sandbox/testing/test_runners_for_real.py",
    "tests/sandbox/testing/test_testrun.py",
    "tests/strategies/localization/test_bm25.py::test_solvers_are_imported_without",
    "tests/strategies/models/test_litellm_model.py::test_opening_a_model_asks_no_network",
    "tests/strategies/reproduction/test_execution_trace.py",
    "tests/strategies/reproduction/test_tester.py",
    "tests/strategies/solvers/test_agent.py",
    "tests/strategies/solvers/test_setup_agent.py",
    "tests/strategies/study/running/test_run.py",
    "tests/strategies/study/tasks/test_corpus.py",
    "tests/strategies/study/tasks/test_little_pytest.py",
    "tests/strategies/verification/near_tests/test_coverage.py",
    "tests/strategies/verification/test_setup_ladder.py",
    "tests/strategies/verification/test_verification.py",
    "tests/test_leftovers.py",
    "tests/test_pennyfix.py::test_bad_input_is_two",
    "tests/test_pennyfix.py::test_help_answers_at_once",
    "tests/test_pennyfix.py::test_the_shell_completes",
    "tests/webhook/test_imports.py",
    "tests/workers/billing/test_money_concurrent.py",
    "tests/workers/cli/test_setup_report.py",
    "tests/workers/cli/test_study_setup.py",
    "tests/workers/config/test_places.py::test_litellm_reads_no_env_file",
    "tests/workers/db/test_database.py::test_several_processes_may_migrate_at_once",
    "tests/workers/doctor/test_all_checks.py",
    "tests/workers/processes/test_broker.py",
    "tests/workers/solving/test_issue_solver.py",
    "tests/workers/test_supervisor.py",
)
"""The beginnings of the names of tests that start processes: repositories' tests, shells, interpreters, servers."""
LOADS_LITELLM = (
    "tests/strategies/models/test_anthropic_wire.py",
    "tests/strategies/models/test_images.py",
    "tests/strategies/models/test_litellm_model.py",
    "tests/strategies/models/test_paid_answers.py",
    "tests/strategies/models/test_provider_usage.py",
    "tests/strategies/models/test_refused_parameters.py",
    "tests/workers/solving/test_provider_setups.py",
    "tests/strategies/models/test_streaming.py",
)
"""Tests of the real litellm, whose import alone takes seconds."""
LONG = (
    "tests/deploy/test_github_",  # the stand-in for GitHub itself, which no small step of the product changes
    "tests/deploy/test_wheel.py",
    "tests/sandbox/testing/test_junit.py::test_too_many_tests_are_unreadable",
    "tests/workers/pipeline/test_runner.py::test_a_worker_killed_after_any_outside_write",
)
"""Tests that take seconds each, and that few small steps can break."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="leave out what needs a service or starts a process")


def is_quick(item: pytest.Item) -> bool:
    """Whether a test needs no service, starts no process but git, does not load litellm and does not take long."""
    left_out = item.nodeid.startswith((*STARTS_PROCESSES, *LOADS_LITELLM, *LONG))
    return not left_out and not any(map(item.get_closest_marker, NOT_QUICK))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not quick, when that is asked for; and let a busy machine (PYTEST_TIMEOUT) take its time."""
    patience = float(os.environ.get("PYTEST_TIMEOUT") or 0)
    for item in items:
        own = item.get_closest_marker("timeout")
        if own is not None and own.args and own.args[0] < patience:
            item.add_marker(pytest.mark.timeout(patience), append=False)
    if config.getoption("--quick"):
        config.hook.pytest_deselected(items=[item for item in items if not is_quick(item)])
        items[:] = [item for item in items if is_quick(item)]


STARTED: list[str] = []


def is_allowed_when_quick(argv: object) -> bool:
    """git, which thousands of lines here are about, and a shell that only reads a script (`sh -n`)."""
    words = [str(word) for word in argv] if isinstance(argv, list | tuple) else [str(argv)]
    return PurePath(words[0]).name in {"git", "ldconfig", "uname"} or words[:2] == ["sh", "-n"]


def _note_process(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook (PEP 578): it cannot be removed again, so it is added only for `--quick`."""
    if event == "subprocess.Popen" and not is_allowed_when_quick(arguments[1]):
        STARTED.append(str(arguments[1])[:200])
    elif event in {"os.fork", "os.posix_spawn"}:
        STARTED.append(event)


def _note_multiprocessing() -> None:
    """Its fork server raises no audit event."""
    start = BaseProcess.start

    def noted(process: BaseProcess) -> None:
        STARTED.append(f"multiprocessing: {process.name}")
        start(process)

    BaseProcess.start = noted  # type: ignore[method-assign,assignment]  # for the whole of a quick run


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """With `--quick`, fail a test that starts a process or loads litellm."""
    STARTED.clear()
    had_litellm = "litellm" in sys.modules
    yield
    if not had_litellm and "litellm" in sys.modules and item.config.getoption("--quick"):
        pytest.fail("it loads litellm: list it in LOADS_LITELLM of tests/conftest.py", pytrace=False)
    if STARTED and item.config.getoption("--quick"):
        pytest.fail(
            f"it starts a process ({STARTED[0]}): list it in STARTS_PROCESSES of tests/conftest.py", pytrace=False
        )


COVERED = pytest.StashKey[Coverage]()
BEGUN = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    """Measure coverage inside each parallel worker, and nowhere else: processes that tests kill stay undisturbed.

    With `--quick`, note each process that a test starts.
    """
    config.stash[BEGUN] = ticks_since_boot()
    if config.getoption("--quick"):
        sys.addaudithook(_note_process)
        _note_multiprocessing()
    if os.environ.get("PENNYFIX_TEST_COVERAGE") and hasattr(config, "workerinput"):
        config.stash[COVERED] = Coverage(data_suffix=True)
        config.stash[COVERED].start()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run whose tests left a process running. In a parallel run, once all its workers have ended."""
    left = [] if hasattr(session.config, "workerinput") else leftovers(session.config.stash[BEGUN])
    if left:
        sys.stderr.write("\nprocesses that tests left running:\n  " + "\n  ".join(left) + "\n")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    measured = config.stash.get(COVERED, None)
    if measured is not None:
        measured.stop()
        measured.save()
