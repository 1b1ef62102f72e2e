"""`python -m workers.processes.sweep PARENT`: sweeps every few seconds until SIGTERM. Several may run; rows decide."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import structlog

from workers import logging as logging_setup
from workers.config.settings import Settings, load_settings
from workers.parent import die_with_parent
from workers.processes.celery_app import publisher
from workers.processes.context import Context, open_context
from workers.processes.redelivery import keep_redelivering

SECONDS = 5.0
log = structlog.get_logger()


def keep_sweeping(context: Context, stop: threading.Event, *, seconds: float = SECONDS) -> None:
    """Sweep until `stop` is set. A sweep that fails is logged, and the next one tries again."""
    from workers.processes.sweeper import sweep

    owner = f"{socket.gethostname()}/{os.getpid()}"
    while not stop.is_set():
        try:
            swept = sweep(
                context.database, context.publish, context.clock(), owner=owner,
                limits=context.limits, most_attempts=context.settings.job_attempts,
            )  # fmt: skip
            if swept:
                log.info("swept", **{k: v for k, v in asdict(swept).items() if v})
        except Exception as error:  # noqa: BLE001  # a database or broker that is away comes back; this loop is what waits for it
            log.warning("a sweep failed", error=f"{type(error).__name__}: {error}"[:500])
        stop.wait(seconds)


@contextmanager
def beside(settings: Settings) -> Iterator[None]:
    """Sweep in a thread of this process while the block runs: what a worker on its own machine does."""
    stop = threading.Event()
    context = open_context(settings, publisher(settings))
    thread = threading.Thread(target=keep_sweeping, args=(context, stop), name="sweeper", daemon=True)
    thread.start()
    _ask_for_missed(context, stop)
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=SECONDS)
        context.database.close()


def _ask_for_missed(context: Context, stop: threading.Event) -> None:
    """Deliveries that did not arrive, in a thread of its own: GitHub may take its time to answer."""
    threading.Thread(target=keep_redelivering, args=(context, stop), name="redelivery", daemon=True).start()


def main(parent: int) -> None:
    """The process."""
    die_with_parent(parent)
    settings = load_settings()
    logging_setup.configure(settings, "sweeper")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    context = open_context(settings, publisher(settings))
    _ask_for_missed(context, stop)
    keep_sweeping(context, stop)


if __name__ == "__main__":
    main(int(sys.argv[1]))
