"""The two protocols of every sandbox implementation, checked by `tests/sandbox/conformance.py`, and its progress lines.

Only `Backend.prepare` has egress. `Sandbox.run` has no network switch, so none can be left on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from sandbox.recipe import Environment, Recipe
from sandbox.result import Ended, ExecResult
from sandbox.toolchains import advice
from sandbox.tree import SourceTree

Say = Callable[[str], None]
"""Receives one line of progress for people."""
LOG_BYTES = 20_000  # of a failed set-up's output that is kept
SETUP_LINE_CHARACTERS = 100  # our own fallback chains are longer, and mean nothing to people


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """Bounds of one sandbox. Memory and disk in MiB, output in bytes per stream, times in seconds."""

    cpus: float = 2.0
    memory_mb: int = 4096
    pids: int = 512
    disk_mb: int = 4096
    output_bytes: int = 4_000_000
    setup_seconds: float = 1200.0
    lifetime_seconds: float = 7200.0


class Sandbox(Protocol):
    """One place without network where untrusted commands run, at `root`. Use with `with`.

    Every method raises `SandboxUnavailable` when the sandbox itself is broken, except `run`, which
    returns `Ended.LOST`.
    """

    root: str

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write contents at paths relative to `root` (parents are made). Raises ValueError for a path outside."""

    def read(self, path: str, limit: int = 4_000_000) -> bytes:
        """A regular file's content, at most `limit` bytes. Raises FileNotFoundError, or ValueError if larger."""

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        cwd: str = ".",
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> ExecResult:
        """Run to the end, at most `timeout` seconds; at the deadline the whole process tree is killed."""

    def fork(self) -> Sandbox:
        """An independent copy of this sandbox's files as they are now, to be closed by itself."""

    def close(self) -> None:
        """Remove everything. Safe to call twice."""

    def __enter__(self) -> Self: ...
    def __exit__(self, t: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None: ...


class Backend(Protocol):
    """A way to make sandboxes: docker, bubblewrap or process."""

    name: str

    def prepare(self, scope: str, recipe: Recipe, tree: SourceTree, say: Say) -> Environment:
        """Install the recipe's dependencies (the only phase with egress), freeze and cache them.

        `scope` names who may share the result (installation and repository ids). What the set-up leaves
        in the checkout (build products, node_modules) is there again in every sandbox.
        Raises PreparationFailed (the repository's fault) or SandboxUnavailable (ours).
        """

    def open(self, environment: Environment, tree: SourceTree) -> Sandbox:
        """A fresh sandbox whose tracked files are those of `tree`. Raises SandboxUnavailable."""


def setup_progress(line: str, number: int, count: int) -> str:
    """The progress line for one line of a set-up as it starts: the line itself when it is short, else its number."""
    return f"set-up: {line}" if len(line) <= SETUP_LINE_CHARACTERS else f"set-up: step {number} of {count}"


def setup_log(result: ExecResult, refused: Sequence[str], withheld: Sequence[str] = ()) -> str:
    """The end of what a failed set-up line printed; `refused` are the `host:port` pairs it was not let through to,
    `withheld` sentences on requests that did not go on."""
    log = (result.stdout + result.stderr)[-LOG_BYTES:].decode("utf-8", "replace")
    if result.ended is not Ended.EXIT:
        log += f"\n[ended by: {result.ended.value}]"
    if told := advice(log):
        log += f"\n{told}"
    if refused:
        hosts = ", ".join(sorted(set(refused)))
        log += f"\n[the set-up may not reach: {hosts}; an operator can allow hosts in pennyfix.toml, [sandbox]]"
    if withheld:
        log += f"\n[not sent to {'; '.join(sorted(set(withheld)))}]"
    return log
