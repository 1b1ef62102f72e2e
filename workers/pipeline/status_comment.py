"""The status comment of an issue (one, "sticky"): made once, found again by its hidden mark, edited as the job goes on.

Edits lie at least `interval` seconds apart (GitHub asks for restraint, and people read no faster); the
heartbeat calls `refresh` so that a quiet hour still shows the last step. Every write is preceded by a fence.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal, Protocol

from strategies.step import Step
from workers.github.types import ForgeError, Missing, RemoteComment
from workers.jobs.step_kinds import HIDDEN_STEPS
from workers.messages import comments
from workers.pipeline.lease_heartbeat import LeaseHeartbeat
from workers.pipeline.leased_job import LeasedJob


class CommentApi(Protocol):
    """GitHub's comments and reactions."""

    def find_comment(self, number: int, marker: str) -> RemoteComment | None: ...
    def add_comment(self, number: int, body: str) -> int: ...
    def edit_comment(self, comment_id: int, body: str) -> None: ...
    def react(self, number: int, content: Literal["eyes", "+1", "confused", "rocket"], comment_id: int = 0) -> None: ...


class CommentRow(Protocol):
    """Where the comment's id is kept. Both methods raise LeaseLost once another worker has the job."""

    def fence(self) -> None: ...
    def remember_comment(self, comment_id: int) -> None: ...


class StatusComment:
    """The status comment of one job. `row` is the job's; `steps` are the texts of its steps so far.

    `interval` is seconds between two edits.
    """

    def __init__(
        self,
        forge: CommentApi,
        issue: int,
        row: CommentRow,
        *,
        comment_id: int = 0,
        steps: tuple[str, ...] = (),
        page: str = "",
        interval: float = 15.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._forge = forge
        self._issue = issue
        self._row = row
        self.comment_id = comment_id
        self._steps = list(steps)
        self._page = page
        self._interval = interval
        self._monotonic = monotonic
        self._headline = "Working on it"
        self._written = float("-inf")
        self._stale = False
        self._ended = False
        self._lock = threading.RLock()

    def start(self, headline: str) -> None:
        """👀, then the comment with this headline."""
        self._row.fence()
        self._forge.react(self._issue, "eyes")
        self._headline = headline
        self._write()

    def show(self, step: Step) -> None:
        """Add the step's text, unless it is not for people; it is written when it is time."""
        if step.kind in HIDDEN_STEPS:
            return
        with self._lock:
            self._steps.append(step.text)
            self._stale = True
        self.refresh()

    def refresh(self) -> None:
        """Bring the comment up to date if it is stale and the interval is over. A failing edit waits for the next."""
        with self._lock:
            due = self._monotonic() - self._written >= self._interval
            if not (self._stale and due) or self._ended or not self.comment_id:
                return
            self._written = self._monotonic()
            try:
                self._write()
            except ForgeError:
                self._stale = True  # the next edit shows it; only the ending must arrive

    def end(self, headline: str, final: str, *, quiet: bool = False) -> None:
        """Write the ending. `quiet`: only when there is a comment already. Raises ForgeError."""
        with self._lock:
            self._ended = True
            self._headline = headline
            if quiet and not self._exists():
                return
            self._write(final)

    def _exists(self) -> bool:
        """Whether the comment is there (by its id, or by its mark after a crash)."""
        if not self.comment_id:
            found = self._forge.find_comment(self._issue, comments.marker(self._issue))
            if found is not None:
                self._remember(found.id)
        return bool(self.comment_id)

    def _remember(self, comment_id: int) -> None:
        self.comment_id = comment_id
        self._row.remember_comment(comment_id)

    def _write(self, final: str = "") -> None:
        with self._lock:
            body = comments.sticky(self._issue, self._headline, self._steps, final, self._page)
            known = self._exists()
            self._row.fence()
            if known:
                try:
                    self._forge.edit_comment(self.comment_id, body)
                except Missing:  # somebody deleted it: write it again
                    self._remember(self._forge.add_comment(self._issue, body))
            else:
                self._remember(self._forge.add_comment(self._issue, body))
            self._stale = False
            self._written = self._monotonic()

    def refresh_now(self) -> None:
        """Show what is not shown yet, without waiting for the interval. A failure is left to the next run."""
        with self._lock:
            self._written = float("-inf")
        self.refresh()


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
