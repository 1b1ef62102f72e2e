"""The way of a progress line, in one direction: from the run to the job's timeline and on to the status comment."""

from __future__ import annotations

from strategies.step import Step
from workers.pipeline.lease_heartbeat import LeaseHeartbeat
from workers.pipeline.leased_job import LeasedJob
from workers.pipeline.status_comment import StatusComment


class Progress:
    """Takes the progress lines of one job. Between edits, the heartbeat brings the comment up to date."""

    def __init__(self, heartbeat: LeaseHeartbeat, leased: LeasedJob, comment: StatusComment) -> None:
        self._heartbeat = heartbeat
        self._leased = leased
        self._comment = comment
        heartbeat.after_beat = comment.refresh

    def report(self, step: Step) -> None:
        """Store the step and show it when it is time. Raises LeaseLost or Cancelled when the work should stop."""
        self._heartbeat.check()
        self._leased.add_step(step)
        self._comment.show(step)

    def report_wait(self, reason: str) -> None:
        """Say at once why the job waits for another run. Raises LeaseLost."""
        step = Step("waiting", reason)
        self._leased.add_step(step)
        self._comment.show(step)
        self._comment.refresh_now()
