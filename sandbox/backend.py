"""The two small protocols every sandbox implementation keeps; `tests/sandbox/conformance.py` is their proof.

Only `Backend.prepare` has egress. `Sandbox.run` has no network switch at all, so nobody can forget it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from sandbox.environment import Environment
from sandbox.recipe import Recipe
from sandbox.result import ExecResult
from sandbox.tree import SourceTree

Say = Callable[[str], None]
"""Receives one line of progress for people."""


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
