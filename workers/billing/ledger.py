"""The ledger: money set aside before a call and booked after it, under every cap at once. SQL and nothing else.

Four scopes share each charge: the issue (all its jobs, all months), and the month of its repository, its
installation and the operator. `totals` has one row for each with what was spent and what is set aside, locked
in that order and changed in the transaction that changes the rows it sums up; so reserving costs the same
with a million charges, and two workers can never both take the last cent. The month (UTC) is fixed when the
money is set aside: a call that ends after midnight is booked where it was promised.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import Row, Table, bindparam, delete, func, insert, select, text
from sqlalchemy.orm import Session

from workers.billing import totals
from workers.billing.totals import ZERO, CapScope, Scope, Total, scopes
from workers.db import audit
from workers.db.tables import COUNTED_USD, ChargeRow, JobRow, ReservationRow, SwitchRow, TotalRow
from workers.jobs.job import LeaseLost
from workers.months import month_of
from workers.usd import from_micro, to_micro

STOP_SPENDING = "stop_spending"


class CapReached(Exception):
    """Setting this aside would overrun a cap; nothing was. Amounts in USD; `spent` includes what is set aside."""

    def __init__(self, scope: CapScope, cap: Decimal, spent: Decimal, needed: Decimal) -> None:
        super().__init__(f"the {scope} cap of ${cap}: ${spent} spent or set aside, ${needed} needed")
        self.scope = scope
        self.cap = cap
        self.spent = spent
        self.needed = needed


class SpendingStopped(Exception):
    """The operator's switch is thrown: no call may start."""

    def __init__(self, actor: str, reason: str) -> None:
        super().__init__(f"spending was stopped by {actor}" + (f": {reason}" if reason else ""))
        self.actor = actor
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Caps:
    """The most that may be spent, in USD. None: this scope has no cap."""

    issue: Decimal | None
    repository_month: Decimal | None
    installation_month: Decimal | None
    operator_month: Decimal | None


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays. `fence` and `owner` are the lease's; without an owner no lease is asked for."""

    job_id: int
    installation_id: int
    repository_id: int
    issue: int
    owner: str = ""
    fence: int = 0


