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
from strategies.verification.pinned_tests import file_of, quoted, updates_them
from workers.billing.bill import Bill, Month, bill
from workers.github.types import RemotePull
from workers.jobs.branch import branch_of
from workers.jobs.ending import JobEnding, Publication
from workers.jobs.job import Job, State
from workers.messages import comments, people_decide, pull_request
from workers.messages.attempt_view import AttemptView
from workers.messages.job_record import job_record
from workers.messages.judged_attempts import views_of_judged
from workers.pipeline import endings, labels
from workers.pipeline.admission import Admitted
from workers.pipeline.checkout import changed_files, template
from workers.solving.solve_request import SolveResult

DIFF_LIMIT = 60_000
"""Characters of a diff that are kept for the comment where it cannot be published."""
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
    ending = replace(_ending(solved), strong_only=strong_only.usd if strong_only else None)
    lines = solved.result.suggestion
    if not lines:
        return ending
    return replace(ending, text=f"{ending.text}\n\n{comments.set_up_offer(lines)}")


def _ending(solved: SolvedJob) -> JobEnding:
    resolution = solved.resolution
    on_pull = solved.follow_up is not None
    if resolution.patch and _may_publish(solved):
        return _published(solved)
    if _doubtful_draft(solved) and resolution.doubtful is not None:
        return _published_in_doubt(solved, resolution.doubtful)
    match resolution.ending:
        case Ending.ASKS if resolution.chosen is not None:
            asked = _question(solved, resolution.chosen)
            diff = solved.workspace.diff(resolution.chosen.attempt.patch)
            text = comments.asked_about_tests(asked, diff, solved.bill, solved.month, pull=on_pull)
            ending = endings.asks(resolution.reason, text)
        case Ending.OVER_BUDGET:
            best = _best_so_far(solved) or _in_doubt(solved)
            ending = endings.over_budget(resolution.reason, solved.bill, solved.month, solved.attempts, best)
        case Ending.QUESTION:
            ending = endings.question(
                resolution.reason, comments.question(resolution.reason, solved.bill, pull=on_pull)
            )
        case Ending.UNJUDGED:
            found = solved.result
            text = comments.unjudgeable(found.looked, found.log, solved.bill, pull=on_pull)
            ending = endings.unjudged(text)
        case _ if _no_model_answered(solved):
            ending = endings.failed("no model gave an answer", resolution.attempts[-1].attempt.error)
        case _:
            text = comments.declined(
                solved.attempts,
                solved.bill,
                solved.month,
                resolution.reason,
                pull=on_pull,
                doubtful=_in_doubt(solved),
            )
            ending = endings.no_fix(resolution.reason, text)
    return ending


def _may_publish(solved: SolvedJob) -> bool:
    ending = solved.resolution.ending
    less = ending in (Ending.UNVERIFIED, Ending.ASKS) and solved.admitted.file.unverified == "draft"
    return ending in (Ending.ACCEPTED, Ending.DOUBTED) or less


def _doubtful_draft(solved: SolvedJob) -> bool:
    """Whether the best rejected patch is opened as a draft: never on a pull request that is already there."""
    wanted = solved.admitted.file.doubtful == "draft" and solved.follow_up is None
    return wanted and solved.resolution.ending is Ending.UNSOLVED and solved.resolution.doubtful is not None


def _number(solved: SolvedJob, attempt: JudgedAttempt) -> int:
    """The attempt's number, from 1."""
    return next(number for number, one in enumerate(solved.resolution.attempts, 1) if one is attempt)


def _in_doubt(solved: SolvedJob) -> str:
    """What people may judge better than the test did: a test that rejects everything, and the best rejected patch."""
    doubt = people_decide.test_doubt_text(solved.resolution.test_doubt)
    return "\n\n".join(part for part in (doubt, _doubtful_text(solved)) if part)


def _doubtful_text(solved: SolvedJob) -> str:
    """The best rejected patch with the test that it fails, for the comment; "" where there is none."""
    doubtful = solved.resolution.doubtful
    test = doubtful.verdict.evidence.reproduction if doubtful is not None else None
    if doubtful is None or test is None or solved.admitted.file.doubtful == "none":
        return ""
    return people_decide.doubtful_text(_number(solved, doubtful), solved.workspace.diff(doubtful.attempt.patch), test)


