"""A whole world for jobs: the stand-in GitHub over HTTP, git over HTTP, a real database and sandbox; scripted models.

Nothing is faked but the models. `go` does what the receiver and the workers do with every delivery of the stand-in,
until nothing is left to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import select

from deploy.demo.github import StandIn
from deploy.demo.github.state import DemoIssue, Permission
from deploy.demo.models import answer, read_scripts
from deploy.demo.setup import AUTOFIX_YML, PENNYFIX_TOML, project_files
from strategies.models.model import Prompt
from strategies.models.model_spec import ModelSpec
from strategies.models.price import Price
from tests.deploy.standins import Conformance
from tests.fakes.databases import sqlite_url
from tests.fakes.model import ScriptedModel
from webhook.payload import Event, Payload
from webhook.triage import TriageContext, triage
from workers.config.operator_file import parse_operator
from workers.config.settings import Settings, load_settings
from workers.db.database import Database, open_database
from workers.db.tables import ChargeRow
from workers.deliveries import inbox
from workers.deliveries.trigger_labels import TriggerLabels
from workers.jobs import queue
from workers.jobs.commands import Cancel, Instruct, Place, Start
from workers.jobs.job import Job, State
from workers.pipeline.dependencies import JobDependencies
from workers.pipeline.report_ended import report_ended
from workers.pipeline.runner import run
from workers.pipeline.slash_commands import run_command
from workers.processes import sweeper
from workers.processes.context import Context
from workers.processes.wiring import job_dependencies
from workers.solving.issue_solver import IssueSolver

NAME = "demo/parcel"
SCRIPTS = {s.name: s for s in read_scripts()}

Says = Callable[[str, str], str | None]
"""(model, the whole prompt) → an answer that goes before the scripts, or None."""


class Killed(BaseException):
    """kill -9."""


def scripted(spec: ModelSpec, says: Says = lambda _model, _prompt: None) -> ScriptedModel:
    """The demo's model, without its HTTP server."""

    def say(prompt: Prompt) -> str:
        messages = [{"role": m.role, "content": m.content} for m in prompt.messages]
        first = says(spec.model, "\n".join(m.content for m in prompt.messages))
        return first if first is not None else answer(tuple(SCRIPTS.values()), spec.model, messages)[0]

    assert spec.input_usd_per_million is not None
    assert spec.output_usd_per_million is not None
    price = Price(spec.input_usd_per_million, spec.output_usd_per_million, spec.cached_input_usd_per_million)
    return ScriptedModel(say, name=spec.model, price=price, max_output_tokens=spec.max_output_tokens or 4_000)


