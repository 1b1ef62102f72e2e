"""Runs commands as plain child processes: NO ISOLATION AT ALL. For the demo and for code that is trusted anyway.

A command can read what this user can read, use the network, and outlive nothing only if it does not try hard. What
this keeps of the contract: an environment of its own without the host's variables, output cap, timeout, the end
of its process tree, temporary folders, no path outside the checkout in `read` and `write`.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from sandbox import folders, transfer
from sandbox.backend import Say, setup_log, setup_progress
from sandbox.cache import Cache, Prepared, environment_key, hit
from sandbox.errors import PreparationFailed, SandboxUnavailable
from sandbox.layout import SYSTEM_PATH, Layout
from sandbox.options import BackendOptions
from sandbox.process.child import ChildCommand, kill_group, run_child
from sandbox.recipe import Environment, Recipe
from sandbox.result import Ended, ExecResult
from sandbox.tree import SourceTree

WARNING = (
    "PENNYFIX_SANDBOX=process isolates nothing: commands of repositories and models run as this user, with network"
)
MARK = "PENNYFIX_RUN"
ORIGIN = "origin"
KILL_ROUNDS = 20
log = logging.getLogger(__name__)


class ProcessBackend:
    """Makes folders below the state folder and runs commands there."""

    name = "process"

    def __init__(self, options: BackendOptions) -> None:
        """Says loudly that it isolates nothing. Raises SandboxUnavailable when the state folder cannot be written."""
        log.warning(WARNING)
        self.options = options
        self.tools = options.home.resolve() / "tools"
        self._cache = Cache(options.home, self.name)
        try:
            self.tools.mkdir(parents=True, exist_ok=True)
            if found := folders.find_uv():
                part = self.tools / uuid.uuid4().hex
                part.symlink_to(found)
                part.replace(self.tools / "uv")
        except OSError as error:
            raise SandboxUnavailable(f"the state folder {options.home} cannot be written: {error}") from error

    def layout(self, folder: Path) -> Layout:
        """Where things are when a sandbox's folder is `folder`."""
        parts = {"root": "checkout", "env": "env", "home": "home", "tmp": "tmp"}
        path = (str(self.tools), folders.interpreter_folder(), *SYSTEM_PATH)
        return Layout(**{k: str(folder / v) for k, v in parts.items()}, path=path)

    def prepare(self, scope: str, recipe: Recipe, tree: SourceTree, say: Say) -> Environment:
        say(f"warning: {WARNING}")
        if recipe.image is not None:
            say(f"image {recipe.image} is ignored: the process sandbox uses this machine's programs")
        key = environment_key(scope, recipe, tree, f"process {sys.base_prefix} {sys.version}")
        with self._cache.lock(key):
            known = self._cache.find(key)
            if known:
                return hit(known, self.name, recipe)
            started = time.monotonic()
            folder = folders.new_folder(self.options.home, self.name)
            with ProcessSandbox(self, folder) as box:
                self._set_up(box, recipe, tree, say)
                frozen = self._cache.begin(key) / "frozen"
                folder.rename(frozen)
            (frozen / ORIGIN).write_text(str(folder))
            prepared = Prepared(key, str(frozen), time.monotonic() - started)
            self._cache.finish(prepared)
        return Environment(key, self.name, prepared.ref, recipe, seconds=prepared.seconds, cached=False)

    def open(self, environment: Environment, tree: SourceTree) -> ProcessSandbox:
        frozen = Path(environment.ref)
        if not (frozen / ORIGIN).is_file():
            raise SandboxUnavailable(f"environment {environment.key} is gone: prepare it again")
        sandbox = self.copy(frozen, (frozen / ORIGIN).read_text())
        try:
            transfer.fill(sandbox.raw, sandbox.root, tree)
        except BaseException:
            sandbox.close()
            raise
        return sandbox

    def reap(self, now: float) -> int:
        """Remove sandboxes older than a sandbox may live; returns how many."""
        limits = self.options.limits
        return folders.reap(self.options.home, self.name, now - max(limits.lifetime_seconds, limits.setup_seconds) - 60)

    def evict(self, before: float) -> int:
        """Remove environments last used before `before` (seconds since the epoch); returns how many."""
        stale = self._cache.older_than(before)
        for prepared in stale:
            folders.remove(Path(prepared.ref))
            self._cache.drop(prepared.key)
        return len(stale)

    def copy(self, source: Path, origin: str) -> ProcessSandbox:
        """A sandbox with everything of `source`, whose files still name the folder `origin`."""
        folder = folders.new_folder(self.options.home, self.name)
        sandbox = ProcessSandbox(self, folder)
        try:
            parts = [str(source / part) for part in folders.PARTS]
            transfer.demand(
                sandbox.raw(("cp", "-RPp", *parts, str(folder)), b"", transfer.TRANSFER_SECONDS, 65_536), "copying"
            )
            rename(folder / "env", origin, str(folder))
        except OSError as error:
            sandbox.close()
            raise SandboxUnavailable(f"copying a sandbox failed: {error}") from error
        except SandboxUnavailable:
            sandbox.close()
            raise
        return sandbox

    def _set_up(self, box: ProcessSandbox, recipe: Recipe, tree: SourceTree, say: Say) -> None:
        limits, layout, authorities = self.options.limits, box.layout, self.options.authorities_path()
        transfer.fill(box.raw, layout.root, tree)
        trusted = str(authorities) if authorities else None
        variables = {**layout.setup_variables(proxy=False, authorities=trusted), **self.options.setup_variables}
        deadline = time.monotonic() + limits.setup_seconds
        for number, line in enumerate(recipe.setup, 1):
            say(setup_progress(line, number, len(recipe.setup)))
            left = max(1.0, deadline - time.monotonic())
            result = box.execute(("sh", "-c", line), timeout=left, cap=limits.output_bytes, env=variables)
            if not result.ok:
                raise PreparationFailed(line, setup_log(result, ()))
        transfer.forget(box.raw, layout.root, tree)
        folders.remove(Path(layout.tmp))
        Path(layout.tmp).mkdir()


