"""Sandboxes as bubblewrap namespaces: for machines without a Docker engine.

No network, own user, process, IPC and mount namespaces, an empty environment, /usr read-only, rlimits per process,
time and output bounded, disk watched. What it does not bound, and docker does: the memory of all processes together,
CPU share, and system calls (no seccomp filter). As root it becomes an unprivileged uid first.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from sandbox import folders, transfer
from sandbox.backend import Say, setup_log, setup_progress
from sandbox.bubblewrap.mounts import Mounts
from sandbox.cache import Cache, Prepared, environment_key, hit
from sandbox.errors import PreparationFailed, SandboxUnavailable
from sandbox.layout import PROXY_PORT, SYSTEM_PATH, Layout
from sandbox.network import forwarder
from sandbox.network.egress import Egress
from sandbox.network.trust_store import trust_store
from sandbox.options import BackendOptions
from sandbox.process.child import ChildCommand, kill_group, run_child
from sandbox.recipe import Environment, Recipe
from sandbox.result import Ended, ExecResult, by_signal
from sandbox.tree import SourceTree

UNUSED_UID = 64_321  # a uid no account has; root becomes it before anything untrusted starts
TOOLS = "/run/pennyfix"
AUTHORITIES = "/etc/pennyfix-authorities.pem"
TRUST_STORE = "/etc/pennyfix-authorities.jks"
ROOT_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64")
ETC = (
    "alternatives",
    "ca-certificates.conf",
    "java-17-openjdk",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "maven",
    "mime.types",
    "protocols",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
)
ACCOUNTS = {
    "/etc/passwd": b"root:x:0:0:root:/root:/bin/sh\nsandbox:x:1000:1000:sandbox:/home/sandbox:/bin/sh\n",
    "/etc/group": b"root:x:0:\nsandbox:x:1000:\n",
    "/etc/hosts": b"127.0.0.1 localhost sandbox\n::1 localhost\n",
    "/etc/nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files\n",
}
_RUN = 'cd -- "$1" || exit 127; shift; exec "$@"'
_THAW = (
    'cp -a /frozen/checkout/. "$1"/ && cp -a /frozen/home/. "$2"/ && cp -a /frozen/tmp/. "$3"/ && shift 3 && exec "$@"'
)


class BubblewrapBackend:
    """Makes namespaces with `bwrap`; everything it keeps is below the state folder."""

    name = "bubblewrap"

    def __init__(self, options: BackendOptions) -> None:
        """Raises SandboxUnavailable when bwrap is missing or this kernel does not let it make namespaces."""
        self.options = options
        self.user = UNUSED_UID if os.getuid() == 0 else None
        self.layout = Layout(path=(TOOLS, folders.interpreter_folder(), *SYSTEM_PATH))
        self.uv = folders.find_uv()
        self._cache = Cache(options.home, self.name)
        found = shutil.which("bwrap")
        if found is None or shutil.which("prlimit") is None:
            raise SandboxUnavailable(
                "bubblewrap: bwrap (package bubblewrap) or prlimit (package util-linux) is missing"
            )
        self.bwrap = [found, *_newer_options(found)]
        folder = folders.new_folder(options.home, self.name, self.user)
        with BubblewrapSandbox(self, folder, None) as probe:
            result = probe.raw(("true",), b"", 20.0, 65_536)
        if not result.ok:
            raise SandboxUnavailable(f"bubblewrap: {result.text.strip()[-300:] or result.ended}")

    def prepare(self, scope: str, recipe: Recipe, tree: SourceTree, say: Say) -> Environment:
        if recipe.image is not None:
            say(f"image {recipe.image} is ignored: bubblewrap uses this machine's programs")
        key = environment_key(scope, recipe, tree, f"bubblewrap {sys.base_prefix} {sys.version}")
        with self._cache.lock(key):
            known = self._cache.find(key)
            if known:
                return hit(known, self.name, recipe)
            started = time.monotonic()
            folder = folders.new_folder(self.options.home, self.name, self.user)
            with BubblewrapSandbox(self, folder, None) as box:
                self._set_up(box, recipe, tree, say)
                frozen = self._cache.begin(key) / "frozen"
                folder.rename(frozen)
            prepared = Prepared(key, str(frozen), time.monotonic() - started)
            self._cache.finish(prepared)
        return Environment(key, self.name, prepared.ref, recipe, seconds=prepared.seconds, cached=False)

    def open(self, environment: Environment, tree: SourceTree) -> BubblewrapSandbox:
        frozen = Path(environment.ref)
        if not frozen.is_dir():
            raise SandboxUnavailable(f"environment {environment.key} is gone: prepare it again")
        sandbox = BubblewrapSandbox(self, folders.new_folder(self.options.home, self.name, self.user), frozen / "env")
        try:
            transfer.fill(partial(self._thawing, sandbox, frozen), sandbox.root, tree)
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

    def copy(self, source: Path, frozen: Path) -> BubblewrapSandbox:
        """A sandbox on `frozen`'s dependencies with the checkout, home and /tmp of `source`; copied inside itself."""
        sandbox = BubblewrapSandbox(self, folders.new_folder(self.options.home, self.name, self.user), frozen / "env")
        try:
            copied = self._thawing(sandbox, source, ("true",), b"", transfer.TRANSFER_SECONDS, 65_536)
            transfer.demand(copied, "copying files")
        except BaseException:
            sandbox.close()
            raise
        return sandbox

    def _thawing(
        self,
        box: BubblewrapSandbox,
        source: Path,
        argv: Sequence[str],
        stdin: IO[bytes] | bytes,
        timeout: float,
        cap: int,
    ) -> ExecResult:
        """Run one of our own commands once checkout, home and /tmp of `source` are copied into the sandbox."""
        layout = self.layout
        binds = {f"/frozen/{part}": source / part for part in ("checkout", "home", "tmp")}
        thaw = ("sh", "-c", _THAW, "sh", layout.root, layout.home, layout.tmp, *argv)
        return box.execute(thaw, timeout=timeout, cap=cap, stdin=stdin, read_only=binds)

    def _set_up(self, box: BubblewrapSandbox, recipe: Recipe, tree: SourceTree, say: Say) -> None:
        """Run the set-up lines with the proxy as their only way out, then leave only what they made."""
        limits, layout = self.options.limits, self.layout
        transfer.fill(box.raw, layout.root, tree)
        deadline = time.monotonic() + limits.setup_seconds
        python = str(Path(folders.interpreter_folder()) / "python3")
        forward = (python, "-c", Path(forwarder.__file__).read_text(), "/egress/proxy", str(PROXY_PORT))
        host_authorities = self.options.authorities_path()
        with Egress(self.options.allowed_hosts, home=self.options.home, authorities=host_authorities) as egress:
            authorities = self.options.authorities(egress.authority)
            trusted = {AUTHORITIES: authorities, TRUST_STORE: trust_store(authorities)} if authorities else {}
            pem, java = (AUTHORITIES, TRUST_STORE) if authorities else (None, None)
            told = layout.setup_variables(proxy=True, authorities=pem, java=java)
            variables = {**told, **self.options.setup_variables}
            for number, line in enumerate(recipe.setup, 1):
                say(setup_progress(line, number, len(recipe.setup)))
                result = box.execute(
                    (*forward, "sh", "-c", line),
                    timeout=max(1.0, deadline - time.monotonic()),
                    cap=limits.output_bytes,
                    env=variables,
                    read_only={"/egress": egress.folder},
                    files=trusted,
                )
                if result.ended is Ended.LOST:
                    transfer.demand(result, "running a set-up line")
                if not result.ok:
                    raise PreparationFailed(line, setup_log(result, egress.refused, egress.withheld))
        transfer.forget(box.raw, layout.root, tree)
        clear = ("sh", "-c", 'find "$1" -mindepth 1 -delete', "sh", layout.tmp)
        transfer.demand(box.raw(clear, b"", transfer.TRANSFER_SECONDS, 65_536), "freezing the environment")


