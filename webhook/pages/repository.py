"""`/repositories/{id}`: a month's spending, the jobs, and the budget, which administrators may change."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from webhook.pages.charts import days, shares
from webhook.pages.errors import PageError, not_found
from webhook.pages.filters import github_link
from webhook.pages.overview import budget_bar, month_of_query
from webhook.pages.render import guarded, page
from webhook.pages.visitor import Authenticator, Visitor, in_thread
from workers.billing import budgets, resume
from workers.billing.policy import BudgetLimits
from workers.billing.totals import ZERO
from workers.db import audit, sessions
from workers.months import month_of, neighbours
from workers.usd import MoneyError, parse_usd
from workers.views import overview
from workers.views import repository as repository_view
from workers.views.repository import DailySpending

LARGEST = 2**63 - 1
NOT_FOUND = 404
log = structlog.get_logger()


def repository_routes(auth: Authenticator) -> APIRouter:
    """The routes."""
    router = APIRouter()

    @router.get("/repositories/{repository_id}")
    async def show(request: Request, repository_id: int) -> Response:
        visitor = await auth.visitor(request)
        now = auth.context.clock()
        month, before = month_of_query(request, now), _before(request)
        return await in_thread(_render, auth, visitor, _id(repository_id), month, now, before=before)

    @router.post("/repositories/{repository_id}/budget")
    async def set_budget(request: Request, repository_id: int) -> Response:
        visitor, fields = await auth.form(request)
        return await in_thread(_set, auth, visitor, _id(repository_id), fields)

    return router


def _id(number: int) -> int:
    if not 0 < number <= LARGEST:
        raise not_found()
    return number


def _before(request: Request) -> int:
    text = request.query_params.get("before", "0")
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST)) and int(text) <= LARGEST):
        raise PageError(400, "There is no such page", "Go back to the newest jobs.")
    return int(text)


def _render(
    auth: Authenticator,
    visitor: Visitor,
    repository_id: int,
    month: str,
    now: datetime,
    *,
    before: int = 0,
    problem: str = "",
    typed: str = "",
    status: int = 200,
) -> Response:
    context = auth.context
    with context.database.read() as session:
        line = overview.repository_line(session, visitor.digest, repository_id, month, context.limits, now)
        if line is None:
            raise not_found()
        spent = repository_view.spending(session, repository_id, month)
        months = repository_view.months(session, repository_id)
        jobs, older = repository_view.jobs(session, repository_id, before=before)
        changes = repository_view.changes(session, repository_id)
    tiers = _tiers(spent)
    previous, following = neighbours(month, now)
    current = month == month_of(now)
    return page(
        "repository.html",
        status,
        visitor=visitor,
        line=line,
        month=month,
        before=previous,
        after=following,
        current=current,
        bar=budget_bar(line) if current else "",
        chart=days(_stacks(spent, month), [t for t, _ in tiers], f"US dollars a day in {month}, by tier")
        if spent
        else "",
        share=shares(tiers, f"How {month} divides between the tiers") if spent else "",
        tiers=[tier for tier, _ in tiers],
        days=_by_day(spent),
        models=_by_model(spent),
        earlier=months if len(months) > 1 else (),
        jobs=jobs,
        older=jobs[-1].id if older else 0,
        newest=before == 0,
        changes=changes,
        most=context.limits.repository_month,
        problem=problem,
        typed=typed,
        link=lambda *parts: github_link(context.settings.github_web_url, line.name, *parts),
    )


def _set(auth: Authenticator, visitor: Visitor, repository_id: int, fields: dict[str, str]) -> Response:
    """Change the budget, or say why not. What was refused is in the audit trail too."""
    context, now = auth.context, auth.context.clock()
    limits, typed = context.limits, fields.get("amount", "")
    try:
        with context.database.begin() as session:
            may = sessions.administers(session, visitor.digest, repository_id)
            amount = _asked(fields, may, now, limits)
            budgets.set_budget(session, repository_id, amount, visitor.login, now, limits=limits)
            resumed = resume.resume(session, limits, now, repository_id=repository_id)
    except MoneyError as error:
        _note_refused(auth, visitor, repository_id, str(error))
        month = month_of(now)
        return _render(auth, visitor, repository_id, month, now, problem=str(error), typed=typed[:60], status=400)
    except PageError as error:
        if error.status != NOT_FOUND:
            _note_refused(auth, visitor, repository_id, error.text)
        raise
    for job_id in resumed:
        _wake(auth, job_id)
    return guarded(RedirectResponse(f"/repositories/{repository_id}#budget", 303), https=auth.https)


def _asked(fields: dict[str, str], may: bool | None, now: datetime, limits: BudgetLimits) -> Decimal | None:
    """The budget that a form asks for, None to go back to the file's. Raises Answer, MoneyError. Pure."""
    if may is None:
        raise not_found()
    if not may:
        raise PageError(403, "Not allowed", "Only administrators of the repository may change its budget.")
    if fields.get("month") != month_of(now):
        raise PageError(400, "Nothing was changed", "A budget is set for the month that runs, and from then on.")
    return None if fields.get("back") == "yes" else parse_usd(fields.get("amount", ""), most=limits.repository_month)