def _question(solved: SolvedJob, chosen: JudgedAttempt) -> people_decide.PatchQuestion:
    """What the chosen patch asks about existing tests, with their code at the base commit."""
    evidence, workspace = chosen.verdict.evidence, solved.workspace
    paths = [f.path for f in workspace.files()]
    holding = {file_of(test, paths) for test in evidence.asks} - {""}
    tests = quoted(evidence.asks, paths, {path: workspace.read_text(path) or "" for path in holding})
    published = tuple(path for path in evidence.restored if path in holding)
    updates = updates_them(evidence.restored, tests)
    return people_decide.PatchQuestion(tests, chosen.verdict.feedback, published, updates)


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
    opened, label, check_title = _OPENED[resolution.ending]
    return JobEnding(
        state=State.OPENED,
        reason=resolution.reason,
        headline="Added a commit to the pull request" if follow_up else opened,
        text=comments.opened_details(pull_request.summary(evidence), reason, solved.bill, solved.month),
        label=label,
        publication=_publication(solved, chosen),
        wanted_label="" if follow_up else solved.admitted.file.label,
        threads=follow_up.threads if follow_up else (),
        check="success" if accepted else "neutral",
        check_title=check_title,
        evidence=evidence.top.name.lower(),
        tier=chosen.attempt.tier,
        strategy=solved.result.versions.strategy,
        diff=solved.workspace.diff(resolution.patch)[:DIFF_LIMIT],
    )


_OPENED = {
    Ending.ACCEPTED: ("Opened a pull request", labels.OPENED, ""),
    Ending.UNVERIFIED: ("Opened a draft", labels.OPENED, ""),
    Ending.DOUBTED: ("Opened a draft to be read first", labels.OPENED, "The evidence is enough, with doubts"),
    Ending.ASKS: ("Opened a draft with a question", labels.NEEDS_HUMAN, "Existing tests are to be decided about"),
}
"""The headline, the label and the words of the check run (\"\" for the usual ones) of what is published."""


def _published_in_doubt(solved: SolvedJob, doubtful: JudgedAttempt) -> JobEnding:
    """The best rejected patch as a draft. The job has not resolved the issue, and nothing counts it so."""
    resolution, evidence = solved.resolution, doubtful.verdict.evidence
    reason = "It is only a draft, in case the test is what is wrong; nobody was asked to review it"
    text = comments.opened_details(pull_request.summary(evidence), reason, solved.bill, solved.month)
    ending = endings.no_fix(resolution.reason, f"It fails the test that I wrote from the issue. {text}")
    return replace(
        ending,
        headline="Opened a doubtful draft",
        publication=_publication(solved, doubtful),
        wanted_label=solved.admitted.file.label,
        check="neutral",
        check_title="The test from the issue fails",
        evidence=evidence.top.name.lower(),
        tier=doubtful.attempt.tier,
        strategy=solved.result.versions.strategy,
        diff=solved.workspace.diff(doubtful.attempt.patch)[:DIFF_LIMIT],
    )


def _publication(solved: SolvedJob, chosen: JudgedAttempt) -> Publication:
    """What is to be seen on GitHub. What was judged is published: edits of existing tests were left out of both, except
    for those that a patch asks about."""
    job, pull = solved.job, solved.follow_up.pull if solved.follow_up else None
    resolution, evidence = solved.resolution, chosen.verdict.evidence
    new_draft = solved.admitted.file.draft or resolution.ending is not Ending.ACCEPTED
    patch = resolution.patch if chosen is resolution.chosen else chosen.attempt.patch
    published = _question(solved, chosen).published if evidence.asks else ()
    return Publication(
        issue=job.issue,
        branch=branch_of(job.issue),
        base=solved.admitted.base,
        parent=solved.workspace.base,
        files=changed_files(solved.workspace, patch.without(frozenset(evidence.restored) - set(published))),
        message=pull_request.commit_message(job.issue, solved.title, job.id, evidence),
        title=pull.title if pull else pull_request.title(solved.title, job.issue),
        body=pull_request.body(_pull_facts(solved, chosen)),
        draft=pull.draft if pull else new_draft,
        follow_up=pull is not None,
    )


def _pull_facts(solved: SolvedJob, chosen: JudgedAttempt) -> pull_request.PullFacts:
    job, resolution, follow_up = solved.job, solved.resolution, solved.follow_up
    evidence = chosen.verdict.evidence
    earlier = follow_up.earlier_charges if follow_up else ()
    return pull_request.PullFacts(
        issue=job.issue,
        issue_title=solved.title,
        ending=resolution.ending,
        asked=ASKED[solved.admitted.file.accept],
        reason=resolution.reason,
        evidence=evidence,
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
        question=_question(solved, chosen) if evidence.asks else None,
    )
