"""What one command in a sandbox costs beside `docker exec`, and what an environment costs cold and warm.

`python -m tests.bench.sandbox_exec` prints one line per figure. Aims on two cores: exec ratio ≤ 2, warm ≤ 1 s.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sandbox.backend import Backend, Limits
from sandbox.backends import BACKENDS
from sandbox.docker_sandbox import DockerSandbox
from sandbox.errors import SandboxUnavailable
from sandbox.options import BackendOptions
from sandbox.reaper import tidy
from sandbox.recipe import Recipe, ReportFormat
from tests.fakes.tree import FakeTree

ROUNDS = 15
SETUP = ("python3 -m venv $PENNYFIX_ENV", "pip install --quiet iniconfig")
TREE = FakeTree({f"package/m{i}.py": b"x = 1\n" * 40 for i in range(500)})


def median(act: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Seconds, the median of `rounds` after one that does not count."""
    act()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        act()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def measure(backend: Backend) -> list[str]:
    """The lines of one backend."""
    recipe = Recipe("python", SETUP, "true", ReportFormat.EXIT_CODE, "the bench")
    environment = backend.prepare("bench", recipe, TREE, lambda _: None)

    def warm() -> None:
        again = backend.prepare("bench", recipe, TREE, lambda _: None)
        with backend.open(again, TREE) as sandbox:
            sandbox.run(["true"], timeout=20)

    lines = [f"{backend.name}: environment cold {environment.seconds:.2f} s, warm {median(warm, 5):.2f} s (aim <= 1 s)"]
    with backend.open(environment, TREE) as sandbox:
        ours = median(lambda: sandbox.run(["true"], timeout=20))
        if isinstance(sandbox, DockerSandbox):
            argv = ["docker", "exec", str(sandbox.container.id), "true"]
            theirs = median(lambda: subprocess.run(argv, check=True, capture_output=True))
            lines.append(
                f"docker: exec {ours * 1000:.0f} ms, `docker exec` {theirs * 1000:.0f} ms, ratio {ours / theirs:.2f} (aim <= 2)"
            )
        else:
            lines.append(f"{backend.name}: exec {ours * 1000:.0f} ms")
        lines.append(f"{backend.name}: fork {median(lambda: sandbox.fork().close(), 5) * 1000:.0f} ms")
    return lines


def main() -> list[str]:
    """Every backend this machine has."""
    lines = []
    with tempfile.TemporaryDirectory() as home:
        for name, make in BACKENDS.items():
            try:
                backend = make(BackendOptions(Path(home), limits=Limits()))
            except SandboxUnavailable as error:
                lines.append(f"{name}: not here ({str(error).splitlines()[0]})")
                continue
            lines += measure(backend)
            tidy(backend, time.time(), keep_seconds=-60.0)
    return lines


if __name__ == "__main__":
    print("\n".join(main()))
