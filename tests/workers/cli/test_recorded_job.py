"""A job is repeated from what was recorded of it, and what is not as it was is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from strategies.issue import Comment, Issue
from strategies.models.model_spec import ModelSpec
from strategies.models.price import Price
from strategies.prompts.prompt import BUILT_IN
from tests.fakes.databases import sqlite_url
from tests.fakes.model import ScriptedModel
from tests.fakes.origin import Origin
from workers.cli.local_resolution import LocalRequest, LocalResult, resolve_local
from workers.cli.operator_actions import ActionRefused
from workers.cli.recorded_job import clone_url, differences, load_recorded_job
from workers.config.operator_file import Operator, parse_operator
from workers.config.settings import Settings, load_settings
from workers.db.database import Database, open_database
from workers.db.tables import JobRow
from workers.deliveries import installations
from workers.jobs import queue, timeline
from workers.jobs.commands import Place
from workers.jobs.job import Kind

NOW = datetime(2026, 11, 25, tzinfo=UTC)
ISSUE = Issue(4, "helo should be hello", "In greeting.txt.", (Comment("ada", "Please."),), "ada/x", "Be quick.")
EDIT = "greeting.txt\n<<<<<<< SEARCH\nhelo\n=======\nhello\n>>>>>>> REPLACE\n"
TIERS = """
[[tiers]]
name = "weak"
model = "x/weak"
attempts = 3
temperature = 0.3
[[tiers]]
name = "strong"
model = "x/strong"
[roles]
tester = "strong"
[cascade]
resolved_issue_usd = 7
theta = 0.8
"""


@dataclass
class World:
    """A repository, and a database with one job on it."""

    origin: Origin
    settings: Settings
    database: Database
    price: Price = field(default_factory=lambda: Price(Decimal(1), Decimal(5)))

    def resolve(self, operator: Operator, strategy: str = "self-test-cascade", **given: object) -> LocalResult:
        def opener(spec: ModelSpec) -> ScriptedModel:
            return ScriptedModel(lambda _prompt: EDIT, name=spec.model, price=self.price)

        return resolve_local(
            LocalRequest(str(self.origin.path), ISSUE, strategy, **given),  # type: ignore[arg-type]  # fields by name
            settings=self.settings, operator=operator, opener=opener, key_of=lambda _model, _variable: "key",
        )  # fmt: skip

    def keep(self, result: LocalResult, kind: Kind = Kind.RESOLVE) -> int:
        """As a worker keeps it."""
        with self.database.begin() as session:
            installations.ensure_repository(session, Place(3, 7, "ada/x", 4), NOW)
            made = queue.enqueue(session, queue.NewJob(Place(3, 7, "ada/x", 4), kind=kind, actor="ada"), now=NOW)  # fmt: skip
            session.get_one(JobRow, made.job_id).base_commit = result.base
            timeline.keep_issue(session, made.job_id, ISSUE)
            timeline.keep_versions(session, made.job_id, result.solved.versions, NOW)
        return made.job_id


@pytest.fixture
def world(tmp_path: Path) -> World:
    origin = Origin(tmp_path / "origin")
    origin.commit({"greeting.txt": "helo\n", ".github/autofix.yml": "accept: any\n"})
    settings = load_settings(tmp_path / "no.env", home=tmp_path / "home", sandbox="process")
    return World(origin, settings, open_database(sqlite_url(tmp_path)))


def test_the_same_is_done_again_at_the_same_commit_by_todays_operator(world: World, tmp_path: Path) -> None:
    first = world.resolve(parse_operator(TIERS))
    job = world.keep(first)
    world.origin.commit({"greeting.txt": "good day\n", ".github/autofix.yml": "accept: regression\n"})
    today = parse_operator('[[tiers]]\nname = "a"\nmodel = "x/weak"\n[[tiers]]\nname = "b"\nmodel = "x/b"\n')
    with world.database.read() as session:
        then = load_recorded_job(session, today, job)
    assert then.issue == ISSUE
    assert [(t.name, t.model, t.attempts) for t in then.operator.tiers] == [
        ("weak", "x/weak", 3),
        ("strong", "x/strong", 1),
    ]
    second = world.resolve(then.operator, then.strategy, base=then.base, accept=then.accept)
    assert (second.base, second.diff, second.accepted) == (first.base, first.diff, True)
    assert differences(then.versions, second.solved.versions.json()) == ()


def test_what_is_not_as_it_was_is_told(world: World, tmp_path: Path) -> None:
    job = world.keep(world.resolve(parse_operator(TIERS)))
    words = tmp_path / "words"
    words.mkdir()
    (words / "repair-rules.md").write_text((BUILT_IN / "repair-rules.md").read_text() + "\nBe brief.")
    world.price = Price(Decimal(2), Decimal(5))
    with world.database.read() as session:
        then = load_recorded_job(session, parse_operator(TIERS).model_copy(update={"prompts": words}), job)
    result = world.resolve(then.operator, then.strategy, base=then.base, accept=then.accept)
    told = differences(then.versions, result.solved.versions.json())
    assert [d.partition(":")[0] for d in told] == [
        "prompts.repair-rules",
        "tiers.strong.price.input",
        "tiers.weak.price.input",
    ]
    assert told[1] == "tiers.strong.price.input: 1 then, 2 now"


def test_what_cannot_be_repeated_is_refused_with_the_reason(world: World) -> None:
    result = world.resolve(parse_operator(TIERS))
    follow_up = world.keep(result, Kind.FOLLOW_UP)
    with world.database.read() as session, pytest.raises(ActionRefused, match="followed up"):
        load_recorded_job(session, parse_operator(TIERS), follow_up)
    with world.database.begin() as session:
        made = queue.enqueue(session, queue.NewJob(Place(3, 7, "ada/x", 5), actor="ada"), now=NOW)
    with world.database.read() as session, pytest.raises(ActionRefused, match="asked no model"):
        load_recorded_job(session, parse_operator(TIERS), made.job_id)


def test_a_repository_is_cloned_from_the_host_whose_api_is_used(tmp_path: Path) -> None:
    def at(url: str) -> str:
        return clone_url(load_settings(tmp_path / "no.env", home=tmp_path, github_api_url=url), "ada/x")

    assert at("https://api.github.com") == "https://github.com/ada/x"
    assert at("https://git.example.org/api/v3") == "https://git.example.org/ada/x"
