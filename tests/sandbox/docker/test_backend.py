"""The docker backend keeps the contract, and what only it promises."""

from __future__ import annotations

import dataclasses
import socket
import threading
import time
from pathlib import Path

import pytest

from sandbox.backend import Backend, Sandbox
from sandbox.docker import exec_stream
from sandbox.docker.backend import DEADLINE_LABEL, DockerBackend
from sandbox.docker.exec_stream import Frames
from sandbox.docker.sandbox import DockerSandbox
from sandbox.errors import PreparationFailed, SandboxUnavailable
from sandbox.options import BackendOptions
from sandbox.recipe import Environment
from sandbox.result import Ended
from tests.sandbox.conformance import LIMITS, TREE, Conformance, quiet, recipe


@pytest.mark.docker
class TestDocker(Conformance):
    name = "docker"

    def nothing_is_left(self, backend: Backend) -> None:
        assert isinstance(backend, DockerBackend)
        mine: dict[str, str | list[str] | bool] = {"label": f"pennyfix.home={backend.home_label}"}
        assert backend.client.containers.list(all=True, filters=mine) == []

    def test_a_container_killed_underneath_is_lost_and_never_a_failure(
        self, backend: Backend, environment: Environment
    ) -> None:
        import threading

        sandbox = backend.open(environment, TREE)
        assert isinstance(sandbox, DockerSandbox)
        with sandbox:
            threading.Timer(0.7, sandbox.container.kill).start()
            result = sandbox.run(["sleep", "300"], timeout=120)
            assert (result.ended, result.exit_code) == (Ended.LOST, None)
            assert sandbox.run(["true"], timeout=60).ended is Ended.LOST
            with pytest.raises(SandboxUnavailable):
                sandbox.read("tracked.txt")
            with pytest.raises(SandboxUnavailable):
                sandbox.write({"x": b""})
            with pytest.raises(SandboxUnavailable):
                sandbox.fork()

    def test_an_environment_whose_image_is_gone_is_prepared_again(self, backend: Backend) -> None:
        assert isinstance(backend, DockerBackend)
        once = backend.prepare("removed", recipe("echo 1 > made"), TREE, quiet)
        backend.client.images.remove(once.ref, force=True)
        with pytest.raises(SandboxUnavailable):
            backend.open(once, TREE)
        assert not backend.prepare("removed", recipe("echo 1 > made"), TREE, quiet).cached

    def test_an_image_nobody_has_is_the_repositorys_fault(self, backend: Backend) -> None:
        unknown = dataclasses.replace(recipe("true"), image="pennyfix/there-is-no-such-image")
        with pytest.raises(PreparationFailed, match="no-such-image"):
            backend.prepare("image", unknown, TREE, quiet)

    def test_leftovers_are_removed_after_their_deadline_only(self, backend: Backend, environment: Environment) -> None:
        assert isinstance(backend, DockerBackend)
        sandbox = backend.open(environment, TREE)
        assert isinstance(sandbox, DockerSandbox)
        deadline = float(sandbox.container.labels[DEADLINE_LABEL])
        assert time.time() < deadline < time.time() + LIMITS.lifetime_seconds + 90
        backend.reap(deadline - 1)
        assert sandbox.run(["true"], timeout=60).ok
        assert backend.reap(deadline + 1) >= 1
        assert sandbox.run(["true"], timeout=60).ended is Ended.LOST

    def test_old_environments_make_room(self, tmp_path: Path) -> None:
        backend = self.make(tmp_path)
        assert isinstance(backend, DockerBackend)
        stale = backend.prepare("stale", recipe("echo 1 > made"), TREE, quiet)
        assert backend.evict(time.time() - 3600) == 0
        assert backend.evict(time.time() + 1) >= 1
        with pytest.raises(SandboxUnavailable):
            backend.open(stale, TREE)

    def test_a_child_killed_for_memory_shows_though_its_parent_went_on(self, sandbox: Sandbox) -> None:
        hog = "python3 -c 'x = b\"x\" * (400 * 2**20)'; exit 1"
        assert sandbox.run(["sh", "-c", hog], timeout=60).ended is Ended.OOM
        assert sandbox.run(["sh", "-c", "exit 1"], timeout=60).ended is Ended.EXIT

    def test_a_writable_layer_too_large_ends_the_setup(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sandbox.docker.backend.WATCH_SECONDS", 0.5)
        backend = self.make(home, dataclasses.replace(LIMITS, disk_mb=16))
        with pytest.raises(PreparationFailed) as failure:
            backend.prepare("huge", recipe("head -c 100000000 /dev/zero > big; sleep 300"), TREE, quiet)
        assert "disk limit: more than 16 MiB" in failure.value.log


def test_an_engine_that_does_not_answer_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")
    with pytest.raises(SandboxUnavailable, match="does not answer"):
        DockerBackend(BackendOptions(tmp_path))


@pytest.mark.docker
def test_a_missing_image_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(SandboxUnavailable, match="make sandbox-image"):
        DockerBackend(BackendOptions(tmp_path, image="pennyfix/not-made"))


def test_frames_split_streams_however_the_bytes_arrive() -> None:
    whole = b"\1\0\0\0\0\0\0\5hello" + b"\2\0\0\0\0\0\0\3err" + b"\1\0\0\0\0\0\0\0" + b"\1\0\0\0\0\0\0\1!"
    for size in range(1, len(whole) + 1):
        frames = Frames(100)
        for start in range(0, len(whole), size):
            frames.feed(whole[start : start + size])
        assert (bytes(frames.out), bytes(frames.err), frames.over) == (b"hello!", b"err", False)


def test_frames_know_whether_they_end_between_two_frames() -> None:
    frames = Frames(100)
    ends = []
    for byte in b"\1\0\0\0\0\0\0\2hi":
        frames.feed(bytes([byte]))
        ends.append(frames.between)
    assert ends == [False] * 9 + [True]


class StalledEngine:
    """An engine's exec calls over a socket pair; it ends the command first and delivers its output when told."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.asked = threading.Event()

    def exec_create(self, container: str, argv: list[str], **options: object) -> dict[str, str]:
        return {"Id": "exec"}

    def exec_start(self, created: str, *, socket: bool) -> socket.socket:
        return self.ours

    def exec_inspect(self, created: str) -> dict[str, object]:
        self.asked.set()
        return {"Running": False, "ExitCode": 0}


@pytest.mark.parametrize(
    ("late", "whole", "out"),
    [
        (b"\1\0\0\0\0\0\0\6report", True, b"report"),
        (b"\1\0\0\0\0\0\0\6rep", False, b"rep"),
        (b"", True, b""),
    ],
    ids=["late", "cut", "nothing"],
)
def test_output_that_comes_after_the_command_ended_is_read_to_its_end(late: bytes, whole: bool, out: bytes) -> None:
    engine = StalledEngine()

    def deliver() -> None:
        engine.asked.wait(10)  # we saw that the command ended, and nothing had come
        engine.theirs.sendall(late)
        engine.theirs.close()

    delivery = threading.Thread(target=deliver)
    delivery.start()
    request = exec_stream.ExecRequest(["cat"], "1000", "/", {}, 60.0, 1_000)
    done = exec_stream.stream(engine, "c", request, kill=lambda: None)  # type: ignore[arg-type]  # the calls that are used
    delivery.join()
    assert (done.code, done.whole, done.out) == (0, whole, out)


def test_output_that_never_comes_to_its_end_is_not_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exec_stream, "SILENT_SECONDS", 0.0)
    engine = StalledEngine()
    request = exec_stream.ExecRequest(["cat"], "1000", "/", {}, 60.0, 1_000)
    done = exec_stream.stream(engine, "c", request, kill=lambda: None)  # type: ignore[arg-type]  # the calls that are used
    engine.theirs.close()
    assert (done.code, done.whole) == (0, False)


def test_frames_keep_no_more_than_the_cap() -> None:
    frames = Frames(3)
    frames.feed(b"\1\0\0\0\0\0\0\5hello")
    assert (bytes(frames.out), frames.over) == (b"hel", True)
