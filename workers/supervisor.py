"""Keeps child processes alive: starts them, restarts one that died, stops them in order. Knows no command of ours.

Children run in sessions of their own, so a Ctrl-C in the terminal reaches only the parent, who stops them
properly. Each child is told the parent's process id and ends with it (`workers.parent`).
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

FIRST_WAIT = 0.5  # seconds; doubled each time a child dies early
LONGEST_WAIT = 30.0
STEADY = 30.0  # a child that lived this long is forgiven its earlier deaths
LARGEST_LOG = 20_000_000

Say = Callable[[str], None]


@dataclass(slots=True)
class Child:
    """One child. `argv` is run with `environment`; its output goes to `log`; `stop_seconds` is its time to end."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    stop_seconds: float = 10.0
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths: int = 0
    start_at: float = 0.0

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self.process.pid if self.process is not None and self.process.poll() is None else None

    def start(self) -> None:
        """Start it. Raises OSError when the command cannot be run."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".old.log"))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.argv,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started = time.monotonic()

    def kill(self) -> None:
        """End it and whatever it started, now."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):  # all gone already
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def tail(self, lines: int = 5) -> str:
        """The end of its log."""
        if not self.log.is_file():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 4000))
            return "\n".join(log.read().decode("utf-8", "replace").splitlines()[-lines:])


class ProcessTree:
    """Children in starting order; stopped in the reverse order."""

    def __init__(self, children: Sequence[Child], say: Say) -> None:
        self.children = list(children)
        self._say = say

    def start(self) -> None:
        """Start all."""
        for child in self.children:
            child.start()

    def look(self) -> None:
        """Notice who died and start it again when its waiting time is over. Call a few times a second."""
        now = time.monotonic()
        for child in self.children:
            if child.process is None or child.process.poll() is None:
                continue
            if child.start_at == 0.0:
                child.kill()  # what it left behind
                child.deaths = 1 if now - child.started > STEADY else child.deaths + 1
                wait = min(FIRST_WAIT * 2 ** (child.deaths - 1), LONGEST_WAIT)
                child.start_at = now + wait
                self._say(
                    f"{child.name} {_ending(child.process.returncode)}; it starts again in {wait:g} s ({child.log})"
                )
                if child.deaths > 1 and (tail := child.tail()):
                    self._say(tail)
            elif now >= child.start_at:
                child.start_at = 0.0
                child.start()

    def stop(self, hurry: Callable[[], bool] = lambda: False) -> None:
        """Stop all, last started first. `hurry` becoming true kills what is left."""
        for child in reversed(self.children):
            if child.process is not None and child.process.poll() is None:
                child.process.terminate()
                deadline = time.monotonic() + child.stop_seconds
                while child.process.poll() is None and time.monotonic() < deadline and not hurry():
                    time.sleep(0.05)
                if child.process.poll() is None:
                    self._say(f"{child.name} did not end in time and is killed")
            child.kill()


def _ending(code: int | None) -> str:
    if code is None or code >= 0:
        return f"ended with code {code}"
    names = {s.value: s.name for s in signal.Signals}
    return f"was ended by {names.get(-code, f'signal {-code}')}"
