"""The bubblewrap backend keeps the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.backend import Sandbox
from sandbox.bubblewrap.backend import BubblewrapBackend
from sandbox.errors import SandboxUnavailable
from sandbox.options import BackendOptions
from tests.fakes.tree import FakeTree
from tests.sandbox.conformance import Conformance, quiet, recipe


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


@pytest.mark.bubblewrap
@pytest.mark.parametrize("name", ["a b", "a#b", "a\\040b", "a\tb\nc", "mnt"])
def test_the_state_folder_may_have_any_name(name: str, tmp_path: Path) -> None:
    backend = BubblewrapBackend(BackendOptions(tmp_path / name))
    tree = FakeTree({"a.txt": b"text"})
    environment = backend.prepare("scope", recipe("true"), tree, quiet)
    with backend.open(environment, tree) as sandbox:
        assert sandbox.run(["cat", "a.txt"], timeout=60).stdout == b"text"


def test_a_machine_without_bubblewrap_says_which_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxUnavailable, match="package bubblewrap"):
        BubblewrapBackend(BackendOptions(tmp_path))
