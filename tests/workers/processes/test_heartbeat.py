"""A worker that runs is heard of, and one that stopped is forgotten."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path

from workers.config.settings import load_settings
from workers.processes.context import open_context, utc_now
from workers.processes.heartbeat import keep_heartbeat, live_workers


def test_a_worker_is_heard_of_until_it_stops(tmp_path: Path) -> None:
    settings = load_settings(None, home=tmp_path)
    context = open_context(settings, lambda _kind, _id: None)
    stop = threading.Event()
    thread = keep_heartbeat(settings, "worker", stop, seconds=0.05)
    end = time.monotonic() + 20
    heard: list[str] = []
    while not heard and time.monotonic() < end:
        with context.database.read() as session:
            heard = [row.worker_id for row in live_workers(session, utc_now())]
        time.sleep(0.02)
    stop.set()
    thread.join(timeout=10)
    assert heard
    assert heard[0].startswith("worker@")
    assert not thread.is_alive()
    with context.database.read() as session:
        assert not live_workers(session, utc_now() + timedelta(minutes=3))
    context.database.close()