@dataclass
class World:
    github: StandIn
    database: Database
    settings: Settings
    deps: JobDependencies
    observer: Conformance
    says: Says = lambda _model, _prompt: None
    offset: timedelta = timedelta(0)
    guids: int = 0
    heard: int = 0
    woken: list[int] = field(default_factory=list)
    untold: list[int] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def add(self, **files: str) -> None:
        given: dict[str, bytes | str] = {".github/autofix.yml": AUTOFIX_YML}
        given |= project_files()
        given |= {path.replace("__", "/"): content for path, content in files.items()}
        people: dict[str, Permission] = {"ada": "write", "bob": "read", "root": "admin"}
        self.github.add_repository(NAME, given, people=people)

    def place(self, number: int) -> Place:
        repo = self.github.repository(NAME)
        return Place(self.github.installation(NAME).id, repo.id, NAME, number)

    def open(self, script: str) -> int:
        return self.github.open_issue(NAME, SCRIPTS[script].title, SCRIPTS[script].body, by="ada")

    def deliver(self, command: Start | Cancel | Instruct, guid: str = "") -> inbox.RecordedDelivery:
        self.guids += 1
        with self.database.begin() as session:
            return inbox.record(
                session,
                guid=guid or f"guid-{self.guids}",
                event="issues",
                action="labeled",
                body_digest="",
                command=command,
                now=self.clock(),
            )

    def label(self, number: int, by: str = "ada") -> int:
        self.github.label(NAME, number, "autofix", by=by)
        made = self.deliver(Start(self.place(number), by, "autofix"))
        assert made.job_id is not None
        return made.job_id

    def go(self) -> list[State | None]:
        """Everything that waits: deliveries as the receiver takes them, then jobs and untold endings. Their states."""
        states: list[State | None] = []
        while True:
            guids = self.receive()
            if self.untold:
                report_ended(self.deps, self.untold.pop(0))
            elif self.woken:
                states.append(run(self.deps, self.woken.pop(0)))
            elif not guids and self.heard == len(self.github.world.deliveries):
                return states

    def receive(self) -> list[str]:
        """Take in what the stand-in sent since, and obey it; the guids that were for a worker."""
        guids = []
        for delivery in self.github.world.deliveries[self.heard :]:
            self.heard += 1
            payload = Payload.model_validate(delivery.payload)
            event = Event(delivery.guid, delivery.event, payload.action or "", "", payload)
            known = TriageContext(self.github.app.id, TriggerLabels(self.database).look_up)
            with self.database.begin() as session:
                made = inbox.record(
                    session,
                    guid=event.guid,
                    event=event.name,
                    action=event.action,
                    body_digest="",
                    command=triage(event, known),
                    now=self.clock(),
                )
            if made.wake == "delivery":
                guids.append(event.guid)
            elif made.wake == "job" and made.job_id is not None:
                self.woken.append(made.job_id)
        for guid in guids:
            run_command(self.deps, guid)
        return guids

    def job(self, job_id: int) -> Job:
        with self.database.read() as session:
            found = queue.find(session, job_id)
        assert found is not None
        return found

    def latest(self, number: int) -> Job:
        with self.database.read() as session:
            found = queue.latest(session, self.github.repository(NAME).id, number)
        assert found is not None
        return found

    def pull(self) -> DemoIssue:
        [pull] = self.github.pulls(NAME)
        return pull

    def said(self, number: int) -> str:
        comments = [r.body for r in self.github.issue(NAME, number).comments if "pennyfix:sticky" in r.body]
        assert len(comments) == 1, f"one sticky comment, not {len(comments)}"
        return comments[0]

    def comments(self, number: int) -> list[str]:
        """What the bot said there besides the sticky comment."""
        bot = self.github.world.bot.login
        comments = self.github.issue(NAME, number).comments
        return [r.body for r in comments if r.author.login == bot and "pennyfix:sticky" not in r.body]

    def labels(self, number: int) -> set[str]:
        return {n for n in self.github.issue(NAME, number).labels if n != "autofix"}

    def after_a_while(self) -> None:
        """Leases and patience run out, and the sweeper wakes whoever is needed: `waiting` holds the deliveries."""
        self.offset += timedelta(minutes=10)
        wakes: list[tuple[str, str]] = []
        sweeper.sweep(self.database, lambda kind, key: wakes.append((kind, key)), self.clock())
        self.waiting = [key for kind, key in wakes if kind == "delivery"]
        self.offset += timedelta(minutes=10)


@contextmanager
def open_world(folder: Path, toml: str = PENNYFIX_TOML) -> Iterator[World]:
    """A world below `folder`; at its end, everything said to GitHub must have been as GitHub describes it."""
    observer = Conformance()
    with StandIn(folder / "github", observer=observer) as github:
        database = open_database(sqlite_url(folder))
        settings = load_settings(
            folder / "no.env",
            home=folder / "home",
            sandbox="process",
            github_app_id=github.app.id,
            github_private_key=github.private_key,
            github_api_url=github.api_url,
        )
        operator = parse_operator(toml.format(api_base="http://127.0.0.1:1/v1"))
        context = Context(settings, operator, database, lambda _kind, _id: None)
        made = job_dependencies(context)
        assert isinstance(made.solver, IssueSolver)
        it = World(github, database, settings, made, observer)
        solver = replace(
            made.solver,
            open_model=lambda spec: scripted(spec, lambda model, prompt: it.says(model, prompt)),
            key_of=lambda _model, _variable: "key",
        )
        it.deps = replace(
            made,
            solver=solver,
            clock=it.clock,
            edit_interval=0.0,
            heartbeat=5.0,
            wake=it.woken.append,
            wake_reporter=it.untold.append,
        )
        yield it
        database.close()
    observer.verify()


def spent(world: World) -> Decimal:
    """USD on the repository's bill."""
    with world.database.read() as session:
        rows = session.scalars(select(ChargeRow)).all()
    return sum((row.worst if row.usd is None else row.usd for row in rows), Decimal(0))
