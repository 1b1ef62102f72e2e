"""One sandbox as one container: commands are execs in it, files go in and out as streams.

Made by `sandbox/docker/backend.py`, which sets every bound; this file keeps the deadline, the output cap and
the verdict on how a command ended.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self

from sandbox import transfer
from sandbox.docker import exec_stream
from sandbox.docker.exec_stream import engine
from sandbox.errors import SandboxUnavailable
from sandbox.result import Ended, ExecResult, by_signal

if TYPE_CHECKING:
    from docker.models.containers import Container

    from sandbox.docker.backend import DockerBackend

WORKER = "1000:1000"

# The command, then whatever it left running, then its exit code. kill(-1) spares only the caller (kill(2)).
_RUN = 'cd -- "$1" || exit 127; shift; "$@"; r=$?; kill -9 -1 2>/dev/null; exit $r'
_OOM = "cat /sys/fs/cgroup/memory/memory.oom_control /sys/fs/cgroup/memory.events 2>/dev/null"


class DockerSandbox:
    """One container. Only one command runs at a time, and nothing it started outlives it."""

    def __init__(self, backend: DockerBackend, container: Container, ref: str) -> None:
        self.root = backend.layout.root
        self.container = container
        self._backend = backend
        self._ref = ref
        self._ooms = 0
        self._closed = False

    def write(self, files: Mapping[str, bytes]) -> None:
        transfer.write(self.raw, self.root, files)

    def read(self, path: str, limit: int = 4_000_000) -> bytes:
        return transfer.read(self.raw, self.root, path, limit)

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        cwd: str = ".",
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> ExecResult:
        folder = transfer.folder_inside(self.root, cwd)
        started = time.monotonic()
        try:
            return self.work(argv, timeout=timeout, cwd=folder, env=env or {}, stdin=stdin)
        except SandboxUnavailable as error:
            return ExecResult(Ended.LOST, None, b"", str(error).encode(), time.monotonic() - started)

    def fork(self) -> DockerSandbox:
        layout = self._backend.layout
        folders = [f.lstrip("/") for f in (layout.root, layout.home, layout.tmp)]
        other = self._backend.thawed(self._ref)
        try:
            cap = self._backend.options.limits.disk_mb * 2 * 1_048_576 + transfer.TAR_SLACK
            with tempfile.TemporaryFile() as spool:
                clear = ("sh", "-c", 'for d; do find "/$d" -mindepth 1 -delete; done', "sh", *folders)
                transfer.demand(other.raw(clear, b"", transfer.TRANSFER_SECONDS, 65_536), "clearing a copy")
                packed = self.raw(
                    ("tar", "-C", "/", "-S", "-cf", "-", *folders), b"", transfer.TRANSFER_SECONDS, cap, spool
                )
                transfer.demand(packed, "copying a sandbox")
                spool.seek(0)
                unpack = ("tar", "-C", "/", "-x", "-p", "-o", "--no-overwrite-dir", "-f", "-")
                transfer.demand(other.raw(unpack, spool, transfer.TRANSFER_SECONDS, 65_536), "copying a sandbox")
        except BaseException:
            other.close()
            raise
        return other

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            import docker.errors

            with suppress(docker.errors.NotFound, SandboxUnavailable), engine("removing a container"):
                self.container.remove(force=True, v=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, t: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def raw(
        self, argv: Sequence[str], stdin: IO[bytes] | bytes, timeout: float, cap: int, sink: IO[bytes] | None = None
    ) -> ExecResult:
        """Run one of our own commands. Raises SandboxUnavailable when the container or the engine is gone."""
        started = time.monotonic()
        done = self._stream(argv, stdin=stdin, timeout=timeout, cap=cap, env={}, sink=sink)
        ended = Ended.TIMEOUT if done.timed_out else Ended.OUTPUT_LIMIT if done.over else Ended.EXIT
        if ended is Ended.EXIT and (done.code is None or not done.whole):
            ended = Ended.LOST
        return ExecResult(ended, done.code, done.out, done.err, time.monotonic() - started)

    def work(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        cwd: str = "",
        env: Mapping[str, str],
        stdin: bytes = b"",
        tick: Callable[[], str] | None = None,
    ) -> ExecResult:
        """Run one command of the repository's. Raises SandboxUnavailable when the container or the engine is gone."""
        started = time.monotonic()
        cap = self._backend.options.limits.output_bytes
        wrapped = ("sh", "-c", _RUN, "sh", cwd or self.root, *argv)
        done = self._stream(wrapped, stdin=stdin, timeout=timeout, cap=cap, env=env, tick=tick)
        ended = self._ended(done)
        code = done.code if ended is Ended.EXIT else None
        err = done.err + (f"\n[{done.reason}]\n".encode() if done.reason else b"")
        return ExecResult(ended, code, done.out, err, time.monotonic() - started)

    def _ended(self, done: exec_stream.Streamed) -> Ended:
        """How a command ended. Memory is asked about after every failure: a killed child rarely shows in the code."""
        if done.over:
            return Ended.OUTPUT_LIMIT
        if done.timed_out:
            return Ended.TIMEOUT
        if done.reason:
            return Ended.KILLED
        if done.code == 0 and done.whole:
            return Ended.EXIT
        if done.code is None or not self._alive():
            return Ended.LOST
        if self._more_ooms():
            return Ended.OOM
        if not done.whole:
            return Ended.LOST
        if done.code >= 126 and done.out.startswith(b"OCI runtime exec failed"):  # noqa: PLR2004 - the engine's codes
            return Ended.LOST
        if not by_signal(done.code):
            return Ended.EXIT
        # the engine may still call a container running whose processes were all killed a moment ago
        return Ended.KILLED if self._stays_alive() else Ended.LOST

    def _stays_alive(self) -> bool:
        """Whether the container still runs, asked for half a second."""
        for _ in range(5):
            if not self._alive():
                return False
            time.sleep(0.1)
        return self._alive()

    def _alive(self) -> bool:
        with engine("looking at a container"):
            self.container.reload()
        return self.container.status == "running"

    def _more_ooms(self) -> bool:
        """Whether the kernel killed something for memory since last asked (cgroup v1 and v2 count alike)."""
        events = self._stream(("sh", "-c", _OOM), stdin=b"", timeout=10.0, cap=65_536, env={}).out.decode()
        lines = (line.partition(" ") for line in events.splitlines())
        count = max((int(number) for key, _, number in lines if key == "oom_kill"), default=0)
        before, self._ooms = self._ooms, count
        return count > before

    def _stream(
        self,
        argv: Sequence[str],
        *,
        stdin: IO[bytes] | bytes,
        timeout: float,
        cap: int,
        env: Mapping[str, str],
        tick: Callable[[], str] | None = None,
        sink: IO[bytes] | None = None,
    ) -> exec_stream.Streamed:
        if self._closed:
            raise SandboxUnavailable("Docker: this sandbox is closed")
        variables = {**self._backend.layout.variables(), **env}
        with engine("running a command"):
            request = exec_stream.ExecRequest(argv, WORKER, "/", variables, timeout, cap, stdin)
            container = str(self.container.id)
            return exec_stream.stream(
                self._backend.client.api, container, request, kill=self._kill, tick=tick, sink=sink
            )

    def _kill(self) -> None:
        """End every process of the work; when not even that can start (no process left), the container."""
        api = self._backend.client.api
        with suppress(SandboxUnavailable), engine("killing"):
            killer = api.exec_create(str(self.container.id), ["sh", "-c", "kill -9 -1"], user=WORKER)["Id"]
            api.exec_start(killer, detach=True)
            for _ in range(100):
                state = api.exec_inspect(killer)
                if not state["Running"] and state["ExitCode"] is not None:
                    if state["ExitCode"] in {0, 1}:  # 1: nothing was left to kill
                        return
                    break
                time.sleep(0.02)
        with suppress(SandboxUnavailable), engine("killing a container"):
            self.container.kill()
