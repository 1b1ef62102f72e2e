"""A run whose tests left a process running does not pass."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.leftovers import leftovers, ticks_since_boot

ORPHAN = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], stdout=subprocess.DEVNULL)
print(child.pid)
"""


def test_a_process_without_a_parent_is_seen_and_no_other() -> None:
    began = ticks_since_boot()
    said = subprocess.run([sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, text=True, timeout=60, check=True)
    orphan = int(said.stdout)
    try:
        programs = f"{Path(sys.executable).parent}/"
        parent = Path(f"/proc/{orphan}/stat").read_text().rpartition(")")[2].split()[1]
        seen = [line.split(":")[0] for line in leftovers(began, programs)]
        assert (str(orphan) in seen) == (parent == "1")  # another process may adopt it (PR_SET_CHILD_SUBREAPER)
        assert str(os.getpid()) not in seen
        assert str(orphan) not in [line.split(":")[0] for line in leftovers(ticks_since_boot() + 1_000, programs)]
    finally:
        os.kill(orphan, signal.SIGKILL)
