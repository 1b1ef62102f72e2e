"""A run whose tests left a process running does not pass."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.leftovers import leftovers, ticks_since_boot

ORPHAN = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], stdout=subprocess.DEVNULL)
print(child.pid)
"""


@pytest.mark.skipif(not Path("/proc/uptime").is_file(), reason="Linux tells of processes in /proc")
def test_a_process_without_a_parent_is_seen_and_no_other() -> None:
    began = ticks_since_boot()
    said = subprocess.run([sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, text=True, timeout=60, check=True)
    orphan = int(said.stdout)
    try:
        programs = f"{Path(sys.executable).parent}/"
        if Path(f"/proc/{orphan}/stat").read_text().rpartition(")")[2].split()[1] != "1":
            pytest.skip("another process adopts orphans here (PR_SET_CHILD_SUBREAPER)")
        seen = [line.split(":")[0] for line in leftovers(began, programs)]
        assert str(orphan) in seen
        assert str(os.getpid()) not in seen
        assert str(orphan) not in [line.split(":")[0] for line in leftovers(ticks_since_boot() + 1_000, programs)]
    finally:
        os.kill(orphan, signal.SIGKILL)
