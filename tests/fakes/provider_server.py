"""A real HTTP server that answers as each of the big providers does: their paths, their headers, their bodies.

The shapes are those of the providers' API references (November 2026). It takes the key `right` in whichever header the
provider has for it, and answers 401 in the provider's words to any other.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

KEY = "right"
USAGE = {"prompt_tokens": 20, "completion_tokens": 4, "total_tokens": 24}
CHAT = {
    "id": "c1", "object": "chat.completion", "created": 1, "model": "m", "usage": USAGE,
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "ready"}, "finish_reason": "stop"}],
}  # fmt: skip
MESSAGES = {
    "id": "m1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn", "stop_sequence": None,
    "content": [{"type": "text", "text": "ready"}], "usage": {"input_tokens": 20, "output_tokens": 4},
}  # fmt: skip
GENERATE = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "ready"}]}, "finishReason": "STOP", "index": 0}],
    "usageMetadata": {"promptTokenCount": 20, "candidatesTokenCount": 4, "totalTokenCount": 24}, "modelVersion": "m",
}  # fmt: skip
CONVERSE = {
    "output": {"message": {"role": "assistant", "content": [{"text": "ready"}]}}, "stopReason": "end_turn",
    "usage": {"inputTokens": 20, "outputTokens": 4, "totalTokens": 24}, "metrics": {"latencyMs": 1},
}  # fmt: skip
OLLAMA = {
    "model": "m", "created_at": "2026-11-01T00:00:00Z", "message": {"role": "assistant", "content": "ready"},
    "done": True, "done_reason": "stop", "prompt_eval_count": 20, "eval_count": 4,
}  # fmt: skip
TOKEN = {"access_token": KEY, "token_type": "Bearer", "expires_in": 3600}
POSTS: Sequence[tuple[str, Mapping[str, Any]]] = (
    (r"/v1/messages$", MESSAGES),
    (r":rawPredict(\?|$)", MESSAGES),
    (r":generateContent(\?|$)", GENERATE),
    (r"/model/[^/]+/converse$", CONVERSE),
    (r"/api/chat$", OLLAMA),
    (r"/token$", TOKEN),
    (r"/chat/completions(\?|$)", CHAT),
)


@dataclass(frozen=True)
class Asked:
    """One request; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class ProviderServer:
    """`with ProviderServer(["name"]) as server:` serves these models to who has the key."""

    def __init__(self, models: Sequence[str] = (), *, open_to_all: bool = False) -> None:
        self.models = list(models)
        self.asked: list[Asked] = []
        outer = self

        class Door(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._reply(*outer._get(self._note()))

            def do_POST(self) -> None:
                self._reply(*outer._post(self._note()))

            def _note(self) -> Asked:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                asked = Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                outer.asked.append(asked)
                return asked

            def _reply(self, status: int, payload: object) -> None:
                raw = json.dumps(payload).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *args: object) -> None:
                """Stay quiet."""

        self.open_to_all = open_to_all
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def _known(self, asked: Asked) -> bool:
        h = asked.headers
        given = (
            h.get("x-api-key"),
            h.get("api-key"),
            h.get("x-goog-api-key"),
            h.get("authorization", "").partition(" ")[2],
        )
        signed = h.get("authorization", "").startswith("AWS4-HMAC-SHA256 Credential=AKID/")
        return self.open_to_all or KEY in given or f"key={KEY}" in asked.path or signed

    def _get(self, asked: Asked) -> tuple[int, object]:
        if not self._known(asked):
            return 401, {"error": {"message": "invalid x-api-key", "type": "authentication_error"}}
        if asked.path.startswith("/api/tags"):
            return 200, {"models": [{"name": name} for name in self.models]}
        if asked.path.endswith("/key"):
            return 200, {"data": {"label": "k"}}
        if re.search(r"/models(\?|$)", asked.path):
            return 200, {"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]}
        return 404, {"error": {"message": "not found"}}

    def _post(self, asked: Asked) -> tuple[int, object]:
        found = next((body for path, body in POSTS if re.search(path, asked.path)), None)
        if found is TOKEN:
            return 200, TOKEN
        if not self._known(asked):
            return 401, {"error": {"message": "invalid api key", "type": "authentication_error", "code": 401}}
        if found is None:
            return 404, {"error": {"message": f"no route {asked.path}"}}
        name = str(json.loads(asked.body or b"{}").get("model") or "")
        if found is CHAT and self.models and name not in self.models:
            return 404, {"error": {"message": f"The model `{name}` does not exist", "code": "model_not_found"}}
        return 200, found

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, t: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
