"""The commands that run processes: `pennyfix up` and `pennyfix worker`."""

from __future__ import annotations

from typing import Annotated

import typer

from workers.cli.console import command_settings, say


def up() -> None:
    """Run everything on this machine: broker, receiver, workers and sweeper in one process tree.

    Says where everything is, restarts what dies, and stops gracefully on Ctrl-C (twice to hurry).
    """
    from workers.processes.up import up as run

    run(command_settings(), say)


def worker(
    name: Annotated[str, typer.Option(help="Names this worker in logs and on the operator's page.")] = "",
) -> None:
    """Run only a worker with its sweeper; start as many as you like, on as many machines (PostgreSQL and Redis)."""
    import socket

    from workers.processes.sweeper import sweep_beside
    from workers.processes.worker import work

    settings = command_settings()
    with sweep_beside(settings):
        work(settings, name=name or f"worker@{socket.gethostname()}")
