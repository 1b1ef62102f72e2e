"""A real HTTP server that speaks Anthropic's Messages API, as far as prompt caching, thinking and tools need it.

It refuses (400, as the real one) more than four cache marks, and a tool result without its tool call.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class AnthropicServer:
    """Answers with the given message bodies (content, usage, stop_reason) in turn."""

    def __init__(self, replies: Sequence[dict[str, Any]]) -> None:
        self.requests: list[dict[str, Any]] = []
        outer, left = self, list(replies)

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.requests.append(body)
                problem = outer.problem(body)
                if problem:
                    status, payload = (
                        400,
                        {"type": "error", "error": {"type": "invalid_request_error", "message": problem}},
                    )
                else:
                    assert left, "an unexpected call"
                    base = {
                        "id": "m1",
                        "type": "message",
                        "role": "assistant",
                        "model": body["model"],
                        "stop_sequence": None,
                    }
                    status, payload = 200, {**base, "stop_reason": "end_turn", **left.pop(0)}
                raw = json.dumps(payload).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @staticmethod
    def problem(body: dict[str, Any]) -> str:
        text = json.dumps(body)
        if text.count('"cache_control"') > 4:
            return "A maximum of 4 blocks with cache_control may be provided."
        if any(
            b.get("type") == "text" and not b["text"]
            for m in body["messages"]
            for b in m["content"]
            if isinstance(b, dict)
        ):
            return "messages: text content blocks must be non-empty"
        calls = {
            b["id"] for m in body["messages"] for b in m["content"] if isinstance(b, dict) and b["type"] == "tool_use"
        }
        results = {
            b["tool_use_id"]
            for m in body["messages"]
            for b in m["content"]
            if isinstance(b, dict) and b["type"] == "tool_result"
        }
        return "" if results <= calls else "unexpected tool_use_id found in tool_result blocks"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, t: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
