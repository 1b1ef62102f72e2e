from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event, select

from strategies.models.meter import Charge, OverBudget
from strategies.models.price import Price
from strategies.models.usage import Usage
from tests.fakes.databases import empty
from workers.billing import budgets, ledger, ledger_postgres, ledger_transactions, spending_reports, totals
from workers.billing.ledger import CapReached, Caps, Cost, Payer, SpendingStopped
from workers.billing.ledger_meter import LedgerMeter, Stopped, price_from_json, price_json
from workers.billing.policy import BudgetLimits, RequestedBudget
from workers.billing.totals import CapScope, Total
from workers.db import switches
from workers.db.database import Database, open_database
from workers.db.tables import AuditRow, ChargeRow
from workers.deliveries import installations
from workers.jobs import queue
from workers.jobs.commands import Place
from workers.jobs.job import Job, Lease, LeaseLost, State
from workers.usd import MoneyError

D = Decimal
NOW = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
TTL = timedelta(minutes=5)
CAPS = Caps(D(1), D(2), None, D(3))
PRICE = Price(D("0.1"), D("0.5"), cached_input=D("0.01"), above_tokens=200_000, above=Price(D("0.2"), D(1)))


def job(database: Database, issue: int = 3) -> tuple[Job, Lease]:
    with database.begin() as session:
        installations.ensure_repository(session, Place(1, 2, "o/r"), NOW)
        queue.enqueue(session, queue.NewJob(Place(1, 2, "o/r", issue), actor="ada"), now=NOW)
        leased = queue.lease_next(session, "w", TTL, NOW)
    assert leased is not None
    return leased


def reserve(database: Database, account: Payer, worst: str, caps: Caps = CAPS, now: datetime = NOW) -> str:
    with database.begin() as session:
        return ledger.reserve(
            session, account, caps, tier="weak", model="m", purpose="repair", worst=D(worst), now=now
        ).id


def settle(database: Database, key: str, usd: str | None, now: datetime = NOW) -> bool:
    with database.begin() as session:
        return ledger.settle(session, key, Cost(None if usd is None else D(usd)), now=now)


def spent(database: Database, scope: str, key: str, month: str) -> Total:
    with database.read() as session:
        return spending_reports.spent(session, CapScope(scope), key, month)


def test_the_tightest_cap_is_the_one_that_is_named() -> None:
    sums = {"issue": Total(D("0.5")), "repository": Total(D("1.9"), D("0.05")), "operator": Total()}
    refusal = ledger.refused(CAPS, sums, D("0.6"))
    assert refusal is not None
    assert (refusal.scope, refusal.cap, refusal.spent, refusal.needed) == ("repository", D(2), D("1.95"), D("0.6"))
    assert ledger.refused(CAPS, sums, D("0.05")) is None
    assert ledger.left_under(CAPS, sums) == D("0.05")
    assert ledger.left_under(Caps(None, None, None, None), sums) is None


def test_a_cap_may_be_reached_exactly_and_not_by_a_millionth_more(database: Database) -> None:
    account = Payer(1, 1, 2, 3)
    reserve(database, account, "0.999999")
    with pytest.raises(CapReached):
        reserve(database, account, "0.000002")
    reserve(database, account, "0.000001")


def test_a_refusal_leaves_nothing_reserved_in_any_scope(database: Database) -> None:
    with pytest.raises(CapReached) as caught:
        reserve(database, Payer(1, 1, 2, 3), "5", Caps(D(9), D(9), D(9), D(1)))
    assert caught.value.scope == "operator"
    for scope, key, month in (("issue", "2#3", ""), ("repository", "2", "2026-11"), ("operator", "", "2026-11")):
        assert spent(database, scope, key, month) == Total()


ONLY = {
    "issue": Caps(D(1), None, None, None),
    "repository": Caps(None, D(1), None, None),
    "installation": Caps(None, None, D(1), None),
    "operator": Caps(None, None, None, D(1)),
}


