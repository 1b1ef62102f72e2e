"""`python -m workers.processes.worker PARENT NAME`: a worker process of the tree that `workers.processes.up` keeps."""

from __future__ import annotations

import sys
from collections.abc import Callable

from strategies.prompts.prompt import PromptFolder
from workers import logging
from workers.config.settings import Settings, load_settings
from workers.parent import die_with_parent
from workers.processes.celery_app import FINISH, WorkerActions, publisher, run_worker
from workers.processes.context import Context, open_context
from workers.solving.model_use import require_usable


def work(
    settings: Settings,
    *,
    name: str = "worker",
    open_actions: Callable[[Context], WorkerActions] | None = None,
    finish: float = FINISH,
) -> None:
    """Run one worker until it is asked to stop.

    Raises ConfigError, PromptError or ModelRefused before it begins, not in the first job.
    """
    settings.require_app()
    logging.configure(settings, name)
    context = open_context(settings, publisher(settings))
    context.database.close()
    PromptFolder(context.operator.prompts).check()
    require_usable(context.operator)
    run_worker(settings, name=name, open_actions=open_actions or _open_job_worker, finish=finish)


def _open_job_worker(context: Context) -> WorkerActions:
    """Imported by a pool process on its first wake-up: an idle worker stays small."""
    from workers.processes.job_worker import open_job_worker

    return open_job_worker(context)


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    work(load_settings(), name=sys.argv[2])
