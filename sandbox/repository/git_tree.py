"""A git tree in a bare mirror, read by object id; nothing is ever checked out."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from sandbox.errors import MirrorError
from sandbox.repository.git import environment, git
from sandbox.tree import TreeFile

REGULAR = ("100644", "100755", "100664")


class BlobReader:
    """Reads blobs through one long-lived `git cat-file --batch`; safe between threads, closed by `close`."""

    def __init__(self, git_dir: Path, extra: Mapping[str, str]) -> None:
        self.git_dir = git_dir
        self.extra = extra
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def blob(self, oid: str) -> bytes:
        """The content of one blob. Raises MirrorError when it is missing (a damaged mirror)."""
        with self._lock:
            process = self._process = self._process or self._start()
            if process.stdin is None or process.stdout is None:
                raise MirrorError("git cat-file has no pipes")
            try:
                process.stdin.write(f"{oid}\n".encode())
                process.stdin.flush()
                header = process.stdout.readline().split()
                if len(header) != 3 or header[1] != b"blob":  # noqa: PLR2004 - "<oid> blob <size>"
                    self._stop()
                    raise MirrorError(f"object {oid} cannot be read from the mirror: {header!r}")
                content = process.stdout.read(int(header[2]))
                process.stdout.read(1)
            except OSError as e:
                self._stop()
                raise MirrorError(f"git cat-file ended: {e}") from e
            return content

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["git", "cat-file", "--batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(self.git_dir, extra=self.extra),
            cwd="/",
            start_new_session=True,
        )

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            # closing the pipe to a dead process flushes what it did not read
            with contextlib.suppress(BrokenPipeError), process:
                pass

    def close(self) -> None:
        """End the process; the next read starts another."""
        with self._lock:
            self._stop()


class GitTree:
    """The tree `oid`; keeps the `Tree` protocol as long as the workspace it came from is open."""

    def __init__(self, git_dir: Path, oid: str, objects: BlobReader) -> None:
        self.git_dir = git_dir
        self.oid = oid
        self._objects = objects
        self._files: dict[str, TreeFile] | None = None

    def _index(self) -> dict[str, TreeFile]:
        if self._files is None:
            listed = git(self.git_dir, "ls-tree", "-r", "-l", "-z", "--full-tree", self.oid, extra=self._objects.extra)
            self._files = {f.path: f for f in sorted(map(_entry, listed.split(b"\0")[:-1]), key=lambda f: f.path)}
        return self._files

    def files(self) -> tuple[TreeFile, ...]:
        return tuple(self._index().values())

    def entry(self, path: str) -> TreeFile | None:
        """The tracked file (or link, or submodule) at exactly `path`, None when there is none."""
        return self._index().get(path)

    def read(self, path: str) -> bytes:
        found = self.entry(path)
        if found is None or found.mode not in REGULAR:
            raise FileNotFoundError(f"{path} is not a file in {self.oid}")
        return self._objects.blob(found.oid)

    def tar(self) -> IO[bytes]:
        """As `Tree.tar`. Attributes are neutralised by the mirror's info/attributes (see `mirror.py`)."""
        out = tempfile.TemporaryFile()  # noqa: SIM115 - handed to the caller, who closes it
        try:
            git(
                self.git_dir,
                "archive",
                "--format=tar",
                self.oid,
                extra=self._objects.extra,
                stdout=out,  # straight to disk: a tree may be larger than memory
                timeout=600,
            )
        except BaseException:
            out.close()
            raise
        out.seek(0)
        return out


def _entry(line: bytes) -> TreeFile:
    head, _, path = line.partition(b"\t")
    mode, _, oid, size = head.split()
    return TreeFile(
        path.decode("utf-8", "surrogateescape"), mode.decode(), oid.decode(), 0 if size == b"-" else int(size)
    )
