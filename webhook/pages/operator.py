"""`/operator`: queue, workers, leases, installations, failures, and the switch that stops all new spending at once."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from webhook.pages.charts import bar
from webhook.pages.errors import PageError
from webhook.pages.filters import usd
from webhook.pages.overview import month_of_query, page_of_query
from webhook.pages.render import guarded, page
from webhook.pages.visitor import Authenticator, Visitor, in_thread
from workers.billing.ledger import STOP_SPENDING
from workers.db import audit, switches
from workers.months import month_of, neighbours
from workers.views.operator import INSTALLATIONS, operator_view

LONGEST_REASON = 200


def operator_routes(auth: Authenticator) -> APIRouter:
    """The routes."""
    router = APIRouter()

    @router.get("/operator")
    async def show(request: Request) -> Response:
        visitor = await auth.visitor(request)
        if not visitor.operator:
            raise _not_yours()
        now = auth.context.clock()
        month, number = month_of_query(request, now), page_of_query(request)
        return await in_thread(_render, auth, visitor, month, now, number)

    @router.post("/operator/spending")
    async def switch(request: Request) -> Response:
        visitor, fields = await auth.form(request)
        return await in_thread(_switch, auth, visitor, fields)

    return router


def _not_yours() -> PageError:
    return PageError(403, "Not allowed", "This page is for the logins in PENNYFIX_OPERATORS.")


def _render(
    auth: Authenticator, visitor: Visitor, month: str, now: datetime, number: int, problem: str = ""
) -> Response:
    context = auth.context
    with context.database.read() as session:
        it = operator_view(session, month, now, page=number)
    cap = context.limits.operator_month
    before, after = neighbours(month, now)
    return page(
        "operator.html",
        400 if problem else 200,
        visitor=visitor,
        it=it,
        now=now,
        month=month,
        before=before,
        after=after,
        number=number,
        more=it.installations_in_all > number * INSTALLATIONS,
        cap=cap,
        bar=bar(it.month.spent, it.month.reserved, cap, f"{usd(it.month.spent)} of {usd(cap)} spent"),
        stopped=it.switch is not None and it.switch.thrown,
        problem=problem,
    )


def _switch(auth: Authenticator, visitor: Visitor, fields: dict[str, str]) -> Response:
    context, now = auth.context, auth.context.clock()
    wanted, reason = fields.get("thrown", ""), " ".join(fields.get("reason", "").split())
    with context.database.begin() as session:
        if not visitor.operator:
            audit.note(session, visitor.login, "switch refused: not an operator", now=now)
        elif wanted in ("yes", "no") and len(reason) <= LONGEST_REASON:
            thrown = wanted == "yes"
            switches.turn(session, STOP_SPENDING, thrown=thrown, actor=visitor.login, now=now, reason=reason)
        else:
            audit.note(session, visitor.login, "switch refused: unreadable form", now=now)
    if not visitor.operator:
        raise _not_yours()
    if wanted not in ("yes", "no"):
        raise PageError(400, "Nothing was changed", "The form says neither “stop” nor “go on”.")
    if len(reason) > LONGEST_REASON:
        return _render(
            auth, visitor, month_of(now), now, 1,
            f"The reason has {len(reason)} characters; write at most {LONGEST_REASON}. Nothing was changed.",
        )  # fmt: skip
    return guarded(RedirectResponse("/operator", 303), https=auth.https)
