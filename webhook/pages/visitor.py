"""Who is asking: the session behind the cookie, with what GitHub says they can see, asked anew every few minutes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import ParamSpec, TypeVar
from urllib.parse import quote

import anyio.to_thread
import structlog
from fastapi import Request

from webhook.pages.csrf import FIELD, Forged, check_origin, check_token
from webhook.pages.session import LIFETIME, Cookie, digest, unseal
from webhook.pages.sign_in import GitHubSignIn, SignInFailed, TokenRefused
from workers.db import sessions
from workers.processes.context import Context

FRESH = timedelta(minutes=5)  # what a page may rely on
FRESH_TO_WRITE = timedelta(seconds=15)  # what a form may rely on
STALE = timedelta(hours=1)  # for so long a page does without GitHub
MOST_FIELDS = 20
P = ParamSpec("P")
T = TypeVar("T")
log = structlog.get_logger()


class SignedOut(Exception):
    """There is no session (any more); `to` is where to sign in."""

    def __init__(self, request: Request) -> None:
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        self.to = f"/sign-in?next={quote(path, safe='')}" if request.method == "GET" and path != "/" else "/sign-in"
        super().__init__(self.to)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A signed-in person. `digest` names their session in the database."""

    digest: str
    login: str
    csrf: str
    operator: bool


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Finds out who sent a request. `cookie` is the session's."""

    context: Context
    github: GitHubSignIn
    cookie: Cookie

    @property
    def https(self) -> bool:
        """Whether the site is reached by https only."""
        return self.cookie.secure

    async def visitor(self, request: Request, *, fresh: timedelta = FRESH) -> Visitor:
        """Raises SignedOut. What they can see is at most `fresh` old (`STALE` when GitHub does not answer)."""
        secret = self.cookie.read(request)
        if not secret:
            raise SignedOut(request)
        name = digest(secret)
        found = await anyio.to_thread.run_sync(self._find, name)
        if found is None:
            raise SignedOut(request)
        now = self.context.clock()
        age = now - found.seen_at if found.seen_at is not None else STALE
        if age >= fresh:
            try:
                await self._look_again(name, unseal(secret, found.token))
            except TokenRefused:
                await anyio.to_thread.run_sync(self._close, name, found.login)
                raise SignedOut(request) from None
            except SignInFailed as error:
                if age >= STALE or fresh < FRESH:
                    raise
                log.warning("what a visitor can see could not be asked again", error=str(error))
        operator = found.login.lower() in self.context.settings.operator_logins
        return Visitor(name, found.login, found.csrf, operator)

    async def form(self, request: Request, *, fresh: timedelta = FRESH_TO_WRITE) -> tuple[Visitor, dict[str, str]]:
        """Who sent a form and its fields. Raises SignedOut, Forged; SignInFailed when rights cannot be asked."""
        check_origin(request, self.context.settings.public_url, self.context.settings.host)
        visitor = await self.visitor(request, fresh=fresh)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":  # a multipart part may name any of Python's codecs
            raise Forged("the form didn't come in the one encoding that forms of this site have")
        async with request.form(max_files=0, max_fields=MOST_FIELDS) as sent:
            fields = {name: str(value) for name, value in sent.items()}
        check_token(fields.get(FIELD, ""), visitor.csrf)
        return visitor, fields

    async def _look_again(self, name: str, token: str) -> None:
        if not token:
            raise TokenRefused("the token cannot be opened")
        sights = await self.github.sights(token)
        await anyio.to_thread.run_sync(self._see, name, sights)

    def _find(self, name: str) -> sessions.SignedIn | None:
        with self.context.database.read() as session:
            return sessions.find_session(session, name, self.context.clock())

    def _see(self, name: str, sights: dict[int, bool]) -> None:
        with self.context.database.begin() as session:
            sessions.see(session, name, sights, self.context.clock())

    def _close(self, name: str, login: str) -> None:
        with self.context.database.begin() as session:
            sessions.close_session(session, name, login, self.context.clock())


def make_authenticator(context: Context) -> Authenticator:
    """The authenticator of this process; makes no request to GitHub yet."""
    settings = context.settings
    github = GitHubSignIn(
        web_url=settings.github_web_url,
        api_url=settings.github_api_url,
        api_version=settings.github_api_version,
        client_id=settings.github_client_id,
        client_secret=settings.github_client_secret.get_secret_value(),
    )
    secure = settings.public_url.startswith("https://")
    return Authenticator(context, github, Cookie("pennyfix", secure, LIFETIME))


async def in_thread(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Run what reads or writes the database, away from the event loop."""
    return await anyio.to_thread.run_sync(partial(work, *arguments, **named))