@pytest.mark.parametrize("scope", ONLY)
def test_each_cap_binds_by_itself_and_to_the_millionth(database: Database, scope: str) -> None:
    payer, caps = Payer(1, 1, 2, 3), ONLY[scope]

    def set_aside(worst: str) -> None:
        ledger_transactions.reserve(
            database, payer, caps, tier="weak", model="m", purpose="repair", worst=D(worst), now=NOW
        )

    set_aside("0.4")
    with pytest.raises(CapReached) as caught:
        set_aside("0.600001")
    assert (caught.value.scope, caught.value.cap) == (scope, D(1))
    set_aside("0.6")


@pytest.mark.postgres
@pytest.mark.parametrize("scope", ONLY)
def test_the_single_statement_of_postgresql_counts_each_cap_as_the_long_way_does(
    postgres_url: str, scope: str, request: pytest.FixtureRequest
) -> None:
    """Its refusals fall back to the long way, which would hide a cap that it reads too low."""
    database = open_database(postgres_url)
    request.addfinalizer(database.close)
    empty(database)
    payer, caps = Payer(1, 1, 2, 3), ONLY[scope]
    reserve(database, payer, "0.4", caps)  # makes the rows that the statement finds
    wanted = totals.scopes(1, 2, 3, "2026-11")

    def fits(worst: str) -> bool:
        row = ledger.reservation_row(payer, tier="weak", model="m", purpose="repair", worst=D(worst), now=NOW)
        with database.alone() as connection:
            return ledger_postgres.reserve(connection, wanted, row, caps, payer.owner)

    assert not fits("0.600001")
    assert fits("0.6")


def test_jobs_of_one_issue_share_its_cap_across_months(database: Database) -> None:
    settle(database, reserve(database, Payer(1, 1, 2, 3), "0.8"), "0.8")
    with pytest.raises(CapReached, match="issue"):
        reserve(database, Payer(2, 1, 2, 3), "0.3", now=NOW + timedelta(days=40))
    reserve(database, Payer(2, 1, 2, 4), "0.3")


def test_a_call_that_ends_after_midnight_is_booked_in_the_month_of_its_reservation(database: Database) -> None:
    key = reserve(database, Payer(1, 1, 2, 3), "0.5")
    settle(database, key, "0.4", NOW + timedelta(minutes=2))
    assert spent(database, "repository", "2", "2026-11").spent == D("0.4")
    assert spent(database, "repository", "2", "2026-12") == Total()


def test_an_unknown_cost_counts_as_the_worst_case_but_is_not_written_as_one(database: Database) -> None:
    settle(database, reserve(database, Payer(1, 1, 2, 3), "0.5"), None)
    assert spent(database, "operator", "", "2026-11").spent == D("0.5")
    with database.read() as session:
        assert session.scalars(select(ChargeRow.usd)).one() is None
        assert spending_reports.by_tier_model(session, "2026-11")[0].unknown == 1


def test_a_cost_above_its_reservation_is_booked_and_recorded_as_an_anomaly(database: Database) -> None:
    settle(database, reserve(database, Payer(1, 1, 2, 3), "0.5"), "0.6")
    assert spent(database, "operator", "", "2026-11") == Total(D("0.6"), D(0))
    with database.read() as session:
        assert "more than was set aside" in session.scalars(select(AuditRow.what)).one()


def test_the_switch_stops_new_calls_at_once_and_lets_running_ones_be_booked(database: Database) -> None:
    key = reserve(database, Payer(1, 1, 2, 3), "0.5")
    with database.begin() as session:
        switches.turn(session, ledger.STOP_SPENDING, thrown=True, actor="root", now=NOW, reason="odd bill")
    with pytest.raises(SpendingStopped, match="root: odd bill"):
        reserve(database, Payer(1, 1, 2, 3), "0.1")
    assert settle(database, key, "0.2")
    with database.begin() as session:
        switches.turn(session, ledger.STOP_SPENDING, thrown=False, actor="root", now=NOW)
    reserve(database, Payer(1, 1, 2, 3), "0.1")


def test_a_worker_that_lost_its_lease_gets_no_more_money_but_books_what_it_spent(database: Database) -> None:
    held, lease = job(database)
    account = Payer(held.id, 1, 2, 3, lease.owner, lease.fence)
    key = reserve(database, account, "0.1")
    with database.begin() as session:
        queue.requeue(session, lease, NOW, "taken over", now=NOW)
    with pytest.raises(LeaseLost):
        reserve(database, account, "0.1")
    assert settle(database, key, "0.05")


