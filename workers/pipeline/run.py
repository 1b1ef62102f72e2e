"""One run of one job, lines 5 to 11: look, check out, solve, publish, settle. `workers.pipeline.runner` leased it.

Decisions are elsewhere and pure (`admission`, `conclude`, `errors`); what must survive a crash
is in the database before anything is written outside.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
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
from workers.config.repository_file import RepositoryFile
from workers.github.types import RemoteIssue, RemotePull, RemoteRepository
from workers.jobs import outcomes, queue, timeline
from workers.jobs.ending import JobEnding, to_facts
from workers.jobs.history import AttemptHistory
from workers.jobs.job import Job, Kind, LeaseLost, State
from workers.jobs.step_kinds import HIDDEN_STEPS, SETTLED, SETTLEMENT
from workers.messages import comments
from workers.pipeline import budget_alerts, labels
from workers.pipeline.admission import (
    Admitted,
    Rejected,
    admit,
    admit_follow_up,
    still_open,
    still_wanted,
    take_snapshot,
)
from workers.pipeline.checkout import checkout
from workers.pipeline.conclude import Concluding, conclude
from workers.pipeline.dependencies import Forge, JobDependencies
from workers.pipeline.errors import Retry, classify_error, ending_of_failure
from workers.pipeline.finish import HEADLINES, finish
from workers.pipeline.follow_up import Request, answer_threads, answer_to, instructions, read_request
from workers.pipeline.issue_text import visible_issue
from workers.pipeline.lease_heartbeat import Cancelled, LeaseHeartbeat
from workers.pipeline.publish import BranchMoved, BranchTaken, publish
from workers.pipeline.repository_label import record_repository_file
from workers.pipeline.status_comment import StatusComment
from workers.solving.solve_request import SolveRequest

log = structlog.get_logger()


class Run:
    """One run of one job: holds what the lines share."""

    def __init__(self, deps: JobDependencies, job: Job, heartbeat: LeaseHeartbeat, forge: Forge) -> None:
        self.deps = deps
        self.job = job
        self.heartbeat = heartbeat
        self.forge = forge
        with deps.database.read() as session:
            said = timeline.steps(session, job.id, HIDDEN_STEPS)
        self.status = StatusComment(
            forge,
            job.thread,
            comment_id=job.comment_id,
            said=said,
            store=self._store,
            remember=lambda comment_id: self._update(comment_id=comment_id),
            fence=heartbeat.fence,
            page=deps.page(job),
            interval=deps.edit_interval,
        )
        heartbeat.tick = self.status.tick
        self.account = JobAccount(deps.database, job, heartbeat.lease, deps.limits, deps.clock)

    def go(self) -> State | None:
        """To the end, or to a later run."""
        with self.deps.database.read() as session:
            ending = timeline.pending_settlement(session, self.job.id)
        try:
            if ending is None:
                ending = self._follow_up() if self.job.kind is Kind.FOLLOW_UP else self._decide()
                self._keep(ending)
            self._ask_again(ending)
            self.deps.at(10)
            return self._settle(ending)
        except LeaseLost:
            raise
        except Cancelled as error:
            return self._end(self._cancelled(str(error)))
        except BranchTaken as error:
            text = comments.refused(f"the branch `{error}` holds commits that are not mine.", "Rename or delete it.")
            return self._end(
                JobEnding(State.DECLINED, "the branch is taken", "Not published", text, labels.NEEDS_HUMAN)
            )
        except Exception as error:  # what it means is decided in one place; a bug stays loud in carry_out
            if isinstance(error, BranchMoved):
                self._store(Step(SETTLED, "decided on a commit that is not the newest any more"))
            what = classify_error(error, self.job.attempts, self.deps.most_runs, self.deps.clock())
            if isinstance(what, Retry):
                if what.told:
                    self.status.say(Step("waiting", what.reason))
                    self.status.flush()
                raise
            if not what.tell:
                raise
            if what.loud:
                log.exception("a job failed on an error of ours", job=self.job.id)
            return self._end(ending_of_failure(what))

    # -- lines 5 to 9 ----------------------------------------------------------------------------------------

    def _decide(self) -> JobEnding:
        self.deps.at(5)
        snapshot = take_snapshot(self.forge, self.job, self.deps.strategies, self._left)
        repository = snapshot.repository
        decision = admit(snapshot)
        if isinstance(decision, Rejected):
            return self._turned(decision)
        waits = self._approval(decision, snapshot.issue)
        if waits is not None:
            return waits
        self.heartbeat.ask()
        self.status.start("Working on it")
        self.heartbeat.fence()
        self.forge.add_label(self.job.issue, labels.WORKING, labels.LABEL_STYLES[labels.WORKING])

        self.deps.at(6)
        self.status.say(Step("checkout", f"Checking out {decision.base}"))
        with self._checkout(repository, decision.base) as workspace:
            issue = visible_issue(self.forge, snapshot.issue, repository.full_name)
            return self._solve(decision, issue, workspace, snapshot.issue.title)

    def _checkout(self, repository: RemoteRepository, ref: str) -> Workspace:
        workspace = checkout(self.deps.home, repository, self.job.installation_id, ref, self.forge.token)
        self._update(base_commit=workspace.base, repository=repository.full_name)
        return workspace

    def _follow_up(self) -> JobEnding:
        """The same on our pull request's branch, with what was asked for there."""
        self.deps.at(5)
        request = read_request(self.job.request)
        pull = self.forge.read_pull(request.pull)
        asked = "" if request.cause == "checks" else self.job.actor
        snapshot = take_snapshot(self.forge, self.job, self.deps.strategies, self._left, actor=asked)
        failed = self.forge.list_failed_checks(pull.head_sha) if request.cause == "checks" else ()
        decision = admit_follow_up(snapshot, pull, request, failed)
        if isinstance(decision, Rejected):
            return self._turned(decision)
        self.heartbeat.ask()
        self.status.start("Working on what was asked for in the pull request")

        self.deps.at(6)
        self.status.say(Step("checkout", f"Checking out {pull.head_branch}"))
        with self._checkout(snapshot.repository, pull.head_sha) as workspace:
            todo = instructions(self.forge, request, self.job.actor)
            issue = visible_issue(self.forge, snapshot.issue, snapshot.repository.full_name, todo)
            return self._solve(decision, issue, workspace, snapshot.issue.title, pull, request)

    def _approval(self, decision: Admitted, issue: RemoteIssue) -> JobEnding | None:
        """An ending that asks for `/autofix approve`, when the estimate is above what may be spent unasked."""
        asked = [t for t in (self.deps.quote_above, decision.file.quote_above_usd) if t is not None]
        if not asked or self.job.approved:
            return None
        estimate = self.deps.quote(self.job.place, issue, decision.file)
        if estimate.high <= min(asked):
            return None
        text = comments.awaiting_approval(comments.quote(estimate, self.account.month()), min(asked))
        return JobEnding(State.DECLINED, comments.AWAITS_APPROVAL, "Waiting for approval", text)

    def _solve(
        self,
        decision: Admitted,
        issue: Issue,
        workspace: Workspace,
        title: str,
        pull: RemotePull | None = None,
        request: Request | None = None,
    ) -> JobEnding:
        strategy = self.job.strategy or decision.file.strategy
        solve_request = SolveRequest(
            issue=issue,
            workspace=workspace,
            scope=f"{self.job.installation_id}-{self.job.repository_id}",
            file=decision.file,
            strategy=strategy,
            meter=self.account,
            say=self._say,
            at=self.deps.at,
            stop=self.heartbeat.ask,
            memory=self.deps.home / "memory" / str(self.job.repository_id),
            outcomes=AttemptHistory(self.deps.database, self.job.repository_id),
        )
        before = len(self.account.charges())  # those of a run that crashed
        try:
            result = self.deps.solver(solve_request)
        except OverBudget as error:
            self.account.raise_if_stopped()
            return self._turned(Rejected(State.OVER_BUDGET, str(error), "", labels.OVER_BUDGET))
        if result.resolution.ending is Ending.OVER_BUDGET:
            self.account.raise_if_stopped()
        charges, now = self.account.charges(), self.deps.clock()
        with self.deps.database.begin() as session:
            queue.fenced(session, self.heartbeat.lease)
            diffs = [workspace.diff(t.attempt.patch) if t.attempt.patch else "" for t in result.resolution.tried]
            timeline.keep_attempts(
                session, self.job.id, result.versions, result.resolution, diffs, charges[before:], now
            )
            timeline.keep_issue(session, self.job.id, issue)
            timeline.keep_versions(session, self.job.id, result.versions, now)
        ending = conclude(
            Concluding(
                job=self.job.id,
                issue=self.job.issue,
                title=title,
                base=decision.base,
                file=decision.file,
                result=result,
                workspace=workspace,
                charges=charges,
                month=self.account.month(),
                page=self.deps.page(self.job),
                pull=pull,
                threads=answer_to(self.forge, request, self.job.actor) if request is not None else (),
                earlier=self.account.earlier(self.job.branch) if request is not None else (),
                cause=request.cause if request is not None else "",
            )
        )
        return self._priced(ending)

    def _priced(self, ending: JobEnding) -> JobEnding:
        """With what the call that found no room would have needed, so that the job goes on when it is there."""
        if ending.state is not State.OVER_BUDGET or self.account.needed is None:
            return ending
        return replace(ending, needed=str(self.account.needed))

    def _turned(self, turned: Rejected) -> JobEnding:
        text = turned.text
        if turned.state is State.OVER_BUDGET:
            text = comments.over_budget((), self._bill(), self.account.month(), turned.reason, "")
        elif turned.state is State.CANCELLED:
            text = comments.cancelled(turned.reason, self._bill().total)
        headline = HEADLINES[turned.state]
        return self._priced(JobEnding(turned.state, turned.reason, headline, text, turned.label, quiet=turned.quiet))

    # -- line 10 ---------------------------------------------------------------------------------------------

    def _ask_again(self, ending: JobEnding) -> None:
        """Everything is looked at once more before something is published. Raises Cancelled or LeaseLost."""
        self.heartbeat.ask()
        if ending.publication is None:
            return
        repository = self.forge.read_repository()
        if ending.publication.follow_up:
            gone = still_open(repository, self.forge.read_pull(self.job.pull_request))
        else:
            gone = still_wanted(repository, self.forge.read_issue(self.job.issue), ending.wanted_label)
        if gone is not None:
            raise Cancelled(gone.reason)

    def _left(self, file: RepositoryFile) -> Decimal:
        """USD left, by the file's wishes too."""
        with self.deps.database.begin() as session:
            record_repository_file(session, self.job.repository_id, file, self.deps.clock())
        return self.account.left()

    # -- endings ---------------------------------------------------------------------------------------------

    def _cancelled(self, reason: str) -> JobEnding:
        with self.deps.database.read() as session:
            row = queue.find(session, self.job.id)
        reason = reason or (row.reason if row is not None else "") or "somebody stopped it"
        return self._turned(Rejected(State.CANCELLED, reason, "", quiet=True))

    def _end(self, ending: JobEnding) -> State:
        self._keep(ending)
        return self._settle(ending)

    def _settle(self, ending: JobEnding) -> State:
        """Publish and say so, each step finding what is done; then, in one transaction, the job is over."""
        pull = None
        if ending.publication is not None:
            pull = publish(self.forge, ending.publication, self.heartbeat.fence)
            answer_threads(self.forge, pull, ending.threads, self.heartbeat.fence)
            self._update(branch=pull.head_branch, pull_request=pull.number)
        self.deps.at(11)
        follow_up = self.job.kind is Kind.FOLLOW_UP
        labelled = None if follow_up else self.job.issue  # the issue's label says that there is a pull request
        finish(self.forge, self.status, ending, labelled, pull, self.heartbeat.fence)
        now, cost = self.deps.clock(), self._bill().total
        with self.deps.database.begin() as session:
            row = queue.fenced(session, self.heartbeat.lease)
            row.usd = cost
            row.strong_usd = Decimal(ending.strong_only) if ending.strong_only else None
            timeline.add_step(session, self.job.id, Step(SETTLED, ending.headline), now)
            if pull is not None and not follow_up:  # a pull request counts for those who opened it
                self._remember(session, ending, pull, now)
            restarted = queue.finish(
                session,
                self.heartbeat.lease,
                ending.state,
                ending.reason,
                now=now,
                needed=Decimal(ending.needed) if ending.needed else None,
            )
        if restarted is not None:
            self.deps.wake(restarted.job_id)
        deps, ended = self.deps, self._month_is_over(ending)
        budget_alerts.keep_up(self.forge, deps.database, self.job.repository_id, deps.limits, deps.clock, ended=ended)
        return ending.state

    def _month_is_over(self, ending: JobEnding) -> bool:
        """Whether the repository's month, not another cap, stopped the job."""
        if ending.state is not State.OVER_BUDGET:
            return False
        month = self.account.month()
        return self.account.full == "repository" or month.spent + month.reserved >= month.cap

    def _remember(self, session: Session, s: JobEnding, pull: RemotePull, now: datetime) -> None:
        strategy = self.job.strategy or s.strategy
        outcomes.opened(
            session,
            self.job,
            pull_request=pull.number,
            branch=pull.head_branch,
            tier=s.tier,
            strategy=strategy,
            evidence=s.evidence,
            now=now,
        )

    def _bill(self) -> Bill:
        return bill(self.account.charges())

    # -- the database ----------------------------------------------------------------------------------------

    def _say(self, step: Step) -> None:
        self.heartbeat.check()
        self.status.say(step)

    def _store(self, step: Step) -> None:
        with self.deps.database.begin() as session:
            queue.fenced(session, self.heartbeat.lease)
            timeline.add_step(session, self.job.id, step, self.deps.clock())

    def _keep(self, ending: JobEnding) -> None:
        """In the database before anything is written outside."""
        self._store(Step(SETTLEMENT, ending.headline, to_facts(ending)))

    def _update(self, **columns: object) -> None:
        with self.deps.database.begin() as session:
            self.job = queue.update(session, self.heartbeat.lease, now=self.deps.clock(), **columns)
