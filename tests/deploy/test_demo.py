"""The demo around the real `up`: its configuration, its texts, and that it says so when something is wrong."""

from __future__ import annotations

import io
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from deploy.demo.demo import plain_text, print_outcome, run, table
from deploy.demo.progress import IssueProgress, read_progress
from deploy.demo.setup import DEMO_CASES, DemoCase, DemoSetup, project_files
from sandbox.backends import BackendOptions, choose
from sandbox.recipes.discovery import discover
from sandbox.repository.mirror import Mirror
from sandbox.testing.testrun import run_tests
from workers.config.operator_file import load_operator
from workers.config.repository_file import parse_repository_file
from workers.config.settings import load_settings
from workers.db.database import open_database
from workers.jobs.job import State


def plain_console() -> Console:
    return Console(file=io.StringIO(), width=120, force_terminal=False)


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_demo_is_configured_as_an_operator_would(tmp_path: Path) -> None:
    with DemoSetup(tmp_path) as demo:
        prefix = "PENNYFIX_"
        given: dict[str, Any] = {
            k.removeprefix(prefix).lower(): v for k, v in demo.environment.items() if k.startswith(prefix)
        }
        settings = load_settings(**given)
        settings.require_app()
        settings.require_webhook_secret()
        assert settings.github_api_url == demo.github.api_url
        operator = load_operator(settings.config)
        assert [t.model for t in operator.tiers] == ["openai/demo-weak", "openai/demo-strong"]
        assert [(s.repository, s.number) for s in demo.issues] == [
            ("demo/parcel", 1),
            ("demo/parcel", 2),
            ("demo/parcel", 3),
            ("demo/tight", 1),
        ]
        text = demo.github.read("demo/tight", ".github/autofix.yml").decode()
        assert parse_repository_file(text, strategies=["cascade"]).budget.issue_usd == Decimal("0.02")
        assert httpx.get(f"{demo.github.url}/demo/parcel/issues/1", trust_env=False).status_code == 200
        demo.label()
        demo.github.flush()
        told = demo.github.deliveries("issues", "labeled")
        assert [d.payload["sender"]["login"] for d in told] == ["ada"] * 4


def test_the_project_is_tested_without_configuration_or_registry(tmp_path: Path) -> None:
    with DemoSetup(tmp_path / "demo") as demo:
        token = demo.github.world.mint(demo.github.installation("demo/parcel"), None, {"contents": "read"})
        mirror = Mirror.open(tmp_path, "demo")
        mirror.fetch(f"{demo.github.url}/demo/parcel.git", token=token.text)
    workspace = mirror.workspace(mirror.resolve("refs/heads/main"))
    recipe, _ = discover(workspace, setup=None, test=None, image=None)
    assert recipe is not None
    lines: list[str] = []
    dead = dict.fromkeys(("PIP_INDEX_URL", "UV_INDEX_URL", "HTTPS_PROXY"), "http://127.0.0.1:9")
    dead |= {"UV_HTTP_RETRIES": "0"}
    backend = choose("process", BackendOptions(tmp_path, setup_variables=dead))
    environment = backend.prepare("demo", recipe, workspace.tree(), lines.append)
    with backend.open(environment, workspace.tree()) as sandbox:
        whole = run_tests(sandbox, recipe, timeout=60, canary=True)
        sandbox.write({"tests/test_more.py": b"def test_one():\n    assert 1 == 2\n"})
        chosen = run_tests(sandbox, recipe, only=("tests/test_more.py",), timeout=60)
    assert whole.report is not None, whole.reason
    assert len(whole.report.results) == 22
    assert not whole.report.failed
    assert chosen.report is not None, chosen.reason
    assert set(chosen.report.failed) == {"tests/test_more.py::test_one"}


def test_an_up_that_ends_at_once_is_told_with_its_log(tmp_path: Path) -> None:
    console = plain_console()
    command = (sys.executable, "-c", "print('no such port'); raise SystemExit(3)")
    assert run(tmp_path, console, sandbox="process", command=command) == 1
    assert "did not start" in printed(console)
    assert "no such port" in printed(console)


def test_progress_before_anything_happened(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'p.db'}")
    database.migrate()
    case = DemoCase("weight", "demo/parcel", 1, State.OPENED, "")
    assert read_progress(database, (case,), lambda _: 7) == (IssueProgress(case),)
    database.close()


@pytest.mark.parametrize(
    ("state", "ended", "expected"),
    [(None, False, False), (State.RUNNING, False, False), (State.OPENED, True, True), (State.FAILED, True, False)],
)
def test_an_issue_ends_as_it_must_or_not(state: State | None, ended: bool, expected: bool) -> None:
    own = IssueProgress(DemoCase("weight", "demo/parcel", 1, State.OPENED, ""), state)
    assert (own.ended, own.as_expected) == (ended, expected)


def test_what_was_said_is_told_as_text(tmp_path: Path) -> None:
    console = plain_console()
    with DemoSetup(tmp_path) as demo:
        world = demo.github.world
        issue = demo.github.issue("demo/parcel", 3)
        demo.github.actions.comment(demo.github.repository("demo/parcel"), issue, "<!-- m -->\nNobody.", world.bot)
        print_outcome(demo, (IssueProgress(demo.issues[2], State.DECLINED),), console)
    assert "Nobody." in printed(console)
    assert "<!--" not in printed(console)


def test_the_table_names_states_and_costs() -> None:
    console = plain_console()
    case = DemoCase("weight", "demo/parcel", 1, State.OPENED, "")
    console.print(table((IssueProgress(case, State.OPENED, "done", Decimal("0.000123")),)))
    assert "pull request" in printed(console)
    assert "0.000123" in printed(console)


def test_markdown_becomes_text() -> None:
    assert plain_text("<!-- x -->\n<details><summary>More</summary>\n\n\n\nText</details>") == "More\n\nText"


def test_every_scene_has_a_script_and_the_project_ships_no_litter() -> None:
    assert len({act[0] for act in DEMO_CASES}) == len(DEMO_CASES)
    assert all("__pycache__" not in path for path in project_files())
