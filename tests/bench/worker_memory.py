"""What an idle worker holds: the resident memory of its main process and pool, after it is ready."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deploy.demo.setup import DemoSetup
from tests.bench.row import NotHere, Row
from workers.config.settings import load_settings
from workers.processes.broker import Broker

AIM = 350.0


def _megabytes(pid: int) -> float:
    """Proportional set size: shared pages are counted once over the processes that share them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *(p for child in children for p in _family(int(child)))]


def run() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="pf-", ignore_cleanup_errors=True) as home, DemoSetup(Path(home)) as stage:
        settings = load_settings(None, home=Path(home) / "state")
        with Broker(settings.home, lambda _: None):
            log = Path(home) / "worker.log"
            with log.open("wb") as out:
                worker = subprocess.Popen(
                    [sys.executable, "-c", "from pennyfix import main; main()", "worker"],
                    env=stage.environment, stdout=out, stderr=out, cwd=home,
                )  # fmt: skip
            try:
                end = time.monotonic() + 60
                while " ready." not in log.read_text(errors="replace"):
                    if time.monotonic() > end or worker.poll() is not None:
                        raise NotHere(f"the worker did not start: {log.read_text(errors='replace')[-300:]}")
                    time.sleep(0.1)
                time.sleep(5)
                family = _family(worker.pid)
                held = sum(_megabytes(p) for p in family)
            finally:
                worker.terminate()
                worker.wait(90)
    beside = f"{len(family)} processes"
    return [Row("idle worker's memory, with its pool", held, "MB", beside, None, f"< {AIM:g} MB", held < AIM)]


if __name__ == "__main__":
    for row in run():
        print(row)
