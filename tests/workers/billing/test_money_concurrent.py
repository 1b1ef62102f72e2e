"""The proof that money cannot be overrun: against a model step by step, and with processes that are killed at random."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from multiprocessing.process import BaseProcess

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from tests.fakes.databases import empty, forks
from tests.fakes.spender import SharedClock, spend
from workers.billing import ledger_transactions, spending_reports
from workers.billing.ledger import CapReached, Caps, Cost, Payer
from workers.billing.policy import BudgetLimits
from workers.billing.totals import CapScope, Scope, scopes
from workers.db.database import Database, open_database
from workers.db.tables import ChargeRow, JobRow, ReservationRow, TotalRow
from workers.deliveries import installations
from workers.jobs import queue
from workers.jobs.commands import Place
from workers.jobs.job import State
from workers.months import month_of
from workers.processes import sweeper

CAPS = Caps(Decimal("0.30"), Decimal("0.50"), Decimal("0.70"), Decimal("1.00"))
CAP = {"issue": CAPS.issue, "repository": CAPS.repository_month, "installation": CAPS.installation_month,
       "operator": CAPS.operator_month}  # fmt: skip
ACCOUNTS = [
    Payer(1, 1, 11, 5),
    Payer(2, 1, 11, 5),  # a follow-up on the same issue
    Payer(3, 1, 12, 5),
    Payer(4, 2, 21, 6),
]
# Mostly so large that two or three meet a cap: small ones would leave the caps untested.
AMOUNTS = st.sampled_from([0, 1, 50_000, 99_999, 150_000, 200_000, 300_000, 300_001]).map(
    lambda micro: Decimal(micro) / 1_000_000
)


class Books(RuleBasedStateMachine):
    """The ledger beside four dictionaries."""

    database: Database

    @initialize()
    def start(self) -> None:
        empty(self.database)
        self.now = datetime(2026, 11, 30, 12, tzinfo=UTC)
        self.open: dict[str, tuple[Payer, Decimal, str]] = {}
        self.swept: dict[str, tuple[Payer, Decimal, str]] = {}
        self.spent: dict[Scope, Decimal] = {}
        self.reserved: dict[Scope, Decimal] = {}

    def _scopes(self, account: Payer, month: str) -> tuple[Scope, ...]:
        return scopes(account.installation_id, account.repository_id, account.issue, month)

    def _book(self, book: dict[Scope, Decimal], account: Payer, month: str, amount: Decimal) -> None:
        for scope in self._scopes(account, month):
            book[scope] = book.get(scope, Decimal(0)) + amount

    def _pick(self, of: dict[str, tuple[Payer, Decimal, str]], number: int) -> str | None:
        return sorted(of)[number % len(of)] if of else None

    @rule(account=st.sampled_from(ACCOUNTS), worst=AMOUNTS)
    def reserve(self, account: Payer, worst: Decimal) -> None:
        month = month_of(self.now)
        fits = all(
            self.spent.get(scope, Decimal(0)) + self.reserved.get(scope, Decimal(0)) + worst <= (CAP[scope.scope] or 0)
            for scope in self._scopes(account, month)
        )
        refusals: list[CapReached] = []
        try:
            reserved = ledger_transactions.reserve(
                self.database, account, CAPS, tier="weak", model="m", purpose="p", worst=worst, now=self.now
            )
        except CapReached as refusal:
            refusals = [refusal]
        else:
            self.open[reserved.id] = (account, worst, month)
            self._book(self.reserved, account, month, worst)
        assert fits is not bool(refusals)
        assert all(refusal.spent + refusal.needed > refusal.cap for refusal in refusals)

    @rule(number=st.integers(0, 50), percent=st.integers(0, 100), unknown=st.booleans())
    def settle(self, number: int, percent: int, unknown: bool) -> None:
        key = self._pick(self.open, number)
        if key is None:
            return
        account, worst, month = self.open.pop(key)
        usd = None if unknown else (worst * percent / 100).quantize(Decimal("0.000001"))
        for again in range(2):
            assert ledger_transactions.settle(self.database, key, Cost(usd), now=self.now) is (again == 0)
        self._book(self.reserved, account, month, -worst)
        self._book(self.spent, account, month, worst if usd is None else usd)

    @rule(number=st.integers(0, 50))
    def release(self, number: int) -> None:
        key = self._pick(self.open, number)
        if key is None:
            return
        account, worst, month = self.open.pop(key)
        for again in range(2):
            assert ledger_transactions.release(self.database, key) is (again == 0)
        self._book(self.reserved, account, month, -worst)

    @rule()
    def sweep(self) -> None:
        swept = sweeper.sweep(self.database, lambda *_: None, self.now)
        assert swept.settled == len(self.open)  # no job of this test has a lease
        for account, worst, month in self.open.values():
            self._book(self.reserved, account, month, -worst)
            self._book(self.spent, account, month, worst)
        self.swept.update(self.open)
        self.open.clear()

    @rule(number=st.integers(0, 50), percent=st.integers(0, 100))
    def settle_late(self, number: int, percent: int) -> None:
        key = self._pick(self.swept, number)
        if key is None:
            return
        account, worst, month = self.swept.pop(key)
        usd = (worst * percent / 100).quantize(Decimal("0.000001"))
        assert ledger_transactions.settle(self.database, key, Cost(usd), now=self.now)
        self._book(self.spent, account, month, usd - worst)

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    @invariant()
    def sums_are_right_and_under_every_cap(self) -> None:
        with self.database.read() as session:
            assert spending_reports.discrepancies(session) == ()
            for row in session.scalars(select(TotalRow)):
                scope = Scope(CapScope(row.scope), row.key, row.month)
                assert row.spent == self.spent.get(scope, 0)
                assert row.reserved == self.reserved.get(scope, 0)
                assert row.spent + row.reserved <= (CAP[row.scope] or 0)


def test_the_ledger_agrees_with_a_model_whatever_happens_in_whatever_order(database: Database) -> None:
    class Here(Books):
        pass

    Here.database = database
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


LIMITS = BudgetLimits(
    operator_month=Decimal("0.60"),
    repository_month=Decimal("0.20"),
    issue=Decimal("0.06"),
    installation_month=Decimal("0.35"),
)
LIMIT = {"issue": LIMITS.issue, "repository": LIMITS.repository_month, "installation": LIMITS.installation_month,
         "operator": LIMITS.operator_month}  # fmt: skip
JOBS = 300
PROCESSES = 4


def _enqueue(database: Database, now: datetime) -> None:
    with database.begin() as session:
        for number in range(JOBS):
            installation, repository = number % 3 + 1, number % 6 + 1
            installations.ensure_repository(session, Place(installation, repository, f"o/r{repository}"), now)
            queue.enqueue(
                session,
                queue.NewJob(Place(installation, repository, f"o/r{repository}", number // 6 + 1), actor="a"),
                now=now,
            )


def _check_caps(database: Database) -> None:
    with database.read() as session:
        for row in session.scalars(select(TotalRow)):
            assert row.reserved >= 0
            assert row.spent + row.reserved <= (LIMIT[row.scope] or 0), f"{row.scope} {row.key} {row.month} is overrun"


def _charged(database: Database) -> dict[str, Decimal]:
    with database.read() as session:
        usd = func.sum(func.coalesce(ChargeRow.usd, ChargeRow.worst)).label("usd")
        rows = session.execute(select(ChargeRow.month, usd).group_by(ChargeRow.month))
        return {row.month: row.usd for row in rows}


def _over_budget(database: Database) -> int:
    with database.read() as session:
        return session.scalars(select(func.count()).where(JobRow.state == State.OVER_BUDGET.value)).one()


class Crew:
    """Spenders that are replaced when they have killed themselves."""

    def __init__(self, url: str, clock: SharedClock) -> None:
        self._url = url
        self._clock = clock
        self._hired = 0
        self._members = [self._hire() for _ in range(PROCESSES)]
        self.killed = 0

    def _hire(self) -> BaseProcess:
        self._hired += 1
        member = forks().Process(target=spend, args=(self._url, self._hired, self._clock, LIMITS))
        member.start()
        return member

    def replace_the_dead(self) -> None:
        for number, member in enumerate(self._members):
            if member.exitcode is not None:
                assert member.exitcode == -signal.SIGKILL, f"a spender failed: {member.exitcode}"
                self.killed += 1
                self._members[number] = self._hire()

    def dismiss(self) -> None:
        self._clock.stop()
        for member in self._members:
            member.join(30)
            assert member.exitcode in {0, -signal.SIGKILL}


def test_processes_killed_at_random_never_overrun_a_cap_and_lose_no_charge(database_url: str) -> None:
    database = open_database(database_url)
    clock = SharedClock(forks(), datetime(2026, 11, 1, tzinfo=UTC))
    _enqueue(database, clock())
    crew = Crew(database_url, clock)

    def work_until(month: str, least: Decimal, killed: int) -> None:
        deadline = time.monotonic() + 70
        while (
            crew.killed < killed or _charged(database).get(month, Decimal(0)) < least or _over_budget(database) < 1
        ) and time.monotonic() < deadline:
            crew.replace_the_dead()
            sweeper.sweep(database, lambda *_: None, clock(), limits=LIMITS, most_attempts=100)
            _check_caps(database)
            clock.set(clock() + timedelta(minutes=3))
            time.sleep(0.05)

    work_until("2026-11", LIMITS.operator_month / 2, killed=2)
    clock.set(datetime(2026, 11, 30, 23, 59, 50, tzinfo=UTC))  # some calls are in flight at midnight
    time.sleep(0.2)
    work_until("2026-12", LIMITS.operator_month / 3, killed=4)
    crew.dismiss()
    end = clock() + timedelta(days=1)  # every lease has expired
    sweeper.sweep(database, lambda *_: None, end, most_attempts=100)

    _check_caps(database)
    assert crew.killed >= 2, "too few were killed: the test proves nothing"
    charged = _charged(database)
    assert set(charged) == {"2026-11", "2026-12"}
    assert all(usd <= LIMITS.operator_month for usd in charged.values())
    assert charged["2026-11"] >= LIMITS.operator_month / 2, "the caps were never near: the test proves nothing"
    with database.read() as session:
        assert spending_reports.discrepancies(session) == ()
        assert session.scalars(select(ReservationRow)).all() == []
        assert session.scalars(select(func.count()).where(ChargeRow.swept)).one() >= 1
    database.close()
