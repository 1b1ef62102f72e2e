from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Self

import pytest

from deploy.demo.github import StandIn
from deploy.demo.github.rest import HttpAnswer
from strategies.models.model import Completion, Model, ModelRefused, Prompt
from strategies.models.model_spec import ModelSpec
from strategies.models.price import Price
from strategies.models.usage import Usage
from tests.deploy.standins import Conformance, Receiver
from tests.fakes.databases import sqlite_url
from workers.config.errors import ConfigError, ConfigProblem
from workers.config.operator_file import Operator
from workers.config.settings import Settings, load_settings
from workers.db.database import open_database
from workers.doctor.all_checks import CHECKS, failed, run_checks
from workers.doctor.broker import broker
from workers.doctor.broker import workers as workers_alive
from workers.doctor.check import CheckContext, CheckOutcome, DoctorCheck, DoctorOptions, ok
from workers.doctor.clock import clock
from workers.doctor.configuration import environment, operator_file, secrets
from workers.doctor.database import database as database_check
from workers.doctor.disk import disk
from workers.doctor.github_app import rights
from workers.doctor.models import models
from workers.doctor.sandbox import sandbox
from workers.doctor.webhook import webhook
from workers.github.app_client import AppApi, AppView
from workers.github.manifest import load_manifest, wanted


def fixes(checks: list[DoctorCheck]) -> dict[str, str]:
    """Of everything that is not right."""
    return {c.name: c.fix for c in checks if c.outcome in (CheckOutcome.FAIL, CheckOutcome.WARN)}


