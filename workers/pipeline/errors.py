"""What an error means to the job and to people, decided in one place. Pure.

Expected ones become words, transient ones a later run, and the rest is a bug: tried again, then told, always loud.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.errors import MirrorError, SandboxUnavailable
from strategies.models.model import ModelRefused, ModelUnavailable
from strategies.prompts.prompt import PromptError
from workers.billing.ledger import SpendingStopped
from workers.github.types import CredentialsRefused, InstallationGone, RateLimited, Refused, Unreachable
from workers.jobs.ending import JobEnding
from workers.jobs.job import State
from workers.messages import comments
from workers.pipeline import labels
from workers.pipeline.publish import BranchMoved

PATIENCE = 10
"""Runs for what is nobody's fault here (GitHub is down, the App's key is being changed)."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Run again from `at` on. `counts` towards the runs after which it is given up; `told` on the issue."""

    at: datetime
    reason: str
    counts: bool = True
    told: bool = True
    loud: bool = False


@dataclass(frozen=True, slots=True)
class Fail:
    """It ends. `words` are the other side's; `tell` False when nobody is there to be told."""

    state: State
    reason: str
    words: str = ""
    tell: bool = True
    loud: bool = False


def classify_error(error: Exception, runs: int, most_runs: int, now: datetime) -> Retry | Fail:
    """What to do about it. `runs` counts this one."""
    wait = timedelta(minutes=min(4 ** max(runs - 1, 0), 60))
    last = runs >= most_runs
    if isinstance(error, RateLimited):
        return Retry(error.until, "GitHub asks for patience", counts=False, told=False)
    if isinstance(error, InstallationGone):
        return Fail(State.CANCELLED, f"the App may not work here any more ({error})", tell=False)
    if isinstance(error, SpendingStopped):
        return Retry(now + timedelta(minutes=15), "the operator has stopped all spending", counts=False)
    if isinstance(error, Unreachable | CredentialsRefused):
        if runs >= PATIENCE:
            return Fail(State.FAILED, "GitHub could not be reached", str(error))
        return Retry(now + wait, str(error), told=False)
    if isinstance(error, Refused):
        return Fail(State.FAILED, "GitHub refused what I asked for", str(error))
    if isinstance(error, ModelRefused):
        return Fail(State.FAILED, "the model's provider refused", str(error))
    if isinstance(error, PromptError):  # its words name a path of this machine: they are for the log
        return Fail(State.FAILED, "a prompt file of the operator's cannot be used", loud=True)
    known = _WORDS.get(type(error))
    if known is not None:
        return Fail(State.FAILED, f"{known}, {runs} times", str(error)) if last else Retry(now + wait, known)
    name = type(error).__name__
    if name == "SoftTimeLimitExceeded":  # Celery's, whose door is workers.processes.celery_app
        return Fail(State.FAILED, "it took longer than a job may take (PENNYFIX_JOB_SECONDS)")
    if last:
        return Fail(State.FAILED, f"an error of Pennyfix itself ({name})", loud=True)
    return Retry(now + wait, f"an error of Pennyfix itself ({name})", told=False, loud=True)


_WORDS: dict[type[Exception], str] = {
    SandboxUnavailable: "the sandbox is not available",
    MirrorError: "the repository could not be fetched",
    ModelUnavailable: "the model does not answer",
    BranchMoved: "somebody pushed to the branch meanwhile",
}


def ending_of_failure(over: Fail) -> JobEnding:
    """The ending that people read."""
    text = comments.failed(over.reason, over.words)
    return JobEnding(over.state, over.reason, "I could not finish", text, labels.NEEDS_HUMAN)
