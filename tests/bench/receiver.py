"""Signed deliveries persisted and acknowledged per second, beside a bare route that verifies and stores nothing.

The client has its share of the same processors: it sends bytes made beforehand. The first deliveries after a start
fill caches and pools; they are measured by themselves, and for both servers.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from tests.bench.row import Row
from tests.fakes.github_delivery import SECRET, issue_event, signed
from workers.config.settings import load_settings
from workers.processes.broker import Broker, broker_url

DELIVERIES = 3000
FIRST = 100
CONNECTIONS = 32
BODY = "x" * 8000  # a usual issue payload is about this long


def run() -> list[Row]:
    """The rows; both servers are measured in this run, one after the other."""
    requests = [_request(n) for n in range(1, FIRST + DELIVERIES + 1)]
    first, requests = requests[:FIRST], requests[FIRST:]
    with tempfile.TemporaryDirectory() as folder, Broker(Path(folder)) as _broker:
        with _server(["tests.bench.bare_receiver"], Path(folder), port_argument=True) as (port, _pid):
            asyncio.run(_load(port, first))
            bare = asyncio.run(_load(port, requests))
        with _server(["webhook.serve", str(os.getpid())], Path(folder)) as (port, pid):
            slowest = max(asyncio.run(_load(port, first))[1]) * 1000
            ours = asyncio.run(_load(port, requests))
            memory = _peak_mb(pid)
    rate, bare_rate = DELIVERIES / ours[0], DELIVERIES / bare[0]
    p99 = sorted(ours[1])[int(DELIVERIES * 0.99)] * 1000
    bare_p99 = sorted(bare[1])[int(DELIVERIES * 0.99)] * 1000
    return [
        Row(
            "deliveries recorded and acknowledged",
            rate,
            "1/s",
            f"bare route {bare_rate:.0f}/s",
            rate / bare_rate,
            "≥ 300/s",
            rate >= 300,
        ),
        Row("p99 of an answer", p99, "ms", f"bare route {bare_p99:.0f} ms", p99 / bare_p99, "< 250 ms", p99 < 250),
        Row(f"slowest of the first {FIRST} answers after a start", slowest, "ms"),
        Row("receiver's memory, peak", memory, "MB", "", None, "< 150 MB", memory < 150),
    ]


def _request(number: int) -> bytes:
    payload = issue_event("labeled", number=number, repository={"id": 1 + number % 50}, issue={"body": BODY})
    body, headers = signed("issues", payload)
    head = "".join(
        f"{k}: {v}\r\n" for k, v in {**headers, "host": "localhost", "content-length": str(len(body))}.items()
    )
    return f"POST /webhooks/github HTTP/1.1\r\n{head}\r\n".encode() + body


async def _load(port: int, requests: list[bytes]) -> tuple[float, list[float]]:
    """Seconds for all, and for each."""
    waiting = iter(requests)
    taken: list[float] = []

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            started = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 202"), head
            length = next(
                (int(h.split(b":")[1]) for h in head.lower().split(b"\r\n") if h.startswith(b"content-length")), 0
            )
            await reader.readexactly(length)
            taken.append(time.perf_counter() - started)
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return time.perf_counter() - started, taken


@contextmanager
def _server(command: list[str], home: Path, *, port_argument: bool = False) -> Iterator[tuple[int, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    environment = {
        **os.environ,
        "PENNYFIX_HOME": str(home),
        "PENNYFIX_PORT": str(port),
        "PENNYFIX_GITHUB_WEBHOOK_SECRET": SECRET,
        "PENNYFIX_DATABASE_URL": "",
        "PENNYFIX_REDIS_URL": broker_url(load_settings(home=home)),
    }
    argv = [sys.executable, "-m", *command, *([str(port)] if port_argument else [])]
    process = subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)


def _peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    for row in run():
        print(row)
