"""A real HTTP server that speaks OpenAI's chat completions, with trouble on demand.

It complains (400, as the real one) about a request without model or messages, and records every request.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Reply:
    """One answer. `usage` None leaves it out; `delay` in seconds before anything is sent; `drop` hangs up instead."""

    text: str | None = "ok"
    status: int = 200
    usage: Mapping[str, Any] | None = field(
        default_factory=lambda: {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    )
    finish: str = "stop"
    tool_calls: Sequence[Mapping[str, Any]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str = "made-up trouble"
    delay: float = 0.0
    drop: bool = False
    choices: bool = True


class OpenAIServer:
    """`with OpenAIServer([...]) as server:` answers with the replies in turn, the last one for ever. `server.url` ends in /v1."""

    def __init__(self, replies: Sequence[Reply]) -> None:
        assert replies, "a server needs a reply"
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self._replies = list(replies)
        self._lock = threading.Lock()
        outer = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with outer._lock:
                    outer.requests.append(body)
                    outer.keys.append(self.headers.get("authorization", ""))
                    reply = outer._replies.pop(0) if len(outer._replies) > 1 else outer._replies[0]
                outer._answer(self, body, reply)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def _answer(self, door: BaseHTTPRequestHandler, body: dict[str, Any], reply: Reply) -> None:
        time.sleep(reply.delay)
        if reply.drop:
            door.close_connection = True
            door.connection.close()
            return
        status, payload = reply.status, self._payload(body, reply)
        if door.path != "/v1/chat/completions":
            status, payload = 404, {"error": {"message": f"no route {door.path}", "type": "invalid_request_error"}}
        elif not body.get("messages") or not body.get("model"):
            status, payload = (
                400,
                {"error": {"message": "model and messages are required", "type": "invalid_request_error"}},
            )
        raw = json.dumps(payload).encode()
        try:
            door.send_response(status)
            for name, value in {
                "content-type": "application/json",
                "content-length": str(len(raw)),
                **reply.headers,
            }.items():
                door.send_header(name, value)
            door.end_headers()
            door.wfile.write(raw)
        except OSError:
            door.close_connection = True  # the client gave up, as the test wants

    def _payload(self, body: dict[str, Any], reply: Reply) -> dict[str, Any]:
        if reply.status >= 400:
            return {"error": {"message": reply.error, "type": "error", "code": None}}
        message: dict[str, Any] = {"role": "assistant", "content": reply.text}
        if reply.tool_calls:
            message["tool_calls"] = list(reply.tool_calls)
        choice = {"index": 0, "message": message, "finish_reason": reply.finish, "logprobs": None}
        payload = {
            "id": "c1",
            "object": "chat.completion",
            "created": 1,
            "model": body.get("model", ""),
            "choices": [choice] if reply.choices else [],
        }
        return payload | ({"usage": dict(reply.usage)} if reply.usage is not None else {})

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, t: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
