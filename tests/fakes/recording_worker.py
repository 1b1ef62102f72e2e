"""`python -m tests.fakes.recording_worker PARENT NAME`: the real worker process that only keeps a record.

A job takes `RECORDING_SECONDS`; its beginning, and its one "publication" inside the fence, become lines of
`HOME/record`. Deliveries are finished and recorded too. Misuse (publishing twice) is for the test to find.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import timedelta
from pathlib import Path

from workers.config.settings import load_settings
from workers.deliveries import inbox
from workers.jobs import queue
from workers.jobs.job import LeaseLost, State
from workers.parent import die_with_parent
from workers.processes.context import Context
from workers.processes.worker import work


def note(home: Path, line: str) -> None:
    with (home / "record").open("a") as record:
        record.write(line + "\n")
        record.flush()
        os.fsync(record.fileno())


class Recording:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.owner = f"worker-{os.getpid()}"
        self.ttl = timedelta(seconds=context.settings.lease_seconds)
        self.seconds = float(os.environ.get("RECORDING_SECONDS", "0"))

    def run_next(self) -> int | None:
        clock, database, home = self.context.clock, self.context.database, self.context.settings.home
        with database.begin() as session:
            leased = queue.lease_next(session, self.owner, self.ttl, clock())
        if leased is None:
            return None
        job, lease = leased
        note(home, f"began {job.issue} {os.getpid()}")
        end = time.monotonic() + self.seconds
        try:
            while time.monotonic() < end:
                with database.begin() as session:
                    queue.heartbeat(session, lease, self.ttl, clock())
                time.sleep(min(0.2, self.seconds))
            with database.begin() as session:
                queue.fenced(session, lease)
                queue.finish(session, lease, State.OPENED, "done", now=clock())
                note(home, f"published {job.issue}")
        except LeaseLost:
            note(home, f"lost {job.issue}")
        return job.id

    def run_command(self, guid: str) -> None:
        with self.context.database.begin() as session:
            pending = inbox.lease_delivery(session, self.owner, self.ttl, self.context.clock(), guid=guid)
            if pending is not None:
                inbox.finish_delivery(session, pending, now=self.context.clock())
                note(self.context.settings.home, f"obeyed {guid}")

    def report_ended(self, job_id: int) -> None:
        note(self.context.settings.home, f"told {job_id}")


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    work(
        load_settings(),
        name=sys.argv[2],
        open_actions=Recording,
        finish=float(os.environ.get("RECORDING_FINISH", "60")),
    )
