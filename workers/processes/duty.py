"""What a worker process does when it is woken: the production course behind three verbs."""

from __future__ import annotations

from dataclasses import dataclass

from workers.jobs.job import State
from workers.pipeline import runner as line
from workers.pipeline.dependencies import JobDependencies
from workers.pipeline.slash_commands import run_command
from workers.pipeline.tell_ended import report_ended
from workers.processes.context import Context
from workers.processes.wiring import job_dependencies


@dataclass(frozen=True, slots=True)
class Duty:
    """Opened once per process; `workers.processes.celery_app` calls it."""

    deps: JobDependencies

    def run_next(self) -> State | None:
        """Run the next job, if one is due."""
        return line.run_next(self.deps)

    def obey(self, guid: str) -> str:
        """Carry out what a recorded delivery asks for, if it still waits."""
        return run_command(self.deps, guid)

    def tell(self, job_id: int) -> bool:
        """Tell GitHub how a job ended, if it was not told yet."""
        return report_ended(self.deps, job_id)


def open_duty(context: Context) -> Duty:
    """The duty of this process."""
    return Duty(job_dependencies(context))
