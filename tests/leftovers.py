"""Processes that tests started and left running: they slow every test after them, and nobody sees why."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_PARENT, _STARTED = 1, 19
"""Places in `/proc/PID/stat` after the name (proc(5) counts them as 4 and 22)."""


def ticks_since_boot() -> int:
    """The time, as `/proc/PID/stat` says when a process began; 0 where there is no such file system."""
    if not Path("/proc/uptime").is_file():
        return 0
    return int(float(Path("/proc/uptime").read_text().split()[0]) * os.sysconf("SC_CLK_TCK"))


def leftovers(since: int, programs: str = f"{sys.prefix}/bin/") -> list[str]:
    """`PID: command` of each process without a parent whose program is one of `programs` (a path's beginning), begun
    after `since` (ticks since boot). Those of other checkouts are theirs."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            facts = (place / "stat").read_text().rpartition(")")[2].split()
            command = (place / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:  # it ended meanwhile, or is not ours
            continue
        if facts[_PARENT] == "1" and int(facts[_STARTED]) >= since and command[0].startswith(programs):
            found.append(f"{place.name}: {' '.join(command)[:200]}")
    return found
