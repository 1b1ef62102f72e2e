"""`pennyfix up`: everything on one machine, as one process tree: broker, receiver, worker, sweeper.

Nothing here is needed for correctness: any part may die at any time and is started again; the database is the
truth. A clean stop leaves no process behind; when this one is killed with −9, the kernel ends the children.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Self
from urllib.request import urlopen

from workers.config.settings import Settings, child_environment
from workers.processes.broker import Broker
from workers.processes.celery_app import FINISH, publisher
from workers.processes.context import open_context
from workers.solving.model_use import require_usable, use_lines
from workers.supervisor import Child, ProcessTree

LOOK_SECONDS = 0.1
READY_SECONDS = 60.0

PrintLine = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Commands:
    """Which modules the children run (never files); each gets this process's id as its first argument."""

    receiver: tuple[str, ...] = ("webhook.serve",)
    worker: tuple[str, ...] = ("workers.processes.worker",)
    sweeper: tuple[str, ...] = ("workers.processes.sweeper",)


def up(
    settings: Settings,
    say: PrintLine = print,
    *,
    commands: Commands = Commands(),
    environment: Mapping[str, str] | None = None,
    ready: Callable[[], None] = lambda: None,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Run until SIGTERM or SIGINT (a second one hurries), or until `stop()`. `environment` is added to the children's.

    `ready()` is called once the receiver answers. Raises ConfigError, ModelRefused, BrokerUnavailable, DatabaseUrlError
    before anything runs.
    """
    settings.require_webhook_secret()
    settings.require_app()
    context = open_context(settings, publisher(settings))  # what is configured is right before anything starts
    context.database.close()
    for line in use_lines(require_usable(context.operator)):
        say(line)
    with ExitStack() as stack:
        broker = None if settings.redis_url else stack.enter_context(Broker(settings.home, say))
        tree = ProcessTree(children(settings, commands, environment or {}), say)
        with _Signals() as asked:
            try:
                tree.start()
                for line in start_lines(settings, tree, broker):
                    say(line)
                _watch(settings, tree, broker, say, ready, lambda: asked.count > 0 or stop())
            finally:
                say("stopping: running jobs have a minute to finish (again to hurry)" if asked.count else "stopping")
                tree.stop(lambda: asked.count > 1)
    say("stopped; nothing is left running")


def children(settings: Settings, commands: Commands, environment: Mapping[str, str]) -> list[Child]:
    """The processes, in starting order: sweeper and worker before the receiver."""
    logs = settings.home / "logs"
    config = {"PENNYFIX_CONFIG": str(settings.config)} if settings.config is not None else {}
    shared = child_environment(
        **{"PENNYFIX_HOME": str(settings.home), "PENNYFIX_DATABASE_URL": settings.database_url, **config, **environment}
    )
    return [
        _child("sweeper", commands.sweeper, (), shared, logs, 10),
        _child("worker", commands.worker, ("worker",), shared, logs, FINISH + 15),
        _child("receiver", commands.receiver, (), shared, logs, 15),
    ]


def start_lines(settings: Settings, tree: ProcessTree, broker: Broker | None) -> list[str]:
    """What is said on start: where everything is."""
    from sqlalchemy import make_url

    at = (
        broker.socket if broker is not None else make_url(settings.redis_url or "").render_as_string(hide_password=True)
    )
    public = f" (public: {settings.public_url})" if settings.public_url else ""
    return [
        f"receiver  http://{settings.host}:{settings.port}/webhooks/github{public}",
        f"state     {settings.home}",
        f"database  {make_url(settings.database_url).render_as_string(hide_password=True)}",
        f"broker    {at}",
        f"sandbox   {settings.sandbox}",
        f"worker    {settings.workers} jobs at once",
        *(f"log       {child.log} ({child.name}, process {child.pid})" for child in tree.children),
    ]


def _watch(
    settings: Settings,
    tree: ProcessTree,
    broker: Broker | None,
    say: PrintLine,
    ready: Callable[[], None],
    stop: Callable[[], bool],
) -> None:
    told = False
    give_up = time.monotonic() + READY_SECONDS
    while not stop():
        tree.look()
        if broker is not None and broker.ensure():
            say("the broker was gone and runs again; what it lost the sweeper publishes anew")
        if not told and _answers(settings):
            told = True
            say("ready")
            ready()
        elif not told and time.monotonic() > give_up:
            give_up = float("inf")
            say(f"the receiver does not answer yet; see {settings.home / 'logs'}")
        time.sleep(LOOK_SECONDS)


def _answers(settings: Settings) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104  # compared, not bound
    try:
        with urlopen(f"http://{host}:{settings.port}/healthz", timeout=1) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004  # OK
    except OSError:
        return False


def _child(
    name: str, command: Sequence[str], arguments: Sequence[str], environment: Mapping[str, str], logs: Path, stop: float
) -> Child:
    safe = "-P"  # no module is taken from the current folder, which may be anybody's checkout
    argv = (sys.executable, safe, "-m", command[0], str(os.getpid()), *command[1:], *arguments)
    return Child(name, argv, environment, logs / f"{name}.log", stop)


class _Signals:
    """Counts SIGTERM and SIGINT while in use; what was installed before comes back. Main thread only."""

    def __init__(self) -> None:
        self.count = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._count)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _count(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
