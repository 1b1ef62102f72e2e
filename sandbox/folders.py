"""Folders on this machine that stand for a sandbox's file systems, and what they may hold."""

from __future__ import annotations

import os
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from sandbox.errors import SandboxUnavailable

PARTS = ("checkout", "env", "home", "tmp")
WATCH_SECONDS = 1.0


def new_folder(home: Path, backend: str, owner: int | None = None) -> Path:
    """A fresh folder with one subfolder per part, private to `owner` (a uid; None: whoever runs this).

    Its path is always equally long within one state folder. Raises SandboxUnavailable when it cannot be made.
    """
    folder = home.resolve() / "sandboxes" / backend / uuid.uuid4().hex
    try:
        folder.mkdir(parents=True, mode=0o700)
        for part in PARTS:
            (folder / part).mkdir(mode=0o755)
            if owner is not None:
                os.chown(folder / part, owner, owner)
    except OSError as error:
        raise SandboxUnavailable(f"the state folder {home} cannot hold a sandbox: {error}") from error
    return folder


def remove(folder: Path) -> None:
    """Remove a folder whatever modes are inside. Links are removed, never followed; nothing may run there any more."""
    with suppress(OSError):
        for found, folders, _ in os.walk(folder, topdown=True, followlinks=False):
            for name in folders:
                path = Path(found, name)
                if not path.is_symlink():
                    with suppress(OSError):
                        path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def reap(home: Path, backend: str, before: float) -> int:
    """Remove sandboxes made before `before` (seconds since the epoch): a worker died. Returns how many."""
    gone = 0
    for folder in (home / "sandboxes" / backend).glob("*"):
        with suppress(FileNotFoundError):
            if folder.stat().st_mtime < before:
                remove(folder)
                gone += 1
    return gone


def usage(folder: Path) -> int:
    """Bytes on disk below `folder`, links not followed."""
    return sum(_blocks(folder))


def _blocks(folder: Path) -> Iterator[int]:
    waiting = [str(folder)]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    yield entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)


def disk_watch(folder: Path, limit_mb: int) -> Callable[[], str]:
    """A watch that names the reason once `folder` holds more than `limit_mb` MiB; costs 10 % of the time at most."""
    due = time.monotonic() + WATCH_SECONDS

    def watch() -> str:
        nonlocal due
        now = time.monotonic()
        if now < due:
            return ""
        used = usage(folder)
        due = now + max(WATCH_SECONDS, 10 * (time.monotonic() - now))
        return f"disk limit: more than {limit_mb} MiB are in use" if used > limit_mb * 1_048_576 else ""

    return watch


def interpreter_folder() -> str:
    """Where the running Python's own programs are (not those of its virtual environment)."""
    return str(Path(sys.base_prefix) / "bin")


def find_uv() -> Path | None:
    """The uv program beside the running Python, or on PATH."""
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.is_file() else shutil.which("uv")
    return Path(found).resolve() if found else None
