"""Room in the state folder: mirrors, environments, database and logs live there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from workers.config.settings import Settings
from workers.doctor.check import DoctorCheck, fail, ok, warn

NAME = "disk"
LOW, TOO_LOW = 5 << 30, 1 << 30
"""Bytes."""


def disk(
    settings: Settings, free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
) -> list[DoctorCheck]:
    """Less than 5 GiB is a warning, less than 1 GiB a failure; so is a folder nobody can write."""
    home = settings.home
    there = next(p for p in (home, *home.parents) if p.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        return [
            fail(NAME, f"{there} cannot be written", f"sudo install -d -o $USER -m 700 {home}, or set PENNYFIX_HOME")
        ]
    left = free(there)
    detail = f"{left / (1 << 30):.1f} GiB free at {there}"
    if left < TOO_LOW:
        return [
            fail(
                NAME, detail, f"make room, or remove what can be made again: rm -rf {home}/environments {home}/mirrors"
            )
        ]
    if left < LOW:
        return [warn(NAME, detail, "make room: an environment takes a few GiB")]
    return [ok(NAME, detail)]
