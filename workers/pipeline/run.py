"""One run of one leased job, lines 5 to 11: admission, checkout, solving, the ending, publishing, settling.

Decisions are pure and elsewhere (`admission`, `decide_ending`, `errors`); what must survive a crash is in the database
before anything is written outside.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import structlog
from sqlalchemy.orm import Session

from sandbox.repository.workspace import Workspace
from strategies.issue import Issue
from strategies.models.meter import OverBudget
from strategies.resolution import Ending
from strategies.step import Step
from workers.billing.bill import Bill, bill
from workers.billing.job_account import JobAccount
from workers.billing.totals import CapScope
from workers.config.repository_file import RepositoryFile
from workers.github.types import RemoteIssue, RemotePull, RemoteRepository
from workers.jobs import outcomes, queue, timeline
from workers.jobs.branch import branch_of
from workers.jobs.ending import JobEnding, to_facts
from workers.jobs.history import AttemptHistory
from workers.jobs.job import Job, Kind, LeaseLost, State
from workers.jobs.step_kinds import HIDDEN_STEPS, SETTLED, SETTLEMENT
from workers.messages import comments
from workers.pipeline import budget_alerts, endings, labels
from workers.pipeline.admission import (
    Admitted,
    Rejected,
    Snapshot,
    admit,
    admit_follow_up,
    recheck_issue,
    recheck_pull_request,
    take_snapshot,
)
from workers.pipeline.checkout import checkout
from workers.pipeline.decide_ending import FollowUpWork, SolvedJob, decide_ending
from workers.pipeline.dependencies import Forge, JobDependencies
from workers.pipeline.errors import Retry, classify_error, refusal
from workers.pipeline.follow_up import FollowUpRequest, answer_threads, instructions, read_request, threads_to_answer
from workers.pipeline.issue_text import visible_issue
from workers.pipeline.lease_heartbeat import Cancelled, LeaseHeartbeat
from workers.pipeline.leased_job import LeasedJob
from workers.pipeline.publish import BranchMoved, BranchTaken, publish
from workers.pipeline.repository_label import record_repository_file
from workers.pipeline.show_ending import show_ending
from workers.pipeline.status_comment import Progress, StatusComment
from workers.solving.solve_request import SolveRequest, SolveResult

log = structlog.get_logger()


class Run:
    """One run of one job, with what its lines share."""

    def __init__(self, deps: JobDependencies, job: Job, heartbeat: LeaseHeartbeat, forge: Forge) -> None:
        self.deps = deps
        self.heartbeat = heartbeat
        self.forge = forge
        self.leased = LeasedJob(deps.database, job, heartbeat.lease, deps.clock)
        self.account = JobAccount(deps.database, job, heartbeat.lease, deps.limits, deps.clock)
        with deps.database.read() as session:
            earlier = timeline.steps(session, job.id, HIDDEN_STEPS)
        self.comment = StatusComment(
            forge,
            job.thread,
            self.leased,
            comment_id=job.comment_id,
            steps=earlier,
            page=deps.page(job),
            interval=deps.edit_interval,
        )
        self.progress = Progress(heartbeat, self.leased, self.comment)
        self.published = False

    @property
    def job(self) -> Job:
        """The job as it was last written."""
        return self.leased.job

    def go(self) -> State | None:
        """To the end, or to a later run (raises what has to be tried again)."""
        with self.deps.database.read() as session:
            ending = timeline.pending_settlement(session, self.job.id)
        try:
            if ending is None:
                ending = self._work_on_pull_request() if self.job.kind is Kind.FOLLOW_UP else self._work_on_issue()
                self._store_ending(ending)
            self._check_still_wanted(ending)
            self.deps.at_line(10)
            return self._settle(ending)
        except LeaseLost:
            raise
        except Cancelled as error:
            return self._end(self._cancelled(str(error)))
        except BranchTaken as error:
            reason = f"the branch `{error}` holds commits that are not mine"
            return self._end(self._not_published(ending, reason, "Rename or delete it."))
        except Exception as error:  # noqa: BLE001 - what it means is decided in one place; a bug is raised or logged there
            return self._end(self._failed(error, ending))

    # -- lines 5 and 6: admission and checkout ---------------------------------------------------------------

    def _work_on_issue(self) -> JobEnding:
        self.deps.at_line(5)
        snapshot = take_snapshot(self.forge, self.job, self.deps.strategies, self._money_left)
        kept = self._kept()
        decision = admit(snapshot, paid=kept is not None)
        if isinstance(decision, Rejected):
            self._keep(kept)
            return self._rejected(decision)
        if kept is not None:
            return kept
        waits = self._approval(decision, snapshot.issue)
        if waits is not None:
            return waits
        self.heartbeat.check_now()
        self.comment.start("Working on it")
        self.leased.fence()
        self.forge.add_label(self.job.issue, labels.WORKING, labels.LABEL_STYLES[labels.WORKING])

        self.deps.at_line(6)
        self.progress.report(Step("checkout", f"Checking out {decision.base}"))
        with self._checkout(snapshot.repository, decision.base) as workspace:
            issue = self._visible(snapshot)
            return self._solve(decision, issue, workspace, snapshot.issue.title)

    def _work_on_pull_request(self) -> JobEnding:
        """The same for a follow-up: on our pull request's branch, with what was asked for there."""
        self.deps.at_line(5)
        request = read_request(self.job.request)
        pull = self.forge.read_pull(request.pull)
        asked_by = "" if request.cause == "checks" else self.job.actor
        snapshot = take_snapshot(self.forge, self.job, self.deps.strategies, self._money_left, actor=asked_by)
        failed = self.forge.list_failed_checks(pull.head_sha) if request.cause == "checks" else ()
        decision = admit_follow_up(snapshot, pull, request, failed)
        if isinstance(decision, Rejected):
            return self._rejected(decision)
        self.heartbeat.check_now()
        self.comment.start("Working on what was asked for in the pull request")

        self.deps.at_line(6)
        self.progress.report(Step("checkout", f"Checking out {pull.head_branch}"))
        with self._checkout(snapshot.repository, pull.head_sha) as workspace:
            todo = instructions(self.forge, request, self.job.actor, self.deps.prompts)
            issue = self._visible(snapshot, todo)
            return self._solve(decision, issue, workspace, snapshot.issue.title, pull, request)

    def _visible(self, snapshot: Snapshot, instructions: str = "") -> Issue:
        name = snapshot.repository.full_name
        return visible_issue(
            self.forge,
            snapshot.issue,
            name,
            instructions,
            fetch=lambda texts: self.deps.fetch_images(texts, self.forge.token),
        )

    def _money_left(self, file: RepositoryFile) -> Decimal:
        """USD under the tightest cap, of which the repository's file may set some."""
        with self.deps.database.begin() as session:
            record_repository_file(session, self.job.repository_id, file, self.deps.clock())
        return self.account.left()

    def _approval(self, decision: Admitted, issue: RemoteIssue) -> JobEnding | None:
        """An ending that asks for `/autofix approve`, when the estimate is above what may be spent unasked."""
        thresholds = [t for t in (self.deps.quote_above, decision.file.quote_above_usd) if t is not None]
        if not thresholds or self.job.approved:
            return None
        estimate = self.deps.quote(self.job.place, issue, decision.file)
        if estimate.high <= min(thresholds):
            return None
        quote = comments.quote(estimate, self.account.month())
        return endings.awaiting_approval(comments.awaiting_approval(quote, min(thresholds)))

    def _checkout(self, repository: RemoteRepository, ref: str) -> Workspace:
        workspace = checkout(self.deps.home, repository, self.job.installation_id, ref, self.forge.token)
        self.leased.update(base_commit=workspace.base, repository=repository.full_name)
        return workspace

    # -- lines 7 to 9: solving -------------------------------------------------------------------------------

    def _solve(
        self,
        decision: Admitted,
        issue: Issue,
        workspace: Workspace,
        title: str,
        pull: RemotePull | None = None,
        request: FollowUpRequest | None = None,
    ) -> JobEnding:
        before = len(self.account.charges())  # those of a run that crashed
        try:
            result = self.deps.solver(self._solve_request(decision, issue, workspace))
        except OverBudget as error:
            self.account.raise_if_stopped()
            return self._over_budget(str(error))
        if result.resolution.ending is Ending.OVER_BUDGET:
            self.account.raise_if_stopped()
        self._store_attempts(result, issue, workspace, before)
        follow_up = None
        if pull is not None and request is not None:
            threads = threads_to_answer(self.forge, request, self.job.actor)
            follow_up = FollowUpWork(pull, request.cause, threads, self.account.earlier(self.job.branch))
        solved = SolvedJob(
            job=self.job,
            title=title,
            admitted=decision,
            workspace=workspace,
            result=result,
            charges=self.account.charges(),
            month=self.account.month(),
            page=self.deps.page(self.job),
            follow_up=follow_up,
        )
        return self._with_money_needed(decide_ending(solved))

    def _solve_request(self, decision: Admitted, issue: Issue, workspace: Workspace) -> SolveRequest:
        return SolveRequest(
            issue=issue,
            workspace=workspace,
            scope=f"{self.job.installation_id}-{self.job.repository_id}",
            file=decision.file,
            strategy=self.job.strategy or decision.file.strategy,
            meter=self.account,
            say=self.progress.report,
            at_line=self.deps.at_line,
            stop=self.heartbeat.check_now,
            memory=self.deps.home / "memory" / str(self.job.repository_id),
            outcomes=AttemptHistory(self.deps.database, self.job.repository_id),
        )

    def _store_attempts(self, result: SolveResult, issue: Issue, workspace: Workspace, charges_before: int) -> None:
        resolution, now = result.resolution, self.deps.clock()
        charges = self.account.charges()[charges_before:]
        with self.deps.database.begin() as session:
            queue.fenced(session, self.heartbeat.lease)
            diffs = [workspace.diff(t.attempt.patch) if t.attempt.patch else "" for t in resolution.attempts]
            timeline.keep_attempts(session, self.job.id, result.versions, resolution, diffs, charges, now)
            timeline.keep_issue(session, self.job.id, issue)
            timeline.keep_versions(session, self.job.id, result.versions, now)

    # -- endings that are not a resolution -------------------------------------------------------------------

    def _rejected(self, decision: Rejected) -> JobEnding:
        if decision.state is State.OVER_BUDGET:
            return self._over_budget(decision.reason)
        if decision.state is State.CANCELLED:
            return endings.cancelled(decision.reason, self._bill().total)
        return endings.not_started(decision.reason, decision.text, decision.label)

    def _over_budget(self, reason: str) -> JobEnding:
        return self._with_money_needed(endings.over_budget(reason, self._bill(), self.account.month()))

    def _with_money_needed(self, ending: JobEnding) -> JobEnding:
        """With what the call that found no room would have needed, so that the job goes on once it is there."""
        if ending.state is not State.OVER_BUDGET or self.account.needed is None:
            return ending
        return replace(ending, needed=self.account.needed)

    def _cancelled(self, reason: str) -> JobEnding:
        with self.deps.database.read() as session:
            row = queue.find(session, self.job.id)
        reason = reason or (row.reason if row is not None else "") or "somebody stopped it"
        return endings.cancelled(reason, self._bill().total)

    def _failed(self, error: Exception, ending: JobEnding | None) -> JobEnding:
        """The ending that an error means. Raises it when another run is to try again, or when GitHub is not there."""
        unpublished = ending is not None and ending.publication is not None and not self.published
        why = refusal(error, self.job.branch or branch_of(self.job.issue))
        if unpublished and why is not None:
            return self._not_published(ending, *why, said=str(error))
        if isinstance(error, BranchMoved):
            self.leased.add_step(Step(SETTLED, "decided on a commit that is not the newest any more"))
        decision = classify_error(error, self.job.attempts, self.deps.max_runs, self.deps.clock())
        if isinstance(decision, Retry):
            if decision.shown:
                self.progress.report_wait(decision.reason)
            raise error
        if not decision.shown:
            raise error
        if decision.is_bug:
            log.error("a job failed on an error of ours", job=self.job.id, exc_info=error)
        if unpublished and decision.state is State.FAILED:
            return self._not_published(ending, decision.reason, "", decision.details)
        return endings.failed(decision.reason, decision.details, decision.state)

    def _not_published(self, ending: JobEnding | None, reason: str, fix: str, said: str = "") -> JobEnding:
        """The ending of a fix that cannot be published; it is kept, so that a retry only publishes it."""
        if ending is None or ending.publication is None:
            return endings.failed(reason, said)
        self._keep(ending)
        return endings.not_published(ending, reason, fix, said)

    def _keep(self, ending: JobEnding | None) -> None:
        if ending is not None:
            with self.deps.database.begin() as session:
                queue.fenced(session, self.heartbeat.lease)
                timeline.keep_publication(session, self.job.id, ending, self.deps.clock())

    def _kept(self) -> JobEnding | None:
        """A fix that the last job could not publish; None when a strategy is named, which asks to solve it anew."""
        if self.job.strategy:
            return None
        with self.deps.database.read() as session:
            return timeline.kept_publication(session, self.job.repository_id, self.job.issue, self.job.id)

    # -- lines 10 and 11: publish, show the ending, settle ---------------------------------------------------

    def _store_ending(self, ending: JobEnding) -> None:
        """In the database before anything is written outside."""
        self.leased.add_step(Step(SETTLEMENT, ending.headline, to_facts(ending)))

    def _check_still_wanted(self, ending: JobEnding) -> None:
        """Everything is looked at once more before something is published. Raises Cancelled or LeaseLost."""
        self.heartbeat.check_now()
        if ending.publication is None:
            return
        repository = self.forge.read_repository()
        if ending.publication.follow_up:
            rejected = recheck_pull_request(repository, self.forge.read_pull(self.job.pull_request))
        else:
            rejected = recheck_issue(repository, self.forge.read_issue(self.job.issue), ending.wanted_label)
        if rejected is not None:
            raise Cancelled(rejected.reason)

    def _end(self, ending: JobEnding) -> State:
        self._store_ending(ending)
        return self._settle(ending)

    def _settle(self, ending: JobEnding) -> State:
        """Publish and show the ending, each step finding what is done; then, in one transaction, the job is over."""
        pull = None
        if ending.publication is not None:
            pull = publish(self.forge, ending.publication, self.leased.fence)
            self.published = True
            answer_threads(self.forge, pull, ending.threads, self.leased.fence)
            self.leased.update(branch=pull.head_branch, pull_request=pull.number)
        self.deps.at_line(11)
        labelled = (
            None if self.job.kind is Kind.FOLLOW_UP else self.job.issue
        )  # its label says that a pull request is open
        show_ending(self.forge, self.comment, ending, labelled, pull, self.leased.fence)
        with self.deps.database.begin() as session:
            restarted = self._finish(session, ending, pull)
        if restarted is not None:
            self.deps.wake(restarted.job_id)
        self._update_budget_issue(ending)
        return ending.state

    def _finish(self, session: Session, ending: JobEnding, pull: RemotePull | None) -> queue.Enqueued | None:
        """The job's row is over; the job that starts anew, if that was asked for during a cancellation."""
        now, lease = self.deps.clock(), self.heartbeat.lease
        row = queue.fenced(session, lease)
        row.usd = self._bill().total
        row.strong_usd = ending.strong_only
        timeline.add_step(session, self.job.id, Step(SETTLED, ending.headline), now)
        if pull is not None and self.job.kind is not Kind.FOLLOW_UP:  # a pull request counts for those who opened it
            outcomes.opened(
                session,
                self.job,
                pull_request=pull.number,
                branch=pull.head_branch,
                tier=ending.tier,
                strategy=self.job.strategy or ending.strategy,
                evidence=ending.evidence,
                now=now,
            )
        return queue.finish(session, lease, ending.state, ending.reason, now=now, needed=ending.needed)

    def _update_budget_issue(self, ending: JobEnding) -> None:
        deps = self.deps
        month_is_over = False
        if ending.state is State.OVER_BUDGET:  # of the repository's month, not of another cap
            month = self.account.month()
            month_is_over = self.account.full == CapScope.REPOSITORY or month.spent + month.reserved >= month.cap
        budget_alerts.update_budget_issue(
            self.forge, deps.database, self.job.repository_id, deps.limits, deps.clock, ended=month_is_over
        )

    def _bill(self) -> Bill:
        return bill(self.account.charges())
