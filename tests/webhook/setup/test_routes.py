from __future__ import annotations

import html
import json
import re
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from deploy.demo.github import StandIn
from webhook.setup.routes import COOKIE, HOUR, AppRegistration, SetupFlow, setup_pages
from webhook.setup.run import SetupOptions, run_setup
from workers.config.errors import ConfigError
from workers.config.settings import load_settings
from workers.github.app_client import MadeApp
from workers.github.manifest import load_manifest
from workers.github.types import Missing, Unreachable

MADE = MadeApp(7, "fixer", "https://github.com/apps/fixer", "Iv1", "PEM", "hook", "secret")
LOCAL = "http://127.0.0.1:8000"


class Flow:
    """The two pages in a browser, with a GitHub that answers as told."""

    def __init__(self, name: str = "", organization: str = "", base: str = LOCAL) -> None:
        self.answer: MadeApp | Exception = MADE
        self.kept: list[MadeApp] = []
        self.keep_error: OSError | None = None
        self.codes: list[str] = []
        self.time = 0.0
        plan = AppRegistration(
            "https://github.com", "https://fix.example.org", LOCAL, load_manifest(), name, organization
        )
        self.setup = SetupFlow(plan, self.convert, self.keep, clock=lambda: self.time)
        self.token = self.setup.token
        app = FastAPI()
        app.include_router(setup_pages(self.setup))
        self.app = app
        self.browser = self.new_browser(base)

    def new_browser(self, base: str = LOCAL) -> TestClient:
        return TestClient(self.app, base_url=base, follow_redirects=False)

    def convert(self, code: str) -> MadeApp:
        self.codes.append(code)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def keep(self, made: MadeApp) -> None:
        if self.keep_error is not None:
            raise self.keep_error
        self.kept.append(made)

    def open(self) -> Any:
        answer = self.browser.get("/setup", params={"token": self.token})
        assert (answer.status_code, answer.headers["location"]) == (303, "/setup")
        return self.browser.get("/setup")

    def state(self) -> str:
        action = html.unescape(re.findall(r'action="([^"]*)"', self.open_again().text)[0])
        return parse_qs(urlsplit(action).query)["state"][0]

    def open_again(self) -> Any:
        return self.browser.get("/setup") if not self.setup.token else self.open()

    def done(self, state: str, code: str = "c0de") -> Any:
        return self.browser.get("/setup/done", params={"code": code, "state": state})


def sent(answer: Any) -> dict[str, object]:
    """The manifest as a browser would send it."""
    return dict(json.loads(html.unescape(re.findall(r'name="manifest" value="([^"]*)"', answer.text)[0])))


def test_the_page_opens_with_the_token_once_in_one_browser() -> None:
    flow = Flow()
    assert "Create the App on GitHub" in flow.open().text
    other = flow.new_browser()
    assert other.get("/setup", params={"token": flow.token}).status_code == 403
    assert other.get("/setup").status_code == 403
    assert flow.browser.get("/setup").status_code == 200


@pytest.mark.parametrize("token", ["", "wrong", "ü", "\0"])
def test_a_wrong_token_opens_nothing_and_spends_nothing(token: str) -> None:
    flow = Flow()
    assert flow.browser.get("/setup", params={"token": token}).status_code == 403
    assert flow.new_browser().get("/setup", headers={"cookie": f"{COOKIE}=guessed"}).status_code == 403
    assert "Create the App" in flow.open().text


def test_the_cookie_is_kept_from_scripts_and_other_sites() -> None:
    flow = Flow()
    cookie = flow.browser.get("/setup", params={"token": flow.token}).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie
    https = Flow(base="https://fix.example.org")
    assert "secure" in https.browser.get("/setup", params={"token": https.token}).headers["set-cookie"].lower()


def test_no_page_runs_scripts_or_tells_others_where_it_was() -> None:
    flow = Flow()
    for answer in (flow.browser.get("/setup"), flow.open(), flow.done("x")):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "form-action 'self' https://github.com" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "<script" not in answer.text


@pytest.mark.parametrize("name", ["Ada's fixer", '"><script>alert(1)</script>', "a&b</form>", "日本 & co"])
def test_any_name_arrives_unharmed(name: str) -> None:
    answer = Flow(name=name).open()
    assert sent(answer)["name"] == name
    assert "<script" not in answer.text
    assert answer.text.count("</form>") == 1


def test_it_is_posted_for_the_organization() -> None:
    assert (
        'action="https://github.com/organizations/acme/settings/apps/new?state='
        in Flow(organization="acme").open().text
    )


@pytest.mark.parametrize(
    ("base", "back"),
    [
        (LOCAL, LOCAL),
        ("http://localhost:8000", "http://localhost:8000"),
        ("https://fix.example.org", "https://fix.example.org"),
        ("http://evil.example", LOCAL),
    ],
)
def test_the_browser_comes_back_to_where_it_was_but_to_no_other_host(base: str, back: str) -> None:
    assert sent(Flow(base=base).open())["redirect_url"] == f"{back}/setup/done"


