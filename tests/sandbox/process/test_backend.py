"""The process backend keeps what it can of the contract, and says what it cannot."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from sandbox.options import BackendOptions
from sandbox.process.backend import ProcessBackend, rename
from tests.sandbox.conformance import TREE, Conformance, recipe


class TestProcess(Conformance):
    name = "process"
    isolates = False
    bounds_memory = False
    bounds_processes = False


def test_it_says_loudly_that_it_isolates_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    said: list[str] = []
    with caplog.at_level(logging.WARNING):
        backend = ProcessBackend(BackendOptions(tmp_path))
    backend.prepare("loud", recipe("true"), TREE, said.append)
    assert "isolates nothing" in caplog.text
    assert "isolates nothing" in said[0]


def test_renaming_needs_paths_of_equal_length(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="length"):
        rename(tmp_path, "/a", "/long")


def test_a_process_that_clears_its_environment_still_ends(tmp_path: Path) -> None:
    backend = ProcessBackend(BackendOptions(tmp_path))
    environment = backend.prepare("clear", recipe("true"), TREE, lambda _: None)
    with backend.open(environment, TREE) as sandbox:
        busy = "while :; do date +%s%N >> alive; sleep 0.05; done"
        before = b""
        for deadline in (1.0, 5.0, 25.0):  # a busy machine may need longer to get the loop going
            sandbox.run(["sh", "-c", f"env -i setsid /bin/sh -c '{busy}' & sleep 300"], timeout=deadline)
            before = sandbox.run(["cat", "alive"], timeout=60).stdout
            if before:
                break
        assert before
        assert sandbox.run(["sleep", "0.3"], timeout=60).ok
        assert sandbox.read("alive") == before
