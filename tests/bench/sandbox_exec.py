"""What one command in a sandbox costs beside `docker exec`, and what an environment costs cold and warm.

`python -m tests.bench.sandbox_exec` prints one row per figure. Aims on two cores: exec ratio ≤ 2, warm ≤ 1 s.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sandbox.backend import Backend, SandboxLimits
from sandbox.backends import BACKENDS
from sandbox.docker.sandbox import DockerSandbox
from sandbox.errors import SandboxUnavailable
from sandbox.options import BackendOptions
from sandbox.reaper import tidy
from sandbox.recipe import Recipe, ReportFormat
from tests.bench.row import NotHere, Row
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


def measure(backend: Backend) -> list[Row]:
    """The figures of one backend."""
    recipe = Recipe("python", SETUP, "true", ReportFormat.EXIT_CODE, "the bench")
    environment = backend.prepare("bench", recipe, TREE, lambda _: None)

    def warm() -> None:
        again = backend.prepare("bench", recipe, TREE, lambda _: None)
        with backend.open(again, TREE) as sandbox:
            sandbox.run(["true"], timeout=20)

    cold, again = environment.seconds, median(warm, 5)
    rows = [
        Row(
            f"environment warm, one command in it, {backend.name}",
            again,
            "s",
            f"cold: {cold:.2f} s",
            again / cold if cold else None,
            "<= 1 s",
            again <= 1,
        )
    ]
    with backend.open(environment, TREE) as sandbox:
        ours = median(lambda: sandbox.run(["true"], timeout=20)) * 1000
        if isinstance(sandbox, DockerSandbox):
            argv = ["docker", "exec", str(sandbox.container.id), "true"]
            theirs = median(lambda: subprocess.run(argv, check=True, capture_output=True)) * 1000
            beside = f"`docker exec`: {theirs:.0f} ms"
            rows.append(Row("sandbox exec, docker", ours, "ms", beside, ours / theirs, "<= 2x", ours <= 2 * theirs))
        else:
            rows.append(Row(f"sandbox exec, {backend.name}", ours, "ms"))
        rows.append(Row(f"sandbox fork, {backend.name}", median(lambda: sandbox.fork().close(), 5) * 1000, "ms"))
    return rows


def run() -> list[Row]:
    """Every backend this machine has. Raises NotHere if there is none."""
    rows = []
    missing = []
    with tempfile.TemporaryDirectory() as home:
        for name, make in BACKENDS.items():
            try:
                backend = make(BackendOptions(Path(home), limits=SandboxLimits()))
            except SandboxUnavailable as error:
                missing.append(f"{name}: not here ({str(error).splitlines()[0]})")
                print(missing[-1])
                continue
            rows += measure(backend)
            tidy(backend, time.time(), keep_seconds=-60.0)
    if not rows:
        raise NotHere("; ".join(missing))
    return rows


if __name__ == "__main__":
    for row in run():
        print(row)
