"""A real HTTP server that answers with exactly the bytes that it is given, whatever is asked, also with cut-off ones."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class RawReply:
    """Bytes as they go over the wire. `cut` after so many of them hangs up in the middle of the body; `pauses` are
    functions that are called between the pieces of the body, which are then sent one by one."""

    body: bytes = b"{}"
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    pieces: tuple[bytes, ...] = ()
    pause: Callable[[int], object] = lambda _: None


def json_reply(value: object, status: int = 200, **headers: str) -> RawReply:
    """A JSON answer; underscores in header names are dashes."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return RawReply(json.dumps(value, ensure_ascii=False).encode(), status, headers=named)


def events(*values: object, done: bool = True) -> RawReply:
    """Server-sent events, as OpenAI sends them: `[DONE]` at the end."""
    lines = [f"data: {json.dumps(value)}\n\n" for value in values] + (["data: [DONE]\n\n"] if done else [])
    return RawReply("".join(lines).encode(), content_type="text/event-stream")


Answers = Callable[[dict[str, Any]], RawReply]


class RawServer:
    """`answer` decides by the request's JSON ({} for none); `requests` are those of models, in order, and `paths` where
    they went. Questions that are none to a model (a GET, Ollama's /api/show) get an empty object."""

    def __init__(self, answer: RawReply | Answers) -> None:
        self.answer = answer
        self.requests: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self._lock = threading.Lock()
        outer = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers.get("content-length") or 0))
                try:
                    body = json.loads(sent)
                except ValueError:
                    body = {}
                if self.path.endswith("/api/show"):
                    outer._send(self, RawReply())
                    return
                with outer._lock:
                    outer.requests.append(body if isinstance(body, dict) else {})
                    outer.paths.append(self.path)
                chosen = outer.answer
                outer._send(self, chosen if isinstance(chosen, RawReply) else chosen(outer.requests[-1]))

            def do_GET(self) -> None:
                outer._send(self, RawReply())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def _send(self, door: BaseHTTPRequestHandler, reply: RawReply) -> None:
        body = b"".join(reply.pieces) or reply.body
        try:
            door.send_response(reply.status)
            for name, value in {"content-type": reply.content_type, **reply.headers}.items():
                door.send_header(name, value)
            door.send_header("content-length", str(len(body)))
            door.end_headers()
            if reply.cut is not None:
                door.wfile.write(body[: reply.cut])
                door.close_connection = True
                return
            for number, piece in enumerate(reply.pieces or (body,)):
                door.wfile.write(piece)
                door.wfile.flush()
                reply.pause(number)
        except OSError:
            door.close_connection = True  # the client gave up

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, t: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
