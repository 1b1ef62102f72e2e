"""Every way in which a job ends, each with its constructor: the state, the headline, the text and the label. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from workers.billing.bill import Bill, Month
from workers.jobs.ending import JobEnding
from workers.jobs.job import AWAITS_APPROVAL, State
from workers.messages import comments
from workers.messages.attempt_view import AttemptView
from workers.pipeline import labels


def not_started(reason: str, text: str, label: str = "") -> JobEnding:
    """A condition on GitHub's side is not met."""
    return JobEnding(State.DECLINED, reason, "Not started", text, label)


def awaiting_approval(text: str) -> JobEnding:
    """The estimate is above what may be spent unasked; `/autofix approve` starts the next job."""
    return JobEnding(State.DECLINED, AWAITS_APPROVAL, "Waiting for approval", text)


def no_fix(reason: str, text: str) -> JobEnding:
    """No attempt was good enough."""
    return JobEnding(State.DECLINED, reason, "No fix that I can stand behind", text, labels.NEEDS_HUMAN)


def question(reason: str, text: str) -> JobEnding:
    """The issue does not say enough."""
    return JobEnding(State.DECLINED, reason, "I have a question", text, labels.NEEDS_HUMAN)


def asks(reason: str, text: str) -> JobEnding:
    """A patch asks about existing tests, and no draft is wanted."""
    return JobEnding(State.DECLINED, reason, "I have a question about existing tests", text, labels.NEEDS_HUMAN)


def unjudged(text: str) -> JobEnding:
    """Nothing can tell a right fix from a wrong one."""
    reason = "the tests cannot be found or run"
    return JobEnding(State.DECLINED, reason, "Could not be judged", text, labels.NEEDS_HUMAN)


def not_published(kept: JobEnding, reason: str, fix: str, said: str = "") -> JobEnding:
    """A fix that was paid for cannot be published now. `kept` would publish it; `said` are GitHub's own words."""
    pull = kept.publication is not None and kept.publication.follow_up
    text = comments.not_published(reason, fix, said, kept.text, kept.diff, pull=pull)
    return JobEnding(
        State.FAILED, reason, "I have a fix, and could not publish it", text, labels.NEEDS_HUMAN,
        strong_only=kept.strong_only,
    )  # fmt: skip


def over_budget(
    reason: str, bill: Bill, month: Month, attempts: Sequence[AttemptView] = (), best: str = ""
) -> JobEnding:
    """A call found no room in a budget. `best` says what there is so far."""
    text = comments.over_budget(attempts, bill, month, reason, best)
    return JobEnding(State.OVER_BUDGET, reason, "Stopped: over budget", text, labels.OVER_BUDGET)


def cancelled(reason: str, cost: Decimal) -> JobEnding:
    """Somebody stopped it, or it is not wanted any more: said only where something was said before. `cost` is USD."""
    return JobEnding(State.CANCELLED, reason, "Stopped", comments.cancelled(reason, cost), quiet=True)


def failed(reason: str, details: str = "", state: State = State.FAILED) -> JobEnding:
    """An error ended it. `details` is what the failing service or tool said: untrusted text."""
    return JobEnding(state, reason, "I couldn't finish", comments.failed(reason, details), labels.NEEDS_HUMAN)
