"""Sandboxes as containers of a Docker engine: the default. Only this room knows the docker SDK.

A sandbox is one container that sleeps; commands are execs in it, as uid 1000. It has no network, no capability,
a read-only root with bounded tmpfs for checkout, home and /tmp, and bounded memory, processes, CPU and lifetime.
An environment is an image committed from a container whose only way out was the egress proxy.
What it does not promise: the kernel is shared with the host unless `runtime` names one that does not (gVisor).
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox import transfer
from sandbox.backend import SandboxLimits, Say, setup_log, setup_progress
from sandbox.cache import Cache, Prepared, environment_key, hit
from sandbox.docker.exec_stream import engine
from sandbox.docker.sandbox import WORKER, DockerSandbox
from sandbox.errors import PreparationFailed, SandboxUnavailable
from sandbox.layout import PROXY_PORT, Layout
from sandbox.network import forwarder
from sandbox.network.egress import Egress
from sandbox.network.trust_store import trust_store
from sandbox.options import BackendOptions
from sandbox.recipe import Environment, Recipe
from sandbox.tree import SourceTree

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

AUTHORITIES = "/etc/pennyfix-authorities.pem"
TRUST_STORE = "/etc/pennyfix-authorities.jks"
FROZEN = "/frozen"
HOSTNAME = "sandbox"
DEADLINE_LABEL = "pennyfix.deadline"
HOME_LABEL = "pennyfix.home"  # whose it is, without naming the folder
ENVIRONMENT_LABEL = "pennyfix.environment"
LAYERS_LABEL = "pennyfix.layers"  # of the image, by deploy/sandbox/build.sh
ENGINE_SECONDS = 600
WATCH_SECONDS = 5.0

_THAW = 'cp -a /frozen/checkout/. "$1"/ && cp -a /frozen/home/. "$2"/'
_FREEZE = """mkdir -p /frozen/checkout /frozen/home && rm -rf "$3"/* "$3"/.[!.]* "$3"/..?* || exit 1
move() {
    cd "$1" || exit 1
    for f in ./* ./.[!.]* ./..?*; do if [ -e "$f" ] || [ -L "$f" ]; then mv "$f" "$2"/ || exit 1; fi; done
}
move "$1" /frozen/checkout && move "$2" /frozen/home
"""
_LISTENING = """import socket, sys, time
for _ in range(200):
    try:
        sys.exit(socket.create_connection(("127.0.0.1", %d)).close())
    except OSError:
        time.sleep(0.02)
sys.exit("nothing listens")
"""


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
        with engine("the engine does not answer"):
            self.client: DockerClient = docker.from_env(timeout=ENGINE_SECONDS)
            self._cpus = min(options.limits.cpus, float(self.client.info()["NCPU"]))
        with engine(f"image {options.image} is missing (make sandbox-image)"):
            self.client.images.get(options.image)

    def prepare(self, scope: str, recipe: Recipe, tree: SourceTree, say: Say) -> Environment:
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

    def open(self, environment: Environment, tree: SourceTree) -> DockerSandbox:
        sandbox = self.thawed(environment.ref)
        try:
            transfer.fill(sandbox.raw, sandbox.root, tree)
        except BaseException:
            sandbox.close()
            raise
        return sandbox

    def layers(self) -> tuple[str, ...]:
        """The toolchains of the image, as its label says; empty for an image that somebody else made."""
        with engine(f"image {self.options.image} is missing (make sandbox-image)"):
            labels = self.client.images.get(self.options.image).labels
        return tuple(str(labels.get(LAYERS_LABEL, "")).split())

    def reap(self, now: float) -> int:
        """Remove this state folder's containers past their deadline (a worker died); returns how many."""
        gone = 0
        mine: dict[str, str | list[str] | bool] = {"label": f"{HOME_LABEL}={self.home_label}"}
        with engine("looking for leftovers"):
            for container in self.client.containers.list(all=True, filters=mine):
                if float(container.labels.get(DEADLINE_LABEL, "inf")) < now:
                    with suppress(SandboxUnavailable), engine("removing a leftover"):
                        container.remove(force=True, v=True)
                        gone += 1
        return gone

    def evict(self, before: float) -> int:
        """Remove environments last used before `before` (seconds since the epoch); returns how many."""
        stale = self._cache.older_than(before)
        for prepared in stale:
            with suppress(SandboxUnavailable), engine("removing an environment"):
                self.client.images.remove(prepared.ref, force=True)
            self._cache.drop(prepared.key)
        return len(stale)

    def _image(self, name: str | None) -> str:
        """The id of the image to prepare in. Raises PreparationFailed when there is none of that name."""
        import docker.errors

        if name is None:
            with engine(f"image {self.options.image} is missing (make sandbox-image)"):
                return str(self.client.images.get(self.options.image).id)
        with engine(f"image {name}"):
            try:
                return str(self.client.images.get(name).id)
            except docker.errors.ImageNotFound:
                pass
        try:
            return str(self.client.images.pull(name if ":" in name else f"{name}:latest").id)
        except docker.errors.APIError as error:
            raise PreparationFailed(f"image {name}", str(error)) from error

    def _has(self, ref: str) -> bool:
        import docker.errors

        with engine("looking for an environment"):
            try:
                self.client.images.get(ref)
            except docker.errors.ImageNotFound:
                return False
        return True

    def _build(self, key: str, image: str, recipe: Recipe, tree: SourceTree, say: Say) -> str:
        """Run the set-up with the proxy as its only way out; returns the id of the frozen image."""
        limits, layout = self.options.limits, self.layout
        with (
            Egress(
                self.options.allowed_hosts, home=self.options.home, authorities=self.options.authorities_path()
            ) as egress,
            self._proxy_link(egress.path) as link,
        ):
            container = self._create(
                image, network=f"container:{link.id}", read_only=False, lifetime=limits.setup_seconds
            )
            with DockerSandbox(self, container, "") as box:
                authorities = self._add_folders(container, egress.authority)
                transfer.fill(box.raw, layout.root, tree)
                variables = {
                    **layout.setup_variables(
                        proxy=True, authorities=authorities, java=TRUST_STORE if authorities else None
                    ),
                    **self.options.setup_variables,
                }
                deadline = time.monotonic() + limits.setup_seconds
                for number, line in enumerate(recipe.setup, 1):
                    say(setup_progress(line, number, len(recipe.setup)))
                    result = box.work(
                        ("sh", "-c", line),
                        timeout=max(1.0, deadline - time.monotonic()),
                        env=variables,
                        tick=self._watch(container),
                    )
                    if not result.ok:
                        raise PreparationFailed(line, setup_log(result, egress.refused, egress.withheld))
                transfer.forget(box.raw, layout.root, tree)
                freeze = ("sh", "-c", _FREEZE, "sh", layout.root, layout.home, layout.tmp)
                transfer.demand(box.raw(freeze, b"", transfer.TRANSFER_SECONDS, 65_536), "freezing the environment")
                with engine("freezing the environment"):
                    label = f"LABEL {ENVIRONMENT_LABEL}={key}"
                    return str(container.commit(repository="pennyfix/environment", tag=key, changes=[label]).id)

    def _add_folders(self, container: Container, authority: bytes) -> str | None:
        """Make the folders that commands write, and the CA file, through the engine: PID 1 has no capability to."""
        authorities = self.options.authorities(authority)
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            for folder in (self.layout.root, self.layout.env, self.layout.home, FROZEN):
                member = tarfile.TarInfo(folder.lstrip("/"))
                member.type, member.mode, member.uid, member.gid = tarfile.DIRTYPE, 0o755, 1000, 1000
                tar.addfile(member)
            trusted = {AUTHORITIES: authorities, TRUST_STORE: trust_store(authorities)} if authorities else {}
            for path, content in trusted.items():
                member = tarfile.TarInfo(path.lstrip("/"))
                member.size, member.mode = len(content), 0o644
                tar.addfile(member, io.BytesIO(content))
        with engine("preparing a container's folders"):
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
            seen = self.client.api.containers(filters={"id": container.id}, size=True)
            limit = self.options.limits.disk_mb
            full = bool(seen) and int(seen[0].get("SizeRw", 0)) > limit * 1_048_576
            return f"disk limit: more than {limit} MiB are in use" if full else ""

        return too_large

    @contextmanager
    def _proxy_link(self, proxy: Path) -> Iterator[Container]:
        """A container without network whose loopback leads to the proxy's socket; the set-up joins that loopback."""
        from docker.types import Mount

        mount = Mount("/egress", str(proxy.parent), type="bind", read_only=True)
        source = Path(forwarder.__file__).read_text()
        command = ["python3", "-c", source, f"/egress/{proxy.name}", str(PROXY_PORT)]
        link = self._create(
            self.options.image,
            network="none",
            read_only=True,
            lifetime=self.options.limits.setup_seconds,
            command=command,
            user=WORKER,
            mounts=[mount],
        )
        try:
            with engine("starting the way to the proxy"):
                code, output = link.exec_run(["python3", "-c", _LISTENING % PROXY_PORT], user=WORKER)
            if code:
                raise SandboxUnavailable(f"Docker: the way to the proxy did not start: {output!r}")
            yield link
        finally:
            with suppress(SandboxUnavailable), engine("removing the way to the proxy"):
                link.remove(force=True, v=True)

    def thawed(self, ref: str) -> DockerSandbox:
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
        with engine(f"starting a container from {image}"):
            container: Container = self.client.containers.create(
                image,
                command=list(command[1:]) or [str(alive)],
                entrypoint=[command[0] if command else "sleep"],
                user=user,
                working_dir="/",
                hostname=None if network.startswith("container:") else HOSTNAME,
                extra_hosts={} if network.startswith("container:") else {HOSTNAME: "127.0.0.1"},
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


def tmpfs(layout: Layout, limits: SandboxLimits) -> dict[str, str]:
    """Bounded memory file systems: the checkout gets the disk limit, home and /tmp half of it each."""
    whole, half = limits.disk_mb, max(limits.disk_mb // 2, 16)
    common = "rw,exec,nosuid,nodev,uid=1000,gid=1000"
    return {
        layout.root: f"{common},mode=755,size={whole}m,nr_inodes={whole * 256}",
        layout.home: f"{common},mode=755,size={half}m,nr_inodes={half * 256}",
        layout.tmp: f"{common},mode=1777,size={half}m,nr_inodes={half * 256}",
    }
