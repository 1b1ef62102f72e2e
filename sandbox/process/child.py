"""Runs one local process with a deadline, an output cap and an end for its whole tree.

Used by the bubblewrap and process backends. It isolates nothing itself; bubblewrap, started by it, does.
"""

from __future__ import annotations

import io
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import IO

from sandbox.errors import SandboxUnavailable
from sandbox.result import Ended, ExecResult

CHUNK = 65_536
POLL_SECONDS = 0.25
PIPE_BYTES = 1_048_576  # the most that a pipe holds (pipe(7): pipe-max-size)

Kill = Callable[["subprocess.Popen[bytes]"], None]


@dataclass(frozen=True, slots=True)
class ChildCommand:
    """What one local process runs, at most `timeout` seconds and `cap` bytes per stream; it inherits `pass_fds`."""

    argv: Sequence[str]
    env: Mapping[str, str]
    timeout: float
    cap: int
    cwd: str = "/"
    stdin: IO[bytes] | bytes = b""
    pass_fds: Sequence[int] = ()


def run_child(command: ChildCommand, *, kill: Kill, watch: Callable[[], str] | None = None) -> ExecResult:
    """Run to the end, the deadline, the cap, or until `watch` names a reason; then `kill` ends what is left.

    Raises SandboxUnavailable when it cannot be started at all.
    """
    started = time.monotonic()
    try:
        process = subprocess.Popen(
            command.argv,
            env=dict(command.env),
            cwd=command.cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            pass_fds=command.pass_fds,
            bufsize=0,
        )
    except OSError as error:
        raise SandboxUnavailable(f"{command.argv[0]} cannot be started: {error}") from error
    out, err = bytearray(), bytearray()
    try:
        source = io.BytesIO(command.stdin) if isinstance(command.stdin, bytes) else command.stdin
        ended = _carry(process, source, out, err, started + command.timeout, command.cap, watch)
    finally:
        kill(process)
        process.wait()
        _drain(process, out, err, command.cap)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                with suppress(OSError):
                    pipe.close()
        del out[command.cap :], err[command.cap :]
    code = process.returncode
    if ended is Ended.EXIT and code < 0:
        ended = Ended.KILLED
    seconds = time.monotonic() - started
    return ExecResult(ended, code if ended is Ended.EXIT else None, bytes(out), bytes(err), seconds)


def _carry(
    process: subprocess.Popen[bytes],
    source: IO[bytes],
    out: bytearray,
    err: bytearray,
    deadline: float,
    cap: int,
    watch: Callable[[], str] | None,
) -> Ended:
    """Move bytes until the process itself ended or must be ended; processes it left running are not waited for."""
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        _register(process, source, out, err, selector)
        if hasattr(os, "pidfd_open"):  # Linux: wakes us when the process ends though its pipes stay open
            pidfd = os.pidfd_open(process.pid)
            stack.callback(os.close, pidfd)
            selector.register(pidfd, selectors.EVENT_READ, lambda: True)
        while process.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0:
                return Ended.TIMEOUT
            if watch and (reason := watch()):
                err += f"\n[{reason}]\n".encode()
                return Ended.KILLED
            for key, _ in selector.select(min(left, POLL_SECONDS)):
                if not key.data():
                    selector.unregister(key.fileobj)
                    if key.fileobj is process.stdin:
                        process.stdin.close()  # the end of input
            if len(out) > cap or len(err) > cap:
                return Ended.OUTPUT_LIMIT
    _drain(process, out, err, cap)
    return Ended.OUTPUT_LIMIT if len(out) > cap or len(err) > cap else Ended.EXIT


def _register(
    process: subprocess.Popen[bytes],
    source: IO[bytes],
    out: bytearray,
    err: bytearray,
    selector: selectors.BaseSelector,
) -> None:
    """Watch the three pipes; each is registered with what moves its bytes, which answers False at its end."""
    for pipe, buffer in ((process.stdout, out), (process.stderr, err)):
        if pipe:
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, selectors.EVENT_READ, partial(_receive, pipe.fileno(), buffer))
    if process.stdin:
        first = source.read(CHUNK)
        if not first:
            process.stdin.close()
            return
        os.set_blocking(process.stdin.fileno(), False)
        selector.register(process.stdin, selectors.EVENT_WRITE, _Input(process.stdin, source, first).send)


class _Input:
    """What is still to be written to a process."""

    def __init__(self, pipe: IO[bytes], source: IO[bytes], first: bytes) -> None:
        self._pipe, self._source, self._pending = pipe, source, memoryview(first)

    def send(self) -> bool:
        """Write some; False at the end, or when the other end is closed."""
        try:
            self._pending = self._pending[os.write(self._pipe.fileno(), self._pending) :]
        except BlockingIOError:
            return True
        except BrokenPipeError:
            self._pending, self._source = memoryview(b""), io.BytesIO()
        self._pending = self._pending or memoryview(self._source.read(CHUNK))
        return bool(self._pending)


def _receive(fd: int, buffer: bytearray, *, wait: bool = True) -> bool:
    """Take what is there; False at the end, and with `wait` False also when nothing is there yet."""
    try:
        received = os.read(fd, CHUNK)
    except BlockingIOError:
        return wait
    buffer += received
    return bool(received)


def _drain(process: subprocess.Popen[bytes], out: bytearray, err: bytearray, cap: int) -> None:
    """Take what the pipes still hold, however long this process had to wait for its turn.

    Bounded by what a pipe can hold, because something that was left running may still be writing.
    """
    for pipe, buffer in ((process.stdout, out), (process.stderr, err)):
        if pipe is None or pipe.closed:
            continue
        most = min(cap, len(buffer) + PIPE_BYTES)
        with suppress(OSError):
            while len(buffer) <= most and _receive(pipe.fileno(), buffer, wait=False):
                pass


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End the process and its session's group; enough when it holds a pid namespace that dies with it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        process.kill()
