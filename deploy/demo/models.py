"""Two scripted models behind a real OpenAI-compatible HTTP server: they answer from files, and count tokens.

A script is a folder: `issue.md` (title, then body), `reproduction.txt` (the tester's answer) and `MODEL-N.md`
(that model's answers, in order). Which issue is meant is read from the prompt, as a model would; an answer that
the prompt already shows as tried is not given again. What has no script gets an honest "I cannot tell".
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from deploy.demo.serving import Serving

SCRIPTS = Path(__file__).parent / "scripts"
BLOCK = 64  # tokens: what a provider's cache counts in
CHARACTERS = 4  # of one token, about
RECOGNISED = 80  # characters of an answer by which it is recognised in a prompt
UNKNOWN = "I cannot tell: nobody has written a script for this question."


@dataclass(frozen=True, slots=True)
class ModelScript:
    """The scripted answers for one issue. `answers` are by model, `weak` or `strong`."""

    name: str
    title: str
    body: str
    reproduction: str
    answers: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ScriptedCall:
    """One answered request."""

    model: str
    purpose: str
    script: str
    prompt_tokens: int
    cached_tokens: int


def read_scripts(folder: Path = SCRIPTS) -> tuple[ModelScript, ...]:
    """All scripts below `folder`, by name."""
    found = []
    for place in sorted(p for p in folder.iterdir() if (p / "issue.md").is_file()):
        title, _, body = (place / "issue.md").read_text(encoding="utf-8").partition("\n")
        answers = {
            model: tuple(p.read_text(encoding="utf-8") for p in sorted(place.glob(f"{model}-*.md")))
            for model in ("weak", "strong")
        }
        test = (place / "reproduction.txt").read_text(encoding="utf-8")
        found.append(ModelScript(place.name, title.strip(), body.strip(), test, answers))
    return tuple(found)


def purpose_of(prompt: str) -> str:
    """What a prompt is for, by the first words of its rules."""
    if "You write one test" in prompt:
        return "reproduction"
    return "repair" if "You repair software" in prompt else "other"


def answer(scripts: tuple[ModelScript, ...], model: str, messages: list[dict[str, Any]]) -> tuple[str, str, str]:
    """(text, purpose, script's name) for one request."""
    texts = [_text(m) for m in messages]
    whole = "\n".join(texts)
    script = next((s for s in scripts if s.title in whole), None)
    purpose = purpose_of(whole)
    if script is None or purpose == "other":
        return UNKNOWN, purpose, script.name if script else ""
    if purpose == "reproduction":
        return (
            f"The test states what the issue asks for.\n\n```python\n{script.reproduction}```\n",
            purpose,
            script.name,
        )
    known = script.answers["strong" if "strong" in model else "weak"]
    fresh = [a for a in known if a[:RECOGNISED] not in whole]
    return (*fresh, *known[-1:], UNKNOWN)[0], purpose, script.name


def _text(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else "\n".join(part.get("text", "") for part in content)


@dataclass(slots=True)
class ScriptedModels:
    """The server. `seconds` is how long each model thinks, by its name."""

    scripts: tuple[ModelScript, ...] = field(default_factory=read_scripts)
    models: tuple[str, ...] = ("demo-weak", "demo-strong")
    seconds: dict[str, float] = field(default_factory=dict)
    calls: list[ScriptedCall] = field(default_factory=list)
    key: str = ""
    _seen: dict[str, list[str]] = field(default_factory=dict)
    _lock: Any = field(default_factory=threading.Lock)
    _serving: Serving | None = None

    def start(self) -> str:
        """Serve on 127.0.0.1; returns the `api_base` (ends in /v1)."""
        self._serving = Serving(self.application())
        return f"{self._serving.start()}/v1"

    def stop(self) -> None:
        if self._serving is not None:
            self._serving.stop()

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/chat/completions", self._chat, methods=["POST"]),
                Route("/v1/models", self._list),
            ]
        )

    async def _list(self, _: Request) -> Response:
        own = [{"id": m, "object": "model", "created": 0, "owned_by": "demo"} for m in self.models]
        return JSONResponse({"object": "list", "data": own})

    async def _chat(self, request: Request) -> Response:
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            return _trouble(401, "Incorrect API key provided.", "invalid_api_key")
        given = json.loads(await request.body())
        if given.get("model") not in self.models:
            return _trouble(404, f"The model `{given.get('model')}` does not exist.", "model_not_found")
        found = await run_in_threadpool(self.complete, given)
        if given.get("stream"):
            return StreamingResponse(_stream(found), media_type="text/event-stream")
        return JSONResponse(found)

    def complete(self, given: dict[str, Any]) -> dict[str, Any]:
        """The body of one answer. Thinks for a while."""
        model, messages = given["model"], given["messages"]
        time.sleep(self.seconds.get(model, 0.0))
        text, purpose, script = answer(self.scripts, model, messages)
        prompt = "\n".join(_text(m) for m in messages)
        tokens, written = len(prompt) // CHARACTERS + 4 * len(messages), len(text) // CHARACTERS + 1
        finish, most = "stop", given.get("max_completion_tokens") or given.get("max_tokens")
        if most and written > most:
            text, written, finish = text[: most * CHARACTERS], most, "length"
        with self._lock:
            cached = self._cached(model, prompt)
            self.calls.append(ScriptedCall(model, purpose, script, tokens, cached))
        usage = {
            "prompt_tokens": tokens,
            "completion_tokens": written,
            "total_tokens": tokens + written,
            "prompt_tokens_details": {"cached_tokens": min(cached, tokens)},
        }
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": finish}
        own = {"id": f"chatcmpl-{len(self.calls)}", "object": "chat.completion", "created": int(time.time())}
        return {**own, "model": model, "choices": [choice], "usage": usage}

    def _cached(self, model: str, prompt: str) -> int:
        """Tokens of the longest beginning that this model has seen, in whole blocks."""
        seen = self._seen.setdefault(model, [])
        longest = max((_common(prompt, other) for other in seen), default=0)
        seen.append(prompt)
        return longest // CHARACTERS // BLOCK * BLOCK


def _common(one: str, other: str) -> int:
    """Length of the common beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _trouble(status: int, message: str, code: str) -> Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return JSONResponse({"error": error}, status)


def _stream(found: dict[str, Any]) -> Iterator[str]:
    """The same answer as server-sent events."""
    same = {**{k: found[k] for k in ("id", "created", "model")}, "object": "chat.completion.chunk"}
    choice = found["choices"][0]
    for delta, finish in ((choice["message"], None), ({}, choice["finish_reason"])):
        chunk = {**same, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "usage": None}
        yield f"data: {json.dumps(chunk)}\n\n"
    yield f"data: {json.dumps({**same, 'choices': [], 'usage': found['usage']})}\n\n"
    yield "data: [DONE]\n\n"
