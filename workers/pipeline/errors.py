"""What an error means to the job and to people, decided in one place. Pure.

An expected error ends the job with a text, a transient one is tried again later, and any other is a bug of ours: tried
again, then reported, and always raised or logged.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from billiard.exceptions import SoftTimeLimitExceeded  # type: ignore[import-untyped]  # Celery's pool raises it

from sandbox.errors import MirrorError, SandboxUnavailable
from strategies.models.model import ModelRefused, ModelUnavailable
from strategies.prompts.prompt import PromptError
from workers.billing.ledger import SpendingStopped
from workers.github.types import CredentialsRefused, InstallationGone, Moved, RateLimited, Refused, Unreachable
from workers.jobs.job import State
from workers.pipeline.publish import BranchMoved

MAX_RUNS_WITHOUT_GITHUB = 10
"""Runs of a job while GitHub is down or the App's key is being changed: more than its own errors get."""
MAX_RUNS_WITHOUT_MODEL = 12
"""Runs of a job while a model's provider is away: about nine hours."""
LONGEST_PATIENCE = timedelta(hours=6)
"""Until the next look, whatever a provider asks for."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Run again from `at` on. `counts` towards the runs after which a job is given up; `shown`: on the issue, too."""

    at: datetime
    reason: str
    counts: bool = True
    shown: bool = True
    is_bug: bool = False


@dataclass(frozen=True, slots=True)
class Fail:
    """The job ends. `details` is what the failing service or tool said; `shown` False: the App may not write there."""

    state: State
    reason: str
    details: str = ""
    shown: bool = True
    is_bug: bool = False


def classify_error(error: Exception, runs: int, max_runs: int, now: datetime) -> Retry | Fail:
    """What to do about it. `runs` counts this one."""
    wait = timedelta(minutes=min(4 ** max(runs - 1, 0), 60))
    if isinstance(error, RateLimited):
        return Retry(error.until, "GitHub asks for patience", counts=False, shown=False)
    if isinstance(error, SpendingStopped):
        return Retry(now + timedelta(minutes=15), "the operator has stopped all spending", counts=False)
    if isinstance(error, Unreachable | CredentialsRefused):
        if runs >= MAX_RUNS_WITHOUT_GITHUB:
            return Fail(State.FAILED, "GitHub could not be reached", str(error))
        return Retry(now + wait, str(error), shown=False)
    if isinstance(error, ModelUnavailable) and (error.outage or error.wait):
        return _outage(error, runs, now)
    final = _final(error)
    if final is not None:
        return final
    transient = next((reason for kind, reason in _TRANSIENT.items() if isinstance(error, kind)), None)
    if transient is not None:
        if runs >= max_runs:
            return Fail(State.FAILED, f"{transient}, {runs} times", str(error))
        return Retry(now + wait, transient)
    reason = f"an error of Pennyfix itself ({type(error).__name__})"
    if runs >= max_runs:
        return Fail(State.FAILED, reason, is_bug=True)
    return Retry(now + wait, reason, shown=False, is_bug=True)


_NOT_GRANTED = ("requested are not granted", "resource not accessible by integration")
"""Of GitHub's words when an installation has not approved what the App asks for."""


def _not_granted(error: Refused) -> bool:
    said = error.message.lower()
    return any(words in said for words in _NOT_GRANTED)


def refusal(error: Exception, branch: str) -> tuple[str, str] | None:
    """Why GitHub would not take what is published, and what people can do; None for what is no refusal.

    `Refused` is GitHub's answer to a request, and trouble that outlasts the runs counts as one too.
    """
    if not isinstance(error, Refused) or isinstance(error, Moved):
        return None
    said = error.message.lower()
    if _not_granted(error):
        return "a permission of the App is not approved", "Approve it in the settings of the installation."
    if "secret" in said:
        return "GitHub found what looks like a secret in it", "Look at the change, and allow it there if it is none."
    if "signature" in said or "signed" in said:
        return "GitHub wants signed commits here", f"Leave `{branch}` out of that rule, or let this App bypass it."
    if "rule" in said or "protected" in said or "restricted" in said:
        return "a rule of this repository refuses it", f"Leave `{branch}` out of that rule, or let this App bypass it."
    return "GitHub refused it", "GitHub's words above say what is in the way."


def _outage(error: ModelUnavailable, runs: int, now: datetime) -> Retry | Fail:
    """A provider that is away gets more patience than a job has runs; what it asks for itself is kept."""
    if runs >= MAX_RUNS_WITHOUT_MODEL:
        return Fail(State.FAILED, f"the model does not answer, {runs} times", str(error))
    wait = max(timedelta(minutes=min(4 ** max(runs - 1, 0), 60)), timedelta(seconds=error.wait))
    return Retry(now + min(wait, LONGEST_PATIENCE), "the model does not answer")


def _final(error: Exception) -> Fail | None:
    """The end, for an error that another run would only repeat; None for others."""
    match error:
        case Moved():
            return Fail(State.CANCELLED, error.message, shown=False)
        case Refused() if _not_granted(error):
            fix = "the App's permissions are not approved; approve them in the settings of the installation"
            return Fail(State.FAILED, fix, str(error))
        case InstallationGone():
            return Fail(State.CANCELLED, f"the App may not work here any more ({error})", shown=False)
        case Refused():
            return Fail(State.FAILED, "GitHub refused what I asked for", str(error))
        case ModelRefused():
            return Fail(State.FAILED, "the model's provider refused", str(error))
        case PromptError():  # its message names a path of this machine, which is for the log alone
            return Fail(State.FAILED, "a prompt file of the operator's cannot be used", is_bug=True)
        case SoftTimeLimitExceeded():
            return Fail(State.FAILED, "it took longer than a job may take (PENNYFIX_JOB_SECONDS)")
        case _:
            return None


_TRANSIENT: dict[type[Exception], str] = {
    SandboxUnavailable: "the sandbox is not available",
    MirrorError: "the repository could not be fetched",
    ModelUnavailable: "the model does not answer",
    BranchMoved: "somebody pushed to the branch meanwhile",
}
