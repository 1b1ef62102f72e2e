"""How long `pennyfix --help` takes, beside a bare start of the same interpreter."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.row import Row

ROUNDS = 7
AIM = 0.5


def _seconds(*argv: str) -> float:
    """The median wall time, after one start that fills the file cache."""
    took = []
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        subprocess.run(argv, check=True, capture_output=True, timeout=60)
        took.append(time.perf_counter() - began)
    return statistics.median(took[1:])


def run() -> list[Row]:
    bare = _seconds(sys.executable, "-c", "pass")
    ours = _seconds(str(Path(sys.executable).with_name("pennyfix")), "--help")
    return [
        Row(
            "pennyfix --help", ours, "s", f"bare python: {bare * 1000:.0f} ms", ours / bare, f"<= {AIM} s", ours <= AIM
        ),
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
