"""Carries out what people ask for in comments and reviews: who may, what it changes, and the answer.

Every answer is a comment with a hidden mark of the question's id, so that a delivery carried out twice is
answered once. People without write access get a reaction and nothing else: nobody can make the bot talk.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from workers.billing import budgets, resume, totals
from workers.billing.bill import Month
from workers.billing.forecast import forecast
from workers.config.errors import ConfigError
from workers.config.repository_file import PATH, RepositoryFile
from workers.db import audit
from workers.deliveries import inbox, installations
from workers.github.types import ForgeError, LabelLook, Permission, RateLimited, Unreachable
from workers.jobs import outcomes, queue, timeline
from workers.jobs.commands import Command, FollowUp, Instruct, Learn, Lifecycle, Observe, Place
from workers.jobs.job import Job, Kind
from workers.messages import comments
from workers.months import month_of
from workers.pipeline import budget_alerts
from workers.pipeline.admission import MAY_SPEND, has_label, read_repository_file
from workers.pipeline.breaker import cost_of, follow_ups, since_a_person_asked
from workers.pipeline.dependencies import Forge, JobDependencies
from workers.pipeline.repository_label import read_repository_files
from workers.usd import MoneyError, parse_usd

PATIENCE = timedelta(minutes=5)
BUSY = "a job is at it already"


class TryLater(Exception):
    """It cannot be done now, and is worth another try."""


class BreakerTripped(Exception):
    """Nothing starts by itself on this pull request any more; the words say why, `since` names the rounds counted."""

    def __init__(self, why: str, since: int) -> None:
        super().__init__(why)
        self.since = since


def run_command(deps: JobDependencies, guid: str) -> str:
    """Carry out a recorded delivery, if it still waits; what became of it, in a few words."""
    owner = f"{deps.owner}:{uuid.uuid4().hex[:8]}"
    with deps.database.begin() as session:
        pending = inbox.lease_delivery(session, owner, PATIENCE, deps.clock(), guid=guid)
    if pending is None:
        return "nothing to do"
    reason, error, retry = "", "", True
    try:
        reason = _carry_out(deps, pending.command)
    except (Unreachable, RateLimited, TryLater) as trouble:
        error = str(trouble)
    except ForgeError as trouble:
        error, retry = str(trouble), False
    with deps.database.begin() as session:
        inbox.finish_delivery(session, pending, now=deps.clock(), reason=reason, error=error, retry=retry)
    return reason or error


def _carry_out(deps: JobDependencies, command: Command) -> str:
    if isinstance(command, Observe):
        with deps.database.begin() as session:
            place = command.place
            seen = outcomes.observe(session, place.repository_id, command.head_branch, command.outcome, deps.clock())
        return f"remembered: {command.outcome}" if seen is not None else "not a pull request of ours"
    if isinstance(command, Learn | Lifecycle):
        return read_repository_files(deps, command)
    if not isinstance(command, Instruct | FollowUp):
        return "nothing that waits for a worker"
    with deps.open_forge(command.place) as forge:
        if isinstance(command, FollowUp):
            return follow_up(deps, forge, command)
        return SlashCommand(deps, forge, command).answer()


def _own_job(deps: JobDependencies, repository_id: int, branch: str) -> Job | None:
    with deps.database.read() as session:
        return queue.by_branch(session, repository_id, branch)


def follow_up(deps: JobDependencies, forge: Forge, command: FollowUp) -> str:
    """A review with requested changes, or failing checks, on our pull request: another job on the same branch."""
    origin = _own_job(deps, command.place.repository_id, command.head_branch)
    if origin is None:
        return "not a branch of ours"
    if command.cause == "review" and forge.read_permission(command.actor) not in MAY_SPEND:
        return f"{command.actor} has no write access"
    request = {
        "cause": command.cause,
        "pull": origin.pull_request,
        "review_id": command.review_id,
        "head_sha": command.head_sha,
    }
    try:
        made = queue_follow_up(deps, origin, command.actor, request)
    except BreakerTripped as out:
        mark = f"<!-- pennyfix:breaker:{out.since} -->"
        if forge.find_comment(origin.pull_request, mark) is None:
            forge.add_comment(origin.pull_request, f"{mark}\n{comments.breaker_out(str(out))}")
        return str(out)
    if made == BUSY and command.cause == "review":  # what a reviewer asked for is not lost
        raise TryLater(made)
    return made


def queue_follow_up(deps: JobDependencies, origin: Job, actor: str, request: Mapping[str, object]) -> str:
    """Queue it, unless the branch's head was followed up for its checks, or a job is active. Raises BreakerTripped."""
    with deps.database.begin() as session:
        rounds = follow_ups(session, origin.repository_id, origin.branch)
        seen = (json.loads(r.request or "{}") for r in rounds)
        if request["cause"] == "checks" and any(
            s.get("cause") == "checks" and s.get("head_sha") == request["head_sha"] for s in seen
        ):
            return "the checks of this commit were followed up once"
        since, alone = since_a_person_asked(rounds)
        out = deps.breaker.out(len(alone), cost_of(session, alone)) if request["cause"] != "instructions" else ""
        if out:
            raise BreakerTripped(out, since)
        made = queue.enqueue(
            session,
            queue.NewJob(
                origin.place,
                kind=Kind.FOLLOW_UP,
                actor=actor,
                strategy=origin.strategy,
                request=json.dumps(request),
                branch=origin.branch,
                pull_request=origin.pull_request,
                comment_id=origin.comment_id if origin.kind is Kind.FOLLOW_UP else 0,
            ),
            now=deps.clock(),
        )
    if made.created:
        deps.wake(made.job_id)
    return "queued" if made.created else BUSY


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """One command in a comment, with what is needed to answer it."""

    deps: JobDependencies
    forge: Forge
    command: Instruct

    def answer(self) -> str:
        """Do it, and say so. What became of it, in a few words."""
        c = self.command
        permission = self.forge.read_permission(c.actor)
        if permission not in MAY_SPEND:
            if c.comment_id:
                self.forge.react(c.place.issue, "confused", c.comment_id)
            return f"{c.actor} has no write access"
        if c.comment_id:
            self.forge.react(c.place.issue, "eyes", c.comment_id)
        said = _VERBS[c.verb](self, permission)
        if said:
            self._say(said)
        return f"answered: /autofix {c.verb}"

    def _say(self, text: str) -> None:
        number = self.command.place.issue
        mark = f"<!-- pennyfix:answer:{self.command.comment_id} -->"
        if self.command.comment_id and self.forge.find_comment(number, mark) is not None:
            return
        self.forge.add_comment(number, f"{mark}\n{text}")

    # -- the verbs -------------------------------------------------------------------------------------------

    def start(self, _permission: Permission) -> str:
        """`/autofix`, `/autofix retry [strategy]`."""
        strategy = self.command.rest.split()[0] if self.command.verb == "retry" and self.command.rest else ""
        if strategy and strategy not in self.deps.strategies:
            return comments.unknown_strategy(strategy, sorted(self.deps.strategies))
        return self._start(strategy, approved=False)

    def _start(self, strategy: str, *, approved: bool) -> str:
        number = self._issue()
        file = self._file()
        if isinstance(file, ConfigError):
            return comments.bad_configuration(PATH, file.problems)
        if not has_label(self.forge.read_issue(number), file.label):
            self.forge.add_label(number, file.label, LabelLook("5319e7", "Pennyfix resolves this issue"))
        c, now = self.command, self.deps.clock()
        with self.deps.database.begin() as session:
            installations.ensure_repository(session, c.place, now)
            before = queue.latest(session, c.place.repository_id, number)
            made = queue.enqueue(
                session,
                queue.NewJob(
                    Place(c.place.installation_id, c.place.repository_id, c.place.repository, number),
                    actor=c.actor,
                    strategy=strategy,
                    comment_id=before.comment_id if before is not None and before.kind is Kind.RESOLVE else 0,
                    approved=approved,
                ),
                now=now,
            )
            self._note(session, f"/autofix {c.verb}", now)
            kept = timeline.kept_publication(session, c.place.repository_id, number, made.job_id)
        if not made.created:
            return comments.already_running()
        self.deps.wake(made.job_id)
        if kept is not None and not strategy:
            return comments.publishing_again()
        return comments.approved(started=True) if approved else comments.queued(strategy)

    def stop(self, _permission: Permission) -> str:
        """`/autofix stop`."""
        c, now = self.command, self.deps.clock()
        with self.deps.database.begin() as session:
            reason = f"{c.actor} asked me to stop"
            stopped = queue.request_cancel(session, c.place.repository_id, self._issue(), reason, now=now)
            self._note(session, "/autofix stop", now)
        if stopped is not None:
            self.deps.wake_reporter(stopped)
        return comments.stopping(running=stopped is not None)

    def approve(self, _permission: Permission) -> str:
        """`/autofix approve`: only what waits for it."""
        with self.deps.database.read() as session:
            last = queue.latest(session, self.command.place.repository_id, self._issue())
        if last is None or not last.awaits_approval:
            return comments.approved(started=False)
        return self._start(last.strategy, approved=True)

    def quote(self, _permission: Permission) -> str:
        """`/autofix quote`: what it is likely to cost; nothing is spent."""
        file = self._file()
        if isinstance(file, ConfigError):
            return comments.bad_configuration(PATH, file.problems)
        issue = self.forge.read_issue(self._issue())
        return comments.quote(self.deps.quote(self.command.place, issue, file), self._month())

    def budget(self, permission: Permission) -> str:
        """`/autofix budget [USD]`."""
        if not self.command.rest:
            month = self._month()
            return comments.budget_shown(month, self._source(), forecast(month.spent, self.deps.clock()))
        if permission != "admin":
            return comments.may_not(self.command.actor, "administrator rights in this repository")
        place, now = self.command.place, self.deps.clock()
        try:
            amount = parse_usd(self.command.rest)
            before = self._month().cap
            with self.deps.database.begin() as session:
                budgets.set_budget(
                    session, place.repository_id, amount, self.command.actor, now, limits=self.deps.limits
                )
                again = resume.resume(session, self.deps.limits, now, repository_id=place.repository_id)
        except MoneyError as error:
            return comments.bad_amount(error.value, error.why, error.fix)
        for job_id in again:
            self.deps.wake(job_id)
        budget_alerts.update_budget_issue(
            self.forge, self.deps.database, place.repository_id, self.deps.limits, self.deps.clock
        )
        month = self._month()
        return comments.budget_set(before, amount, month.cap, month)

    def help(self, _permission: Permission) -> str:
        """`/autofix help`, and anything that nobody knows."""
        return comments.help_text(self.command.rest if self.command.verb == "unknown" else "")

    def instructions(self, _permission: Permission) -> str:
        """`/autofix do it like this` on our pull request."""
        c = self.command
        origin = self._origin()
        if origin is None:
            return comments.not_mine()
        request = {"cause": "instructions", "pull": c.place.issue, "text": c.rest, "head_sha": ""}
        return comments.follow_up(queue_follow_up(self.deps, origin, c.actor, request))

    # -- what they share -------------------------------------------------------------------------------------

    def _issue(self) -> int:
        """The issue that is meant: on our pull request, the one that it fixes."""
        origin = self._origin() if self.command.on_pull_request else None
        return origin.issue if origin is not None else self.command.place.issue

    def _origin(self) -> Job | None:
        """The newest job of this pull request, if it is ours; a fork may name its branch like ours."""
        place = self.command.place
        pull = self.forge.read_pull(place.issue)
        ours = pull.head_repository_id == place.repository_id
        return _own_job(self.deps, place.repository_id, pull.head_branch) if ours else None

    def _file(self) -> RepositoryFile | ConfigError:
        return read_repository_file(self.forge, self.forge.read_repository(), self.deps.strategies)

    def _month(self) -> Month:
        place, now = self.command.place, self.deps.clock()
        with self.deps.database.begin() as session:
            installations.ensure_repository(session, replace(place, issue=0), now)
        wanted = totals.scopes(place.installation_id, place.repository_id, 0, month_of(now))
        with self.deps.database.read() as session:
            cap = budgets.budget_of(session, place.repository_id, self.deps.limits).month
            total = totals.read(session, wanted).get("repository", totals.Total())
        return Month(total.spent, cap, total.reserved)

    def _source(self) -> str:
        with self.deps.database.read() as session:
            budget = budgets.budget_of(session, self.command.place.repository_id, self.deps.limits)
        return comments.budget_source(budget.source, budget.by)

    def _note(self, session: Session, what: str, now: datetime) -> None:
        c = self.command
        audit.note(
            session,
            c.actor,
            what,
            now=now,
            place=f"{c.place.repository}#{c.place.issue}",
            installation_id=c.place.installation_id,
            repository_id=c.place.repository_id,
        )


_VERBS: dict[str, Callable[[SlashCommand, Permission], str]] = {
    "start": SlashCommand.start,
    "retry": SlashCommand.start,
    "stop": SlashCommand.stop,
    "quote": SlashCommand.quote,
    "approve": SlashCommand.approve,
    "budget": SlashCommand.budget,
    "help": SlashCommand.help,
    "unknown": SlashCommand.help,
    "instructions": SlashCommand.instructions,
}
