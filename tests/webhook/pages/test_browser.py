"""A person in a real browser: signs in, sees a repository, raises its budget, watches a job, reads it, signs out.

Everything on the way is listened to: no console error, no request to anybody else, little weight; and axe-core
finds nothing wrong with labels, contrast and structure, in light and dark, wide and narrow.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.fakes.chromium import chromium
from tests.fakes.dashboard import Dashboard
from workers.billing import budgets
from workers.jobs.job import State

AXE = "axe-core@4.14.1"
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
LIGHTEST = 100_000


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Dashboard]:
    with Dashboard(tmp_path, operators="ada") as board:
        yield board


def until(true: Callable[[], Any], seconds: float = 15) -> Any:
    """What `true` returns once it is; a page that is being replaced meanwhile is looked at again."""
    from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException

    end = time.monotonic() + seconds
    while True:
        with suppress(NoSuchElementException, StaleElementReferenceException):
            if found := true():
                return found
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def sign_in(driver: Any, board: Dashboard, login: str, path: str = "/") -> None:
    driver.get(board.url + path)
    driver.find_element("link text", "Sign in with GitHub").click()
    until(lambda: driver.find_elements("link text", login))[0].click()
    until(lambda: driver.current_url.startswith(board.url))


def text(driver: Any) -> str:
    return str(driver.find_element("tag name", "body").text)


def asked(driver: Any) -> list[tuple[str, int]]:
    """Every address the browser asked for since the last look, with the bytes that came."""
    where: list[tuple[str, str]] = []  # redirects share their request's id
    came: dict[str, int] = {}
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        number = message["params"].get("requestId", "")
        if message["method"] == "Network.requestWillBeSent":
            where.append((number, message["params"]["request"]["url"]))
        elif message["method"] == "Network.loadingFinished":
            came[number] = int(message["params"]["encodedDataLength"])
    return [(url, came.get(number, 0)) for number, url in where if url.startswith("http")]


def complaints(driver: Any, but: str = "\0") -> list[str]:
    return [
        e["message"]
        for e in driver.get_log("browser")
        if e["level"] in ("SEVERE", "WARNING") and but not in e["message"]
    ]


@pytest.mark.browser
def test_a_walk_from_signing_in_to_signing_out(board: Dashboard) -> None:
    ids = board.fill()
    with chromium() as driver:
        driver.get(board.url)
        assert "Pennyfix turns a labeled issue into a pull request" in text(driver)
        sign_in(driver, board, "ada")
        complaints(driver)
        driver.find_element("link text", "ada/parcel").click()
        assert "Spending in" in until(lambda: text(driver))

        amount = driver.find_element("id", "amount")
        amount.send_keys("51")
        amount.submit()
        until(lambda: "Nothing was changed" in text(driver))
        amount = driver.switch_to.active_element
        assert amount.get_attribute("aria-invalid") == "true", "the field at fault has the focus"
        amount.clear()
        amount.send_keys("42")
        amount.submit()
        until(lambda: "$42.00 a month" in text(driver))
        with board.database.read() as session:
            assert budgets.budget_of(session, board.parcel, board.context.limits).month == Decimal(42)
        complaints(driver)  # the 400 of the refused form

        driver.get(f"{board.url}/jobs/{ids['running']}")
        until(lambda: "Live" in driver.find_element("id", "live").text)
        board.say(ids["running"], "turn 1: <img src=x onerror=alert(1)> reading src/parcel.py")
        line = until(lambda: driver.find_elements("css selector", "#timeline li:nth-child(2)"))[0]
        assert "turn 1: <img src=x onerror=alert(1)> reading" in line.text
        board.end(ids["running"], State.DECLINED)
        until(lambda: "declined" in driver.find_element("id", "state").text and not driver.find_elements("id", "live"))

        driver.get(f"{board.url}/jobs/{ids['opened']}")
        assert "Attempt 2: strong" in text(driver)
        assert "half a cent belongs to the customer <b>& to nobody else</b>" in text(driver)
        summary = driver.find_element("css selector", "#attempt-1 summary")
        summary.click()
        assert driver.find_element("css selector", "#attempt-1 details").get_attribute("open")
        assert complaints(driver) == []

        kept = {cookie["name"]: cookie["value"] for cookie in driver.get_cookies()}
        assert driver.execute_script("return document.cookie") == "", "no script can read the cookie"
        driver.find_element("xpath", "//button[text()='Sign out']").click()
        until(lambda: "Sign in with GitHub" in text(driver))
        driver.back()
        until(lambda: "Sign in with GitHub" in text(driver) or driver.refresh())
        stolen = httpx.get(board.url, cookies=kept, headers={"accept": "text/html"}, trust_env=False)
        assert stolen.headers["location"] == "/sign-in"


@pytest.mark.browser
def test_refused_where_it_should_be(board: Dashboard) -> None:
    ids = board.fill()
    with chromium() as driver:
        sign_in(driver, board, "bob", f"/repositories/{board.parcel}")
        assert driver.current_url == f"{board.url}/repositories/{board.parcel}", "back to where one wanted to go"
        assert not driver.find_elements("id", "amount"), "bob may write, not administer"
        for path in (f"/repositories/{board.secret}", f"/jobs/{ids['secret']}"):
            driver.get(board.url + path)
            assert "Not found" in text(driver)
            assert "secret" not in text(driver)
        driver.get(f"{board.url}/operator")
        assert "Not allowed" in text(driver)

        # a replayed sign-in: the address that GitHub sent the browser back to, once more
        back = next(url for url, _ in asked(driver) if "/auth/callback" in url)
        driver.get(back)
        assert "was used before" in text(driver)

        # a form on another site (the stand-in's host is another origin), with the cookie that a browser would send
        driver.get(board.github.url)
        form = (
            "const f = document.createElement('form'); f.method = 'post'; f.action = arguments[0];"
            "const i = document.createElement('input'); i.name = 'thrown'; i.value = 'yes'; f.append(i);"
            "document.body.append(f); f.submit();"
        )
        driver.execute_script(form, f"{board.url}/operator/spending")
        until(lambda: "Nothing was changed" in text(driver))


@pytest.mark.browser
def test_pages_are_light_and_ask_nobody_else(board: Dashboard) -> None:
    ids = board.fill()
    with chromium() as driver:
        sign_in(driver, board, "ada")
        asked(driver), complaints(driver)
        driver.execute_cdp_cmd("Network.clearBrowserCache", {})
        for path in ("/", f"/repositories/{board.parcel}", f"/jobs/{ids['opened']}", "/operator"):
            driver.get(board.url + path)
            requests = asked(driver)
            assert {urlsplit(url).netloc for url, _ in requests} == {urlsplit(board.url).netloc}
            assert 0 < sum(size for _, size in requests) < LIGHTEST
        assert complaints(driver) == []


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's script, installed once into the tests' cache; never part of the pages."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "pennyfix-tests" / AXE
    if not (cache / "complete").exists():
        cache.mkdir(parents=True, exist_ok=True)
        install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(cache), AXE]
        subprocess.run(install, check=True, capture_output=True, timeout=150)
        (cache / "complete").touch()
    return (cache / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.mark.browser
@pytest.mark.node
@pytest.mark.parametrize(("width", "dark"), [(1200, False), (1200, True), (390, False)])
def test_axe_finds_nothing_wrong(board: Dashboard, axe: str, width: int, dark: bool) -> None:
    ids = board.fill()
    with chromium(width=width, dark=dark) as driver:
        driver.get(f"{board.url}/sign-in")
        found = {"/sign-in": judged(driver, axe)}
        sign_in(driver, board, "ada")
        for path in (
            "/",
            f"/repositories/{board.parcel}",
            f"/jobs/{ids['opened']}",
            f"/jobs/{ids['running']}",
            "/operator",
            "/no",
        ):
            driver.get(board.url + path)
            driver.execute_script("document.querySelectorAll('details').forEach(it => { it.open = true; })")
            assert driver.execute_script("return document.documentElement.scrollWidth") <= width, f"{path} is too wide"
            found[path] = judged(driver, axe)
    assert not any(found.values()), "\n".join(f"{path}: {problem}" for path, all_ in found.items() for problem in all_)


def judged(driver: Any, axe: str) -> list[str]:
    """What axe-core objects to, run over the DevTools protocol: the page's policy forbids foreign scripts."""
    driver.execute_script(axe + "; window.axe = axe;")
    answer = driver.execute_async_script(
        "const done = arguments[1]; axe.run(document, arguments[0]).then(r => done(r.violations), e => done([String(e)]))",
        RULES,
    )
    return [
        f"{v['id']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}" for v in answer for node in v["nodes"]
    ]