def test_the_keys_are_kept_and_the_installation_page_follows() -> None:
    flow = Flow()
    answer = flow.done(flow.state())
    assert (answer.status_code, answer.headers["location"]) == (303, "https://github.com/apps/fixer/installations/new")
    assert (flow.codes, flow.kept, flow.setup.made) == (["c0de"], [MADE], MADE)
    assert flow.browser.get("/setup").status_code == 410


def test_a_state_is_good_once_within_the_hour_and_only_if_we_gave_it() -> None:
    flow = Flow()
    flow.answer = Missing(404, "Not Found")
    state = flow.state()
    assert "no longer works" in flow.done(state).text
    assert "unknown, used or older" in flow.done(state).text
    assert "unknown, used or older" in flow.done("guessed").text
    old = flow.state()
    flow.time += HOUR
    assert "unknown, used or older" in flow.done(old).text
    assert len(flow.codes) == 1
    assert flow.kept == []


def test_another_browser_cannot_finish_it() -> None:
    flow = Flow()
    state = flow.state()
    answer = flow.new_browser().get("/setup/done", params={"code": "c", "state": state})
    assert (answer.status_code, flow.codes) == (403, [])


def test_a_github_that_is_away_leaves_a_way_to_try_the_same_code_again() -> None:
    flow = Flow()
    flow.answer = Unreachable("GitHub at https://api.github.com does not answer")
    answer = flow.done(flow.state())
    assert answer.status_code == 502
    again = html.unescape(re.findall(r'href="(/setup/done[^"]*)"', answer.text)[0])
    flow.answer = MADE
    assert flow.browser.get(again).status_code == 303
    assert flow.codes == ["c0de", "c0de"]


def test_keys_that_cannot_be_written_are_told_with_what_to_delete() -> None:
    flow = Flow()
    flow.keep_error = OSError(28, "No space left on device")
    answer = flow.done(flow.state())
    assert answer.status_code == 500
    assert "No space left on device" in answer.text
    assert "https://github.com/settings/apps/fixer" in answer.text
    assert flow.setup.made is None


def test_without_a_code_nothing_is_asked() -> None:
    flow = Flow()
    assert flow.done(flow.state(), code="").status_code == 400
    assert flow.codes == []


# -- the whole flow, against the stand-in GitHub ---------------------------------------------------------------


@pytest.fixture
def github(tmp_path: Path) -> Iterator[StandIn]:
    with StandIn(tmp_path / "github") as github:
        yield github


@pytest.mark.parametrize("organization", ["", "acme"])
def test_from_the_terminal_to_keys_that_github_knows(tmp_path: Path, github: StandIn, organization: str) -> None:
    home, env = tmp_path / "home", tmp_path / ".env"
    env.write_text("ANTHROPIC_API_KEY=mine\n")
    settings = load_settings(home=home, github_api_url=github.api_url)
    told: list[str] = []
    opened = threading.Event()

    def say(line: str) -> None:
        told.append(line)
        if "?token=" in line:
            opened.set()

    answers = SetupOptions(organization=organization, name="Ada's fixer", public_url=LOCAL, port=0, env_file=env)
    result: list[MadeApp | None] = []
    terminal = threading.Thread(target=lambda: result.append(run_setup(settings, answers, say)))
    terminal.start()
    assert opened.wait(20)
    url = re.findall(r"http\S+token=\S+", "\n".join(told))[0]
    with httpx.Client(trust_env=False, timeout=20) as browser:
        form = browser.get(url, follow_redirects=True)
        action = html.unescape(re.findall(r'action="([^"]*)"', form.text)[0])
        at_github = browser.post(action, data={"manifest": json.dumps(sent(form))})
        done = browser.get(at_github.headers["location"])
    terminal.join(20)
    assert done.status_code == 303
    assert done.headers["location"].endswith("/installations/new")
    (made,) = result
    assert made is not None
    assert github.world.app.name == "Ada's fixer"

    written = env.read_text()
    assert "ANTHROPIC_API_KEY=mine\n" in written
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    (key,) = home.glob("*.pem")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    ready = load_settings(env)
    assert ready.github_app_id == github.world.app.id == made.id
    assert ready.github_private_key.get_secret_value().strip() == github.world.app.private_key.strip()
    assert ready.webhook_secrets == (github.world.app.webhook_secret,)
    assert (ready.github_client_id, ready.public_url) == (github.world.app.client_id, LOCAL)
    everything = "\n".join(told)
    assert "pennyfix doctor" in everything
    for secret in (github.world.app.webhook_secret, github.world.app.client_secret, "PRIVATE KEY"):
        assert secret not in everything

    with pytest.raises(ConfigError, match=r"is set already.*--force"):
        run_setup(ready, answers, say)


def test_a_port_in_use_and_a_folder_that_cannot_be_written_are_told_before_anything_is_made(tmp_path: Path) -> None:
    import socket

    settings = load_settings(home=tmp_path / "home", github_api_url="https://ghes.example/api/v3")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match="cannot be listened on"):
            run_setup(settings, SetupOptions(public_url=LOCAL, port=port, env_file=tmp_path / ".env"), lambda _: None)
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        run_setup(settings, SetupOptions(public_url=LOCAL, port=0, env_file=tmp_path / "file" / ".env"), lambda _: None)
