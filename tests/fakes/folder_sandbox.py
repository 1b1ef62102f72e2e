"""A sandbox that is only a folder on this machine: for tests that need commands run, not isolation."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.result import Ended, ExecResult
from sandbox.tree import SourceTree


class FolderSandbox:
    """Keeps the `Sandbox` protocol over a temporary folder filled from a tree; misuse raises.

    `lost=True` behaves like a sandbox whose engine has gone.
    """

    def __init__(
        self, tree: SourceTree | None = None, *, lost: bool = False, path: str = "", within: Path | None = None
    ) -> None:
        self.root = tempfile.mkdtemp(prefix="folder-sandbox-", dir=within)
        self.lost = lost
        self.closed = False
        self.commands: list[list[str]] = []
        self.path = path or f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        if tree is not None:
            with tree.tar() as stream, tarfile.open(fileobj=stream) as tar:
                tar.extractall(self.root, filter="fully_trusted")  # noqa: S202 - a tree made by the test

    def _place(self, path: str) -> Path:
        assert not self.closed, "used after close"
        place = Path(os.path.normpath(Path(self.root) / path))
        if not place.is_relative_to(self.root):
            raise ValueError(f"{path} is outside")
        return place

    def write(self, files: Mapping[str, bytes]) -> None:
        for path, content in files.items():
            place = self._place(path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)

    def read(self, path: str, limit: int = 4_000_000) -> bytes:
        place = self._place(path)
        if place.is_symlink() or not place.is_file():
            raise FileNotFoundError(path)
        if place.stat().st_size > limit:
            raise ValueError(f"{path} is larger than {limit} bytes")
        return place.read_bytes()

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        cwd: str = ".",
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> ExecResult:
        assert not isinstance(argv, str), "argv is a list"
        self.commands.append(list(argv))
        if self.lost:
            return ExecResult(Ended.LOST, None, b"", b"engine gone", 0.0)
        start = time.monotonic()
        base = {
            "PATH": self.path,
            "HOME": self.root + "/.home",
            "PENNYFIX_ENV": self.root + "/.home/env",
            "LC_ALL": "C.UTF-8",
        }
        process = subprocess.Popen(
            list(argv),
            cwd=self._place(cwd),
            env={**base, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        ended = Ended.EXIT
        try:
            out, err = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            ended = Ended.TIMEOUT
        with suppress(ProcessLookupError):  # nothing that the command started outlives it
            os.killpg(process.pid, signal.SIGKILL)
        if ended is Ended.TIMEOUT:
            out, err = process.communicate()
        elif process.returncode < 0:
            ended = Ended.KILLED
        code = process.returncode if ended is Ended.EXIT else None
        return ExecResult(ended, code, out, err, time.monotonic() - start)

    def fork(self) -> FolderSandbox:
        copy = FolderSandbox(path=self.path)
        shutil.rmtree(copy.root)
        shutil.copytree(self._place("."), copy.root, symlinks=True)
        return copy

    def close(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, t: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        self.close()
