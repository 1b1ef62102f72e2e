"""What a worker process does when it is woken: run a job, carry out a command, report an ended job."""

from __future__ import annotations

from dataclasses import dataclass

from workers.jobs.job import State
from workers.pipeline import report_ended, slash_commands
from workers.pipeline import runner as line
from workers.pipeline.dependencies import JobDependencies
from workers.processes.context import Context
from workers.processes.wiring import job_dependencies


@dataclass(frozen=True, slots=True)
class JobWorker:
    """Opened once per process; `workers.processes.celery_app` calls it."""

    deps: JobDependencies

    def run_next(self) -> State | None:
        """Run the next job, if one is due."""
        return line.run_next(self.deps)

    def run_command(self, guid: str) -> str:
        """Carry out what a recorded delivery asks for, if it still waits."""
        return slash_commands.run_command(self.deps, guid)

    def report_ended(self, job_id: int) -> bool:
        """Tell GitHub how a job ended, if it was not told yet."""
        return report_ended.report_ended(self.deps, job_id)


def open_job_worker(context: Context) -> JobWorker:
    """What this process does when it is woken."""
    return JobWorker(job_dependencies(context))