@dataclass(frozen=True, slots=True)
class Reserved:
    """Money set aside for one call: USD, and the month it belongs to."""

    id: str
    usd: Decimal
    month: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call turned out to cost. `usd` None: unknown, which counts as the worst case but is not called zero.

    `price` is JSON-able: what was in force at the call.
    """

    usd: Decimal | None
    attempt: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    price: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""


def refused(caps: Caps, sums: Mapping[str, Total], needed: Decimal) -> CapReached | None:
    """The cap with the least left that `needed` would overrun, None if all have room. Pure."""
    worst: CapReached | None = None
    for scope, cap in _by_scope(caps).items():
        used = sums.get(scope, Total()).used
        if cap is not None and used + needed > cap and (worst is None or cap - used < worst.cap - worst.spent):
            worst = CapReached(scope, cap, used, needed)
    return worst


def left_under(caps: Caps, sums: Mapping[str, Total]) -> Decimal | None:
    """USD left under the tightest cap, at least 0; None without any cap. Pure."""
    rooms = [cap - sums.get(scope, Total()).used for scope, cap in _by_scope(caps).items() if cap is not None]
    return max(min(rooms), ZERO) if rooms else None


def _by_scope(caps: Caps) -> dict[CapScope, Decimal | None]:
    return {
        CapScope.ISSUE: caps.issue,
        CapScope.REPOSITORY: caps.repository_month,
        CapScope.INSTALLATION: caps.installation_month,
        CapScope.OPERATOR: caps.operator_month,
    }


_ADD_RESERVATION = insert(cast("Table", ReservationRow.__table__))
_ADD_CHARGE = insert(cast("Table", ChargeRow.__table__))
_RESERVATIONS = cast("Table", ReservationRow.__table__)
_TAKE_RESERVATION = (
    delete(_RESERVATIONS).where(_RESERVATIONS.c.id == bindparam("reservation")).returning(*_RESERVATIONS.c)
)


def reserve(
    session: Session,
    account: Payer,
    caps: Caps,
    *,
    tier: str,
    model: str,
    purpose: str,
    worst: Decimal,
    now: datetime,
) -> Reserved:
    """Set `worst` USD aside. Raises CapReached, SpendingStopped, or LeaseLost: let it roll the transaction back,
    which is what undoes the reservation."""
    if worst < 0:
        raise ValueError(f"a call cannot cost less than nothing: {worst}")
    worst = from_micro(to_micro(worst))  # as it will be stored: rounded up
    month = month_of(now)
    wanted = scopes(account.installation_id, account.repository_id, account.issue, month)
    _check_allowed(session, account, wanted)
    row = reservation_row(account, tier=tier, model=model, purpose=purpose, worst=worst, now=now)
    session.connection().execute(_ADD_RESERVATION, row)
    after = totals.change(session, wanted, reserved=worst)  # last: the busiest rows are locked shortest
    before = {scope: Total(total.spent, total.reserved - worst) for scope, total in after.items()}
    refusal = refused(caps, before, worst)
    if refusal is not None:
        raise refusal
    return Reserved(row["id"], worst, month)


def reservation_row(
    account: Payer, *, tier: str, model: str, purpose: str, worst: Decimal, now: datetime
) -> dict[str, Any]:
    """The columns of a new reservation."""
    return {
        "id": uuid.uuid4().hex,
        "job_id": account.job_id,
        "fence": account.fence,
        "installation_id": account.installation_id,
        "repository_id": account.repository_id,
        "issue": account.issue,
        "month": month_of(now),
        "tier": tier,
        "model": model,
        "purpose": purpose,
        "worst": worst,
        "created_at": now,
    }


_GATE = text(
    "SELECT (SELECT count(*) FROM switches"  # noqa: S608 - constants and placeholders, see workers/billing/totals.py
    " WHERE name = :switch AND thrown) AS stopped, "
    "(SELECT count(*) FROM jobs WHERE id = :job AND lease_owner = :owner AND lease_fence = :fence) AS mine, "
    f"({totals.COUNT}) AS books"
)


def _check_allowed(session: Session, account: Payer, wanted: Sequence[Scope]) -> None:
    """Raises SpendingStopped or LeaseLost; opens the books where there are none yet."""
    mine = {"switch": STOP_SPENDING, "job": account.job_id, "owner": account.owner, "fence": account.fence}
    gate = session.connection().execute(_GATE, {**mine, **totals.parameters(wanted)}).one()
    if gate.stopped:
        switch = session.get_one(SwitchRow, STOP_SPENDING)
        raise SpendingStopped(switch.actor, switch.reason)
    if account.owner and not gate.mine:
        raise LeaseLost(f"job {account.job_id} is no longer leased to {account.owner}: no money for it")
    if gate.books < len(wanted):
        totals.open_books(session, wanted)


def settle(session: Session, reservation_id: str, cost: Cost, *, now: datetime, swept: bool = False) -> bool:
    """Replace a reservation by what the call cost. Whether anything was booked: a second time changes nothing.

    If the sweeper had already booked the worst case, the true cost takes its place. No lease is needed:
    money that was spent is booked, whoever owns the job by now.
    """
    row = _close(session, reservation_id)
    if row is None:
        return not swept and _correct(session, reservation_id, cost)
    wanted = scopes(row.installation_id, row.repository_id, row.issue, row.month)
    counted = _counted(row, cost)
    session.connection().execute(_ADD_CHARGE, _charge(row, cost, swept=swept, now=now))
    totals.change(session, wanted, spent=counted, reserved=-row.worst)
    if counted > row.worst:
        _note_overrun(session, row, counted, now)
    return True


def _counted(row: Any, cost: Cost) -> Decimal:
    """What counts against the caps: the cost as it is stored, or the worst case while it is unknown."""
    worst: Decimal = row.worst
    return worst if cost.usd is None else from_micro(to_micro(cost.usd))


def _charge(row: Row[Any], cost: Cost, *, swept: bool, now: datetime) -> dict[str, Any]:
    return {
        "reservation": row.id,
        "job_id": row.job_id,
        "installation_id": row.installation_id,
        "repository_id": row.repository_id,
        "issue": row.issue,
        "month": row.month,
        "tier": row.tier,
        "model": row.model,
        "purpose": row.purpose,
        "worst": row.worst,
        "swept": swept,
        "at": now,
        **cost_facts(cost),
    }


def cost_facts(cost: Cost) -> dict[str, Any]:
    """The columns of a charge that the cost decides."""
    return {
        "attempt": cost.attempt,
        "input_tokens": cost.input_tokens,
        "cached_tokens": cost.cached_tokens,
        "cache_write_tokens": cost.cache_write_tokens,
        "output_tokens": cost.output_tokens,
        "usd": cost.usd,
        "price": dict(cost.price),
        "milliseconds": round(cost.seconds * 1000),
        "error": cost.error,
    }


def _close(session: Session, reservation_id: str) -> Row[Any] | None:
    """Take the reservation's row away; None if somebody already has."""
    return session.connection().execute(_TAKE_RESERVATION, {"reservation": reservation_id}).one_or_none()