def test_what_is_ordinary_is_one_statement_on_postgresql_and_the_rest_is_as_on_sqlite(database: Database) -> None:
    held, lease = job(database)
    account = Payer(held.id, 1, 2, 3, lease.owner, lease.fence)
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))

    def pay(worst: str, usd: str | None, month: int = 11) -> int:
        statements.clear()
        now = datetime(2026, month, 5, tzinfo=UTC)
        key = ledger_transactions.reserve(
            database, account, CAPS, tier="weak", model="m", purpose="p", worst=D(worst), now=now
        ).id
        assert ledger_transactions.settle(
            database, key, Cost(None if usd is None else D(usd), price={"input": "1"}), now=now
        )
        return len(statements)

    assert pay("0.1", "0.05") > 2  # the books are opened
    assert (pay("0.1", "0.05") == 2) is not database.sqlite
    assert (pay("0.1", None) == 2) is not database.sqlite
    assert pay("0.1", "0.2") > 2  # more than was set aside: noted
    assert pay("0.1", "0.05", month=12) > 2
    with pytest.raises(CapReached) as caught:
        pay("0.9", "0.9", month=12)
    assert (caught.value.scope, caught.value.spent) == ("issue", D("0.45"))
    with database.begin() as session:
        queue.requeue(session, lease, NOW, "taken over", now=NOW)
    with pytest.raises(LeaseLost):
        pay("0.1", "0.1", month=12)
    with database.read() as session:
        assert spending_reports.discrepancies(session) == ()
        assert session.scalars(select(ChargeRow.price)).all() == [{"input": "1"}] * 5
        assert [row.spent for row in spending_reports.repositories(session, "2026-11").values()] == [D("0.4")]


def test_a_negative_or_endless_amount_is_refused(database: Database) -> None:
    for worst in ("-0.1", "NaN", "Infinity"):
        with pytest.raises((ValueError, ArithmeticError)):
            reserve(database, Payer(1, 1, 2, 3), worst)


def test_the_meter_speaks_the_strategies_language(database: Database) -> None:
    held, lease = job(database)
    caps = CAPS
    meter = LedgerMeter(database, held, lease, lambda: caps, lambda: NOW)
    reservation = meter.reserve("weak", "m", "repair", D("0.7"))
    assert meter.left() == D("0.3")
    with pytest.raises(OverBudget, match=r"issue budget of .1 has .0.3"):
        meter.reserve("weak", "m", "repair", D("0.4"))
    caps = Caps(D(2), D(2), None, D(3))  # a raise takes effect at the next call
    other = meter.reserve("weak", "m", "repair", D("0.4"))
    meter.release(other)
    charge = Charge("weak", "m", "repair", 1, Usage(100, 50, 10, 5), D("0.25"), D("0.7"), PRICE, 1.5)
    meter.settle(reservation, charge)
    meter.settle(reservation, charge)
    assert meter.left() == D("1.75")
    with database.read() as session:
        row = session.scalars(select(ChargeRow)).one()
        assert (row.usd, row.input_tokens, row.cached_tokens, row.cache_write_tokens, row.output_tokens) == (
            D("0.25"), 100, 50, 5, 10)  # fmt: skip
        assert price_from_json(row.price) == PRICE
        assert row.milliseconds == 1500
    with database.begin() as session:
        switches.turn(session, ledger.STOP_SPENDING, thrown=True, actor="root", now=NOW)
    with pytest.raises(Stopped, match="no call may start"):
        meter.reserve("weak", "m", "repair", D("0.1"))


def test_a_price_survives_json() -> None:
    assert price_from_json(price_json(PRICE)) == PRICE
    assert price_from_json(price_json(Price(D(4), D(20), cache_write=D(5)))) == Price(D(4), D(20), cache_write=D(5))


