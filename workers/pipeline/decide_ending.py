"""From a resolution to how the job ends: a pull request, a draft, or an honest comment. No I/O but the workspace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from sandbox.repository.workspace import Workspace
from strategies.attempt import JudgedAttempt
from strategies.models.meter import Charge
from strategies.resolution import Ending, Resolution
from strategies.verdict import Rung
from workers.billing.bill import Bill, Month, bill
from workers.github.types import RemotePull
from workers.jobs.branch import branch_of
from workers.jobs.ending import JobEnding, Publication
from workers.jobs.job import Job, State
from workers.messages import comments, pull_request
from workers.messages.attempt_view import AttemptView
from workers.messages.job_record import job_record
from workers.messages.judged_attempts import views_of_judged
from workers.pipeline import endings, labels
from workers.pipeline.admission import Admitted
from workers.pipeline.checkout import changed_files, template
from workers.solving.solve_request import SolveResult

ASKED: dict[str, Rung] = {
    "reproduction": Rung.REPRODUCTION,
    "regression": Rung.REGRESSION,
    "any": Rung.APPLIES,
}


@dataclass(frozen=True, slots=True)
class FollowUpWork:
    """Our open pull request on which a follow-up works: what it answers, the review's threads that its commit answers,
    and the calls of the jobs that worked on it before.
    """

    pull: RemotePull
    cause: str
    threads: tuple[int, ...] = ()
    earlier_charges: Sequence[Charge] = ()


@dataclass(frozen=True)
class SolvedJob:
    """A job whose attempts are over, with its calls and its repository's month. `page` is its address, "" for none."""

    job: Job
    title: str
    admitted: Admitted
    workspace: Workspace
    result: SolveResult
    charges: Sequence[Charge]
    month: Month
    page: str = ""
    follow_up: FollowUpWork | None = None

    @property
    def resolution(self) -> Resolution:
        """What the strategy came to."""
        return self.result.resolution

    @property
    def chosen(self) -> int:
        """The number of the chosen attempt, 0 for none."""
        attempts = self.resolution.attempts
        return next((number for number, one in enumerate(attempts, 1) if one is self.resolution.chosen), 0)

    @cached_property
    def bill(self) -> Bill:
        """This job's bill."""
        return bill(self.charges, self.result.strong, self.chosen)

    @cached_property
    def attempts(self) -> tuple[AttemptView, ...]:
        """The attempts as people see them."""
        return views_of_judged(self.resolution.attempts, self.charges)


def decide_ending(solved: SolvedJob) -> JobEnding:
    """How the job ends."""
    strong_only = solved.bill.strong_only
    return replace(_ending(solved), strong_only=strong_only.usd if strong_only else None)


def _ending(solved: SolvedJob) -> JobEnding:
    resolution = solved.resolution
    on_pull = solved.follow_up is not None
    if resolution.patch and _may_publish(solved):
        return _published(solved)
    match resolution.ending:
        case Ending.OVER_BUDGET:
            best = _best_so_far(solved)
            ending = endings.over_budget(resolution.reason, solved.bill, solved.month, solved.attempts, best)
        case Ending.QUESTION:
            ending = endings.question(
                resolution.reason, comments.question(resolution.reason, solved.bill, pull=on_pull)
            )
        case Ending.UNJUDGED:
            found = solved.result
            text = comments.unjudgeable(found.looked, found.suggestion, found.log, solved.bill, pull=on_pull)
            ending = endings.unjudged(text)
        case _ if _no_model_answered(solved):
            ending = endings.failed("no model gave an answer", resolution.attempts[-1].attempt.error)
        case _:
            text = comments.declined(solved.attempts, solved.bill, solved.month, resolution.reason, pull=on_pull)
            ending = endings.no_fix(resolution.reason, text)
    return ending


def _may_publish(solved: SolvedJob) -> bool:
    ending = solved.resolution.ending
    draft = ending is Ending.UNVERIFIED and solved.admitted.file.unverified == "draft"
    return ending is Ending.ACCEPTED or draft


