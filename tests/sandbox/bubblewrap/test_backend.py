"""The bubblewrap backend keeps the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.backend import Sandbox
from sandbox.bubblewrap.backend import BubblewrapBackend
from sandbox.errors import SandboxUnavailable
from sandbox.options import BackendOptions
from tests.sandbox.conformance import Conformance


@pytest.mark.bubblewrap
class TestBubblewrap(Conformance):
    name = "bubblewrap"

    def test_the_hosts_files_are_not_there(self, sandbox: Sandbox) -> None:
        for path in ("/etc/shadow", "/root/.ssh", "/var/lib", "/home/root", "/proc/1/root/etc/shadow"):
            assert not sandbox.run(["ls", path], timeout=60).ok, path
        assert sandbox.run(["ls", "-A", "/home"], timeout=60).stdout == b"sandbox\n"

    def test_the_hosts_processes_are_not_seen(self, sandbox: Sandbox) -> None:
        pids = sandbox.run(["sh", "-c", "ls /proc | grep -c '^[0-9]'"], timeout=60).stdout
        assert int(pids) < 10


def test_a_machine_without_bubblewrap_says_which_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxUnavailable, match="package bubblewrap"):
        BubblewrapBackend(BackendOptions(tmp_path))