def outcomes(checks: list[DoctorCheck]) -> dict[str, CheckOutcome]:
    return {c.name: c.outcome for c in checks}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in [n for n in os.environ if n.startswith("PENNYFIX_") and not n.startswith("PENNYFIX_TEST")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


# -- the App ---------------------------------------------------------------------------------------------------


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def github(tmp_path: Path, receiver: Receiver) -> Iterator[StandIn]:
    seen = Conformance()
    asked = wanted(load_manifest())
    with StandIn(
        tmp_path / "github", webhook_url=receiver.url, permissions=asked.permissions, events=asked.events, observer=seen
    ) as github:
        yield github
    known = [d for d in seen.departures if "no such operation" not in d]  # the clock is read off the root
    assert known == []


def settings_of(github: StandIn, tmp_path: Path, **given: Any) -> Settings:
    values: dict[str, Any] = {
        "github_app_id": github.app.id,
        "github_private_key": github.private_key,
        "github_webhook_secret": github.app.webhook_secret,
        "github_api_url": github.api_url,
        "home": tmp_path / "home",
        "public_url": github.app.webhook_url.removesuffix("/webhooks/github"),
    }
    return load_settings(**{**values, **given})


def look(settings: Settings) -> list[DoctorCheck]:
    return CHECKS["github"](CheckContext(settings, Operator()))


def test_an_app_that_is_right_is_right(github: StandIn, tmp_path: Path) -> None:
    found = look(settings_of(github, tmp_path))
    assert set(outcomes(found).values()) == {CheckOutcome.OK}
    assert list(outcomes(found)) == [
        "GitHub App", "permissions", "events", "webhook address", "clock", "missed deliveries",
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", ["id", "key"])
def test_an_identity_that_github_refuses_is_told_with_a_way_out(github: StandIn, tmp_path: Path, wrong: str) -> None:
    from deploy.demo.github.standin import key_pair

    given: dict[str, object] = {"github_app_id": 99} if wrong == "id" else {"github_private_key": key_pair()[0]}
    found = look(settings_of(github, tmp_path, **given))
    assert outcomes(found)["GitHub App"] is CheckOutcome.FAIL
    assert outcomes(found)["permissions"] is CheckOutcome.SKIPPED
    assert "private key" in fixes(found)["GitHub App"]


def test_a_github_that_is_away_is_told_with_what_to_check(github: StandIn, tmp_path: Path) -> None:
    github.rest.fault = lambda _method, _path: HttpAnswer(502, {}, b"bad gateway")
    found = look(settings_of(github, tmp_path))
    assert "GitHub answered 502" in found[0].detail
    assert "proxy" in fixes(found)["GitHub App"]


def test_without_an_app_only_set_up_is_proposed(tmp_path: Path, github: StandIn) -> None:
    found = look(settings_of(github, tmp_path, github_app_id=0, github_private_key=""))
    assert (found[-1].outcome, found[-1].fix) == (CheckOutcome.SKIPPED, "pennyfix setup")


def view(**changed: object) -> AppView:
    asked = wanted(load_manifest())
    plain = {"permissions": dict(asked.permissions), "events": asked.events} | changed
    return AppView(1, "fixer", "Fixer", "https://github.com/apps/fixer", **plain)  # type: ignore[arg-type]  # by name


def test_permissions_and_events_are_compared_with_app_yml() -> None:
    asked = wanted(load_manifest())
    assert fixes(rights(view())) == {}
    short = rights(view(permissions={**asked.permissions, "checks": "read"}, events=asked.events[1:]))
    assert outcomes(short) == {"permissions": CheckOutcome.FAIL, "events": CheckOutcome.FAIL}
    assert "grant checks: write" in fixes(short)["permissions"]
    assert f"tick {asked.events[0]}" in fixes(short)["events"]
    wide = rights(view(permissions={**asked.permissions, "workflows": "write"}, events=(*asked.events, "push")))
    assert outcomes(wide) == {"permissions": CheckOutcome.WARN, "events": CheckOutcome.WARN}


@pytest.mark.parametrize(
    ("public", "outcome"), [("", CheckOutcome.WARN), ("https://elsewhere.example", CheckOutcome.FAIL)]
)  # fmt: skip
def test_the_address_github_delivers_to_must_be_ours(
    github: StandIn, tmp_path: Path, public: str, outcome: CheckOutcome
) -> None:
    found = look(settings_of(github, tmp_path, public_url=public))
    assert outcomes(found)["webhook address"] is outcome
    assert (
        "webhooks/github" in fixes(found)["webhook address"]
        or "PENNYFIX_PUBLIC_URL=" in fixes(found)["webhook address"]
    )


def test_missed_deliveries_are_listed_and_asked_for_only_on_demand(
    github: StandIn, tmp_path: Path, receiver: Receiver
) -> None:
    from workers.doctor.deliveries import deliveries
    from workers.github.app_client import app_api

    receiver.status = 500
    github.webhooks.send("issues", {"action": "labeled"})
    github.webhooks.flush()
    receiver.status = 202
    later = datetime.now(UTC) + timedelta(minutes=5)
    before = len(github.world.deliveries)
    with app_api(settings_of(github, tmp_path)) as api:
        (told,) = deliveries(api, later, redeliver=False)
        assert (told.outcome, len(github.world.deliveries)) == (CheckOutcome.WARN, before)
        assert "pennyfix doctor --redeliver" in told.fix
        (asked,) = deliveries(api, later, redeliver=True)
        assert (asked.outcome, len(github.world.deliveries)) == (CheckOutcome.OK, before + 1)


@pytest.mark.parametrize(
    ("seconds", "outcome"), [(0, CheckOutcome.OK), (31, CheckOutcome.WARN), (-3600, CheckOutcome.WARN)]
)
def test_a_clock_that_differs_is_told(github: StandIn, seconds: int, outcome: CheckOutcome) -> None:
    with AppApi(api_url=github.api_url, api_version="2022-11-28") as api:
        (found,) = clock(api, lambda: datetime.now(UTC) + timedelta(seconds=seconds))
    assert found.outcome is outcome
    if seconds:
        assert ("ahead" if seconds > 0 else "behind") in found.detail


# -- the receiver ----------------------------------------------------------------------------------------------


class Answering:
    """An HTTP server that answers a POST by what `status` makes of the request's signature."""

    def __init__(self, status: Callable[[str, bytes], int]) -> None:
        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(status(self.headers.get("X-Hub-Signature-256", ""), body))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Stay quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def ours(signature: str, body: bytes) -> int:
    from webhook.signature import verified

    return 200 if verified(["s3cret"], body, signature) else 401


@pytest.mark.parametrize(
    ("status", "secret", "outcome", "said"),
    [
        (ours, "s3cret", CheckOutcome.OK, "signed deliveries only"),
        (ours, "other", CheckOutcome.FAIL, "401 instead of 200"),
        (ours, "s3cret,other", CheckOutcome.FAIL, "401 instead of 200"),
        (lambda _s, _b: 200, "s3cret", CheckOutcome.FAIL, "200 instead of 401"),
        (lambda _s, _b: 404, "s3cret", CheckOutcome.FAIL, "404 instead of 200"),
    ],
)
def test_the_receiver_takes_what_is_signed_and_nothing_else(
    tmp_path: Path, status: Callable[[str, bytes], int], secret: str, outcome: CheckOutcome, said: str
) -> None:
    with Answering(status) as server:
        (found,) = webhook(load_settings(home=tmp_path, github_webhook_secret=secret, public_url=server.url))
    assert (found.outcome, said in found.detail) == (outcome, True)
    assert bool(found.fix) == (outcome is not CheckOutcome.OK)


def test_a_receiver_that_does_not_run_is_told_with_the_command_that_starts_it(tmp_path: Path) -> None:
    given = load_settings(home=tmp_path, github_webhook_secret="s", public_url="http://127.0.0.1:9")
    assert "pennyfix up" in fixes(webhook(given))["receiver"]
    assert webhook(load_settings(home=tmp_path))[0].outcome is CheckOutcome.SKIPPED


# -- this machine ----------------------------------------------------------------------------------------------


def test_a_database_is_looked_at_but_not_made(tmp_path: Path) -> None:
    (found,) = database_check(load_settings(home=tmp_path))
    assert (found.outcome, "pennyfix up" in found.fix) == (CheckOutcome.FAIL, True)
    assert list(tmp_path.iterdir()) == []


def test_a_migrated_database_with_right_books_is_right(tmp_path: Path) -> None:
    found = database_check(load_settings(home=tmp_path, database_url=sqlite_url(tmp_path)))
    assert outcomes(found) == {"database": CheckOutcome.OK, "books": CheckOutcome.OK}


def test_an_old_schema_and_books_that_do_not_add_up_are_told(tmp_path: Path) -> None:
    from sqlalchemy import text

    url = sqlite_url(tmp_path)
    database = open_database(url)
    with database.begin() as session:
        session.execute(text("INSERT INTO totals VALUES ('repository', '7', '2026-11', 5, 0)"))
    found = database_check(load_settings(home=tmp_path, database_url=url))
    assert outcomes(found) == {"database": CheckOutcome.OK, "books": CheckOutcome.FAIL}
    assert "repository 7 2026-11" in found[1].detail
    with database.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    database.close()
    (old,) = database_check(load_settings(home=tmp_path, database_url=url))
    assert (old.outcome, "revision older" in old.detail) == (CheckOutcome.FAIL, True)


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://u:hunter2@127.0.0.1:9/none", "sqlite:///{folder}/text.db"]
)  # fmt: skip
def test_a_database_that_does_not_answer_is_told_without_its_password(tmp_path: Path, url: str) -> None:
    (tmp_path / "text.db").write_text("this is no database, whatever its name says" * 100)
    (found,) = database_check(load_settings(home=tmp_path, database_url=url.format(folder=tmp_path)))
    assert (found.outcome, bool(found.fix)) == (CheckOutcome.FAIL, True)
    assert "hunter2" not in found.detail


def test_the_broker_is_asked(tmp_path: Path) -> None:
    from workers.processes.broker import Broker

    settings = load_settings(home=tmp_path)
    assert broker(settings)[0].outcome is CheckOutcome.WARN
    with Broker(tmp_path) as running:
        assert broker(settings)[0].outcome is CheckOutcome.OK
        own = load_settings(home=tmp_path, redis_url=f"redis+socket://{running.socket}")
        assert broker(own)[0].outcome is CheckOutcome.OK
    away = load_settings(home=tmp_path, redis_url="redis://:hunter2@127.0.0.1:9/0")
    (found,) = broker(away)
    assert (found.outcome, "hunter2" in found.detail + found.fix) == (CheckOutcome.FAIL, False)


def test_workers_are_asked_over_the_broker(tmp_path: Path) -> None:
    from workers.processes.broker import Broker

    settings = load_settings(home=tmp_path)
    assert workers_alive(settings, lambda: [{"worker@here": {"ok": "pong"}}])[0].detail == "1 alive"
    with Broker(tmp_path):
        (none,) = workers_alive(settings)
    assert (none.outcome, "pennyfix worker" in none.fix) == (CheckOutcome.WARN, True)

    def away() -> list[object]:
        raise ConnectionError

    assert workers_alive(settings, away)[0].outcome is CheckOutcome.SKIPPED


@pytest.mark.parametrize(("gib", "outcome"), [(50, CheckOutcome.OK), (4, CheckOutcome.WARN), (0.5, CheckOutcome.FAIL)])
def test_room_in_the_state_folder(tmp_path: Path, gib: float, outcome: CheckOutcome) -> None:
    (found,) = disk(load_settings(home=tmp_path / "not" / "yet"), lambda _path: int(gib * 2**30))
    assert (found.outcome, f"{gib:.1f} GiB" in found.detail) == (outcome, True)


@pytest.mark.bubblewrap
def test_the_sandbox_is_tried_for_real(tmp_path: Path) -> None:
    found = sandbox(CheckContext(load_settings(home=tmp_path / "home", sandbox="bubblewrap"), Operator()))
    assert found[0] == ok("sandbox", "bubblewrap")
    assert outcomes(found)["sandbox: no network"] is CheckOutcome.OK
    assert (tmp_path / "home").stat().st_mode & 0o077 == 0


def test_a_sandbox_that_isolates_nothing_says_so(tmp_path: Path) -> None:
    found = sandbox(CheckContext(load_settings(home=tmp_path / "home", sandbox="process"), Operator()))
    assert (found[0].outcome, "isolates nothing" in found[0].detail) == (CheckOutcome.WARN, True)
    assert outcomes(found)["sandbox: no network"] is CheckOutcome.WARN


# -- the models ------------------------------------------------------------------------------------------------


class Saying:
    """A model that answers, without usage if told so; counts its calls."""

    def __init__(self, spec: ModelSpec, usage: Usage | None, calls: list[str]) -> None:
        self.name = spec.model
        self.price = Price(Decimal("0.10"), Decimal("0.50"), Decimal("0.01"))
        self.max_output_tokens, self.supports_tools = 1000, False
        self._usage, self._calls, self._spec = usage, calls, spec

    def count(self, prompt: Prompt) -> int:
        raise AssertionError("the doctor reserves nothing")

    def complete(self, prompt: Prompt) -> Completion:
        assert prompt.max_output_tokens is not None
        assert prompt.max_output_tokens <= 256
        self._calls.append(self.name)
        if not self._spec.api_key:
            raise ModelRefused("invalid x-api-key")
        return Completion("ready", self._usage, "stop", 0.1)


USED = Usage(input_tokens=20, output_tokens=4)


def open_with(calls: list[str], usage: Usage | None = USED) -> Callable[[ModelSpec], Model]:
    return lambda spec: Saying(spec, usage, calls)


def test_models_are_priced_without_a_call(tmp_path: Path) -> None:
    calls: list[str] = []
    found = models(CheckContext(load_settings(home=tmp_path), Operator()), open_with(calls), lambda _m, _v: "key")
    assert (outcomes(found), calls) == ({"model: weak": CheckOutcome.OK, "model: strong": CheckOutcome.OK}, [])
    assert "0.10 in, 0.50 out, 0.01 cached" in found[0].detail


def test_a_call_is_made_when_asked_for_and_its_cost_is_told(tmp_path: Path) -> None:
    calls: list[str] = []
    context = CheckContext(load_settings(home=tmp_path), Operator(), DoctorOptions(call_models=True))
    found = models(context, open_with(calls), lambda _m, _v: "key")
    assert len(calls) == 2
    assert "for $0.000004" in found[0].detail
    assert models(context, open_with([], None), lambda _m, _v: "key")[0].outcome is CheckOutcome.WARN


def test_a_missing_key_names_its_variable(tmp_path: Path) -> None:
    found = models(CheckContext(load_settings(home=tmp_path), Operator()), open_with([]), lambda _m, _v: "")
    assert (
        fixes(found)["model: weak"]
        == "set ANTHROPIC_API_KEY in the environment, or as a line of `.env` in the state folder"
    )


def test_a_model_without_a_price_is_told_with_what_to_write(tmp_path: Path) -> None:
    def refuse(spec: ModelSpec) -> Model:
        raise ModelRefused(f"model {spec.model!r} has no price")

    found = models(CheckContext(load_settings(home=tmp_path), Operator()), refuse, lambda _m, _v: "key")
    assert "input_usd_per_million" in fixes(found)["model: strong"]


# -- the configuration, and the order --------------------------------------------------------------------------


def test_a_broken_environment_stops_there(tmp_path: Path) -> None:
    def broken() -> Settings:
        raise ConfigError(
            "the environment", (ConfigProblem(0, "PENNYFIX_PORT", "is no port", "set `PENNYFIX_PORT=1`"),)
        )

    found = list(run_checks(DoctorOptions(), load=broken))
    assert fixes(found) == {"environment": "set `PENNYFIX_PORT=1`"}
    assert [c.name for c in found if c.outcome is CheckOutcome.SKIPPED] == list(CHECKS)
    assert failed(found)


def test_every_problem_of_the_operators_file_has_its_line_and_fix(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("[limits]\nmonthly = 5\nissue_usd = -1\n")
    operator, found = operator_file(load_settings(home=tmp_path, config=tmp_path / "p.toml"))
    assert operator is None
    assert ["line 2" in found[0].detail, "line 3" in found[1].detail] == [True, True]
    assert all(c.fix for c in found)


def test_misspelt_variables_are_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENNYFIX_SANDBX", "docker")
    settings, found = environment()
    assert settings is not None
    assert "PENNYFIX_SANDBOX" in fixes(found)["environment"]


def test_secrets_that_others_can_read_are_told_with_the_command_that_hides_them(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    env = home / ".env"
    env.write_text("A=1\n")
    env.chmod(0o644)
    found = secrets(load_settings(home=home))
    assert f"chmod 600 {env}" in [c.fix for c in found]
    assert f"chmod 700 {home}" in [c.fix for c in found]


def test_only_what_was_asked_for_is_looked_at(tmp_path: Path) -> None:
    def look_at(name: str) -> Callable[[CheckContext], list[DoctorCheck]]:
        return lambda _ground: [ok(name)]

    looks = {name: look_at(name) for name in CHECKS}
    settings = load_settings(home=tmp_path)
    found = [c.name for c in run_checks(DoctorOptions(), only=("disk", "models"), load=lambda: settings, groups=looks)]
    assert found[-2:] == ["disk", "models"]
    assert "sandbox" not in found


def test_every_failure_of_an_empty_machine_has_a_fix(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path / "home")
    found = list(run_checks(DoctorOptions(), only=("disk", "database", "broker", "webhook"), load=lambda: settings))
    assert failed(found)
    assert all(c.fix for c in found if c.outcome in (CheckOutcome.FAIL, CheckOutcome.WARN))
    assert json.dumps([c.outcome for c in found])


def test_a_prompt_file_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "p.toml").write_text('prompts = "words"\n')
    settings = load_settings(home=tmp_path, config=tmp_path / "p.toml")
    (tmp_path / "words" / "plan.md").write_text("no placeholder")
    assert "placeholders" in operator_file(settings)[1][0].detail
    (tmp_path / "words" / "plan.md").unlink()
    assert operator_file(settings)[1][0].outcome is CheckOutcome.OK
