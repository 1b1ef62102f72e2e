"""Sandboxes as containers of a Docker engine: the default, and the only file that knows the docker SDK.

A sandbox is one container that sleeps; commands are execs in it, as uid 1000. It has no network, no capability,
a read-only root with bounded tmpfs for checkout, home and /tmp, and bounded memory, processes, CPU and lifetime.
An environment is an image committed from a container whose only way out was the egress proxy.
What it does not promise: the kernel is shared with the host unless `runtime` names one that does not (gVisor).
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from sandbox import docker_exec, forwarder, transfer
from sandbox.backend import Limits, Say
from sandbox.cache import Cache, Prepared, environment_key, hit
from sandbox.egress import Egress
from sandbox.environment import Environment
from sandbox.errors import PreparationFailed, SandboxUnavailable
from sandbox.layout import PROXY_PORT, Layout
from sandbox.options import BackendOptions
from sandbox.recipe import Recipe
from sandbox.result import Ended, ExecResult, by_signal
from sandbox.setup_log import setup_log
from sandbox.tree import Tree

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

WORKER = "1000:1000"
AUTHORITIES = "/etc/pennyfix-authorities.pem"
FROZEN = "/frozen"
DEADLINE_LABEL = "pennyfix.deadline"
HOME_LABEL = "pennyfix.home"  # whose it is, without naming the folder
ENVIRONMENT_LABEL = "pennyfix.environment"
ENGINE_SECONDS = 600
WATCH_SECONDS = 5.0

# The command, then whatever it left running, then its exit code. kill(-1) spares only the caller (kill(2)).
_RUN = 'cd -- "$1" || exit 127; shift; "$@"; r=$?; kill -9 -1 2>/dev/null; exit $r'
_THAW = 'cp -a /frozen/checkout/. "$1"/ && cp -a /frozen/home/. "$2"/'
_FREEZE = """mkdir -p /frozen/checkout /frozen/home && rm -rf "$3"/* "$3"/.[!.]* "$3"/..?* || exit 1
move() {
    cd "$1" || exit 1
    for f in ./* ./.[!.]* ./..?*; do if [ -e "$f" ] || [ -L "$f" ]; then mv "$f" "$2"/ || exit 1; fi; done
}
move "$1" /frozen/checkout && move "$2" /frozen/home
"""
_OOM = "cat /sys/fs/cgroup/memory/memory.oom_control /sys/fs/cgroup/memory.events 2>/dev/null"
_LISTENING = """import socket, sys, time
for _ in range(200):
    try:
        sys.exit(socket.create_connection(("127.0.0.1", %d)).close())
    except OSError:
        time.sleep(0.02)
sys.exit("nothing listens")
"""


@contextmanager
def _engine(doing: str) -> Iterator[None]:
    """Whatever the engine or the way to it throws means: unavailable."""
    import docker.errors
    import requests.exceptions
    import urllib3.exceptions

    broken = (
        docker.errors.DockerException,
        requests.exceptions.RequestException,
        urllib3.exceptions.HTTPError,
        ConnectionError,
        TimeoutError,
    )
    try:
        yield
    except broken as error:
        raise SandboxUnavailable(f"Docker: {doing}: {error}") from error


class DockerBackend:
    """Makes containers on the engine that the environment's DOCKER_HOST (or the local socket) leads to."""

    name = "docker"

    def __init__(self, options: BackendOptions) -> None:
        """Raises SandboxUnavailable when the engine or the image does not answer."""
        import docker

        self.options = options
        self.layout = Layout()
        self._cache = Cache(options.home, self.name)
        self.home_label = hashlib.sha256(str(options.home.resolve()).encode()).hexdigest()[:16]
        with _engine("the engine does not answer"):
            self._client: DockerClient = docker.from_env(timeout=ENGINE_SECONDS)
            self._cpus = min(options.limits.cpus, float(self._client.info()["NCPU"]))
        with _engine(f"image {options.image} is missing (make sandbox-image)"):
            self._client.images.get(options.image)

    def prepare(self, scope: str, recipe: Recipe, tree: Tree, say: Say) -> Environment:
        image = self._image(recipe.image)
        key = environment_key(scope, recipe, tree, f"docker {image}")
        with self._cache.lock(key):
            known = self._cache.find(key)
            if known and self._has(known.ref):
                return hit(known, self.name, recipe)
            started = time.monotonic()
            ref = self._build(key, image, recipe, tree, say)
            prepared = Prepared(key, ref, time.monotonic() - started)
            self._cache.finish(prepared)
        return Environment(key, self.name, ref, recipe, seconds=prepared.seconds, cached=False)

    def open(self, environment: Environment, tree: Tree) -> DockerSandbox:
        sandbox = self._thawed(environment.ref)
        try:
            transfer.fill(sandbox.raw, sandbox.root, tree)
        except BaseException:
            sandbox.close()
            raise
        return sandbox

    def reap(self, now: float) -> int:
        """Remove this state folder's containers past their deadline (a worker died); returns how many."""
        gone = 0
        mine: dict[str, str | list[str] | bool] = {"label": f"{HOME_LABEL}={self.home_label}"}
        with _engine("looking for leftovers"):
            for container in self._client.containers.list(all=True, filters=mine):
                if float(container.labels.get(DEADLINE_LABEL, "inf")) < now:
                    with suppress(SandboxUnavailable), _engine("removing a leftover"):
                        container.remove(force=True, v=True)
                        gone += 1
        return gone

    def evict(self, before: float) -> int:
        """Remove environments last used before `before` (seconds since the epoch); returns how many."""
        stale = self._cache.older_than(before)
        for prepared in stale:
            with suppress(SandboxUnavailable), _engine("removing an environment"):
                self._client.images.remove(prepared.ref, force=True)
            self._cache.drop(prepared.key)
        return len(stale)

    def _image(self, name: str | None) -> str:
        """The id of the image to prepare in. Raises PreparationFailed when the repository names one nobody has."""
        import docker.errors

        if name is None:
            with _engine(f"image {self.options.image} is missing (make sandbox-image)"):
                return str(self._client.images.get(self.options.image).id)
        with _engine(f"image {name}"):
            try:
                return str(self._client.images.get(name).id)
            except docker.errors.ImageNotFound:
                pass
        try:
            return str(self._client.images.pull(name if ":" in name else f"{name}:latest").id)
        except docker.errors.APIError as error:
            raise PreparationFailed(f"image {name}", str(error)) from error

    def _has(self, ref: str) -> bool:
        import docker.errors

        with _engine("looking for an environment"):
            try:
                self._client.images.get(ref)
            except docker.errors.ImageNotFound:
                return False
        return True

    def _build(self, key: str, image: str, recipe: Recipe, tree: Tree, say: Say) -> str:
        """Run the set-up with the proxy as its only way out; returns the id of the frozen image."""
        limits, layout = self.options.limits, self.layout
        with Egress(self.options.allowed_hosts, home=self.options.home) as egress, self._gate(egress.path) as gate:
            container = self._create(
                image, network=f"container:{gate.id}", read_only=False, lifetime=limits.setup_seconds
            )
            with DockerSandbox(self, container, "") as box:
                authorities = self._furnish(container)
                transfer.fill(box.raw, layout.root, tree)
                variables = {
                    **layout.setup_variables(proxy=True, authorities=authorities),
                    **self.options.setup_variables,
                }
                deadline = time.monotonic() + limits.setup_seconds
                for line in recipe.setup:
                    say(f"set-up: {line}")
                    result = box.work(
                        ("sh", "-c", line),
                        timeout=max(1.0, deadline - time.monotonic()),
                        env=variables,
                        tick=self._watch(container),
                    )
                    if not result.ok:
                        raise PreparationFailed(line, setup_log(result, egress.refused))
                transfer.forget(box.raw, layout.root, tree)
                freeze = ("sh", "-c", _FREEZE, "sh", layout.root, layout.home, layout.tmp)
                transfer.demand(box.raw(freeze, b"", transfer.TRANSFER_SECONDS, 65_536), "freezing the environment")
                with _engine("freezing the environment"):
                    label = f"LABEL {ENVIRONMENT_LABEL}={key}"
                    return str(container.commit(repository="pennyfix/environment", tag=key, changes=[label]).id)

    def _furnish(self, container: Container) -> str | None:
        """Make the folders that the work owns, and the CA file. PID 1 has no capability, so the engine does it."""
        authorities = self.options.authorities()
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            for folder in (self.layout.root, self.layout.env, self.layout.home, FROZEN):
                member = tarfile.TarInfo(folder.lstrip("/"))
                member.type, member.mode, member.uid, member.gid = tarfile.DIRTYPE, 0o755, 1000, 1000
                tar.addfile(member)
            if authorities:
                member = tarfile.TarInfo(AUTHORITIES.lstrip("/"))
                member.size, member.mode = len(authorities), 0o644
                tar.addfile(member, io.BytesIO(authorities))
        with _engine("furnishing a container"):
            container.put_archive("/", out.getvalue())
        return AUTHORITIES if authorities else None

    def _watch(self, container: Container) -> Callable[[], str]:
        """Names the reason once the set-up's writable layer exceeds the disk limit (the engine sets none on ext4)."""
        last = time.monotonic()

        def too_large() -> str:
            nonlocal last
            if time.monotonic() - last < WATCH_SECONDS:
                return ""
            last = time.monotonic()
            seen = self._client.api.containers(filters={"id": container.id}, size=True)
            limit = self.options.limits.disk_mb
            full = bool(seen) and int(seen[0].get("SizeRw", 0)) > limit * 1_048_576
            return f"disk limit: more than {limit} MiB are in use" if full else ""

        return too_large

    @contextmanager
    def _gate(self, proxy: Path) -> Iterator[Container]:
        """A container without network whose loopback leads to the proxy's socket; the set-up joins that loopback."""
        from docker.types import Mount

        mount = Mount("/egress", str(proxy.parent), type="bind", read_only=True)
        source = Path(forwarder.__file__).read_text()
        command = ["python3", "-c", source, f"/egress/{proxy.name}", str(PROXY_PORT)]
        gate = self._create(
            self.options.image,
            network="none",
            read_only=True,
            lifetime=self.options.limits.setup_seconds,
            command=command,
            user=WORKER,
            mounts=[mount],
        )
        try:
            with _engine("starting the way to the proxy"):
                code, said = gate.exec_run(["python3", "-c", _LISTENING % PROXY_PORT], user=WORKER)
            if code:
                raise SandboxUnavailable(f"Docker: the way to the proxy did not start: {said!r}")
            yield gate
        finally:
            with suppress(SandboxUnavailable), _engine("removing the way to the proxy"):
                gate.remove(force=True, v=True)

    def _thawed(self, ref: str) -> DockerSandbox:
        """A started sandbox from `ref` with what set-up left in checkout and home, and no tracked file yet."""
        layout, limits = self.layout, self.options.limits
        container = self._create(ref, network="none", read_only=True, lifetime=limits.lifetime_seconds)
        sandbox = DockerSandbox(self, container, ref)
        try:
            thaw = ("sh", "-c", _THAW, "sh", layout.root, layout.home)
            transfer.demand(sandbox.raw(thaw, b"", transfer.TRANSFER_SECONDS, 65_536), "opening the environment")
        except BaseException:
            sandbox.close()
            raise
        return sandbox

    def _create(
        self,
        image: str,
        *,
        network: str,
        read_only: bool,
        lifetime: float,
        command: Sequence[str] = (),
        user: str = "0:0",
        mounts: Sequence[Any] = (),
    ) -> Container:
        """A started container with every bound set. Its main process ends by itself after `lifetime` seconds."""
        from docker.types import LogConfig, Ulimit

        limits = self.options.limits
        alive = int(lifetime) + 60
        with _engine(f"starting a container from {image}"):
            container: Container = self._client.containers.create(
                image,
                command=list(command[1:]) or [str(alive)],
                entrypoint=[command[0] if command else "sleep"],
                user=user,
                working_dir="/",
                hostname=None if network.startswith("container:") else "sandbox",
                network_mode=network,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges:true"],
                read_only=read_only,
                tmpfs=tmpfs(self.layout, limits) if read_only else None,
                pids_limit=limits.pids,
                mem_limit=f"{limits.memory_mb}m",
                memswap_limit=f"{limits.memory_mb}m",
                nano_cpus=int(self._cpus * 1e9),
                ulimits=[Ulimit(name="core", soft=0, hard=0), Ulimit(name="nofile", soft=4096, hard=8192)],
                init=True,
                ipc_mode="private",
                log_config=LogConfig(type="none"),
                labels={DEADLINE_LABEL: str(int(time.time()) + alive), HOME_LABEL: self.home_label},
                mounts=list(mounts),
                runtime=self.options.runtime or None,
                auto_remove=True,
            )
            try:
                container.start()
            except BaseException:
                with suppress(Exception):  # the start's own error is the one to tell
                    container.remove(force=True, v=True)
                raise
        return container


def tmpfs(layout: Layout, limits: Limits) -> dict[str, str]:
    """Bounded memory file systems: the checkout gets the disk limit, home and /tmp half of it each."""
    whole, half = limits.disk_mb, max(limits.disk_mb // 2, 16)
    common = "rw,exec,nosuid,nodev,uid=1000,gid=1000"
    return {
        layout.root: f"{common},mode=755,size={whole}m,nr_inodes={whole * 256}",
        layout.home: f"{common},mode=755,size={half}m,nr_inodes={half * 256}",
        layout.tmp: f"{common},mode=1777,size={half}m,nr_inodes={half * 256}",
    }


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
        other = self._backend._thawed(self._ref)  # noqa: SLF001 - the backend that made this
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

            with suppress(docker.errors.NotFound, SandboxUnavailable), _engine("removing a container"):
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
        if done.code is None and ended is Ended.EXIT:
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
        ended = self._how(done)
        code = done.code if ended is Ended.EXIT else None
        err = done.err + (f"\n[{done.reason}]\n".encode() if done.reason else b"")
        return ExecResult(ended, code, done.out, err, time.monotonic() - started)

    def _how(self, done: docker_exec.Streamed) -> Ended:
        """How a command ended. Memory is asked about after every failure: a killed child rarely shows in the code."""
        if done.over:
            return Ended.OUTPUT_LIMIT
        if done.timed_out:
            return Ended.TIMEOUT
        if done.reason:
            return Ended.KILLED
        if done.code == 0:
            return Ended.EXIT
        if done.code is None or not self._alive():
            return Ended.LOST
        if self._more_ooms():
            return Ended.OOM
        if done.code >= 126 and done.out.startswith(b"OCI runtime exec failed"):  # noqa: PLR2004 - the engine's codes
            return Ended.LOST
        return Ended.KILLED if by_signal(done.code) else Ended.EXIT

    def _alive(self) -> bool:
        with _engine("looking at a container"):
            self.container.reload()
        return self.container.status == "running"

    def _more_ooms(self) -> bool:
        """Whether the kernel killed something for memory since last asked (cgroup v1 and v2 count alike)."""
        said = self._stream(("sh", "-c", _OOM), stdin=b"", timeout=10.0, cap=65_536, env={}).out.decode()
        count = max((int(n) for k, _, n in (x.partition(" ") for x in said.splitlines()) if k == "oom_kill"), default=0)
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
    ) -> docker_exec.Streamed:
        if self._closed:
            raise SandboxUnavailable("Docker: this sandbox is closed")
        variables = {**self._backend.layout.variables(), **env}
        with _engine("running a command"):
            return docker_exec.stream(
                self._backend._client.api,  # noqa: SLF001 - the backend that made this
                str(self.container.id),
                argv,
                stdin=stdin,
                timeout=timeout,
                cap=cap,
                user=WORKER,
                cwd="/",
                env=variables,
                kill=self._kill,
                tick=tick,
                sink=sink,
            )

    def _kill(self) -> None:
        """End every process of the work; when not even that can start (no process left), the container."""
        api = self._backend._client.api  # noqa: SLF001 - the backend that made this
        with suppress(SandboxUnavailable), _engine("killing"):
            killer = api.exec_create(str(self.container.id), ["sh", "-c", "kill -9 -1"], user=WORKER)["Id"]
            api.exec_start(killer, detach=True)
            for _ in range(100):
                state = api.exec_inspect(killer)
                if not state["Running"] and state["ExitCode"] is not None:
                    if state["ExitCode"] in {0, 1}:  # 1: nothing was left to kill
                        return
                    break
                time.sleep(0.02)
        with suppress(SandboxUnavailable), _engine("killing a container"):
            self.container.kill()
