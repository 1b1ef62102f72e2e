"""The proof that money cannot be overrun: against a model step by step, and with processes that are killed at random."""

from __future__ import annotations

import multiprocessing
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from tests.fakes.databases import empty
from tests.fakes.spender import FastClock, spend
from workers import books, jobs, ledger, places, sweeper, totals
from workers.budget import Limits
from workers.command import Place
from workers.database import Database, open_database
from workers.job import State
from workers.ledger import Account, CapReached, Caps, Cost
from workers.tables import ChargeRow, JobRow, ReservationRow, TotalRow
from workers.totals import Scope, scopes

CAPS = Caps(Decimal("0.30"), Decimal("0.50"), Decimal("0.70"), Decimal("1.00"))
CAP = {"issue": CAPS.issue, "repository": CAPS.repository_month, "installation": CAPS.installation_month,
       "operator": CAPS.operator_month}  # fmt: skip
ACCOUNTS = [
    Account(1, 1, 11, 5),
    Account(2, 1, 11, 5),  # a follow-up on the same issue
    Account(3, 1, 12, 5),
    Account(4, 2, 21, 6),
]
AMOUNTS = st.integers(0, 300_000).map(lambda micro: Decimal(micro) / 1_000_000)


class Books(RuleBasedStateMachine):
    """The ledger beside four dictionaries."""

    database: Database

    @initialize()
    def start(self) -> None:
        empty(self.database)
        self.now = datetime(2026, 11, 30, 12, tzinfo=UTC)
        self.open: dict[str, tuple[Account, Decimal, str]] = {}
        self.swept: dict[str, tuple[Account, Decimal, str]] = {}
        self.spent: dict[Scope, Decimal] = {}
        self.reserved: dict[Scope, Decimal] = {}

    def _scopes(self, account: Account, month: str) -> tuple[Scope, ...]:
        return scopes(account.installation_id, account.repository_id, account.issue, month)

    def _book(self, book: dict[Scope, Decimal], account: Account, month: str, amount: Decimal) -> None:
        for scope in self._scopes(account, month):
            book[scope] = book.get(scope, Decimal(0)) + amount

    def _pick(self, of: dict[str, tuple[Account, Decimal, str]], number: int) -> str | None:
        return sorted(of)[number % len(of)] if of else None

    @rule(account=st.sampled_from(ACCOUNTS), worst=AMOUNTS)
    def reserve(self, account: Account, worst: Decimal) -> None:
        month = totals.month_of(self.now)
        fits = all(
            self.spent.get(scope, Decimal(0)) + self.reserved.get(scope, Decimal(0)) + worst <= (CAP[scope.scope] or 0)
            for scope in self._scopes(account, month)
        )
        refusals: list[CapReached] = []
        try:
            with self.database.begin() as session:
                reserved = ledger.reserve(
                    session, account, CAPS, tier="weak", model="m", purpose="p", worst=worst, now=self.now
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
            with self.database.begin() as session:
                assert ledger.settle(session, key, Cost(usd), now=self.now) is (again == 0)
        self._book(self.reserved, account, month, -worst)
        self._book(self.spent, account, month, worst if usd is None else usd)

    @rule(number=st.integers(0, 50))
    def release(self, number: int) -> None:
        key = self._pick(self.open, number)
        if key is None:
            return
        account, worst, month = self.open.pop(key)
        for again in range(2):
            with self.database.begin() as session:
                assert ledger.release(session, key) is (again == 0)
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
        with self.database.begin() as session:
            assert ledger.settle(session, key, Cost(usd), now=self.now)
        self._book(self.spent, account, month, usd - worst)

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    @invariant()
    def sums_are_right_and_under_every_cap(self) -> None:
        with self.database.read() as session:
            assert books.discrepancies(session) == ()
            for row in session.scalars(select(TotalRow)):
                scope = Scope(row.scope, row.key, row.month)
                assert row.spent == self.spent.get(scope, 0)
                assert row.reserved == self.reserved.get(scope, 0)
                assert row.spent + row.reserved <= (CAP[row.scope] or 0)


def test_the_ledger_agrees_with_a_model_whatever_happens_in_whatever_order(database: Database) -> None:
    class Here(Books):
        pass

    Here.database = database
    run_state_machine_as_test(  # type: ignore[no-untyped-call] # hypothesis leaves this one untyped
        Here,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


LIMITS = Limits(
    operator_month=Decimal("0.90"),
    repository_month=Decimal("0.30"),
    issue=Decimal("0.06"),
    installation_month=Decimal("0.50"),
)
LIMIT = {"issue": LIMITS.issue, "repository": LIMITS.repository_month, "installation": LIMITS.installation_month,
         "operator": LIMITS.operator_month}  # fmt: skip
JOBS = 300
PROCESSES = 4
SECONDS = 9.0


def _enqueue(database: Database, now: datetime) -> None:
    with database.begin() as session:
        for number in range(JOBS):
            installation, repository = number % 3 + 1, number % 6 + 1
            places.know(session, Place(installation, repository, f"o/r{repository}"), now)
            jobs.enqueue(
                session,
                installation_id=installation,
                repository_id=repository,
                repository=f"o/r{repository}",
                issue=number // 6 + 1,
                actor="a",
                now=now,
            )


def _check_caps(database: Database) -> None:
    with database.read() as session:
        for row in session.scalars(select(TotalRow)):
            assert row.reserved >= 0
            assert row.spent + row.reserved <= LIMIT[row.scope], f"{row.scope} {row.key} {row.month} is overrun"


def test_processes_killed_at_random_never_overrun_a_cap_and_lose_no_charge(database_url: str) -> None:
    database = open_database(database_url)
    begin = datetime(2026, 11, 30, 22, tzinfo=UTC)
    _enqueue(database, begin)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.fakes.spender"])
    wall = time.time()
    until = wall + SECONDS
    clock = FastClock(begin, wall, speed=4 * 3600 / SECONDS)  # midnight of the month is half-way

    def spender(seed: int) -> multiprocessing.process.BaseProcess:
        process = context.Process(target=spend, args=(database_url, seed, clock, LIMITS, until))
        process.start()
        return process

    running = [spender(seed) for seed in range(PROCESSES)]
    killed = 0
    while time.time() < until:
        for number, process in enumerate(running):
            if process.exitcode is not None and time.time() < until - 0.5:
                assert process.exitcode == -9, f"a spender failed: {process.exitcode}"
                killed += 1
                running[number] = spender(1000 + killed)
        sweeper.sweep(database, lambda *_: None, clock(), limits=LIMITS, most_attempts=100)
        for _ in range(5):
            _check_caps(database)
            time.sleep(0.02)
    for process in running:
        process.join(20)
        assert process.exitcode in {0, -9}

    end = clock() + timedelta(days=1)  # every lease has expired
    sweeper.sweep(database, lambda *_: None, end, limits=None, most_attempts=100)
    _check_caps(database)
    with database.read() as session:
        assert books.discrepancies(session) == ()
        assert session.scalars(select(ReservationRow)).all() == []
        assert killed >= 3, "nothing was killed: the test proves nothing"
        charged = {row.month: row.usd for row in session.execute(
            select(ChargeRow.month, func.sum(func.coalesce(ChargeRow.usd, ChargeRow.worst)).label("usd"))
            .group_by(ChargeRow.month)
        )}  # fmt: skip
        assert set(charged) == {"2026-11", "2026-12"}
        assert all(usd <= LIMITS.operator_month for usd in charged.values())
        assert charged["2026-11"] > LIMITS.operator_month * Decimal("0.5"), "the caps were never near"
        assert session.scalars(select(func.count()).where(ChargeRow.swept)).one() >= 1
        stopped = session.scalars(select(func.count()).where(JobRow.state == State.OVER_BUDGET.value)).one()
        finished = session.scalars(select(func.count()).where(JobRow.state == State.DECLINED.value)).one()
        assert stopped + finished > 50
    database.close()