class ProcessSandbox:
    """A plain folder: its commands run as this user, without isolation."""

    def __init__(self, backend: ProcessBackend, folder: Path) -> None:
        self.layout = backend.layout(folder)
        self.root = self.layout.root
        self._backend = backend
        self._folder = folder

    def write(self, files: Mapping[str, bytes]) -> None:
        for path, content in files.items():
            target = self._inside(path)
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            except OSError as error:
                raise SandboxUnavailable(f"writing {path} in the sandbox failed: {error}") from error

    def read(self, path: str, limit: int = 4_000_000) -> bytes:
        target = self._inside(path)
        if target.is_symlink() or not target.is_file():
            raise FileNotFoundError(f"{path} is no regular file in the sandbox")
        with target.open("rb") as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise ValueError(f"{path} is larger than {limit} bytes")
        return content

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
        cap = self._backend.options.limits.output_bytes
        started = time.monotonic()
        try:
            return self.execute(argv, timeout=timeout, cap=cap, cwd=folder, env=env, stdin=stdin)
        except SandboxUnavailable as error:
            return ExecResult(Ended.LOST, None, b"", str(error).encode(), time.monotonic() - started)

    def fork(self) -> ProcessSandbox:
        if not self._folder.is_dir():
            raise SandboxUnavailable("process: this sandbox is closed")
        return self._backend.copy(self._folder, str(self._folder))

    def close(self) -> None:
        folders.remove(self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, t: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def raw(self, argv: Sequence[str], stdin: IO[bytes] | bytes, timeout: float, cap: int) -> ExecResult:
        """Run one of our own commands."""
        return self.execute(argv, timeout=timeout, cap=cap, stdin=stdin)

    def execute(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        cap: int,
        cwd: str = "",
        env: Mapping[str, str] | None = None,
        stdin: IO[bytes] | bytes = b"",
    ) -> ExecResult:
        """Run `argv`. A mark in its environment finds what it starts again. Raises SandboxUnavailable."""
        if not self._folder.is_dir():
            raise SandboxUnavailable("process: this sandbox is closed")
        mark = uuid.uuid4().hex
        script = ("sh", "-c", 'cd -- "$1" || exit 127; shift; exec "$@"', "sh", cwd or self.root, *argv)
        limit = self._backend.options.limits.disk_mb
        variables = {**self.layout.variables(), **(env or {}), MARK: mark}
        return run_child(
            ChildCommand(script, variables, timeout, cap, stdin=stdin),
            kill=lambda process: kill_marked(process, mark),
            watch=folders.disk_watch(self._folder, limit),
        )

    def _inside(self, path: str) -> Path:
        """The path on this machine. Raises ValueError when it, or a link on its way, leads outside."""
        target = Path(self.root, transfer.inside(path))
        root = Path(self.root).resolve()
        if not target.resolve().is_relative_to(root):
            raise ValueError(f"path {path!r} leads outside the checkout through a link")
        return target


def kill_marked(process: subprocess.Popen[bytes], mark: str) -> None:
    """End the process, its group, and every process that carries `mark` in its environment or descends from it.

    Who descends is looked up before anything is killed: an orphan's parent is no longer known.
    """
    wanted = f"{MARK}={mark}".encode()
    family = {process.pid}
    for round_ in range(KILL_ROUNDS):
        found = _descended(family, wanted)
        if not round_:
            kill_group(process)
        if not found:
            return
        family |= found
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)


def _descended(family: set[int], wanted: bytes) -> set[int]:
    """The living processes that carry the mark, or that descend from those or from `family`."""
    living = list(_processes())
    found = {pid for pid, _, environ in living if wanted in environ}
    while more := {pid for pid, parent, _ in living if parent in found | family} - found:
        found |= more
    return found - family


def _processes() -> Iterator[tuple[int, int, bytes]]:
    """Pid, parent and environment of every living process of this user (empty where there is no /proc)."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            if stat[0] != "Z":
                yield int(folder.name), int(stat[1]), (folder / "environ").read_bytes()


def rename(env: Path, old: str, new: str) -> None:
    """Make programs and editable installs below `env` name the folder `new` instead of `old` (both equally long)."""
    if len(old) != len(new):
        raise ValueError(f"{old} and {new} differ in length")
    before, after = old.encode(), new.encode()
    packages = "lib/python*/site-packages"
    patterns = (
        "bin/*",
        "pyvenv.cfg",
        f"{packages}/*.pth",
        f"{packages}/__editable__*.py",
        f"{packages}/*/direct_url.json",
    )
    for path in (path for pattern in patterns for path in env.glob(pattern)):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            if before in content:
                path.write_bytes(content.replace(before, after))