class BubblewrapSandbox:
    """A private folder and the namespaces made around it for each command; nothing a command starts outlives it."""

    def __init__(self, backend: BubblewrapBackend, folder: Path, env: Path | None) -> None:
        """`env` is the frozen dependencies' folder, mounted read-only; None while preparing, when it is writable."""
        self.root = backend.layout.root
        self._backend = backend
        self._folder = folder
        self._env = env

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
        cap = self._backend.options.limits.output_bytes
        started = time.monotonic()
        try:
            return self.execute(argv, timeout=timeout, cap=cap, cwd=folder, env=env or {}, stdin=stdin)
        except SandboxUnavailable as error:
            return ExecResult(Ended.LOST, None, b"", str(error).encode(), time.monotonic() - started)

    def fork(self) -> BubblewrapSandbox:
        if self._env is None:
            raise SandboxUnavailable("a sandbox that is being prepared cannot be copied")
        return self._backend.copy(self._folder, self._env.parent)

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
        read_only: Mapping[str, Path] | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> ExecResult:
        """Run `argv` in new namespaces, `read_only` folders and `files` besides. Raises SandboxUnavailable."""
        if not self._folder.is_dir():
            raise SandboxUnavailable("bubblewrap: this sandbox is closed")
        backend, limits = self._backend, self._backend.options.limits
        with ExitStack() as stack:
            mounts = Mounts(stack, backend.user)
            self._mount(mounts, read_only or {}, files or {})
            status_read, status_write = os.pipe()
            stack.callback(os.close, status_read)
            bwrap = [
                *backend.bwrap, "--unshare-all", "--unshare-user", "--die-with-parent", "--new-session",
                "--uid", "1000", "--gid", "1000", "--hostname", "sandbox",
                "--proc", "/proc", "--dev", "/dev", "--json-status-fd", str(status_write),
            ]  # fmt: skip
            rest = [
                "--remount-ro", "/", "--", "prlimit", f"--nproc={limits.pids}",
                f"--data={limits.memory_mb * 1_048_576}", f"--fsize={limits.disk_mb * 1_048_576}",
                "--nofile=4096", "--core=0", f"--cpu={int(timeout * max(1.0, limits.cpus)) + 1}", "--",
                "sh", "-c", _RUN, "sh", cwd or self.root, *argv,
            ]  # fmt: skip
            try:
                command = ChildCommand(
                    mounts.command(bwrap, rest),
                    {**backend.layout.variables(), **(env or {})},
                    timeout,
                    cap,
                    stdin=stdin,
                    pass_fds=(*mounts.descriptors, status_write),
                )
                result = run_child(command, kill=kill_group, watch=folders.disk_watch(self._folder, limits.disk_mb))
            finally:
                os.close(status_write)
            return _judged(result, _status(status_read))

    def _mount(self, mounts: Mounts, read_only: Mapping[str, Path], files: Mapping[str, bytes]) -> None:
        backend, layout, folder = self._backend, self._backend.layout, self._folder
        mounts.system("/usr")
        for name in ROOT_FOLDERS:
            path = Path("/", name)
            if path.is_symlink():
                mounts.link(path)
            elif path.is_dir():
                mounts.system(str(path))
        for name in ETC:
            if Path("/etc", name).exists():
                mounts.system(f"/etc/{name}")
        if not sys.base_prefix.startswith("/usr"):
            mounts.folder(sys.base_prefix, Path(sys.base_prefix), writable=False)
        if backend.uv:
            mounts.folder(f"{TOOLS}/uv", backend.uv, writable=False)
        for dest, content in {**ACCOUNTS, **files}.items():
            mounts.file(dest, content)
        for dest, source in read_only.items():
            mounts.folder(dest, source, writable=False)
        for dest, part in ((layout.root, "checkout"), (layout.home, "home"), (layout.tmp, "tmp")):
            mounts.folder(dest, folder / part, writable=True)
        mounts.folder(layout.env, self._env or folder / "env", writable=self._env is None)


def _newer_options(bwrap: str) -> list[str]:
    """Options that only newer versions have: no further user namespaces inside (0.8)."""
    known = subprocess.run([bwrap, "--help"], capture_output=True, check=False, env={}).stdout
    return ["--disable-userns"] if b"--disable-userns" in known else []


def _status(descriptor: int) -> str:
    """Bwrap's JSON status of its child; complete, because every writer has ended."""
    status = b""
    os.set_blocking(descriptor, False)
    with suppress(BlockingIOError):
        while more := os.read(descriptor, 4096):
            status += more
    return status.decode("utf-8", "replace")


def _judged(result: ExecResult, status: str) -> ExecResult:
    """Tell bwrap's own failure from the command's, and a signal from an exit code."""
    if result.ended is not Ended.EXIT:
        return result
    ended = Ended.EXIT
    if '"exit-code"' not in status:
        ended = Ended.LOST
    elif result.exit_code is not None and by_signal(result.exit_code):
        ended = Ended.KILLED
    code = result.exit_code if ended is Ended.EXIT else None
    return ExecResult(ended, code, result.stdout, result.stderr, result.seconds)
