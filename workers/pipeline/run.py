"""One run of one job, lines 5 to 11: look, check out, solve, publish, settle. `workers.pipeline.runner` leased it.

Decisions are elsewhere and pure (`workers.pipeline.admission`, `workers.pipeline.conclude`, `workers.pipeline.errors`); what must survive a
crash is in the database before anything is written outside.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.orm import Session

from sandbox.repository.workspace import Workspace
from strategies.issue import Issue
from strategies.models.meter import OverBudget
from strategies.resolution import Ending
from strategies.step import Step
from workers.billing.bill import Bill, bill
from workers.billing.job_account import Purse
from workers.config.repository_file import RepositoryFile
from workers.github.types import RemoteIssue, RemotePull, RemoteRepository
from workers.jobs import outcomes, queue, timeline
from workers.jobs.commands import Place
from workers.jobs.ending import DONE, KIND, Settlement, to_facts
from workers.jobs.history import Learned
from workers.jobs.job import Job, Kind, LeaseLost, State
from workers.messages import comments
from workers.pipeline import budget_alerts, labels
from workers.pipeline.admission import Admitted, Turned, admit, admit_follow_up, look, still_open, still_wanted
from workers.pipeline.checkout import checkout
from workers.pipeline.conclude import Concluding, conclude
from workers.pipeline.errors import Again, ending_of, trouble
from workers.pipeline.finish import HEADLINES, settle
from workers.pipeline.follow_up import Request, answer_threads, answer_to, instructions, read_request
from workers.pipeline.issue_text import visible_issue
from workers.pipeline.lease_heartbeat import Cancelled, Watch
from workers.pipeline.publish import BranchMoved, BranchTaken, publish
from workers.pipeline.solve_request import Ground
from workers.pipeline.status_comment import HIDDEN_STEPS, Telling

if TYPE_CHECKING:
    from workers.pipeline.runner import Course, Forge

log = structlog.get_logger()


def place_of(job: Job) -> Place:
    """Where the job is at work."""
    return Place(job.installation_id, job.repository_id, job.repository, job.issue)


def thread_of(job: Job) -> int:
    """Where the job is talked about: its issue, or for a follow-up the pull request."""
    return job.pull_request if job.kind is Kind.FOLLOW_UP else job.issue


class Run:
    """One run of one job: holds what the lines share."""

    def __init__(self, course: Course, job: Job, watch: Watch, forge: Forge) -> None:
        self.course = course
        self.job = job
        self.watch = watch
        self.forge = forge
        with course.database.read() as session:
            said = timeline.steps(session, job.id, HIDDEN_STEPS)
        self.telling = Telling(
            forge,
            thread_of(job),
            comment_id=job.comment_id,
            said=said,
            store=self._store,
            remember=lambda comment_id: self._update(comment_id=comment_id),
            fence=watch.fence,
            page=course.page(job),
            interval=course.edit_interval,
        )
        watch.tick = self.telling.tick
        self.purse = Purse(course.database, job, watch.lease, course.limits, course.clock)

    def go(self) -> State | None:
        """To the end, or to a later run."""
        with self.course.database.read() as session:
            settlement = timeline.pending_settlement(session, self.job.id)
        try:
            if settlement is None:
                settlement = self._follow_up() if self.job.kind is Kind.FOLLOW_UP else self._decide()
                self._keep(settlement)
            self._ask_again(settlement)
            self.course.at(10)
            return self._settle(settlement)
        except LeaseLost:
            raise
        except Cancelled as error:
            return self._end(self._cancelled(str(error)))
        except BranchTaken as error:
            text = comments.refused(f"the branch `{error}` holds commits that are not mine.", "Rename or delete it.")
            return self._end(
                Settlement(State.DECLINED, "the branch is taken", "Not published", text, labels.NEEDS_HUMAN)
            )
        except Exception as error:  # what it means is decided in one place; a bug stays loud in carry_out
            if isinstance(error, BranchMoved):
                self._store(Step(DONE, "decided on a commit that is not the newest any more"))
            what = trouble(error, self.job.attempts, self.course.most_runs, self.course.clock())
            if isinstance(what, Again):
                if what.told:
                    self.telling.say(Step("waiting", what.reason))
                    self.telling.flush()
                raise
            if not what.tell:
                raise
            if what.loud:
                log.exception("a job failed on an error of ours", job=self.job.id)
            return self._end(ending_of(what))

    # -- lines 5 to 9 ----------------------------------------------------------------------------------------

    def _decide(self) -> Settlement:
        self.course.at(5)
        situation = look(self.forge, self.job, self.course.strategies, self._left)
        repository = situation.repository
        decision = admit(situation)
        if isinstance(decision, Turned):
            return self._turned(decision)
        waits = self._approval(decision, situation.issue)
        if waits is not None:
            return waits
        self.watch.ask()
        self.telling.start("Working on it")
        self.watch.fence()
        self.forge.add_label(self.job.issue, labels.WORKING, labels.LOOKS[labels.WORKING])

        self.course.at(6)
        self.telling.say(Step("checkout", f"Checking out {decision.base}"))
        with self._checkout(repository, decision.base) as workspace:
            issue = visible_issue(self.forge, situation.issue, repository.full_name)
            return self._solve(decision, issue, workspace, situation.issue.title)

    def _checkout(self, repository: RemoteRepository, ref: str) -> Workspace:
        workspace = checkout(self.course.home, repository, self.job.installation_id, ref, self.forge.token)
        self._update(base_commit=workspace.base, repository=repository.full_name)
        return workspace

    def _follow_up(self) -> Settlement:
        """The same on our pull request's branch, with what was asked for there."""
        self.course.at(5)
        request = read_request(self.job.request)
        pull = self.forge.read_pull(request.pull)
        asked = "" if request.cause == "checks" else self.job.actor
        situation = look(self.forge, self.job, self.course.strategies, self._left, actor=asked)
        failed = self.forge.list_failed_checks(pull.head_sha) if request.cause == "checks" else ()
        decision = admit_follow_up(situation, pull, request, failed)
        if isinstance(decision, Turned):
            return self._turned(decision)
        self.watch.ask()
        self.telling.start("Working on what was asked for in the pull request")

        self.course.at(6)
        self.telling.say(Step("checkout", f"Checking out {pull.head_branch}"))
        with self._checkout(situation.repository, pull.head_sha) as workspace:
            todo = instructions(self.forge, request, self.job.actor)
            issue = visible_issue(self.forge, situation.issue, situation.repository.full_name, todo)
            return self._solve(decision, issue, workspace, situation.issue.title, pull, request)

    def _approval(self, decision: Admitted, issue: RemoteIssue) -> Settlement | None:
        """An ending that asks for `/autofix approve`, when the estimate is above what may be spent unasked."""
        asked = [t for t in (self.course.quote_above, decision.file.quote_above_usd) if t is not None]
        if not asked or self.job.approved:
            return None
        estimate = self.course.quote(place_of(self.job), issue, decision.file)
        if estimate.high <= min(asked):
            return None
        text = comments.awaiting_approval(comments.quote(estimate, self.purse.month()), min(asked))
        return Settlement(State.DECLINED, comments.AWAITS_APPROVAL, "Waiting for approval", text)

    def _solve(
        self,
        decision: Admitted,
        issue: Issue,
        workspace: Workspace,
        title: str,
        pull: RemotePull | None = None,
        request: Request | None = None,
    ) -> Settlement:
        strategy = self.job.strategy or decision.file.strategy
        ground = Ground(
            issue=issue,
            workspace=workspace,
            scope=f"{self.job.installation_id}-{self.job.repository_id}",
            file=decision.file,
            strategy=strategy,
            meter=self.purse,
            say=self._say,
            at=self.course.at,
            stop=self.watch.ask,
            memory=self.course.home / "memory" / str(self.job.repository_id),
            outcomes=Learned(self.course.database, self.job.repository_id),
        )
        before = len(self.purse.charges())  # those of a run that crashed
        try:
            solved = self.course.solver(ground)
        except OverBudget as error:
            self.purse.raise_if_stopped()
            return self._turned(Turned(State.OVER_BUDGET, str(error), "", labels.OVER_BUDGET))
        if solved.resolution.ending is Ending.OVER_BUDGET:
            self.purse.raise_if_stopped()
        charges, now = self.purse.charges(), self.course.clock()
        with self.course.database.begin() as session:
            queue.fenced(session, self.watch.lease)
            diffs = [workspace.diff(t.attempt.patch) if t.attempt.patch else "" for t in solved.resolution.tried]
            timeline.keep_attempts(
                session, self.job.id, solved.versions, solved.resolution, diffs, charges[before:], now
            )
            timeline.keep_issue(session, self.job.id, issue)
            timeline.keep_versions(session, self.job.id, solved.versions, now)
        settlement = conclude(
            Concluding(
                job=self.job.id,
                issue=self.job.issue,
                title=title,
                base=decision.base,
                file=decision.file,
                solved=solved,
                workspace=workspace,
                charges=charges,
                month=self.purse.month(),
                page=self.course.page(self.job),
                pull=pull,
                threads=answer_to(self.forge, request, self.job.actor) if request is not None else (),
                earlier=self.purse.earlier(self.job.branch) if request is not None else (),
                cause=request.cause if request is not None else "",
            )
        )
        return self._priced(settlement)

    def _priced(self, settlement: Settlement) -> Settlement:
        """With what the call that found no room would have needed, so that the job goes on when it is there."""
        if settlement.state is not State.OVER_BUDGET or self.purse.needed is None:
            return settlement
        return replace(settlement, needed=str(self.purse.needed))

    def _turned(self, turned: Turned) -> Settlement:
        text = turned.text
        if turned.state is State.OVER_BUDGET:
            text = comments.over_budget((), self._bill(), self.purse.month(), turned.reason, "")
        elif turned.state is State.CANCELLED:
            text = comments.cancelled(turned.reason, self._bill().total)
        headline = HEADLINES[turned.state]
        return self._priced(Settlement(turned.state, turned.reason, headline, text, turned.label, quiet=turned.quiet))

    # -- line 10 ---------------------------------------------------------------------------------------------

    def _ask_again(self, settlement: Settlement) -> None:
        """Everything is looked at once more before something is published. Raises Cancelled or LeaseLost."""
        self.watch.ask()
        if settlement.publication is None:
            return
        repository = self.forge.read_repository()
        if settlement.publication.follow_up:
            gone = still_open(repository, self.forge.read_pull(self.job.pull_request))
        else:
            gone = still_wanted(repository, self.forge.read_issue(self.job.issue), settlement.wanted_label)
        if gone is not None:
            raise Cancelled(gone.reason)

    def _left(self, file: RepositoryFile) -> Decimal:
        """USD left, by the file's wishes too."""
        self.purse.know(file)
        return self.purse.left()

    # -- endings ---------------------------------------------------------------------------------------------

    def _cancelled(self, reason: str) -> Settlement:
        with self.course.database.read() as session:
            row = queue.find(session, self.job.id)
        reason = reason or (row.reason if row is not None else "") or "somebody stopped it"
        return self._turned(Turned(State.CANCELLED, reason, "", quiet=True))

    def _end(self, settlement: Settlement) -> State:
        self._keep(settlement)
        return self._settle(settlement)

    def _settle(self, settlement: Settlement) -> State:
        """Publish and say so, each step finding what is done; then, in one transaction, the job is over."""
        pull = None
        if settlement.publication is not None:
            pull = publish(self.forge, settlement.publication, self.watch.fence)
            answer_threads(self.forge, pull, settlement.threads, self.watch.fence)
            self._update(branch=pull.head_branch, pull_request=pull.number)
        self.course.at(11)
        follow_up = self.job.kind is Kind.FOLLOW_UP
        labelled = None if follow_up else self.job.issue  # the issue's label says that there is a pull request
        settle(self.forge, self.telling, settlement, labelled, pull, self.watch.fence)
        now, cost = self.course.clock(), self._bill().total
        with self.course.database.begin() as session:
            row = queue.fenced(session, self.watch.lease)
            row.usd = cost
            row.strong_usd = Decimal(settlement.strong_only) if settlement.strong_only else None
            timeline.add_step(session, self.job.id, Step(DONE, settlement.headline), now)
            if pull is not None and not follow_up:  # a pull request counts for those who opened it
                self._remember(session, settlement, pull, now)
            restarted = queue.finish(
                session,
                self.watch.lease,
                settlement.state,
                settlement.reason,
                now=now,
                needed=Decimal(settlement.needed) if settlement.needed else None,
            )
        if restarted is not None:
            self.course.wake(restarted.job_id)
        course, ended = self.course, self._month_is_over(settlement)
        budget_alerts.keep_up(
            self.forge, course.database, self.job.repository_id, course.limits, course.clock, ended=ended
        )
        return settlement.state

    def _month_is_over(self, settlement: Settlement) -> bool:
        """Whether the repository's month, not another cap, stopped the job."""
        if settlement.state is not State.OVER_BUDGET:
            return False
        month = self.purse.month()
        return self.purse.full == "repository" or month.spent + month.reserved >= month.cap

    def _remember(self, session: Session, s: Settlement, pull: RemotePull, now: datetime) -> None:
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
        return bill(self.purse.charges())

    # -- the database ----------------------------------------------------------------------------------------

    def _say(self, step: Step) -> None:
        self.watch.check()
        self.telling.say(step)

    def _store(self, step: Step) -> None:
        with self.course.database.begin() as session:
            queue.fenced(session, self.watch.lease)
            timeline.add_step(session, self.job.id, step, self.course.clock())

    def _keep(self, settlement: Settlement) -> None:
        """In the database before anything is written outside."""
        self._store(Step(KIND, settlement.headline, to_facts(settlement)))

    def _update(self, **columns: object) -> None:
        with self.course.database.begin() as session:
            self.job = queue.update(session, self.watch.lease, now=self.course.clock(), **columns)
