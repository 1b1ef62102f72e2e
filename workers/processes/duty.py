"""What a worker process does when it is woken: the production course behind three verbs."""

from __future__ import annotations

from dataclasses import dataclass

from workers.jobs.job import State
from workers.pipeline import runner as line
from workers.pipeline.runner import Course
from workers.pipeline.slash_commands import obey
from workers.pipeline.tell_ended import tell_ended
from workers.processes.context import Context
from workers.processes.wiring import course_of


@dataclass(frozen=True, slots=True)
class Duty:
    """Opened once per process; `workers.processes.celery_app` calls it."""

    course: Course

    def run_next(self) -> State | None:
        """Run the next job, if one is due."""
        return line.run_next(self.course)

    def obey(self, guid: str) -> str:
        """Carry out what a recorded delivery asks for, if it still waits."""
        return obey(self.course, guid)

    def tell(self, job_id: int) -> bool:
        """Tell GitHub how a job ended, if it was not told yet."""
        return tell_ended(self.course, job_id)


def open_duty(context: Context) -> Duty:
    """The duty of this process."""
    return Duty(course_of(context))