def _correct(session: Session, reservation_id: str, cost: Cost) -> bool:
    """Put the true cost in the place of the worst case that the sweeper booked."""
    row = session.scalars(
        select(ChargeRow).where(ChargeRow.reservation == reservation_id, ChargeRow.swept.is_(True)).with_for_update()
    ).one_or_none()
    if row is None:
        return False
    wanted = scopes(row.installation_id, row.repository_id, row.issue, row.month)
    totals.change(session, wanted, spent=_counted(row, cost) - row.worst)
    for name, value in cost_facts(cost).items():
        setattr(row, name, value)
    row.swept = False
    session.flush()
    return True


def _note_overrun(session: Session, row: Row[Any], counted: Decimal, now: datetime) -> None:
    audit.note(
        session,
        "ledger",
        "a call cost more than was set aside for it",
        now=now,
        place=f"{row.model} for {row.purpose}",
        installation_id=row.installation_id,
        repository_id=row.repository_id,
        before={"reserved": str(row.worst)},
        after={"cost": str(counted), "reservation": row.id},
    )
    session.flush()


def release(session: Session, reservation_id: str) -> bool:
    """Give a reservation back: the call was certainly not charged for. A second time changes nothing."""
    row = _close(session, reservation_id)
    if row is None:
        return False
    wanted = scopes(row.installation_id, row.repository_id, row.issue, row.month)
    totals.change(session, wanted, reserved=-row.worst)
    return True


def orphans(session: Session, now: datetime, *, limit: int = 500) -> Sequence[str]:
    """Ids of reservations whose job has no live lease of theirs: their worker is gone or was replaced."""
    live = select(JobRow.id).where(
        JobRow.id == ReservationRow.job_id,
        JobRow.lease_fence == ReservationRow.fence,
        JobRow.lease_owner != "",
        JobRow.lease_expires > now,
    )
    return session.scalars(
        select(ReservationRow.id).where(~live.exists()).order_by(ReservationRow.id).limit(limit)
    ).all()


def condense(session: Session, installation_id: int, now: datetime) -> None:
    """Before a purge: book what is set aside at its worst case, then keep one nameless sum per repository,
    month, tier and model. The months' totals stay as they are; the issues' go."""
    open_ids = session.scalars(
        select(ReservationRow.id).where(ReservationRow.installation_id == installation_id).order_by(ReservationRow.id)
    ).all()
    for reservation_id in open_ids:
        settle(session, reservation_id, Cost(None, error="the App was uninstalled"), now=now, swept=True)
    session.flush()
    group = (ChargeRow.repository_id, ChargeRow.month, ChargeRow.tier, ChargeRow.model)
    sums = session.execute(
        select(
            *group,
            func.sum(COUNTED_USD).label("usd"),
            func.sum(ChargeRow.input_tokens).label("input_tokens"),
            func.sum(ChargeRow.cached_tokens).label("cached_tokens"),
            func.sum(ChargeRow.cache_write_tokens).label("cache_write_tokens"),
            func.sum(ChargeRow.output_tokens).label("output_tokens"),
        )
        .where(ChargeRow.installation_id == installation_id)
        .group_by(*group)
    ).all()
    issues = session.execute(
        select(ChargeRow.repository_id, ChargeRow.issue)
        .where(ChargeRow.installation_id == installation_id, ChargeRow.issue != 0)
        .distinct()
    ).all()
    session.execute(delete(ChargeRow).where(ChargeRow.installation_id == installation_id))
    for start in range(0, len(issues), 200):
        keys = [f"{row.repository_id}#{row.issue}" for row in issues[start : start + 200]]
        session.execute(delete(TotalRow).where(TotalRow.scope == CapScope.ISSUE, TotalRow.key.in_(keys)))
    for row in sums:
        session.add(
            ChargeRow(
                reservation=uuid.uuid4().hex,
                job_id=None,
                installation_id=installation_id,
                repository_id=row.repository_id,
                issue=0,
                month=row.month,
                tier=row.tier,
                model=row.model,
                purpose="purged",
                input_tokens=int(row.input_tokens),
                cached_tokens=int(row.cached_tokens),
                cache_write_tokens=int(row.cache_write_tokens),
                output_tokens=int(row.output_tokens),
                usd=row.usd,
                worst=row.usd,
                price={},
                at=now,
            )
        )
    session.flush()
