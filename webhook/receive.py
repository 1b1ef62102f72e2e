"""`POST /webhooks/github`: verify before parsing, persist before acknowledging.

202 accepted · 200 ping or duplicate · 204 ignored · 400 header or JSON · 401 signature · 405 method ·
413 too large · 415 not JSON · 503 only when the database did not take it.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Sequence
from contextlib import suppress

import anyio.to_thread
import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from webhook.metrics import Metrics
from webhook.payload import ActionOnly, Event, Payload
from webhook.signature import verified
from webhook.triage import RULES, TriageContext, triage
from webhook.writer import NotWritten, ReceivedDelivery, Writer
from workers.deliveries.trigger_labels import LabelUnknown, NotCached
from workers.jobs.commands import Command, Ignored

PATH = "/webhooks/github"
LARGEST = 25 * 1024 * 1024  # GitHub's own cap
LARGE = 256 * 1024  # from here on hashing and parsing leave the event loop
GUID = re.compile(r"[A-Za-z0-9-]{1,100}")
EVENT = re.compile(r"[a-z0-9_]{1,60}")
EVENTS = frozenset(name for name, _ in RULES)

log = structlog.get_logger()


class DeliveryRefused(Exception):
    """The delivery is answered with this 4xx status; the message says why."""

    def __init__(self, status: int, why: str) -> None:
        self.status = status
        super().__init__(why)


def receiver(
    secrets: Sequence[str], context: TriageContext, quick_context: TriageContext, writer: Writer, metrics: Metrics
) -> APIRouter:
    """The route. `quick_context` answers from memory only: it raises NotCached where `context` would read the database.

    Raises ValueError without a secret: no secret, no start.
    """
    if not secrets or not all(secrets):
        raise ValueError("a webhook secret is needed to receive deliveries")
    router = APIRouter()

    @router.post(PATH)
    async def receive(request: Request) -> Response:
        started = time.perf_counter()
        name = request.headers.get("x-github-event", "")
        try:
            response = await _receive(request, secrets, context, quick_context, writer)
        except DeliveryRefused as refused:
            response = _answer(refused.status, "refused", str(refused))
        except NotWritten as error:
            response = _answer(503, "not recorded", str(error))
            response.headers["retry-after"] = "60"
        metrics.answered(name if name in EVENTS else "other", response.status_code, time.perf_counter() - started)
        return response

    return router


async def _receive(
    request: Request, secrets: Sequence[str], context: TriageContext, quick_context: TriageContext, writer: Writer
) -> Response:
    headers = request.headers
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise DeliveryRefused(415, "the content type must be application/json (set it in the App's webhook)")
    guid, name = headers.get("x-github-delivery", ""), headers.get("x-github-event", "")
    if not EVENT.fullmatch(name) or not GUID.fullmatch(guid):
        raise DeliveryRefused(400, "the headers X-GitHub-Event and X-GitHub-Delivery are missing or malformed")
    signature = headers.get("x-hub-signature-256", "")
    if not signature:
        raise DeliveryRefused(401, "the header X-Hub-Signature-256 is missing")
    body = await _body(request)
    event, command = await _read(secrets, context, quick_context, body, signature, guid, name)
    recorded = await writer.write(ReceivedDelivery(guid, name, event.action, event.digest, command))
    if recorded.duplicate:
        return _answer(200, "duplicate", "this delivery was recorded before")
    if name == "ping":
        return _answer(200, "pong", "")
    if isinstance(command, Ignored):
        return Response(status_code=204)
    return _answer(202, "accepted", type(command).__name__)


async def _body(request: Request) -> bytes:
    """The raw bytes, never more than `LARGEST` of them in memory."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > LARGEST:
        raise DeliveryRefused(413, "the body is larger than 25 MB")
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST:
            raise DeliveryRefused(413, "the body is larger than 25 MB")
        chunks.append(chunk)
    return b"".join(chunks)


async def _read(
    secrets: Sequence[str],
    context: TriageContext,
    quick_context: TriageContext,
    body: bytes,
    signature: str,
    guid: str,
    name: str,
) -> tuple[Event, Command | Ignored]:
    if len(body) < LARGE:
        with suppress(NotCached):
            return read(secrets, quick_context, body, signature, guid, name)
    return await anyio.to_thread.run_sync(read, secrets, context, body, signature, guid, name)


def read(
    secrets: Sequence[str], context: TriageContext, body: bytes, signature: str, guid: str, name: str
) -> tuple[Event, Command | Ignored]:
    """Verify, parse, decide. Raises DeliveryRefused (401, 400).

    A body that is signed but shaped otherwise than expected is ignored, not refused: asking GitHub for it
    again would not change it.
    """
    if not verified(secrets, body, signature):
        raise DeliveryRefused(401, "the signature does not match")
    digest = hashlib.sha256(body).hexdigest()
    try:
        payload = Payload.model_validate_json(body) if name in EVENTS else _envelope(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid" or not first["loc"]:
            raise DeliveryRefused(400, "the body is not a JSON object") from None
        where = ".".join(str(part) for part in first["loc"])
        log.warning("a delivery of unexpected shape", event_name=name, guid=guid, where=where)
        return Event(guid, name, "", digest, Payload()), Ignored(f"unexpected payload: {where}: {first['msg']}"[:300])
    event = Event(guid, name, payload.action or "", digest, payload)
    try:
        return event, triage(event, context)
    except LabelUnknown as error:
        raise NotWritten(str(error)) from None


def _envelope(body: bytes) -> Payload:
    """Events without a rule need their action only; other fields may reuse our names for other shapes."""
    return Payload(action=ActionOnly.model_validate_json(body).action)


def _answer(status: int, decision: str, why: str) -> JSONResponse:
    return JSONResponse({"decision": decision, "why": why} if why else {"decision": decision}, status)
