"""Shows on this machine that a backend's limits really bite. `pennyfix doctor` prints what it says.

It trusts no configuration: every line is something that was tried in a real sandbox.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from sandbox.backend import Backend, Sandbox, SandboxLimits
from sandbox.errors import SandboxError
from sandbox.recipe import Recipe, ReportFormat
from sandbox.result import Ended
from sandbox.tree import TreeFile

NAME = "checked.txt"
CONTENT = b"checked\n"


@dataclass(frozen=True, slots=True)
class SandboxCheck:
    """One thing that was tried. `ok` None means that this backend does not promise it."""

    name: str
    ok: bool | None
    detail: str = ""


class _Tree:
    """A tree with one file."""

    oid = hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest()

    def files(self) -> tuple[TreeFile, ...]:
        return (TreeFile(NAME, "100644", self.oid, len(CONTENT)),)

    def tar(self) -> IO[bytes]:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            member = tarfile.TarInfo(NAME)
            member.size = len(CONTENT)
            tar.addfile(member, io.BytesIO(CONTENT))
        out.seek(0)
        return out

    def read(self, path: str) -> bytes:
        if path != NAME:
            raise FileNotFoundError(path)
        return CONTENT


def _files(sandbox: Sandbox, _limits: SandboxLimits) -> str:
    sandbox.write({"written.txt": b"x"})
    return "" if (sandbox.read(NAME), sandbox.read("written.txt")) == (CONTENT, b"x") else "contents differ"


def _network(sandbox: Sandbox, _limits: SandboxLimits) -> str:
    devices = sandbox.run(["cat", "/proc/net/dev"], timeout=20).stdout.decode()
    names = {line.partition(":")[0].strip() for line in devices.splitlines() if ":" in line} - {"lo"}
    addressed = sandbox.run(["cat", "/proc/net/route"], timeout=20).stdout.decode().splitlines()[1:]
    return f"there is a route out ({', '.join(sorted(names))})" if addressed else ""


def _privileges(sandbox: Sandbox, _limits: SandboxLimits) -> str:
    status = sandbox.run(["cat", "/proc/self/status"], timeout=20).stdout.decode()
    fields = {k: v.split() for k, _, v in (line.partition(":") for line in status.splitlines())}
    held = fields.get("CapEff", ["?"])[0]
    if fields.get("Uid", ["0"])[0] == "0":
        return "commands run as root"
    return "" if set(held) == {"0"} else f"commands hold capabilities {held}"


def _timeout(sandbox: Sandbox, _limits: SandboxLimits) -> str:
    beat = "while :; do echo x >> beat; sleep 0.05; done"
    result = sandbox.run(["sh", "-c", f"setsid sh -c '{beat}' & sleep 60"], timeout=0.7)
    if result.ended is not Ended.TIMEOUT:
        return f"ended by {result.ended} instead"
    first = sandbox.run(["sh", "-c", "wc -c < beat; sleep 0.3; wc -c < beat"], timeout=20).stdout.split()
    return "" if first and first[0] == first[-1] else "a child in its own session lives on"


def _output(sandbox: Sandbox, limits: SandboxLimits) -> str:
    result = sandbox.run(["yes"], timeout=60)
    kept = len(result.stdout)
    return "" if result.ended is Ended.OUTPUT_LIMIT and kept <= limits.output_bytes else f"{result.ended}, {kept} bytes"


def _processes(sandbox: Sandbox, limits: SandboxLimits) -> str:
    script = f"i=0; while [ $i -lt {limits.pids + 50} ]; do sleep 20 & i=$((i + 1)); done; echo all"
    result = sandbox.run(["sh", "-c", script], timeout=60)
    return f"more than {limits.pids} processes were started" if b"all" in result.stdout and not result.stderr else ""


def _memory(sandbox: Sandbox, limits: SandboxLimits) -> str:
    size = limits.memory_mb + 64
    result = sandbox.run(["sh", "-c", f"head -c {size}m /dev/zero | tail -c {size}m | wc -c"], timeout=120)
    return f"{size} MiB were allocated" if result.stdout.strip() == str(size << 20).encode() else ""


def _disk(sandbox: Sandbox, limits: SandboxLimits) -> str:
    size = limits.disk_mb + 64
    result = sandbox.run(["sh", "-c", f"head -c {size}m /dev/zero > big && sleep 3"], timeout=120)
    return f"{size} MiB were written" if result.ok else ""


Try = Callable[[Sandbox, SandboxLimits], str]
"""Tries one thing; an empty answer means that it is as it must be."""

CHECKS: dict[str, Try] = {
    "files go in and come out": _files,
    "no network": _network,
    "no root, no capability": _privileges,
    "the deadline ends the whole process tree": _timeout,
    "output is capped": _output,
    "processes are bounded": _processes,
    "disk is bounded": _disk,
    "memory is bounded": _memory,
}
NOT_PROMISED: dict[str, frozenset[str]] = {
    "process": frozenset({"no network", "no root, no capability", "processes are bounded", "memory is bounded"}),
}


def self_check(backend: Backend, limits: SandboxLimits | None = None) -> tuple[SandboxCheck, ...]:
    """Try everything, each in a fresh sandbox; a few seconds. `limits` are those the backend was made with.

    Give the backend small limits: with the default ones, filling disk and memory takes long.
    """
    bounds = limits or SandboxLimits()
    recipe = Recipe("none", (), "true", ReportFormat.EXIT_CODE, "the self-check")
    try:
        environment = backend.prepare("self-check", recipe, _Tree(), lambda _: None)
    except SandboxError as error:
        return (SandboxCheck("an environment can be prepared", ok=False, detail=str(error)),)
    found = [SandboxCheck("an environment can be prepared", ok=True)]
    for name, attempt in CHECKS.items():
        if name in NOT_PROMISED.get(backend.name, frozenset()):
            found.append(SandboxCheck(name, ok=None, detail=f"{backend.name} does not promise it"))
            continue
        try:
            with backend.open(environment, _Tree()) as sandbox:
                fault = attempt(sandbox, bounds)
        except (SandboxError, FileNotFoundError) as error:
            fault = str(error)
        found.append(SandboxCheck(name, ok=not fault, detail=fault))
    return tuple(found)
