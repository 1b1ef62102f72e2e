"""From a resolution to how the job ends: a pull request, a draft, or an honest comment. No I/O but the workspace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sandbox.repository.workspace import Workspace
from strategies.models.meter import Charge
from strategies.resolution import Ending
from strategies.verdict import Rung
from workers.billing.bill import Bill, Month, bill
from workers.config.repository_file import RepositoryFile
from workers.github.types import RemotePull
from workers.jobs.ending import JobEnding, Publication
from workers.jobs.job import State
from workers.messages import comments, pull_request
from workers.messages.attempt_view import AttemptView
from workers.messages.job_record import job_record
from workers.messages.judged_attempts import views_of_judged
from workers.pipeline import labels
from workers.pipeline.checkout import changed_files, template
from workers.solving.solve_request import SolveResult

ASKED: dict[str, Rung] = {
    "reproduction": Rung.REPRODUCTION,
    "regression": Rung.REGRESSION,
    "any": Rung.APPLIES,
}


@dataclass(frozen=True, slots=True)
class Concluding:
    """What the ending is made of.

    In a follow-up, `pull` is ours and open already, `cause` says what it answers, `threads` are answered, and
    `earlier` are the calls of the jobs that worked on it before.
    """

    job: int
    issue: int
    title: str
    base: str
    file: RepositoryFile
    result: SolveResult
    workspace: Workspace
    charges: Sequence[Charge]
    month: Month | None
    page: str = ""
    pull: RemotePull | None = None
    threads: tuple[int, ...] = ()
    earlier: Sequence[Charge] = ()
    cause: str = ""


def conclude(c: Concluding) -> JobEnding:
    """The ending of a job whose attempts are over."""
    kept = next((n for n, t in enumerate(c.result.resolution.tried, 1) if t is c.result.resolution.chosen), 0)
    account = bill(c.charges, c.result.strong, kept)
    alone = str(account.strong_only.usd) if account.strong_only else ""
    return replace(_ending(c, account, kept), strong_only=alone)


def _ending(c: Concluding, account: Bill, kept: int) -> JobEnding:
    resolution = c.result.resolution
    rows = views_of_judged(resolution.tried, c.charges)
    if resolution.patch and _publishable(c):
        return _publish(c, account, rows)
    pull = c.pull is not None
    if resolution.ending is Ending.OVER_BUDGET:
        text = comments.over_budget(rows, account, c.month, resolution.reason, _best(c, kept))
        return JobEnding(State.OVER_BUDGET, resolution.reason, "Stopped: over budget", text, labels.OVER_BUDGET)
    if resolution.ending is Ending.QUESTION:
        text = comments.question(resolution.reason, account, pull=pull)
        return JobEnding(State.DECLINED, resolution.reason, "I have a question", text, labels.NEEDS_HUMAN)
    if resolution.ending is Ending.UNJUDGED:
        text = comments.unjudgeable(c.result.looked, c.result.suggestion, c.result.log, account, pull=pull)
        return JobEnding(
            State.DECLINED, "the tests cannot be found or run", "Could not be judged", text, labels.NEEDS_HUMAN
        )
    words = _refused(c, rows)
    if words:
        text = comments.failed("no model gave an answer.", words)
        return JobEnding(State.FAILED, "no model gave an answer", "I could not finish", text, labels.NEEDS_HUMAN)
    text = comments.declined(rows, account, c.month, resolution.reason, pull=pull)
    return JobEnding(State.DECLINED, resolution.reason, "No fix that I can stand behind", text, labels.NEEDS_HUMAN)


def _publishable(c: Concluding) -> bool:
    ending = c.result.resolution.ending
    return ending is Ending.ACCEPTED or (ending is Ending.UNVERIFIED and c.file.unverified == "draft")


def _publish(c: Concluding, account: Bill, rows: Sequence[AttemptView]) -> JobEnding:
    resolution = c.result.resolution
    chosen = resolution.chosen
    if chosen is None:
        raise ValueError(f"a resolution that ended {resolution.ending} with a patch has no chosen attempt")
    accepted = resolution.ending is Ending.ACCEPTED
    evidence = chosen.verdict.evidence
    facts = pull_request.PullFacts(
        issue=c.issue,
        issue_title=c.title,
        ending=resolution.ending,
        asked=ASKED[c.file.accept],
        reason=resolution.reason,
        evidence=evidence,
        diagnosis=chosen.attempt.diagnosis,
        rows=rows,
        bill=replace(bill([*c.earlier, *c.charges]), strong_only=None if c.earlier else account.strong_only),
        month=c.month,
        record=job_record(
            job=c.job,
            issue=c.issue,
            base_commit=c.workspace.base,
            versions=c.result.versions,
            resolution=resolution,
            bill=account,
        ),
        template=template(c.workspace),
        page=c.page,
        cause=c.cause,
    )
    publication = Publication(
        issue=c.issue,
        branch=comments.branch(c.issue),
        base=c.base,
        parent=c.workspace.base,
        # what was judged is what is published: edits of existing tests were left out of both
        files=changed_files(c.workspace, resolution.patch.without(frozenset(evidence.restored))),
        message=pull_request.commit_message(c.issue, c.title, c.job, evidence),
        title=c.pull.title if c.pull else pull_request.title(c.title, c.issue),
        body=pull_request.body(facts),
        draft=c.pull.draft if c.pull else c.file.draft or not accepted,
        follow_up=c.pull is not None,
    )
    reason = "" if accepted else f"It is a draft because {resolution.reason}"
    return JobEnding(
        state=State.OPENED,
        reason=resolution.reason,
        headline=_headline(c, accepted=accepted),
        text=comments.opened_details(pull_request.summary(evidence), reason, account, c.month),
        label=labels.OPENED,
        publication=publication,
        wanted_label="" if c.pull else c.file.label,
        threads=c.threads,
        check="success" if accepted else "neutral",
        evidence=evidence.top.name.lower(),
        tier=chosen.attempt.tier,
        strategy=c.result.versions.strategy,
    )


def _headline(c: Concluding, *, accepted: bool) -> str:
    if c.pull is not None:
        return "Added a commit to the pull request"
    return "Opened a pull request" if accepted else "Opened a draft"


def _best(c: Concluding, kept: int) -> str:
    chosen = c.result.resolution.chosen
    if chosen is None or not chosen.attempt.patch:
        return ""
    rung = chosen.verdict.evidence.top.name.lower()
    return f"The best so far is attempt {kept}: its evidence reaches “{rung}”, less than asked, so it is not published."


def _refused(c: Concluding, rows: Sequence[AttemptView]) -> str:
    """The provider's words when every attempt ended without a single answered call, else ""."""
    answered = any(charge.usd is not None for charge in c.charges)
    if rows and not answered and all(t.attempt.error for t in c.result.resolution.tried):
        return c.result.resolution.tried[-1].attempt.error
    return ""
