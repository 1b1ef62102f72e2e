"""Which backends there are, and how one is chosen. A new one is one more line in `BACKENDS` and passes the
conformance suite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from sandbox.backend import Backend
from sandbox.errors import SandboxUnavailable
from sandbox.options import BackendOptions

__all__ = ["AUTO", "BACKENDS", "BackendOptions", "Name", "choose"]

Name = Literal["auto", "docker", "bubblewrap", "process"]


def _docker(options: BackendOptions) -> Backend:
    from sandbox.docker.backend import DockerBackend

    return DockerBackend(options)


def _bubblewrap(options: BackendOptions) -> Backend:
    from sandbox.bubblewrap.backend import BubblewrapBackend

    return BubblewrapBackend(options)


def _process(options: BackendOptions) -> Backend:
    from sandbox.process.backend import ProcessBackend

    return ProcessBackend(options)


BACKENDS: dict[str, Callable[[BackendOptions], Backend]] = {
    "docker": _docker,
    "bubblewrap": _bubblewrap,
    "process": _process,
}
AUTO = ("docker", "bubblewrap")  # in this order; `process` isolates nothing, so it is never chosen by itself
WAYS = """no sandbox is available here. Three ways to go on:
  1. install Docker and build the image: make sandbox-image
  2. install bubblewrap (Debian, Ubuntu: apt install bubblewrap)
  3. set PENNYFIX_SANDBOX=process: it isolates nothing, commands of repositories and models run as your user"""


def choose(name: Name, options: BackendOptions) -> Backend:
    """The named backend, or with "auto" the first of docker and bubblewrap that really starts.

    Raises SandboxUnavailable, which says what is missing and how to go on; ValueError for an unknown name.
    """
    if name == "auto":
        return _first(options)
    if name not in BACKENDS:
        raise ValueError(f"PENNYFIX_SANDBOX is {name!r}: allowed are auto, {', '.join(BACKENDS)}")
    return BACKENDS[name](options)


def _first(options: BackendOptions) -> Backend:
    causes = []
    for name in AUTO:
        try:
            return BACKENDS[name](options)
        except SandboxUnavailable as error:
            causes.append(f"  {name}: {error}")
    raise SandboxUnavailable("\n".join((WAYS, "What was tried:", *causes)))