def _note_refused(auth: Authenticator, visitor: Visitor, repository_id: int, why: str) -> None:
    now = auth.context.clock()
    with auth.context.database.begin() as session:
        audit.note(
            session, visitor.login, "budget refused", now=now, repository_id=repository_id, after={"why": why[:300]}
        )


def _wake(auth: Authenticator, job_id: int) -> None:
    try:
        auth.context.publish("job", job_id)
    except Exception as error:  # noqa: BLE001  # the broker's client raises what it likes; the sweeper publishes
        log.warning("a wake-up was not sent; the sweeper will send it", job=job_id, error=str(error)[:200])


def _tiers(spent: Sequence[DailySpending]) -> list[tuple[str, Decimal]]:
    sums: dict[str, Decimal] = {}
    for it in spent:
        sums[it.tier] = sums.get(it.tier, ZERO) + it.usd
    return sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))


def _by_day(spent: Sequence[DailySpending]) -> dict[str, dict[str, Decimal]]:
    found: dict[str, dict[str, Decimal]] = {}
    for it in spent:
        day = found.setdefault(it.day, {})
        day[it.tier] = day.get(it.tier, ZERO) + it.usd
    return found


def _stacks(spent: Sequence[DailySpending], month: str) -> list[tuple[str, dict[str, Decimal]]]:
    """Every day of the month; a call that ended after its month is drawn on the last day."""
    last = monthrange(int(month[:4]), int(month[5:]))[1]
    stacks: list[tuple[str, dict[str, Decimal]]] = [(str(day), {}) for day in range(1, last + 1)]
    for it in spent:
        day = int(it.day[8:]) if it.day.startswith(month) else last
        parts = stacks[day - 1][1]
        parts[it.tier] = parts.get(it.tier, ZERO) + it.usd
    return stacks


def _by_model(spent: Sequence[DailySpending]) -> list[DailySpending]:
    """The month by tier and model, dearest first; `day` is empty."""
    found: dict[tuple[str, str], DailySpending] = {}
    for it in spent:
        was = found.get((it.tier, it.model), DailySpending("", it.tier, it.model, 0, 0, 0, 0, 0, ZERO))
        found[it.tier, it.model] = DailySpending(
            "",
            it.tier,
            it.model,
            was.calls + it.calls,
            was.unknown + it.unknown,
            was.input_tokens + it.input_tokens,
            was.cached_tokens + it.cached_tokens,
            was.output_tokens + it.output_tokens,
            was.usd + it.usd,
        )
    return sorted(found.values(), key=lambda it: -it.usd)
