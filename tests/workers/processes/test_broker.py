from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workers.config.settings import load_settings
from workers.processes.broker import LONGEST, Broker, BrokerUnavailable, answers, broker_url, socket_path
from workers.processes.celery_app import QUEUE, make_app, publisher


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(true: object, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():  # type: ignore[operator]  # a callable
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_url_of_ones_own_is_used(tmp_path: Path) -> None:
    assert broker_url(load_settings(home=tmp_path, redis_url="redis://mine:6379/1")) == "redis://mine:6379/1"


def test_it_starts_answers_and_a_clean_stop_leaves_nothing(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        pid = broker.pid
        assert pid is not None
        assert broker.owned
        assert answers(broker.socket)
        assert broker.socket.parent.stat().st_mode & 0o077 == 0
        assert not broker.ensure()
    assert not alive(pid)
    assert not broker.socket.exists()


def test_a_second_one_uses_the_first_and_does_not_stop_it(tmp_path: Path) -> None:
    with Broker(tmp_path) as first:
        with Broker(tmp_path) as second:
            assert (second.owned, second.pid) == (False, None)
            assert not second.ensure()
        assert answers(first.socket)


def test_messages_survive_a_kill_9(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    with Broker(tmp_path) as broker:
        publish = publisher(settings)
        for n in range(10):
            publish("job", n)
        time.sleep(1.2)  # appendfsync everysec; what is younger the sweeper publishes anew
        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGKILL)
        until(lambda: not answers(broker.socket))
        with pytest.raises(Exception, match=r"(?i)connect|No such file|reset|closed|broken"):
            publish("job", 11)
        assert broker.ensure()
        publish("job", 12)
        with make_app(settings).connection_for_read() as connection:
            assert connection.default_channel.client.llen(QUEUE) == 11


def test_publishing_to_a_broker_that_is_away_fails_within_seconds(tmp_path: Path) -> None:
    publish = publisher(load_settings(home=tmp_path))
    started = time.monotonic()
    with pytest.raises(Exception, match=r"(?i)connect|No such file"):
        publish("job", 1)
    assert time.monotonic() - started < 60  # without a bound it would try for ever


def test_a_stale_socket_is_recovered(tmp_path: Path) -> None:
    path = socket_path(tmp_path)
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    assert path.exists()
    with Broker(tmp_path) as broker:
        assert answers(broker.socket)


def test_a_folder_too_deep_for_a_socket_gets_a_short_path(tmp_path: Path) -> None:
    home = tmp_path / ("x" * LONGEST)
    path = socket_path(home)
    assert len(os.fsencode(path)) <= LONGEST
    assert path == socket_path(home)
    assert path != socket_path(home / "y")
    with Broker(home) as broker:
        assert answers(broker.socket)
        publisher(load_settings(home=home))("job", 1)
    path.parent.rmdir()


def test_a_folder_that_is_somebody_elses_link_is_refused(tmp_path: Path) -> None:
    home = tmp_path / ("z" * LONGEST)
    folder = socket_path(home).parent
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    try:
        with pytest.raises(BrokerUnavailable, match="belongs to somebody else"):
            Broker(home).__enter__()
    finally:
        folder.unlink()


def test_it_ends_with_an_owner_that_was_killed(tmp_path: Path) -> None:
    code = f"import time; from pathlib import Path; from workers.processes.broker import Broker\nwith Broker(Path({str(tmp_path)!r})) as b:\n print(b.pid, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert alive(pid)
        owner.kill()
    until(lambda: not alive(pid))
    with Broker(tmp_path) as next_one:
        assert next_one.owned


def test_what_keeps_it_from_starting_is_said(tmp_path: Path) -> None:
    broken = tmp_path / "broker" / "appendonlydir"
    broken.mkdir(parents=True)
    (broken / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(BrokerUnavailable, match="PENNYFIX_REDIS_URL"):
        Broker(tmp_path).__enter__()
