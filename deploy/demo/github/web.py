"""The stand-in's addresses: REST, git, sign-in, App registration, and pages to read issues and pull requests."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from deploy.demo.github import githttp, pages
from deploy.demo.github.rest import HttpAnswer, Rest
from deploy.demo.github.state import DemoApp, DemoToken, now

GIT = re.compile(r"/[^/]+/[^/]+\.git/(info/refs|git-upload-pack|git-receive-pack|HEAD|objects/.*)")


def _answer(wire: HttpAnswer) -> Response:
    return Response(wire.body, wire.status, wire.headers)


class Site:
    """Everything under the stand-in's address."""

    def __init__(self, rest: Rest, key_pair: Callable[[], tuple[str, str]]) -> None:
        self.rest = rest
        self.world = rest.world
        self.key_pair = key_pair

    def application(self) -> Starlette:
        both = ["GET", "POST"]
        every = ["GET", "POST", "PATCH", "PUT", "DELETE"]
        return Starlette(
            routes=[
                Route("/login/oauth/authorize", self.authorize),
                Route("/login/oauth/access_token", self.exchange, methods=["POST"]),
                Route("/settings/apps/new", self.register, methods=["POST"]),
                Route("/organizations/{organization}/settings/apps/new", self.register, methods=["POST"]),
                Route("/api/v3/{path:path}", self.api, methods=every),
                Route("/{path:path}", self.git_or_page, methods=both),
            ]
        )

    async def api(self, request: Request) -> Response:
        body = await request.body()
        path = request.scope["raw_path"].decode("ascii").removeprefix("/api/v3")
        wire = await run_in_threadpool(self.rest.answer, request.method, path, request.url.query, request.headers, body)
        return _answer(wire)

    async def git_or_page(self, request: Request) -> Response:
        path = request.url.path
        if GIT.fullmatch(path):
            body = await request.body()
            wire = await run_in_threadpool(
                githttp.serve, self.rest, request.method, path, request.url.query, request.headers, body
            )
            return _answer(wire)
        with self.rest.lock:
            page = pages.page(self.world, path)
        return HTMLResponse(page or pages.missing(path), 200 if page else 404)

    async def authorize(self, request: Request) -> Response:
        """Ask who is signing in; `as` (a click on a name) sends the browser back with a code."""
        given, who = dict(request.query_params), request.query_params.get("as", "")
        if given.get("client_id") != self.world.app.client_id:
            return HTMLResponse(pages.missing("/login/oauth/authorize"), 404)
        if who.lower() not in self.world.accounts:
            people = [a.login for a in self.world.accounts.values() if a.type == "User"]
            links = [(login, "?" + urlencode({**given, "as": login})) for login in people]
            return HTMLResponse(pages.sign_in(self.world.app.name, links))
        back = given.get("redirect_uri") or self.world.app.callback_url
        if self.world.app.callback_url and not back.startswith(self.world.app.callback_url):
            query = {"error": "redirect_uri_mismatch", "state": given.get("state", "")}
            return RedirectResponse(f"{self.world.app.callback_url}?{urlencode(query)}", 302)
        code = secrets.token_hex(10)
        kept = {"login": who, "redirect_uri": given.get("redirect_uri", "")}
        kept["challenge"] = given.get("code_challenge", "")
        self.world.codes[code] = kept
        query = {"code": code} | ({"state": given["state"]} if "state" in given else {})
        return RedirectResponse(f"{back}{'&' if '?' in back else '?'}{urlencode(query)}", 302)

    async def exchange(self, request: Request) -> Response:
        """A code for a person's token, once; errors come with status 200, as on GitHub."""
        body = (await request.body()).decode()
        is_json = request.headers.get("content-type", "").startswith("application/json")
        given: dict[str, Any] = dict(request.query_params) | (json.loads(body) if is_json else dict(parse_qsl(body)))
        found = self._exchange(given)
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse(found)
        return Response(urlencode(found), media_type="application/x-www-form-urlencoded")

    def _exchange(self, given: dict[str, Any]) -> dict[str, Any]:
        app = self.world.app
        known = given.get("client_id") == app.client_id
        if not known or not secrets.compare_digest(str(given.get("client_secret", "")), app.client_secret):
            text = "The client_id and/or client_secret passed are incorrect."
            return {"error": "incorrect_client_credentials", "error_description": text}
        kept = self.world.codes.pop(str(given.get("code", "")), None)
        if kept is None:
            return {"error": "bad_verification_code", "error_description": "The code passed is incorrect or expired."}
        if kept["redirect_uri"] and given.get("redirect_uri") not in (None, kept["redirect_uri"]):
            return {"error": "redirect_uri_mismatch", "error_description": "The redirect_uri does not match."}
        if kept["challenge"]:
            digest = hashlib.sha256(str(given.get("code_verifier", "")).encode()).digest()
            if base64.urlsafe_b64encode(digest).decode().rstrip("=") != kept["challenge"]:
                return {"error": "bad_verification_code", "error_description": "The code_verifier does not match."}
        text = f"ghu_{secrets.token_hex(18)}"
        person = self.world.account(kept["login"])
        self.world.tokens[text] = DemoToken(text, now() + timedelta(hours=8), person=person)
        answer = {"access_token": text, "token_type": "bearer", "scope": "", "expires_in": 28_800}
        return answer | {"refresh_token": f"ghr_{secrets.token_hex(38)}", "refresh_token_expires_in": 15_897_600}

    async def register(self, request: Request) -> Response:
        """The manifest flow's first half: remember the manifest, send the browser back with a code."""
        form = dict(parse_qsl((await request.body()).decode()))
        try:
            manifest = json.loads(form.get("manifest", ""))
            name, hook = str(manifest["name"]), manifest["hook_attributes"]["url"]
            back = manifest["redirect_url"]
        except (ValueError, KeyError, TypeError) as error:
            return HTMLResponse(pages.message("Invalid GitHub App configuration", escape(str(error))), 422)
        private, public = await run_in_threadpool(self.key_pair)
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        app = DemoApp(
            id=next(self.world.ids),
            slug=slug,
            name=name,
            client_id=f"Iv23{secrets.token_hex(8)}",
            client_secret=secrets.token_hex(20),
            public_key=public,
            private_key=private,
            webhook_url=str(hook),
            webhook_secret=secrets.token_hex(20),
            callback_url=(manifest.get("callback_urls") or [""])[0],
            permissions=dict(manifest.get("default_permissions") or {}),
            events=tuple(manifest.get("default_events") or ()),
        )
        code = secrets.token_hex(20)
        self.world.conversions[code] = {"app": app}
        state = request.query_params.get("state")
        query = {"code": code} | ({"state": state} if state else {})
        return RedirectResponse(f"{back}{'&' if '?' in back else '?'}{urlencode(query)}", 302)
