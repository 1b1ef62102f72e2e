from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.fakes.github_delivery import SECRET, comment_event, issue_event, signed
from workers.processes.broker import answers, socket_path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[3]


HANGS = 180.0
"""Seconds after which something that has not happened never will, however busy the machine is."""


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + HANGS
    while not true():
        assert time.monotonic() < deadline, f"waited {HANGS} s for {what}"
        time.sleep(0.05)


class Running:
    """`pennyfix up` in a process of its own, seen from outside."""

    def __init__(self, home: Path, pem: Path, seconds: float) -> None:
        self.home = home
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("PENNYFIX_")},
            "PENNYFIX_HOME": str(home),
            "PENNYFIX_PORT": str(self.port),
            "PENNYFIX_GITHUB_APP_ID": "1",
            "PENNYFIX_GITHUB_PRIVATE_KEY": str(pem),
            "PENNYFIX_GITHUB_WEBHOOK_SECRET": SECRET,
            "PENNYFIX_LEASE_SECONDS": "2",
            "PENNYFIX_WORKERS": "2",
            "ANTHROPIC_API_KEY": "made-up",
            "RECORDING_SECONDS": str(seconds),
            "RECORDING_FINISH": "8",
        }
        self.output = home.parent / "up.log"
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.fakes.recording_up"],
                cwd=ROOT,
                env=environment,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        until(lambda: "ready\n" in self.said() or self.process.poll() is not None, "ready")
        assert self.process.poll() is None, self.said()

    def said(self) -> str:
        return self.output.read_text()

    def record(self) -> Counter[str]:
        path = self.home / "record"
        lines = path.read_text().splitlines() if path.exists() else []
        return Counter(" ".join(line.split()[:2]) for line in lines)

    def running(self) -> str:
        """The process id of the pool process that works on a job."""
        return (self.home / "record").read_text().splitlines()[-1].split()[2]

    def pid(self, name: str) -> int:
        found = re.findall(rf"log .*\({name}, process (\d+)\)", self.said())
        return int(found[-1])

    def pids(self) -> list[int]:
        """Every living process that belongs to this state folder."""
        marks = (str(self.home).encode(), str(socket_path(self.home)).encode())  # the broker shows only its socket
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdecimal() and any(
                    mark in (entry / place).read_bytes() for mark in marks for place in ("environ", "cmdline")
                ):
                    state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                    found += [int(entry.name)] if state != "Z" else []
            except OSError:  # it ended meanwhile
                continue
        return found

    def post(self, event: str, payload: dict[str, object], guid: str = "") -> int:
        body, headers = signed(event, payload, guid=guid)
        return httpx.post(
            f"http://127.0.0.1:{self.port}/webhooks/github", content=body, headers=headers, timeout=10
        ).status_code

    def label(self, issue: int) -> int:
        return self.post("issues", issue_event("labeled", number=issue), guid=f"label-{issue}")

    def published(self, *issues: int) -> Callable[[], bool]:
        return lambda: all(self.record()[f"published {n}"] for n in issues)


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = tmp_path_factory.mktemp("key") / "app.pem"
    path.write_bytes(key)
    return path


@pytest.fixture
def start(tmp_path: Path, pem: Path) -> Iterator[Callable[[float], Running]]:
    started: list[Running] = []

    def begin(seconds: float) -> Running:
        started.append(Running(tmp_path / "home", pem, seconds))
        return started[-1]

    yield begin
    for running in started:
        for pid in running.pids():
            os.kill(pid, signal.SIGKILL)


