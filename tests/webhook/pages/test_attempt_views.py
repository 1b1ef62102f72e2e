"""The pull request, the job's page, its JSON and the command line say the same of every attempt and every amount."""

from __future__ import annotations

import html
import io
import json
import re
from decimal import Decimal
from pathlib import Path

from rich.console import Console

from sandbox.repository.patch import Patch
from strategies.attempt import Attempt, JudgedAttempt
from strategies.models.meter import Charge
from strategies.models.price import Price
from strategies.models.usage import Usage
from strategies.resolution import Ending, Resolution
from strategies.verdict import Counts, Evidence, Judged, Rung, Verdict
from tests.fakes.dashboard import Browser, Dashboard, add_job
from workers.billing import ledger
from workers.billing.bill import bill
from workers.cli.tables import print_job
from workers.jobs import timeline
from workers.jobs.job import State
from workers.jobs.versions import Versions
from workers.messages.attempt_view import AttemptView, attempt_json
from workers.messages.comments import attempts_list, bill_table
from workers.messages.judged_attempts import views_of_judged
from workers.usd import show_usd
from workers.views.job_report import job_report

PRICE = Price(Decimal(1), Decimal(5))
BUILDS = frozenset({Rung.APPLIES, Rung.BUILDS})
ATTEMPTS = (
    JudgedAttempt(
        Attempt("weak", "repair", Patch(), error="the answer held no edit that could be applied"),
        Verdict(Judged.FAILED, Evidence(notes=("the answer held no edit that could be applied",))),
    ),
    JudgedAttempt(
        Attempt("weak", "repair", Patch({"a.py": b"1"}), diagnosis="Off by one.", error="some edits did not apply"),
        Verdict(Judged.FAILED, Evidence(BUILDS, Counts(4, 1, 0), Counts(2, 3, 0), broken=("t::a", "t::b")), "FAILED"),
    ),
    JudgedAttempt(
        Attempt("weak", "agent", Patch({"a.py": b"2"}), note="second try"),
        Verdict(Judged.UNJUDGED, Evidence(BUILDS, notes=("The sandbox ended early.",))),
    ),
    JudgedAttempt(
        Attempt("strong", "agent", Patch({"a.py": b"3"}), diagnosis="The rounding is early."),
        Verdict(
            Judged.PASSED, Evidence(BUILDS | {Rung.REGRESSION, Rung.REPRODUCTION}, Counts(4, 1, 0), Counts(5, 0, 0))
        ),
    ),
)
CALLS = (
    ("weak", "reproduction", 1, "0.011"),
    ("weak", "repair", 1, "0.16125"),
    ("weak", "repair", 2, "0.000042"),
    ("strong", "agent", 4, "1.234567"),
    ("strong", "agent", 4, None),
)


def charges() -> list[Charge]:
    return [
        Charge(tier, f"m/{tier}", purpose, attempt, Usage(10, 0, 5), None if usd is None else Decimal(usd),
               Decimal("2.5"), PRICE, 1.0)
        for tier, purpose, attempt, usd in CALLS
    ]  # fmt: skip


def store(board: Dashboard) -> int:
    """A job with these attempts and calls, written as a worker writes them."""
    place, now = board.place(77), board.now()
    job = add_job(board.database, place, now, State.OPENED, pull_request=80)
    caps = ledger.Caps(None, None, None, None)
    account = ledger.Payer(job, place.installation_id, place.repository_id, place.issue)
    resolution = Resolution(Ending.ACCEPTED, ATTEMPTS, ATTEMPTS[-1], ATTEMPTS[-1].attempt.patch, "")
    with board.database.begin() as session:
        for charge in charges():
            kept = ledger.reserve(
                session, account, caps, tier=charge.tier, model=charge.model, purpose=charge.purpose,
                worst=charge.worst_usd, now=now,
            )  # fmt: skip
            ledger.settle(session, kept.id, ledger.Cost(charge.usd, charge.attempt, 10, 0, 0, 5, {}, 1.0), now=now)
        versions = Versions("1", "cascade", "reproduction", {"weak": {"model": "m/weak"}}, {})
        timeline.keep_attempts(session, job, versions, resolution, [""] * 4, charges(), now)
    return job


def facts(view: AttemptView) -> list[str]:
    """What all four must show of an attempt."""
    return [view.tier, view.solver, view.outcome, view.why, *([show_usd(view.usd)] if view.usd is not None else [])]


def words(text: str) -> str:
    """Text without markup, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def test_pull_request_page_json_and_command_line_say_the_same_of_an_attempt(tmp_path: Path) -> None:
    with Dashboard(tmp_path) as board:
        job = store(board)
        views = views_of_judged(ATTEMPTS, charges())
        ada = Browser(board, "ada")
        ada.sign_in()
        page = ada.get(f"/jobs/{job}").text
        record = json.loads(ada.get(f"/jobs/{job}/record.json").text)
        with board.database.read() as session:
            report = job_report(session, job)
    console = Console(file=io.StringIO(), width=10_000)
    print_job(console, report)
    terminal = console.file.getvalue()  # type: ignore[attr-defined]  # it is a StringIO
    cards = page.split('<article class="card"')[1:]
    listed = attempts_list(views).splitlines()
    printed = terminal.split("attempt ")[1:]
    assert len(cards) == len(listed) == len(report.attempts) == len(ATTEMPTS)
    for view, card, row, item, stored in zip(views, cards, listed, record["attempts"], report.attempts, strict=True):
        text = next(part for part in printed if part.startswith(f"{view.number}: "))
        for fact in facts(view):
            assert fact in words(card), "the page"
            assert fact in row, "the pull request"
            assert fact in words(text), "the command line"
        assert item == attempt_json(stored), "the page's JSON and the command line's"
        assert (item["outcome"], item["why"], item["rung"]) == (view.outcome, view.why, view.rung)
        assert item["usd"] is None if view.usd is None else Decimal(item["usd"]) == view.usd
        assert (item["error"], item["note"]) == (view.error, view.note)


def test_the_same_amount_is_written_the_same_everywhere(tmp_path: Path) -> None:
    with Dashboard(tmp_path) as board:
        job = store(board)
        ada = Browser(board, "ada")
        ada.sign_in()
        page = words(ada.get(f"/jobs/{job}").text)
        listed = words(ada.get(f"/repositories/{board.parcel}").text)
        with board.database.read() as session:
            report = job_report(session, job)
    console = Console(file=io.StringIO(), width=10_000)
    print_job(console, report)
    terminal = console.file.getvalue()  # type: ignore[attr-defined]  # it is a StringIO
    account = bill(charges())
    total = show_usd(account.total)
    assert total == "$3.906859"
    for text in (bill_table(account), page, listed, terminal):
        assert total in text
    for amount in ("$0.16125", "$0.000042", "$1.234567"):
        assert amount in page
        assert amount in terminal
