"""The REST API of the stand-in: finds the operation, authenticates, answers, paginates, reports to an observer."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from deploy.demo.github import apps, auth, gitdata, issues, pulls, rules
from deploy.demo.github.actions import Actions
from deploy.demo.github.objects import NoSuchObject
from deploy.demo.github.request import ApiRequest, Operation, Reply, RequestRefused, not_found
from deploy.demo.github.state import World

OPERATIONS: tuple[Operation, ...] = (
    *apps.OPERATIONS,
    *issues.OPERATIONS,
    *gitdata.OPERATIONS,
    *pulls.OPERATIONS,
    *rules.OPERATIONS,
)
NO_CONTENT = 204
LONG = ("path", "ref")  # parameters that may contain slashes


@dataclass(frozen=True, slots=True)
class Traffic:
    """One request and its answer. `template` is the operation's path in GitHub's description ("" when unknown)."""

    method: str
    path: str
    template: str
    query: Mapping[str, str]
    request: Any
    status: int
    response: Any


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Status, headers and bytes of an answer."""

    status: int
    headers: dict[str, str]
    body: bytes


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    text = re.escape(parts[0])
    for name, literal in zip(parts[1::2], parts[2::2], strict=True):
        text += f"(?P<{name}>{'.*' if name in LONG else '[^/]+'})" + re.escape(literal)
    return re.compile(text)


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "")
    return int(text) if text.isdecimal() and int(text) else default


class Rest:
    """`fault` may answer in GitHub's place (an outage, a rate limit): it returns an HttpAnswer or None."""

    def __init__(self, world: World, actions: Actions, observer: Callable[[Traffic], None] | None) -> None:
        self.world = world
        self.actions = actions
        self.observer = observer
        self.fault: Callable[[str, str], HttpAnswer | None] | None = None
        self.lock = threading.RLock()
        self.used = 0
        self._table = [(op, _pattern(op.path)) for op in OPERATIONS]

    def answer(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        """Answer one request below the API's root; `path` is still percent-encoded."""
        if self.fault is not None and (wire := self.fault(method, path)) is not None:
            return wire
        with self.lock:
            self.used += 1
            parameters = dict(parse_qsl(query, keep_blank_values=True))
            operation, params = self._find(method, path)
            payload: Any = None
            try:
                payload = self._parse(body)
                reply = self._run(operation, params, parameters, headers, payload or {}, method)
            except RequestRefused as refused:
                reply = Reply(refused.body, refused.status, headers=refused.headers)
            except NoSuchObject as error:
                reply = Reply({"message": f"Not Found: {error}", "documentation_url": "", "status": "404"}, 404)
            wire = self._wire(reply, path, parameters)
            if self.observer is not None:
                shown = json.loads(wire.body) if wire.body else None
                template = operation.path if operation else ""
                self.observer(Traffic(method, path, template, parameters, payload, wire.status, shown))
            return wire

    def _parse(self, body: bytes) -> Any:
        if not body:
            return None
        try:
            payload = json.loads(body)
        except ValueError as error:
            raise RequestRefused(400, "Problems parsing JSON") from error
        if not isinstance(payload, dict):
            raise RequestRefused(400, "Body should be a JSON object")
        return payload

    def _find(self, method: str, path: str) -> tuple[Operation | None, dict[str, str]]:
        for operation, pattern in self._table:
            if operation.method == method and (found := pattern.fullmatch(path)):
                return operation, {k: unquote(v) for k, v in found.groupdict().items()}
        return None, {}

    def _run(
        self,
        operation: Operation | None,
        params: dict[str, str],
        query: dict[str, str],
        headers: Mapping[str, str],
        body: dict[str, Any],
        method: str,
    ) -> Reply:
        if not headers.get("user-agent"):
            raise RequestRefused(
                403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header"
            )
        if operation is None:
            raise not_found()
        request = ApiRequest(self.world, self.actions, params, query, body, self.world.bot)
        authorization = headers.get("authorization", "")
        if operation.needs == "app":
            auth.check_app(self.world, authorization)
        elif not authorization and method == "GET" and (public := auth.public_repository(self.world, params)):
            request.repository = public
        elif operation.needs != "none":
            request.token = auth.find_token(self.world, authorization)
            request.installation = self.world.installations.get(request.token.installation)
            request.actor = request.token.person or self.world.bot
            if "owner" in params:
                request.repository = auth.visible_repository(self.world, request.token, params["owner"], params["repo"])
                auth.require_permission(request.token, request.repository, operation.needs, method)
        return operation.answer(request)

    def _wire(self, reply: Reply, path: str, query: dict[str, str]) -> HttpAnswer:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-GitHub-Media-Type": "github.v3; format=json",
            "X-RateLimit-Limit": "5000",
            "X-RateLimit-Remaining": str(max(5000 - self.used, 0)),
            "X-RateLimit-Reset": str(int(time.time()) + 3600),
            "X-RateLimit-Resource": "core",
            "X-RateLimit-Used": str(self.used),
            **reply.headers,
        }
        body = reply.body
        if reply.pages is not None:
            body = self._page(reply, path, query, headers)
        return HttpAnswer(reply.status, headers, b"" if reply.status == NO_CONTENT else json.dumps(body).encode())

    def _page(self, reply: Reply, path: str, query: dict[str, str], headers: dict[str, str]) -> Any:
        """The asked-for page of a list, with GitHub's Link header."""
        whole = reply.body[reply.pages] if reply.pages else reply.body
        size, page = min(_number(query, "per_page", 30), 100), _number(query, "page", 1)
        last = max(-(-len(whole) // size), 1)
        targets = {"next": page + 1, "last": last} if page < last else {}
        targets |= {"prev": page - 1, "first": 1} if page > 1 else {}
        root = f"{self.world.api}{path}?"
        links = [f'<{root}{urlencode({**query, "page": n})}>; rel="{rel}"' for rel, n in targets.items()]
        if links:
            headers["Link"] = ", ".join(links)
        part = whole[(page - 1) * size : page * size]
        return {**reply.body, reply.pages: part} if reply.pages else part