def test_the_books_tell_the_month_by_issue_model_and_day(database: Database) -> None:
    for issue, usd, hours in ((3, "0.2", 0), (3, "0.1", 0), (4, "0.5", -24)):
        now = NOW + timedelta(hours=hours)
        settle(database, reserve(database, Payer(issue, 1, 2, issue), usd, now=now), usd, now)
    settle(database, reserve(database, Payer(9, 1, 5, 1), "0.01"), "0.01")
    with database.read() as session:
        assert [(line.of, line.usd, line.calls) for line in spending_reports.by_issue(session, 2, "2026-11")] == [
            (("4",), D("0.5"), 1), (("3",), D("0.3"), 2)]  # fmt: skip
        assert spending_reports.by_tier_model(session, "2026-11", repository_id=2)[0].usd == D("0.8")
        assert spending_reports.daily(session, "2026-11", repository_id=2) == {
            "2026-11-29": D("0.5"),
            "2026-11-30": D("0.3"),
        }
        assert {key: total.spent for key, total in spending_reports.repositories(session, "2026-11").items()} == {
            2: D("0.8"), 5: D("0.01")}  # fmt: skip
        assert spending_reports.by_issue(session, 2, "2026-10") == ()


def test_a_total_changed_by_hand_is_found(database: Database) -> None:
    settle(database, reserve(database, Payer(1, 1, 2, 3), "0.2"), "0.2")
    with database.begin() as session:
        totals.change(session, [totals.Scope(CapScope.OPERATOR, "", "2026-11")], spent=D("0.01"))
    with database.read() as session:
        (found,) = spending_reports.discrepancies(session)
        assert (found.scope.scope, found.total.spent, found.summed.spent) == ("operator", D("0.21"), D("0.2"))


LIMITS = BudgetLimits(D(100), D(50), D(2))


def test_a_budget_is_set_bounded_audited_and_gives_way_to_a_changed_file(database: Database) -> None:
    job(database)
    with database.begin() as session:
        budgets.record_file_budget(session, 2, RequestedBudget(D(20), D(1)), now=NOW)
        assert budgets.set_budget(session, 2, D(40), "ada", NOW, limits=LIMITS).month == D(40)
        assert budgets.caps_of(session, 2, LIMITS) == Caps(D(1), D(40), None, D(100))
    for amount in ("51", "-1", "NaN", "0.0000001"):
        with pytest.raises(MoneyError), database.begin() as session:
            budgets.set_budget(session, 2, D(amount), "ada", NOW, limits=LIMITS)
    with pytest.raises(budgets.UnknownRepository), database.begin() as session:
        budgets.set_budget(session, 404, D(1), "ada", NOW, limits=LIMITS)
    with database.begin() as session:
        assert budgets.budget_of(session, 2, LIMITS).month == D(40)
        budgets.record_file_budget(session, 2, RequestedBudget(D(10)), now=NOW)
        budgets.record_file_budget(session, 2, RequestedBudget(D(10)), now=NOW)
        assert budgets.budget_of(session, 2, LIMITS).month == D(10)
    with database.read() as session:
        assert [row.what for row in session.scalars(select(AuditRow).order_by(AuditRow.id))] == [
            "budget in the repository's file", "budget set", "budget in the repository's file"]  # fmt: skip


def test_each_alert_is_handed_out_once_a_month(database: Database) -> None:
    job(database)
    limits = BudgetLimits(D(100), D(1), D(9))
    caps = Caps(None, None, None, None)
    taken = []
    for now in (NOW, NOW, NOW + timedelta(days=1)):
        settle(database, reserve(database, Payer(1, 1, 2, 3), "0.85", caps, now), "0.85", now)
        for _ in range(2):
            with database.begin() as session:
                due = budgets.pending_alerts(session, 2, limits, now)
                budgets.mark_sent(session, 2, due, now)
                taken.append(due)
    assert taken == [(80,), (), (100,), (), (80,), ()]
    with database.begin() as session:
        later = NOW + timedelta(days=1)
        assert budgets.pending_alerts(session, 2, limits, later, ended=True) == (100,)
        budgets.mark_sent(session, 2, (100,), later)
        assert budgets.pending_alerts(session, 2, limits, later, ended=True) == ()


def test_finishing_does_not_need_money_to_be_left(database: Database) -> None:
    _, lease = job(database)
    with database.begin() as session:
        assert queue.finish(session, lease, State.OVER_BUDGET, "issue", now=NOW, needed=D("0.3")) is None
