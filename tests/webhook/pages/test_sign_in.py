"""Signing in and out over real HTTP, against the stand-in GitHub."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import select

from tests.fakes.dashboard import Browser, Dashboard
from webhook.pages.auth import _inside
from webhook.pages.session import derived, digest, seal, unseal
from workers.db.tables import AuditRow, SessionRow, SightRow, SignInRow


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Dashboard]:
    with Dashboard(tmp_path) as board:
        yield board


def audit(board: Dashboard) -> list[tuple[str, str]]:
    with board.database.read() as session:
        return [(row.actor, row.what) for row in session.scalars(select(AuditRow).order_by(AuditRow.id))]


def test_a_person_signs_in_sees_their_repositories_and_signs_out(board: Dashboard) -> None:
    ada = Browser(board, "ada")
    answer = ada.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "Sign in with GitHub" in ada.get("/sign-in").text
    back = ada.sign_in()
    assert (back.status_code, back.headers["location"]) == (303, "/")
    page = ada.get("/").text
    assert "ada/parcel" in page
    assert "grace/secret" not in page
    kept = dict(ada.http.cookies)
    assert ada.post("/sign-out", {}).headers["location"] == "/sign-in"
    assert ada.get("/").status_code == 303
    stolen = httpx.get(board.url, cookies=kept, headers={"accept": "text/html"}, trust_env=False)
    assert stolen.status_code == 303, "the session is over, whoever keeps its cookie"
    assert audit(board) == [("ada", "signed in"), ("ada", "signed out")]
    with board.database.read() as session:
        assert not session.scalars(select(SessionRow)).all()
        assert not session.scalars(select(SightRow)).all()
        assert not session.scalars(select(SignInRow)).all()


def test_the_way_back_leads_to_where_one_wanted_to_go(board: Dashboard) -> None:
    ada = Browser(board, "ada")
    wanted = f"/repositories/{board.parcel}?month=2026-01"
    link = parse_qs(urlsplit(ada.get(wanted).headers["location"]).query)["next"][0]
    assert link == wanted
    assert ada.sign_in(link).headers["location"] == wanted


@pytest.mark.parametrize("where", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)",
                                   "/sign-out", "", "/x" * 300, "/\u2028", "\t//evil.example"])  # fmt: skip
def test_nobody_is_sent_elsewhere_after_signing_in(where: str) -> None:
    assert _inside(where) == "/"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "[::2]"])
def test_without_a_public_url_no_host_header_says_where_we_are(board: Dashboard, host: str) -> None:
    ada = Browser(board, "ada")
    answer = ada.http.get("/sign-in/github", headers={"host": host})
    assert answer.status_code == 400
    assert "PENNYFIX_PUBLIC_URL" in answer.text
    assert "location" not in answer.headers
    local = ada.http.get("/sign-in/github", headers={"host": "localhost:81"})
    back = parse_qs(urlsplit(local.headers["location"]).query)["redirect_uri"]
    assert back == ["http://localhost:81/auth/callback"]
    ada.sign_in()
    sent = {"host": host, "origin": f"http://{host}"}
    assert ada.http.post("/sign-out", data={"csrf": ada.csrf()}, headers=sent).status_code == 403


def test_an_answer_works_once(board: Dashboard) -> None:
    ada = Browser(board, "ada")
    address = ada.callback()
    cookies = dict(ada.http.cookies)
    assert ada.get(address).status_code == 303
    again = httpx.get(address, cookies=cookies, trust_env=False)
    assert again.status_code == 400
    assert "pennyfix=" not in again.headers.get("set-cookie", "").replace("pennyfix-sign-in=", "")
    with board.database.read() as session:
        assert len(session.scalars(select(SessionRow)).all()) == 1


def test_an_answer_is_believed_only_in_the_browser_that_asked(board: Dashboard) -> None:
    victim, attacker = Browser(board, "ada"), Browser(board, "bob")
    address = attacker.callback()
    assert victim.get(address).status_code == 400, "without a cookie"
    victim.http.get("/sign-in/github")
    assert victim.get(address).status_code == 400, "with the cookie of another sign-in"
    assert victim.get("/").status_code == 303
    assert attacker.get(address).status_code == 303, "and the attempt spent nothing of the other's"


def test_a_sign_in_that_took_too_long_is_refused(board: Dashboard) -> None:
    ada = Browser(board, "ada")
    address = ada.callback()
    with board.database.begin() as session:
        session.scalars(select(SignInRow)).one().expires -= timedelta(minutes=11)
    assert ada.get(address).status_code == 400


def test_a_forged_state_or_a_missing_or_wrong_code_is_refused(board: Dashboard) -> None:
    for change in ("state=x", "state=", "code=", "code=x"):
        ada = Browser(board, "ada")
        address = ada.callback()
        name = change.partition("=")[0]
        answer = ada.get(re.sub(rf"{name}=[^&]*", change, address))
        assert answer.status_code == 400, change
        assert 'role="alert"' in answer.text
        assert ada.get("/").status_code == 303


def test_the_challenge_is_bound_to_the_code(board: Dashboard) -> None:
    ada = Browser(board, "ada")
    begun = parse_qs(urlsplit(ada.http.get("/sign-in/github").headers["location"]).query)
    assert begun["code_challenge_method"] == ["S256"]
    assert len(begun["code_challenge"][0]) == 43
    assert begun["redirect_uri"] == [f"{board.url}/auth/callback"]
    secret = ada.http.cookies["pennyfix-sign-in"]
    assert begun["state"] == [derived(secret, "state")]
    assert derived(secret, "verifier") not in str(begun)


def test_cookies_are_kept_from_scripts_and_other_sites(board: Dashboard) -> None:
    ada = Browser(board, "ada")
    for cookie in ada.sign_in().headers.get_list("set-cookie"):
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Path=/" in cookie


def test_on_https_cookies_are_secure_and_bound_to_the_host(tmp_path: Path) -> None:
    from fastapi.testclient import TestClient

    from webhook.app import create_app
    from webhook.pages.router import pages
    from workers.processes.context import Context

    with Dashboard(tmp_path) as board:
        settings = board.context.settings.model_copy(update={"public_url": "https://fix.example.org"})
        context = Context(settings, board.context.operator, board.database, board.context.publish)
        with TestClient(create_app(settings, board.database, context.publish, routers=pages(context))) as client:
            answer = client.get("/sign-in/github", follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-pennyfix-sign-in=")
    assert "Secure" in cookie
    assert "max-age" in answer.headers["strict-transport-security"]
    assert "redirect_uri=https%3A%2F%2Ffix.example.org%2Fauth%2Fcallback" in answer.headers["location"]


def test_the_database_holds_neither_cookie_nor_token(board: Dashboard) -> None:
    ada = Browser(board, "ada")
    ada.sign_in()
    cookie = ada.http.cookies["pennyfix"]
    with board.database.read() as session:
        row = session.scalars(select(SessionRow)).one()
    assert row.id_digest == digest(cookie)
    assert cookie not in str(vars(row))
    assert "ghu_" not in row.token
    assert unseal(cookie, row.token).startswith("ghu_")
    assert unseal("another", seal(cookie, "ghu_x")) == ""


def test_a_session_ends_by_itself(board: Dashboard) -> None:
    ada = Browser(board, "ada")
    ada.sign_in()
    with board.database.begin() as session:
        session.scalars(select(SessionRow)).one().expires -= timedelta(hours=9)
    assert ada.get("/").status_code == 303


def age(board: Dashboard, minutes: int) -> None:
    """As if GitHub had been asked so long ago."""
    with board.database.begin() as session:
        row = session.scalars(select(SessionRow)).one()
        assert row.seen_at is not None
        row.seen_at -= timedelta(minutes=minutes)


def test_who_loses_access_on_github_loses_it_here_within_minutes(board: Dashboard) -> None:
    bob = Browser(board, "bob")
    bob.sign_in()
    page = f"/repositories/{board.parcel}"
    assert bob.get(page).status_code == 200
    del board.github.repository("ada/parcel").people["bob"]
    age(board, 6)
    assert bob.get(page).status_code == 404


def test_a_token_that_github_revoked_ends_the_session(board: Dashboard) -> None:
    ada = Browser(board, "ada")
    ada.sign_in()
    board.github.world.tokens.clear()
    age(board, 6)
    assert ada.get("/").status_code == 303
    with board.database.read() as session:
        assert not session.scalars(select(SessionRow)).all()


def test_pages_do_without_github_for_an_hour_and_forms_do_not(board: Dashboard) -> None:
    ada = Browser(board, "ada")
    ada.sign_in()
    csrf = ada.csrf()
    board.github.stop()
    age(board, 10)
    assert ada.get("/").status_code == 200
    form = {"amount": "9", "month": f"{board.now():%Y-%m}"}
    answer = ada.post(f"/repositories/{board.parcel}/budget", form, csrf=csrf)
    assert (answer.status_code, "Nothing was changed" in answer.text) == (503, True)
    assert ada.post("/sign-out", {}, csrf=csrf).status_code == 303, "leaving needs nothing of GitHub"


def test_without_an_oauth_client_the_page_says_what_is_missing(tmp_path: Path) -> None:
    with Dashboard(tmp_path) as board:
        object.__setattr__(board.context.settings, "github_client_id", "")
        from fastapi.testclient import TestClient

        from webhook.app import create_app
        from webhook.pages.router import pages

        app = create_app(board.context.settings, board.database, board.context.publish, routers=pages(board.context))
        with TestClient(app) as client:
            assert "PENNYFIX_GITHUB_CLIENT_ID" in client.get("/sign-in").text
            assert client.get("/sign-in/github", follow_redirects=False).headers["location"] == "/sign-in"
