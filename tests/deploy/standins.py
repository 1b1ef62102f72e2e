"""A stand-in GitHub whose whole traffic is compared with GitHub's description, and a small client to ask it."""

from __future__ import annotations

import queue
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import jwt

from deploy.demo.github import StandIn
from deploy.demo.github.rest import Traffic
from tests.openapi.check import Departure, check_request, check_response


class Conformance:
    """An observer: collects every departure from GitHub's description; `verify()` raises when there was one."""

    def __init__(self) -> None:
        self.departures: list[str] = []
        self.seen: set[tuple[str, str]] = set()

    def __call__(self, traffic: Traffic) -> None:
        if not traffic.template:
            self.departures.append(f"{traffic.method} {traffic.path}: no such operation")
            return
        self.seen.add((traffic.method, traffic.template))
        try:
            if traffic.status < 400:
                check_request(traffic.method, traffic.template, traffic.request, dict(traffic.query))
            check_response(traffic.method, traffic.template, traffic.status, traffic.response)
        except Departure as departure:
            self.departures.append(str(departure))

    def verify(self) -> None:
        assert not self.departures, "\n".join(self.departures)


def app_jwt(github: StandIn, **changed: Any) -> str:
    """A JWT as the App signs it, with claims changed."""
    clock = int(time.time())
    claims = {"iss": str(github.app.id), "iat": clock - 30, "exp": clock + 540} | changed
    return jwt.encode(claims, github.private_key, algorithm="RS256")


class Client:
    """Asks the stand-in's REST API with one credential."""

    def __init__(self, github: StandIn, credential: str = "") -> None:
        self.github = github
        self.http = httpx.Client(base_url=github.api_url, trust_env=False, timeout=60)
        if credential:
            self.http.headers["Authorization"] = f"Bearer {credential}"

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200, **query: Any) -> Any:
        answer = self.http.request(method, path, json=body, params=query or None)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        self.headers = answer.headers
        return answer.json() if answer.content else None


def as_app(github: StandIn) -> Client:
    return Client(github, app_jwt(github))


def as_installation(github: StandIn, full_name: str, **permissions: str) -> Client:
    """A client whose token is for one repository and, when given, only these permissions."""
    body: dict[str, Any] = {"repository_ids": [github.repository(full_name).id]}
    if permissions:
        body["permissions"] = permissions
    it = github.installation(full_name)
    minted = as_app(github)("POST", f"/app/installations/{it.id}/access_tokens", body, 201)
    return Client(github, minted["token"])


class Receiver:
    """Takes deliveries over real HTTP: `take()` gives (headers, body); answers with `status`."""

    def __init__(self) -> None:
        self.status = 202
        self.arrived: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        receiver = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.arrived.put(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Stay quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks/github"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self) -> tuple[dict[str, str], bytes]:
        return self.arrived.get(timeout=60)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def started(folder: Path, receiver: Receiver | None, observer: Conformance) -> StandIn:
    """A started stand-in with one private repository `ada/parcel`."""
    github = StandIn(folder, webhook_url=receiver.url if receiver else "", observer=observer).start()
    files = {"README.md": "# Parcel\n", "src/parcel.py": "PRICE = 1\n", "run.sh": "echo hi\n"}
    github.add_repository("ada/parcel", files, people={"bob": "write", "eve": "read"})
    return github