def _no_model_answered(solved: SolvedJob) -> bool:
    """Whether every attempt ended on an error without a single answered call: the provider's fault, not the issue's."""
    attempts = solved.resolution.attempts
    answered = any(charge.usd is not None for charge in solved.charges)
    return bool(attempts) and not answered and all(one.attempt.error for one in attempts)


def _best_so_far(solved: SolvedJob) -> str:
    chosen = solved.resolution.chosen
    if chosen is None or not chosen.attempt.patch:
        return ""
    rung = chosen.verdict.evidence.top.name.lower()
    return (
        f"The best so far is attempt {solved.chosen}: its evidence reaches “{rung}”, which is less than this "
        "repository asks for, so it isn't published."
    )


# -- a pull request ----------------------------------------------------------------------------------------------


def _published(solved: SolvedJob) -> JobEnding:
    resolution, follow_up = solved.resolution, solved.follow_up
    chosen = resolution.chosen
    if chosen is None:
        raise ValueError(f"a resolution that ended {resolution.ending} with a patch has no chosen attempt")
    accepted = resolution.ending is Ending.ACCEPTED
    evidence = chosen.verdict.evidence
    reason = "" if accepted else f"It is a draft because {resolution.reason}"
    opened = "Opened a pull request" if accepted else "Opened a draft"
    return JobEnding(
        state=State.OPENED,
        reason=resolution.reason,
        headline="Added a commit to the pull request" if follow_up else opened,
        text=comments.opened_details(pull_request.summary(evidence), reason, solved.bill, solved.month),
        label=labels.OPENED,
        publication=_publication(solved, chosen),
        wanted_label="" if follow_up else solved.admitted.file.label,
        threads=follow_up.threads if follow_up else (),
        check="success" if accepted else "neutral",
        evidence=evidence.top.name.lower(),
        tier=chosen.attempt.tier,
        strategy=solved.result.versions.strategy,
    )


def _publication(solved: SolvedJob, chosen: JudgedAttempt) -> Publication:
    """What is to be seen on GitHub. What was judged is published: edits of existing tests were left out of both."""
    job, pull = solved.job, solved.follow_up.pull if solved.follow_up else None
    resolution, evidence = solved.resolution, chosen.verdict.evidence
    new_draft = solved.admitted.file.draft or resolution.ending is not Ending.ACCEPTED
    return Publication(
        issue=job.issue,
        branch=branch_of(job.issue),
        base=solved.admitted.base,
        parent=solved.workspace.base,
        files=changed_files(solved.workspace, resolution.patch.without(frozenset(evidence.restored))),
        message=pull_request.commit_message(job.issue, solved.title, job.id, evidence),
        title=pull.title if pull else pull_request.title(solved.title, job.issue),
        body=pull_request.body(_pull_facts(solved, chosen)),
        draft=pull.draft if pull else new_draft,
        follow_up=pull is not None,
    )


def _pull_facts(solved: SolvedJob, chosen: JudgedAttempt) -> pull_request.PullFacts:
    job, resolution, follow_up = solved.job, solved.resolution, solved.follow_up
    earlier = follow_up.earlier_charges if follow_up else ()
    return pull_request.PullFacts(
        issue=job.issue,
        issue_title=solved.title,
        ending=resolution.ending,
        asked=ASKED[solved.admitted.file.accept],
        reason=resolution.reason,
        evidence=chosen.verdict.evidence,
        diagnosis=chosen.attempt.diagnosis,
        rows=solved.attempts,
        bill=replace(bill([*earlier, *solved.charges]), strong_only=None if earlier else solved.bill.strong_only),
        month=solved.month,
        record=job_record(
            job=job.id,
            issue=job.issue,
            base_commit=solved.workspace.base,
            versions=solved.result.versions,
            resolution=resolution,
            bill=solved.bill,
        ),
        template=template(solved.workspace),
        page=solved.page,
        cause=follow_up.cause if follow_up else "",
    )
