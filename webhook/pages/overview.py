"""`/`: the repositories of the person who is signed in, dearest first."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from fastapi import APIRouter, Request, Response

from webhook.pages.charts import bar
from webhook.pages.errors import PageError
from webhook.pages.filters import usd
from webhook.pages.render import page
from webhook.pages.visitor import Authenticator, Visitor, in_thread
from workers.months import MonthError, month_of, neighbours, parse_month
from workers.views import overview
from workers.views.overview import RepositoryLine

MOST_PAGES = 10_000


def month_of_query(request: Request, now: datetime) -> str:
    """The month that the address asks for. Raises Answer (400)."""
    try:
        return parse_month(request.query_params.get("month", ""), now)
    except MonthError as error:
        raise PageError(400, "That month cannot be shown", str(error)) from None


def page_of_query(request: Request) -> int:
    """The number of the page that the address asks for. Raises Answer (400)."""
    text = request.query_params.get("page", "1")
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= MOST_PAGES):  # noqa: PLR2004
        raise PageError(400, "There is no such page", f"Pages are numbered from 1 to {MOST_PAGES}.")
    return int(text)


def budget_bar(line: RepositoryLine) -> str:
    """How much of the month's budget is used, as SVG."""
    words = f"{usd(line.spent)} of {usd(line.budget.month)} spent"
    if line.reserved:
        words += f", {usd(line.reserved)} set aside for calls under way"
    return bar(line.spent, line.reserved, line.budget.month, words)


def overview_routes(auth: Authenticator) -> APIRouter:
    """The route."""
    router = APIRouter()

    @router.get("/")
    async def show(request: Request) -> Response:
        visitor = await auth.visitor(request)
        now = auth.context.clock()
        month, number = month_of_query(request, now), page_of_query(request)
        return await in_thread(_render, auth, visitor, month, now, number)

    return router


def _render(auth: Authenticator, visitor: Visitor, month: str, now: datetime, number: int) -> Response:
    with auth.context.database.read() as session:
        seen = overview.overview(session, visitor.digest, month, auth.context.limits, now, page=number)
    before, after = neighbours(month, now)
    current = month == month_of(now)
    bars = {line.id: budget_bar(line) for line in seen.lines} if current else {}
    saved = [line.record.saved for line in seen.lines if line.record.saved is not None]
    return page(
        "overview.html",
        visitor=visitor,
        seen=seen,
        month=month,
        before=before,
        after=after,
        current=current,
        bars=bars,
        number=number,
        saved=sum(saved, Decimal(0)) if saved else None,
        app_url=auth.context.settings.github_web_url,
    )
