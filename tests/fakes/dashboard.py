"""The pages over real HTTP beside a stand-in GitHub, with a database that has seen a month of work."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import httpx

from deploy.demo.github import StandIn
from deploy.demo.serving import Serving
from strategies.step import Step
from tests.fakes.databases import sqlite_url
from tests.fakes.github_delivery import SECRET
from webhook.app import create_app
from webhook.pages.router import pages
from workers.billing import ledger
from workers.config.operator_file import Operator
from workers.config.settings import load_settings
from workers.db.database import Database, open_database
from workers.db.tables import AttemptRow, JobRow
from workers.deliveries import installations
from workers.jobs import outcomes, queue, timeline
from workers.jobs.commands import Place
from workers.jobs.job import Kind, State
from workers.processes import heartbeat
from workers.processes.context import Context

MARKUP = '<script>alert(1)</script><img src=x onerror=alert(2)> & "quotes" \''
DIFF = "\n".join(  # noqa: FLY002  # a diff reads best line by line
    (
        "diff --git a/src/parcel.py b/src/parcel.py",
        "index 1c2f9e0..9a1b2c3 100644",
        "--- a/src/parcel.py",
        "+++ b/src/parcel.py",
        "@@ -1,4 +1,5 @@ def price(weight):",
        " def price(weight):",
        "-    return round(weight * RATE, 1)",
        "+    # half a cent belongs to the customer <b>& to nobody else</b>",
        "+    return round(weight * RATE, 2)",
        " ",
        ' RATE = Decimal("1.25")',
        "",
    )
)
EVIDENCE = {
    "rung": "reproduction",
    "rungs": ["applies", "builds", "regression", "reproduction"],
    "before": {"passed": 41, "failed": 1, "skipped": 2, "new": 0},
    "after": {"passed": 43, "failed": 0, "skipped": 2, "new": 1},
    "broken": [],
    "fixed": ["tests/test_parcel.py::test_price"],
    "flaky": [],
    "restored": [],
    "reproduction": "tests/test_issue_7.py",
    "reproduction_passes": True,
    "agreement": None,
    "notes": ["Two tests are skipped before and after."],
}
CAPS = ledger.Caps(None, None, None, None)


def charge(
    database: Database, job: int, place: Place, usd: str, at: datetime, *, tier: str = "weak", attempt: int = 1
) -> None:
    """A settled call, in every total."""
    account = ledger.Payer(job, place.installation_id, place.repository_id, place.issue)
    model = "anthropic/claude-haiku-5-5" if tier == "weak" else "anthropic/claude-opus-5-5"
    with database.begin() as session:
        kept = ledger.reserve(
            session, account, CAPS, tier=tier, model=model, purpose="repair", worst=Decimal(usd) * 3, now=at
        )
        cost = ledger.Cost(Decimal(usd), attempt, 12_400, 8_000, 0, 930, {"input": "0.1"}, 2.4)
        ledger.settle(session, kept.id, cost, now=at)


def add_job(database: Database, place: Place, at: datetime, state: State, **columns: Any) -> int:
    """A job in a state, by the front door and then by hand."""
    with database.begin() as session:
        number = queue.enqueue(session, queue.NewJob(place, kind=columns.pop("kind", Kind.RESOLVE), actor="bob"), now=at).job_id  # fmt: skip
        row = session.get_one(JobRow, number)
        row.state = state.value
        if not state.active:
            row.finished_at = at + timedelta(minutes=7)
        for name, value in columns.items():
            setattr(row, name, value)
    return number


@dataclass
class Dashboard:
    """Use with `with`. `url` is the dashboard's, `github.url` the stand-in's; `sent` are wake-ups."""

    folder: Path
    operators: str = "grace"
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    sent: list[tuple[str, str | int]] = field(default_factory=list)
    url: str = ""

    def __enter__(self) -> Self:
        self.github = StandIn(self.folder / "github").start()
        files = {"README.md": "# Parcel\n"}
        self.parcel = self.github.add_repository("ada/parcel", files, people={"bob": "write", "eve": "read"}).id
        self.secret = self.github.add_repository("grace/secret", files).id
        settings = load_settings(
            home=self.folder, github_app_id=1234, github_webhook_secret=SECRET, github_api_url=self.github.api_url,
            github_client_id=self.github.app.client_id, github_client_secret=self.github.app.client_secret,
            database_url=sqlite_url(self.folder), operators=self.operators, public_url="",
        )  # fmt: skip
        self.database = open_database(settings.database_url)
        self.context = Context(settings, Operator(), self.database, lambda k, i: self.sent.append((k, i)), self.now)
        app = create_app(settings, self.database, self.context.publish, routers=pages(self.context))
        self._serving = Serving(app)
        self.url = self._serving.start()
        self.github.app.callback_url = f"{self.url}/auth/callback"
        self._know()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._serving.stop()
        self.github.stop()
        self.database.close()

    def place(self, issue: int = 7, *, secret: bool = False) -> Place:
        name = "grace/secret" if secret else "ada/parcel"
        return Place(self.github.installation(name).id, self.secret if secret else self.parcel, name, issue)

    def _know(self) -> None:
        with self.database.begin() as session:
            installations.ensure_repository(session, self.place(), self.now())
            installations.ensure_repository(session, self.place(secret=True), self.now())

    def fill(self) -> dict[str, int]:
        """A month of work; job ids by what became of them."""
        now = self.now()
        found: dict[str, int] = {}
        begin = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        opened = add_job(
            self.database, self.place(7), max(begin, now - timedelta(hours=3)), State.OPENED, pull_request=12,
            branch="autofix/issue-7", base_commit="ab" * 20, usd=Decimal("0.42"), strong_usd=Decimal("1.31"),
        )  # fmt: skip
        found["opened"] = opened
        for day in range((now - begin).days + 1):
            at = begin + timedelta(days=day, seconds=30)
            charge(self.database, opened, self.place(7), f"0.{20 + 7 * day % 50}", at)
            if day % 3 == 0:
                charge(self.database, opened, self.place(7), f"1.{10 + 5 * day}", at, tier="strong", attempt=2)
        with self.database.begin() as session:
            for number, tier, verdict, error in (
                (1, "weak", "failed", f"It fails: {MARKUP}"),
                (2, "strong", "passed", ""),
            ):
                session.add(
                    AttemptRow(
                        job_id=opened, number=number, tier=tier, solver="repair", strategy="cascade", verdict=verdict,
                        evidence=EVIDENCE if verdict == "passed" else {"rung": "builds", "broken": ["tests/t.py::a"]},
                        diff=DIFF, note=f"The rounding drops half a cent. {MARKUP}", error=error, started_at=now,
                    )
                )  # fmt: skip
            for kind, text in (
                ("checkout", "Checking out main"),
                ("localize", "3 files look relevant"),
                ("attempt", f"attempt 1: weak, repair {MARKUP}"),
                ("verdict", "the test from the issue still fails"),
                ("escalate", "escalating to strong"),
                ("verdict", "attempt 2 earned it"),
            ):
                timeline.add_step(session, opened, Step(kind, text), now)
            timeline.add_step(session, opened, Step("settled", "Opened a pull request"), now)
            job = queue.find(session, opened)
            assert job is not None
            outcomes.opened(
                session, job, pull_request=12, branch="autofix/issue-7", tier="strong", strategy="cascade",
                evidence="reproduction", now=now,
            )  # fmt: skip
            outcomes.observe(session, self.parcel, "autofix/issue-7", "merged", now)
        found["failed"] = add_job(
            self.database,
            self.place(8),
            now - timedelta(minutes=50),
            State.FAILED,
            reason=f"no model answered {MARKUP}",
        )
        found["declined"] = add_job(
            self.database,
            self.place(9),
            now - timedelta(minutes=40),
            State.DECLINED,
            reason="No fix that I can stand behind",
        )
        found["over"] = add_job(
            self.database, self.place(10), now - timedelta(minutes=30), State.OVER_BUDGET, needed=Decimal("0.5"),
            reason="the repository's month is spent",
        )  # fmt: skip
        found["running"] = add_job(
            self.database, self.place(11), now - timedelta(minutes=2), State.RUNNING, lease_owner="w1", lease_fence=1,
            lease_expires=now + timedelta(minutes=2), attempts=1,
        )  # fmt: skip
        found["queued"] = add_job(self.database, self.place(13), now - timedelta(minutes=1), State.QUEUED)
        found["secret"] = add_job(self.database, self.place(3, secret=True), now, State.DECLINED, reason="hush hush")
        with self.database.begin() as session:
            timeline.add_step(session, found["running"], Step("checkout", "Checking out main"), now)
            heartbeat.record_heartbeat(session, "w1", "machine", found["running"], now)
        return found

    def say(self, job_id: int, text: str, *, kind: str = "agent") -> None:
        """A step happens."""
        with self.database.begin() as session:
            timeline.add_step(session, job_id, Step(kind, text), self.now())

    def end(self, job_id: int, state: State = State.DECLINED) -> None:
        """A job ends."""
        with self.database.begin() as session:
            row = session.get_one(JobRow, job_id)
            row.state, row.finished_at = state.value, self.now()


@dataclass
class Browser:
    """A person with a cookie jar who clicks; no JavaScript."""

    dashboard: Dashboard
    login: str
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(
            base_url=self.dashboard.url, trust_env=False, timeout=20, headers={"accept": "text/html"}
        )

    def sign_in(self, following: str = "/") -> httpx.Response:
        """Through the stand-in and back; the answer of the callback."""
        return self.http.get(self.callback(following))

    def callback(self, following: str = "/") -> str:
        """The address that GitHub sends the browser back to."""
        begun = self.http.get("/sign-in/github", params={"next": following})
        asked = httpx.get(begun.headers["location"], params=None, trust_env=False).text
        link = re.search(rf'href="([^"]*as={self.login}[^"]*)"', asked)
        assert link is not None, asked
        answer = httpx.get(urljoin(begun.headers["location"], link[1].replace("&amp;", "&")), trust_env=False)
        return answer.headers["location"]

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.http.get(path, params=query or None)

    def csrf(self, path: str = "/") -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.get(path).text)
        assert found is not None
        return found[1]

    def post(
        self, path: str, fields: dict[str, str], *, csrf: str | None = None, origin: str | None = None
    ) -> httpx.Response:
        """Send a form as a page of ours would; `csrf` and `origin` forge it."""
        sent = {"csrf": self.csrf() if csrf is None else csrf, **fields}
        return self.http.post(path, data=sent, headers={"origin": self.dashboard.url if origin is None else origin})
