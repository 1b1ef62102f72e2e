"""A job's row while a worker holds its lease: each write checks the lease in the same transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from strategies.step import Step
from workers.db.database import Database
from workers.jobs import queue, timeline
from workers.jobs.job import Job, Lease


class LeasedJob:
    """`job` is the row as this worker last wrote it. Every method raises LeaseLost once another worker has the job."""

    def __init__(self, database: Database, job: Job, lease: Lease, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._lease = lease
        self._clock = clock
        self.job = job

    def fence(self) -> None:
        """Nothing but the check. Call it before each write that others can see."""
        with self._database.begin() as session:
            queue.fenced(session, self._lease)

    def add_step(self, step: Step) -> None:
        """Append a step to the job's timeline."""
        with self._database.begin() as session:
            queue.fenced(session, self._lease)
            timeline.add_step(session, self.job.id, step, self._clock())

    def update(self, **columns: object) -> None:
        """Set columns of the row; see `workers.jobs.queue.update`."""
        with self._database.begin() as session:
            self.job = queue.update(session, self._lease, now=self._clock(), **columns)

    def remember_comment(self, comment_id: int) -> None:
        """Keep the id of the status comment, so that a later run edits the same one."""
        self.update(comment_id=comment_id)