def test_labels_and_comments_are_worked_on_and_a_clean_stop_leaves_nothing_behind(
    start: Callable[[float], Running],
) -> None:
    up = start(0)
    said = up.said()
    for part in ("receiver", "state", "database", "broker", "sandbox", "worker", "log"):
        assert re.search(rf"^{part} ", said, re.MULTILINE), part
    assert [up.label(n) for n in range(1, 6)] == [202] * 5
    assert up.post("issue_comment", comment_event("/autofix help"), guid="help") == 202
    until(up.published(1, 2, 3, 4, 5), "five jobs")
    until(lambda: up.record()["obeyed help"] == 1, "the comment")
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(HANGS) == 0
    assert "nothing is left running" in up.said()
    assert up.pids() == []
    assert not socket_path(up.home).exists()


def test_a_running_job_finishes_before_a_clean_stop(start: Callable[[float], Running]) -> None:
    up = start(4)
    up.label(1)
    until(lambda: up.record()["began 1"], "the job to begin")
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(HANGS) == 0
    assert up.record() == {"began 1": 1, "published 1": 1}


def test_a_job_that_does_not_finish_in_time_is_given_back_and_runs_again(start: Callable[[float], Running]) -> None:
    up = start(30)
    up.label(1)
    until(lambda: up.record()["began 1"], "the job to begin")
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(HANGS) == 0
    assert up.record() == {"began 1": 1}
    assert up.pids() == []
    again = start(0)
    until(again.published(1), "the job")
    assert again.record()["published 1"] == 1


@pytest.mark.parametrize("who", ["the worker", "its busy process"])
def test_killing_the_worker_in_the_middle_of_a_job_loses_nothing_and_publishes_once(
    start: Callable[[float], Running], who: str
) -> None:
    up = start(3)
    up.label(1)
    until(lambda: up.record()["began 1"], "the job to begin")
    os.kill(up.pid("worker") if who == "the worker" else int(up.running()), signal.SIGKILL)
    up.label(2)
    until(up.published(1, 2), "both jobs")
    assert up.record()["began 1"] >= 2
    assert [up.record()[f"published {n}"] for n in (1, 2)] == [1, 1]


def test_killing_the_broker_loses_nothing_and_publishes_nothing_twice(start: Callable[[float], Running]) -> None:
    up = start(1)
    for n in range(1, 4):
        up.label(n)
    until(lambda: up.record()["began 1"], "the first job")
    broker = next(p for p in up.pids() if b"valkey-server" in Path(f"/proc/{p}/cmdline").read_bytes())
    os.kill(broker, signal.SIGKILL)
    assert up.label(4) == 202
    until(lambda: answers(socket_path(up.home)), "the broker")
    assert up.label(5) == 202
    until(up.published(1, 2, 3, 4, 5), "five jobs")
    up.label(6)  # its wake-up comes after every other that was sent
    until(up.published(6), "a job after all others")
    assert [up.record()[f"published {n}"] for n in range(1, 6)] == [1] * 5


def test_killing_the_receiver_loses_nothing_it_acknowledged(start: Callable[[float], Running]) -> None:
    up = start(0)
    acknowledged: dict[int, list[int]] = {}
    for n in range(1, 41):
        if n == 20:
            os.kill(up.pid("receiver"), signal.SIGKILL)
        acknowledged[n] = []
        deadline = time.monotonic() + HANGS
        while True:  # as GitHub does when a redelivery is asked for: the same id again
            try:
                acknowledged[n].append(up.label(n))
                break
            except httpx.TransportError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
    assert all(answer in ([202], [200]) for answer in acknowledged.values())
    until(up.published(*range(1, 41)), "forty jobs")
    assert [up.record()[f"published {n}"] for n in range(1, 41)] == [1] * 40


def test_when_up_itself_is_killed_no_orphan_stays_and_the_next_one_goes_on(start: Callable[[float], Running]) -> None:
    up = start(2)
    up.label(1)
    until(lambda: up.record()["began 1"], "the job to begin")
    os.kill(up.process.pid, signal.SIGKILL)
    up.process.wait()
    until(lambda: up.pids() == [], "the children to end")
    again = start(0)
    until(again.published(1), "the job")
    assert again.record()["published 1"] == 1
