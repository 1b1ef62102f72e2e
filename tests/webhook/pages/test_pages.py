"""What the pages show and refuse, over real HTTP with a month of work in the database."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from tests.fakes.dashboard import Browser, Dashboard
from workers.billing import budgets
from workers.db.tables import AuditRow, JobRow, RepositoryRow, SessionRow, SwitchRow


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    with Dashboard(tmp_path_factory.mktemp("board")) as board:
        board.ids = board.fill()  # type: ignore[attr-defined]  # the fixture's own
        yield board


@pytest.fixture(scope="module")
def ids(board: Dashboard) -> dict[str, int]:
    found: dict[str, int] = board.ids  # type: ignore[attr-defined]  # see above
    return found


def signed_in(board: Dashboard, login: str) -> Browser:
    browser = Browser(board, login)
    browser.sign_in()
    return browser


@pytest.fixture(scope="module")
def ada(board: Dashboard) -> Browser:
    return signed_in(board, "ada")


@pytest.fixture(scope="module")
def grace(board: Dashboard) -> Browser:
    return signed_in(board, "grace")


def budget(board: Dashboard) -> Decimal:
    with board.database.read() as session:
        return budgets.budget_of(session, board.parcel, board.context.limits).month


def audited(board: Dashboard) -> list[AuditRow]:
    with board.database.read() as session:
        return list(session.scalars(select(AuditRow).order_by(AuditRow.id)))


def month(board: Dashboard) -> str:
    return f"{board.now():%Y-%m}"


def test_the_first_page_sums_up_a_repository(board: Dashboard, ada: Browser) -> None:
    text = " ".join(re.sub(r"<[^>]+>", " ", ada.get("/").text).split())
    assert "ada/parcel" in text
    assert "of $50.00" in text
    assert "25 % 1 of 4" in text
    assert "$0.89" in text, "1.31 estimated for the strong model alone, 0.42 paid"


def test_a_repository_page_shows_spending_and_jobs_with_tables(
    board: Dashboard, ada: Browser, ids: dict[str, int]
) -> None:
    page = ada.get(f"/repositories/{board.parcel}").text
    assert page.count("<svg") >= 3
    assert "The days as a table" in page
    assert "anthropic/claude-haiku-5-5" in page
    for number in (ids[name] for name in ("opened", "failed", "running", "queued")):
        assert f'href="/jobs/{number}"' in page
    assert f'href="{board.github.url}/ada/parcel/pull/12"' in page


def test_a_job_page_has_timeline_attempts_evidence_calls(ada: Browser, ids: dict[str, int]) -> None:
    page = ada.get(f"/jobs/{ids['opened']}").text
    for words in (
        "escalating to strong",
        "Attempt 2: strong",
        "earned it",
        "fell short",
        "43",
        "12,400",
        "Opened a pull request",
    ):
        assert words in page
    assert "live.js" not in page
    assert "live.js" in ada.get(f"/jobs/{ids['running']}").text


def test_nothing_that_others_wrote_becomes_markup(
    ada: Browser, grace: Browser, board: Dashboard, ids: dict[str, int]
) -> None:
    pages = [
        ada.get(p).text for p in (f"/repositories/{board.parcel}", f"/jobs/{ids['opened']}", f"/jobs/{ids['failed']}")
    ]
    pages.append(grace.get("/operator").text)
    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<b>&" not in page
        assert "&lt;script&gt;" in page


def test_the_record_is_the_whole_job_as_a_file(ada: Browser, ids: dict[str, int]) -> None:
    answer = ada.get(f"/jobs/{ids['opened']}/record.json")
    assert "attachment" in answer.headers["content-disposition"]
    record = json.loads(answer.text)
    assert record["job"]["pull_request"] == 12
    assert [a["verdict"] for a in record["attempts"]] == ["failed", "passed"]
    assert sum(Decimal(c["usd"]) for c in record["calls"]) == Decimal(record["usd"])


def test_other_peoples_repositories_look_as_if_they_did_not_exist(
    board: Dashboard, ada: Browser, ids: dict[str, int]
) -> None:
    nothing = ada.get("/repositories/424242")
    for path in (
        f"/repositories/{board.secret}",
        f"/jobs/{ids['secret']}",
        f"/jobs/{ids['secret']}/record.json",
        f"/jobs/{ids['secret']}/events",
        "/jobs/424242",
        f"/repositories/{2**70}",
        "/repositories/0",
        "/jobs/-1",
        "/jobs/x",
        "/nothing",
        "/static/../settings.py",
        "/static/x",
    ):
        answer = ada.get(path)
        assert answer.status_code == 404, path
        assert answer.text == nothing.text, path
    posted = ada.post(f"/repositories/{board.secret}/budget", {"amount": "1", "month": month(board)})
    assert posted.status_code == 404
    assert posted.text == nothing.text


def test_strangers_see_the_sign_in_page_and_streams_and_forms_are_closed_to_them(
    board: Dashboard, ids: dict[str, int]
) -> None:
    stranger = Browser(board, "nobody")
    for path in ("/", f"/repositories/{board.parcel}", f"/jobs/{ids['opened']}", "/operator"):
        assert stranger.get(path).headers["location"].startswith("/sign-in")
    answer = stranger.post(f"/repositories/{board.parcel}/budget", {"amount": "1"}, csrf="x")
    assert answer.status_code == 401
    assert (
        stranger.http.get(f"/jobs/{ids['running']}/events", headers={"accept": "text/event-stream"}).status_code == 401
    )


def test_an_administrator_raises_the_budget_and_what_waited_for_money_runs(tmp_path: Path) -> None:
    with Dashboard(tmp_path) as board:
        ids = board.fill()
        ada = signed_in(board, "ada")
        answer = ada.post(f"/repositories/{board.parcel}/budget", {"amount": "$45.50", "month": month(board)})
        assert answer.headers["location"] == f"/repositories/{board.parcel}#budget"
        assert budget(board) == Decimal("45.50")
        assert ("job", ids["over"]) in board.sent
        assert (audited(board)[-1].actor, audited(board)[-1].what) == ("ada", "budget set")
        page = ada.get(f"/repositories/{board.parcel}").text
        assert "Set by ada" in page
        assert (
            ada.post(f"/repositories/{board.parcel}/budget", {"back": "yes", "month": month(board)}).status_code == 303
        )
        assert budget(board) == Decimal(50)


BAD_AMOUNTS = ["", " ", "-1", "−5", "1e3", "NaN", "inf", "51", "999999999999", "€5", "5 EUR", "1,5", "1,000", "0.0000001",
               "٣", "５", "1\u202e2", "<b>1</b>", "1;DROP", "0x10", "1 000", "\x00", "9" * 4000]  # fmt: skip


@pytest.mark.parametrize("amount", BAD_AMOUNTS)
def test_a_bad_amount_gets_a_clear_answer_and_changes_nothing(board: Dashboard, ada: Browser, amount: str) -> None:
    before = budget(board)
    answer = ada.post(f"/repositories/{board.parcel}/budget", {"amount": amount, "month": month(board)})
    assert answer.status_code == 400
    assert 'id="amount-problem" role="alert"' in answer.text
    assert "allowed: 0 to 50 US dollars" in answer.text
    assert "Nothing was changed" in answer.text
    assert "<b>1</b>" not in answer.text
    assert budget(board) == before
    assert audited(board)[-1].what == "budget refused"


@pytest.mark.parametrize(
    "before", ["0" * 20 + "9" * 30, "9" * 19, "9" * 5_000, "-1", "1.0", "٣", "1e3", " 1", "", "\x00"]
)
def test_an_absurd_place_in_the_list_is_answered_in_words(board: Dashboard, ada: Browser, before: str) -> None:
    answer = ada.http.get(f"/repositories/{board.parcel}", params={"before": before})
    assert (answer.status_code, "Go back to the newest jobs" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data; boundary=b; charset=unicode_escape", r"\ud800"),
        ("multipart/form-data; boundary=b; charset=rot13", "x"),
        ("multipart/form-data; boundary=b", "x"),
        ("multipart/form-data", "x"),
        ("text/plain; charset=utf-7", "x"),
        ("", "x"),
    ],
)
def test_a_form_in_an_exotic_encoding_is_refused_as_forged(
    board: Dashboard, ada: Browser, kind: str, body: str
) -> None:
    part = f'--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{body}\r\n--b--\r\n'
    for path in (f"/repositories/{board.parcel}/budget", "/sign-out"):
        headers = {"origin": board.url, "content-type": kind}
        assert ada.http.post(path, content=part.encode(), headers=headers).status_code == 403


@pytest.mark.parametrize("when", ["2020-01", "2026-13", "", "x", "2999-01"])
def test_a_budget_for_another_month_is_refused(board: Dashboard, ada: Browser, when: str) -> None:
    before = budget(board)
    answer = ada.post(f"/repositories/{board.parcel}/budget", {"amount": "5", "month": when})
    assert (answer.status_code, "Nothing was changed" in answer.text) == (400, True)
    assert budget(board) == before


@pytest.mark.parametrize("login", ["bob", "eve"])
def test_only_administrators_set_budgets(board: Dashboard, login: str) -> None:
    person = signed_in(board, login)
    page = person.get(f"/repositories/{board.parcel}")
    assert (page.status_code, "Set the budget" in page.text) == (200, False)
    before = budget(board)
    answer = person.post(f"/repositories/{board.parcel}/budget", {"amount": "5", "month": month(board)})
    assert answer.status_code == 403
    assert budget(board) == before
    assert (audited(board)[-1].actor, audited(board)[-1].what) == (login, "budget refused")


def test_who_stopped_being_an_administrator_a_minute_ago_sets_no_budget(tmp_path: Path) -> None:
    with Dashboard(tmp_path) as board:
        board.github.repository("ada/parcel").people["bob"] = "admin"
        bob = signed_in(board, "bob")
        board.github.repository("ada/parcel").people["bob"] = "write"
        with board.database.begin() as session:
            row = session.scalars(select(SessionRow)).one()
            assert row.seen_at is not None
            row.seen_at -= timedelta(minutes=1)
        answer = bob.post(f"/repositories/{board.parcel}/budget", {"amount": "5", "month": month(board)})
        assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/sign-out", "/operator/spending", "/repositories/{parcel}/budget"])
@pytest.mark.parametrize("forge", ["token", "none", "origin", "null origin", "other's token"])
def test_a_forged_form_is_refused_and_changes_nothing(
    board: Dashboard, ada: Browser, grace: Browser, path: str, forge: str
) -> None:
    fields = {"amount": "5", "month": month(board), "thrown": "yes"}
    csrf = {"token": "x" * 43, "none": "", "other's token": ada.csrf()}.get(forge, grace.csrf())
    origin = {"origin": "https://evil.example", "null origin": "null"}.get(forge, board.url)
    answer = grace.post(path.format(parcel=board.parcel), fields, csrf=csrf, origin=origin)
    assert (answer.status_code, "Nothing was changed" in answer.text) == (403, True)
    assert grace.get("/").status_code == 200
    with board.database.read() as session:
        assert session.get(SwitchRow, "stop_spending") is None


def test_a_form_without_any_origin_needs_the_browsers_word(board: Dashboard, ada: Browser) -> None:
    fields = {"csrf": ada.csrf(), "amount": "50", "month": month(board)}
    path = f"/repositories/{board.parcel}/budget"
    assert ada.http.post(path, data=fields).status_code == 403
    assert ada.http.post(path, data=fields, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert ada.http.post(path, data=fields, headers={"sec-fetch-site": "same-origin"}).status_code == 303


def test_the_operators_switch_stops_spending_and_is_audited(tmp_path: Path) -> None:
    with Dashboard(tmp_path, operators="GRACE, someone") as board:
        board.fill()
        grace, ada = signed_in(board, "grace"), signed_in(board, "ada")
        assert ada.get("/operator").status_code == 403
        assert ada.post("/operator/spending", {"thrown": "yes"}).status_code == 403
        assert grace.post("/operator/spending", {"thrown": "perhaps"}).status_code == 400
        assert grace.post("/operator/spending", {"thrown": "yes", "reason": "x" * 201}).status_code == 400
        assert "Spending is on" in grace.get("/operator").text
        assert grace.post("/operator/spending", {"thrown": "yes", "reason": "<b>too dear</b>"}).status_code == 303
        page = grace.get("/operator").text
        assert "Spending is stopped" in page
        assert "&lt;b&gt;too dear&lt;/b&gt;" in page
        assert grace.post("/operator/spending", {"thrown": "no"}).status_code == 303
        assert "Spending is on" in grace.get("/operator").text
        said = [(row.actor, row.what) for row in audited(board) if "switch" in row.what]
        assert said == [
            ("ada", "switch refused: not an operator"),
            ("grace", "switch refused: unreadable form"),
            ("grace", "switch refused: unreadable form"),
            ("grace", "switch stop_spending thrown"),
            ("grace", "switch stop_spending set back"),
        ]


def test_the_operators_page_shows_queue_workers_leases_and_failures(grace: Browser) -> None:
    page = grace.get("/operator").text
    for words in ("w1", "ada/parcel#11", "ada/parcel#13", "ada/parcel#8", "of $500.00", "grace"):
        assert words in page


def test_without_operators_nobody_has_the_page(tmp_path: Path) -> None:
    with Dashboard(tmp_path, operators="") as board:
        assert signed_in(board, "grace").get("/operator").status_code == 403


@pytest.mark.parametrize("query", ["month=2026-13", "month=1999-01", "month=x", "month=٢٠٢٦-٠١", "month=2999-01",
                                   "month=2026-11%00", "page=0", "page=x", "page=99999", "page=-1", "page=²"])  # fmt: skip
def test_a_month_or_page_that_is_none_is_said_on_a_page(ada: Browser, query: str) -> None:
    answer = ada.http.get(f"/?{query}")
    assert answer.status_code == 400
    assert "<h1>" in answer.text


def test_months_that_are_over_show_what_was_and_no_form(board: Dashboard, ada: Browser) -> None:
    page = ada.get(f"/repositories/{board.parcel}", month="2026-01").text
    assert "No model was called" in page
    assert 'name="amount"' not in page
    assert ada.get("/", month="2026-01").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/"), ("PUT", "/operator"), ("DELETE", "/jobs/1"), ("GET", "/sign-out")]
)
def test_a_wrong_method_is_405_in_the_same_style(board: Dashboard, method: str, path: str) -> None:
    answer = httpx.request(method, board.url + path, headers={"accept": "text/html"}, trust_env=False)
    assert (answer.status_code, "<h1>Not possible here</h1>" in answer.text) == (405, True)
    assert answer.headers["allow"]


def test_machines_still_get_plain_answers(board: Dashboard) -> None:
    assert httpx.get(f"{board.url}/nothing", trust_env=False).json() == {"detail": "Not Found"}
    assert httpx.get(f"{board.url}/healthz", trust_env=False).text == "ok\n"


def test_every_page_carries_the_guarding_headers(board: Dashboard, ada: Browser, ids: dict[str, int]) -> None:
    for path in (
        "/",
        "/sign-in",
        "/nothing",
        "/operator",
        f"/jobs/{ids['opened']}",
        f"/jobs/{ids['opened']}/record.json",
    ):
        headers = ada.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


def test_the_first_page_is_small_and_asks_nobody_else(board: Dashboard, ada: Browser) -> None:
    for path in ("/", f"/repositories/{board.parcel}", "/sign-in"):
        page = ada.get(path)
        own = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
        assert own
        assert len(page.content) + sum(len(ada.get(name).content) for name in set(own)) < 100_000
        assert not re.search(r'<(?:script|link|img)[^>]+(?:src|href)="(?:https?:)?//', page.text)
        assert not re.search(r"<script(?![^>]+src=)|\sstyle=|\son[a-z]+=\"", page.text)


def test_own_files_are_kept_by_browsers_until_they_change(ada: Browser) -> None:
    address = re.findall(r'href="(/static/pennyfix.css[^"]*)"', ada.get("/sign-in").text)[0]
    fresh = ada.get(address)
    assert "immutable" in fresh.headers["cache-control"]
    assert ada.http.get(address, headers={"if-none-match": fresh.headers["etag"]}).status_code == 304
    assert ada.get("/static/pennyfix.css").headers["cache-control"] == "no-cache"


def test_long_lists_have_pages(tmp_path: Path) -> None:
    with Dashboard(tmp_path) as board:
        now = board.now()
        with board.database.begin() as session:
            place = board.place()
            for number in range(45):
                session.add(
                    JobRow(
                        kind="resolve", state="declined", installation_id=place.installation_id, repository_id=board.parcel,
                        repository="ada/parcel", issue=100 + number, actor="bob", created_at=now, updated_at=now, next_run_at=now,
                    )
                )  # fmt: skip
        ada = signed_in(board, "ada")
        page, seen = f"/repositories/{board.parcel}", list[str]()
        for _ in range(5):
            text = ada.http.get(page).text
            seen += re.findall(r'href="/jobs/(\d+)"', text)
            older = re.search(r'href="([^"]+before=[^"#]+)', text)
            if older is None:
                break
            page = older[1].replace("&amp;", "&")
        assert len(seen) == len(set(seen)) == 45


def test_a_repository_that_is_known_to_github_only_is_not_kept(board: Dashboard, ada: Browser) -> None:
    board.github.add_repository("ada/unlabelled", {"a": "b"})
    ada2 = signed_in(board, "ada")
    assert "unlabelled" not in ada2.get("/").text
    with board.database.read() as session:
        assert session.get(RepositoryRow, board.github.repository("ada/unlabelled").id) is None


def test_the_stream_tells_what_happens(tmp_path: Path) -> None:
    with Dashboard(tmp_path) as board:
        ids = board.fill()
        ada = signed_in(board, "ada")
        with ada.http.stream("GET", f"/jobs/{ids['running']}/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            heard = ""
            for text in stream.iter_text():
                heard += text
                if heard.count("event: step") == 1 and "agent" not in heard:
                    board.say(ids["running"], "turn 1: <b>looking</b>")
                if "looking" in heard:
                    board.end(ids["running"])
                if "event: end" in heard:
                    break
        assert '"state": "declined"' in heard
