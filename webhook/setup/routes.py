"""`/setup`: the manifest flow, in which GitHub makes the App and hands over its keys.

Only whoever has the one-time token from the terminal can open the page: opening it spends the token for a cookie
of that browser. Every form carries a `state` that works once, within the hour that GitHub gives the code.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse

from webhook.setup.page import form, message
from workers.github.app_client import MadeApp
from workers.github.manifest import DONE_PATH, manifest, registration_url
from workers.github.types import ForgeError, Missing

PATH = "/setup"
COOKIE = "pennyfix_setup"
HOUR = 3600.0
MOST_STATES = 32

Manifest = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class AppRegistration:
    """What will be registered, and where. `page_url` is where the operator's browser reaches this page; the page may
    also be opened under `public_url`."""

    web_url: str
    public_url: str
    page_url: str
    app_manifest: Manifest
    name: str = ""
    organization: str = ""

    def page_at(self, host: str) -> str:
        """The address of the page as this browser reaches it; no other host is believed."""
        local = urlsplit(self.page_url)
        known = (self.public_url, self.page_url, f"{local.scheme}://localhost:{local.port}")
        return next((url for url in known if urlsplit(url).netloc == host), self.page_url)

    @property
    def apps_url(self) -> str:
        """Where the owner sees the Apps."""
        owner = f"/organizations/{quote(self.organization, safe='')}" if self.organization else ""
        return f"{self.web_url}{owner}/settings/apps"


@dataclass(slots=True)
class SetupFlow:
    """One run of the flow. `convert` asks GitHub for the App (raises ForgeError), `keep` writes it down (OSError)."""

    registration: AppRegistration
    convert: Callable[[str], MadeApp]
    keep: Callable[[MadeApp], None]
    report: Callable[[str], None] = lambda _line: None
    clock: Callable[[], float] = time.monotonic
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    made: MadeApp | None = None
    _browser: str = field(default="", repr=False)
    _states: dict[str, float] = field(default_factory=dict, repr=False)

    def open(self, token: str) -> str | None:
        """The browser's secret for the token, which is spent; None for a wrong one."""
        if not self.token or not hmac.compare_digest(token.encode(), self.token.encode()):
            return None
        self.token = ""
        self._browser = secrets.token_urlsafe(24)
        return self._browser

    def knows(self, browser: str) -> bool:
        """Whether this is the browser that spent the token."""
        return bool(self._browser) and hmac.compare_digest(browser.encode(), self._browser.encode())

    def new_state(self) -> str:
        """A state for one form."""
        now = self.clock()
        self._states = {s: until for s, until in self._states.items() if until > now}
        while len(self._states) >= MOST_STATES:
            self._states.pop(next(iter(self._states)))
        state = secrets.token_urlsafe(24)
        self._states[state] = now + HOUR
        return state

    def spend_state(self, state: str) -> bool:
        """Whether the state was given out, is young enough and was not used."""
        return self._states.pop(state, 0.0) > self.clock()


def setup_pages(flow: SetupFlow) -> APIRouter:
    """The two routes."""
    router = APIRouter()

    @router.get(PATH)
    def begin(request: Request, token: str = "") -> Response:
        if flow.made is not None:
            return _page(flow, 410, "Already set up", "The App was made and its keys are written. Close this page.")
        if token:
            return _spend(flow, request, token)
        if not flow.knows(request.cookies.get(COOKIE, "")):
            return _stranger(flow)
        registration = flow.registration
        wanted = manifest(
            registration.app_manifest,
            public_url=registration.public_url,
            page_url=registration.page_at(request.headers.get("host", "")),
            name=registration.name,
        )
        action = registration_url(registration.web_url, flow.new_state(), registration.organization)
        owner = (
            f"the organization {registration.organization}" if registration.organization else "your personal account"
        )
        return _html(flow, form(action, wanted, owner))

    @router.get(DONE_PATH)
    async def done(request: Request, code: str = "", state: str = "") -> Response:
        if not flow.knows(request.cookies.get(COOKIE, "")):
            return _stranger(flow)
        if not flow.spend_state(state):
            return _page(
                flow, 400, "Not from this page",
                "The state is unknown, used or older than an hour, so this answer can't be trusted.", again=True,
            )  # fmt: skip
        if not code:
            return _page(flow, 400, "No code", "GitHub sent no code along.", again=True)
        return await run_in_threadpool(_finish, flow, code)

    return router


def _spend(flow: SetupFlow, request: Request, token: str) -> Response:
    browser = flow.open(token)
    if browser is None:
        return _stranger(flow)
    answer = RedirectResponse(PATH, 303)
    answer.set_cookie(
        COOKIE, browser, max_age=int(2 * HOUR), path=PATH, httponly=True, samesite="lax",
        secure=flow.registration.page_at(request.headers.get("host", "")).startswith("https://"),
    )  # fmt: skip
    return _guarded(flow, answer)


def _finish(flow: SetupFlow, code: str) -> Response:
    try:
        made = flow.convert(code)
    except Missing:
        return _page(
            flow, 400, "The code no longer works",
            "GitHub doesn't know this code: a code works once, within an hour.",
            f"If the App stands under {flow.registration.apps_url} already, delete it there before you start over.",
            again=True,
        )  # fmt: skip
    except ForgeError as error:
        flow.report(f"GitHub didn't hand over the App: {error}")
        retry = f"{DONE_PATH}?code={quote(code, safe='')}&state={flow.new_state()}"
        text = message("GitHub didn't answer", str(error), "The code works for an hour.", link=(retry, "Try again"))
        return _html(flow, text, 502)
    try:
        flow.keep(made)
    except OSError as error:
        flow.report(f"the App was made, but its keys could not be written: {error}")
        return _page(
            flow, 500, "The keys could not be written",
            f"The App was made, but: {error}.",
            f"Nobody has its keys now: delete it at {flow.registration.apps_url}/{made.slug}, then start over.",
            again=True,
        )  # fmt: skip
    flow.made = made
    return _guarded(flow, RedirectResponse(f"{made.html_url}/installations/new", 303))


def _stranger(flow: SetupFlow) -> Response:
    return _page(
        flow, 403, "Open this page with the token",
        "Open the address that `pennyfix setup` printed on the terminal. It works once, in one browser; "
        "run `pennyfix setup` again for a new one.",
    )  # fmt: skip


def _page(flow: SetupFlow, status: int, title: str, *sentences: str, again: bool = False) -> Response:
    return _html(flow, message(title, *sentences, link=(PATH, "Start over") if again else None), status)


def _html(flow: SetupFlow, text: str, status: int = 200) -> Response:
    return _guarded(flow, HTMLResponse(text, status))


def _guarded(flow: SetupFlow, answer: Response) -> Response:
    """No script, no third party, no frame, no trace of the token; the form goes to GitHub (and back) only."""
    answer.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {flow.registration.web_url}"
    )
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
