"""The only file that imports Celery: how wake-ups are sent and what a worker process does with one.

A message carries an id and means "look into the database". Losing one, or getting it twice, is harmless:
the row with its lease is the truth. Celery is imported inside functions; the receiver loads it on first use.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from workers.config.settings import Settings
from workers.processes.broker import broker_url
from workers.processes.context import Context, Publish, open_context
from workers.processes.heartbeat import keep_heartbeat

if TYPE_CHECKING:
    from celery import Celery


WAKE = "pennyfix.wake"  # (job id): a job waits
OBEY = "pennyfix.obey"  # (delivery's guid): a delivery asks for something that needs GitHub
TELL = "pennyfix.tell"  # (job id): it ended, and GitHub has not been told
TASKS = {"job": WAKE, "delivery": OBEY, "tell": TELL}
QUEUE = "pennyfix"
GRACE = 300.0  # seconds between asking a job to end and killing it
FINISH = 60.0  # seconds a running job has to end after SIGTERM


class WorkerActions(Protocol):
    """What a worker process does when it is woken."""

    def run_next(self) -> object:
        """Run the next job, if one is due. None when none was."""

    def run_command(self, guid: str) -> object:
        """Carry out what a recorded delivery asks for, if it still waits."""

    def report_ended(self, job_id: int) -> object:
        """Tell GitHub how a job ended, if it was not told yet."""


def make_app(settings: Settings) -> Celery:
    """An application that can send wake-ups. No connection is made yet."""
    from celery import Celery

    app = Celery("pennyfix", broker=broker_url(settings), set_as_current=False)
    app.conf.update(
        task_default_queue=QUEUE,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,  # a result backend that is down blocks publishing for 19 s
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        worker_soft_shutdown_timeout=0,  # it sleeps to its end even when the job ended long before: see _cold_after
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        broker_connection_timeout=3,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_soft_time_limit=settings.job_seconds,
        task_time_limit=settings.job_seconds + GRACE,
        broker_transport_options={
            # Above the hard limit, or a long job is started again while it runs.
            "visibility_timeout": settings.job_seconds + GRACE + 1800,
            "socket_timeout": 10,
            "socket_connect_timeout": 3,
            "health_check_interval": 10,
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
            "max_retries": 1,
        },
    )
    return app


def publisher(settings: Settings, *, loaded: bool = False) -> Publish:
    """`publish(kind, id)` with kind "job", "delivery" or "tell": one attempt and one more on a fresh connection.

    Raises what the broker's client raises (within seconds); whoever calls it leaves the rest to the sweeper.
    `loaded`: Celery and its transport are imported now (half a second), not while the first deliveries wait.
    """
    lock = threading.Lock()
    made: list[Celery] = []
    if loaded:
        made.append(make_app(settings))
        made[0].connection_for_write().get_transport_cls()

    def publish(kind: str, id: str | int) -> None:  # noqa: A002  # the contract's word
        with lock:
            if not made:
                made.append(make_app(settings))
        made[0].send_task(
            TASKS[kind], args=[id], queue=QUEUE, ignore_result=True, retry=True,
            retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1},
        )  # fmt: skip

    return publish


def run_worker(
    settings: Settings, *, name: str, open_actions: Callable[[Context], WorkerActions], finish: float = FINISH
) -> None:
    """Work until SIGTERM or SIGINT (then `finish` seconds to end what runs) or SIGQUIT (at once).

    `settings.workers` processes, one job each.
    `open_actions` says what a wake-up runs, once per process; `workers.processes.worker` passes the real one.
    """
    from celery.signals import worker_process_init, worker_ready, worker_shutting_down

    app = make_app(settings)
    process = _Process(settings, open_actions)

    def begin(**_kwargs: Any) -> None:
        process.begin()

    def wake(job_id: int | str) -> None:
        """Run the job that is next by fairness; it need not be `job_id`, whose message only said that one waits.

        Whoever ran a job asks for another look, so that one message is enough to work off whatever waits.
        """
        if process.actions().run_next() is not None:
            with suppress(Exception):  # the sweeper wakes somebody later
                app.send_task(WAKE, args=[job_id], queue=QUEUE, ignore_result=True, retry=False)

    def obey(guid: str) -> None:
        """Do what a delivery asks for."""
        process.actions().run_command(guid)

    def tell(job_id: int | str) -> None:
        """Say on GitHub how a job ended."""
        process.actions().report_ended(int(job_id))

    ended = threading.Event()

    def ready(**_kwargs: Any) -> None:
        keep_heartbeat(settings, name, ended)

    def shutting_down(how: str, **_kwargs: Any) -> None:
        ended.set()
        if how == "Warm":
            _cold_after(finish)

    worker_process_init.connect(begin, weak=False)
    worker_ready.connect(ready, weak=False)
    worker_shutting_down.connect(shutting_down, weak=False)
    app.task(name=WAKE, ignore_result=True)(wake)
    app.task(name=OBEY, ignore_result=True)(obey)
    app.task(name=TELL, ignore_result=True)(tell)
    app.worker_main(
        [
            "worker", "--pool=prefork", f"--concurrency={settings.workers}", f"--hostname={name}@%h",
            f"--queues={QUEUE}", f"--loglevel={settings.log_level}",
            "--without-gossip", "--without-mingle", "--without-heartbeat",
        ]
    )  # fmt: skip


def _cold_after(seconds: float) -> None:
    """What still runs then is given back to the queue; its lease says where it goes on."""
    timer = threading.Timer(seconds, lambda: os.kill(os.getpid(), signal.SIGQUIT))
    timer.daemon = True
    timer.start()


class _Process:
    """One process of the pool. Its first wake-up opens its actions: nothing is shared across a fork."""

    def __init__(self, settings: Settings, open_actions: Callable[[Context], WorkerActions]) -> None:
        self._settings = settings
        self._open = open_actions
        self._actions: WorkerActions | None = None

    def begin(self) -> None:
        """Right after the fork."""
        from workers import logging
        from workers.parent import die_with_parent

        die_with_parent(os.getppid())
        logging.configure(self._settings, "worker")

    def actions(self) -> WorkerActions:
        """What this process does."""
        if self._actions is None:
            self._actions = self._open(open_context(self._settings, publisher(self._settings)))
        return self._actions
