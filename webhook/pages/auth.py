"""`/sign-in`, the way to GitHub and back, and `/sign-out`.

One random cookie carries a sign-in: GitHub sees a `state` and a challenge derived from it, the database its digest.
The answer is taken once, from the same browser, within ten minutes.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from webhook.pages import csrf
from webhook.pages.render import guarded, page
from webhook.pages.session import LIFETIME, SIGN_IN_LIFETIME, Cookie, derived, digest, new_secret, seal
from webhook.pages.sign_in import GitHubUser, SignInFailed
from webhook.pages.visitor import Authenticator, in_thread
from workers.db import sessions
from workers.github.manifest import SIGNED_IN_PATH

LONGEST_NEXT = 500


def auth_routes(auth: Authenticator) -> APIRouter:
    """The routes."""
    router = APIRouter()
    settings = auth.context.settings
    passing = Cookie("pennyfix-sign-in", auth.https, SIGN_IN_LIFETIME)
    ready = bool(settings.github_client_id and settings.github_client_secret.get_secret_value())

    def back(request: Request) -> str:
        base = settings.public_url or csrf.local_address(request, settings.host)
        return base + SIGNED_IN_PATH if base else ""

    @router.get("/sign-in")
    async def ask(next: str = "/") -> Response:  # noqa: A002  # the query's name, as everywhere
        return page(
            "sign_in.html", ready=ready, next=_inside(next), problem="", where=urlsplit(auth.github.web_url).netloc
        )

    @router.get("/sign-in/github")
    async def begin(request: Request, next: str = "/") -> Response:  # noqa: A002  # see above
        if not ready:
            return RedirectResponse("/sign-in", 303)
        if not back(request):
            return refused("This address isn't known to be ours: the operator sets PENNYFIX_PUBLIC_URL to it.")
        secret = new_secret()
        await in_thread(_remember, auth, digest(secret), _inside(next))
        address = auth.github.authorize_url(
            state=derived(secret, "state"), verifier=derived(secret, "verifier"), redirect_uri=back(request)
        )
        response = guarded(RedirectResponse(address, 303), https=auth.https)
        passing.set(response, secret)
        return response

    @router.get(SIGNED_IN_PATH)
    async def finish(request: Request, code: str = "", state: str = "") -> Response:
        secret = passing.read(request)
        following = None
        if secret and hmac.compare_digest(state.encode(), derived(secret, "state").encode()):
            following = await in_thread(_take, auth, digest(secret))
        if following is None:
            return refused("This sign-in was not begun in this browser, was used before, or is older than ten minutes.")
        if not code:
            return refused("GitHub didn't let you sign in.")
        try:
            token = await auth.github.token(code=code, verifier=derived(secret, "verifier"), redirect_uri=back(request))
            person = await auth.github.person(token)
        except SignInFailed as error:
            return refused(str(error))
        cookie = new_secret()
        await in_thread(_open, auth, cookie, person, token)
        response = guarded(RedirectResponse(_inside(following), 303), https=auth.https)
        passing.clear(response)
        auth.cookie.set(response, cookie)
        return response

    def refused(why: str) -> Response:
        response = page(
            "sign_in.html", 400, ready=ready, next="/", problem=why, where=urlsplit(auth.github.web_url).netloc
        )
        passing.clear(response)
        return response

    @router.post("/sign-out")
    async def leave(request: Request) -> Response:
        visitor, _ = await auth.form(request, fresh=timedelta.max)  # leaving asks GitHub nothing
        await in_thread(_close, auth, visitor.digest, visitor.login)
        response = guarded(RedirectResponse("/sign-in", 303), https=auth.https)
        auth.cookie.clear(response)
        return response

    return router


def _inside(path: str) -> str:
    """`path` if it is a page of this site, else the first page: nobody is sent elsewhere after signing in."""
    plain = path.isascii() and path.isprintable() and "\\" not in path and len(path) <= LONGEST_NEXT
    inside = path.startswith("/") and not path.startswith(("//", "/sign-", "/auth/"))
    return path if plain and inside else "/"


def _remember(auth: Authenticator, name: str, following: str) -> None:
    now = auth.context.clock()
    with auth.context.database.begin() as session:
        sessions.begin_sign_in(session, name, following, now=now, expires=now + SIGN_IN_LIFETIME)


def _take(auth: Authenticator, name: str) -> str | None:
    with auth.context.database.begin() as session:
        return sessions.take_sign_in(session, name, auth.context.clock())


def _open(auth: Authenticator, secret: str, person: GitHubUser, token: str) -> None:
    now = auth.context.clock()
    sights: Mapping[int, bool] = person.sights
    with auth.context.database.begin() as session:
        sessions.open_session(
            session,
            digest=digest(secret),
            github_id=person.github_id,
            login=person.login,
            csrf=csrf.new_token(),
            token=seal(secret, token),
            sights=sights,
            now=now,
            expires=now + LIFETIME,
        )


def _close(auth: Authenticator, name: str, login: str) -> None:
    with auth.context.database.begin() as session:
        sessions.close_session(session, name, login, auth.context.clock())
