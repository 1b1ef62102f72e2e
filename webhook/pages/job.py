"""`/jobs/{id}`: the timeline as it happens, the attempts with their evidence, every call, and all of it as JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from webhook.live_events import LiveEvents, TooManyWatchers
from webhook.pages.errors import PageError, not_found
from webhook.pages.filters import github_link
from webhook.pages.render import guarded, page
from webhook.pages.repository import LARGEST
from webhook.pages.visitor import Authenticator, Visitor, in_thread
from workers.db import sessions
from workers.processes.context import Context
from workers.views import job_page
from workers.views.job_page import JobProgress

LONGEST_DIFF = 20_000  # characters shown in the page; the record has all of it


def live_events_of(context: Context) -> LiveEvents:
    """The streams of this process."""

    def read_progress(job_id: int, last: int) -> JobProgress | None:
        with context.database.read() as session:
            return job_page.job_progress(session, job_id, last)

    def still_allowed(digests: Collection[str], job_id: int) -> Collection[str]:
        with context.database.read() as session:
            return sessions.still_looking(session, digests, job_id, context.clock())

    return LiveEvents(read_progress, still_allowed)


def job_routes(auth: Authenticator, events: LiveEvents) -> APIRouter:
    """The routes."""
    router = APIRouter()

    @router.get("/jobs/{job_id}")
    async def show(request: Request, job_id: int) -> Response:
        visitor = await auth.visitor(request)
        return await in_thread(_render, auth, visitor, _id(job_id))

    @router.get("/jobs/{job_id}/record.json")
    async def record(request: Request, job_id: int) -> Response:
        visitor = await auth.visitor(request)
        content = await in_thread(_record, auth, visitor, _id(job_id))
        headers = {"content-disposition": f'attachment; filename="pennyfix-job-{job_id}.json"'}
        return guarded(JSONResponse(content, headers=headers), https=auth.https)

    @router.get("/jobs/{job_id}/events")
    async def watch(request: Request, job_id: int) -> Response:
        visitor = await auth.visitor(request)
        if await in_thread(_repository_of, auth, visitor, _id(job_id)) is None:
            raise not_found()
        try:
            events.check_room()
        except TooManyWatchers as error:
            raise PageError(503, "Too many watch", str(error)) from None
        stream = _stream(events, job_id, visitor.digest, _last(request))
        return guarded(StreamingResponse(stream, media_type="text/event-stream", headers={"x-accel-buffering": "no"}))

    return router


async def _stream(events: LiveEvents, job_id: int, digest: str, last: int) -> AsyncIterator[str]:
    yield "retry: 3000\n\n"
    async for message in events.watch(job_id, digest, last):
        yield message


def _id(number: int) -> int:
    if not 0 < number <= LARGEST:
        raise not_found()
    return number


def _last(request: Request) -> int:
    text = request.headers.get("last-event-id") or request.query_params.get("after", "0")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0  # noqa: PLR2004  # digits of 2**63


def _repository_of(auth: Authenticator, visitor: Visitor, job_id: int) -> int | None:
    with auth.context.database.read() as session:
        return job_page.repository_of(session, visitor.digest, job_id)


def _render(auth: Authenticator, visitor: Visitor, job_id: int) -> Response:
    with auth.context.database.read() as session:
        it = job_page.view(session, visitor.digest, job_id)
    if it is None:
        raise not_found()
    row = it.row
    return page(
        "job.html",
        visitor=visitor,
        it=it,
        row=row,
        live=it.state.active,
        last=it.steps[-1].id if it.steps else 0,
        saved=row.strong_usd - it.usd if row.strong_usd is not None else None,
        longest=LONGEST_DIFF,
        link=lambda *parts: github_link(auth.context.settings.github_web_url, row.repository, *parts),
    )


def _record(auth: Authenticator, visitor: Visitor, job_id: int) -> dict[str, object]:
    with auth.context.database.read() as session:
        it = job_page.view(session, visitor.digest, job_id, all_calls=True)
    if it is None:
        raise not_found()
    return job_page.record(it)
