"""What every test may rely on: marked tests run when their real service is there.

On a developer's machine a missing service skips the test; in CI (the variable CI is set) it fails, so that
nothing real is skipped there without anybody noticing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache

import pytest
from coverage import Coverage


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


COVERED = pytest.StashKey[Coverage]()


def pytest_configure(config: pytest.Config) -> None:
    """Measure coverage inside each parallel worker, and nowhere else: processes that tests kill stay undisturbed."""
    if os.environ.get("PENNYFIX_TEST_COVERAGE") and hasattr(config, "workerinput"):
        config.stash[COVERED] = Coverage(data_suffix=True)
        config.stash[COVERED].start()


def pytest_unconfigure(config: pytest.Config) -> None:
    measured = config.stash.get(COVERED, None)
    if measured is not None:
        measured.stop()
        measured.save()
