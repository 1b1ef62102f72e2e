"""Makes a process end with the one that started it, also when that one was killed with −9.

Linux only (`prctl(2)`, PR_SET_PDEATHSIG); elsewhere nothing happens, and a killed parent leaves children behind.
"""

from __future__ import annotations

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Ask for SIGKILL when the parent ends. `parent` is its process id, to notice that it is gone already."""
    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):  # not Linux
        return
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)  # it died before we asked; nothing of ours has begun
