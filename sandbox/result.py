"""How one command in a sandbox ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Ended(StrEnum):
    """Why a command is no longer running."""

    EXIT = "exit"  # by itself, with an exit code
    TIMEOUT = "timeout"  # killed at its deadline, with its whole process tree
    OOM = "oom"  # killed for memory
    OUTPUT_LIMIT = "output_limit"  # killed for printing more than it may
    KILLED = "killed"  # by a signal that this package did not send
    LOST = "lost"  # the sandbox broke underneath; never a failed test


@dataclass(frozen=True, slots=True)
class ExecResult:
    """One finished command. `exit_code` is None unless `ended` is EXIT. `seconds` is wall time."""

    ended: Ended
    exit_code: int | None
    stdout: bytes
    stderr: bytes
    seconds: float

    @property
    def ok(self) -> bool:
        """True when the command ended by itself with exit code 0."""
        return self.ended is Ended.EXIT and self.exit_code == 0

    @property
    def text(self) -> str:
        """Standard output and standard error as text, undecodable bytes replaced."""
        return (self.stdout + self.stderr).decode("utf-8", "replace")


DEADLY = frozenset(128 + n for n in (4, 6, 7, 8, 9, 11, 15, 31))  # ILL ABRT BUS FPE KILL SEGV TERM SYS


def by_signal(code: int) -> bool:
    """Whether a shell's exit code means that a deadly signal ended the command (128 + its number, POSIX XCU 2.8.2).

    Others above 128, such as 130, may be a program's own.
    """
    return code in DEADLY
