from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from sandbox.testing.identity import collect
from sandbox.testing.report import TestOutcome, TestReport, TestResult
from sandbox.testing.second_reporter import (
    ENDED,
    LATE,
    NOT_ONCE,
    REWRITTEN,
    SESSION_FAILED,
    SESSION_STOPPED,
    SWALLOWED,
    UNCAUGHT,
    UNHANDLED,
    PytestRecord,
    contradiction,
    javascript_record,
    javascript_unexplained,
    pytest_sessions,
    session_unexplained,
    vitest_contradiction,
    with_exceptions,
)

NOW = datetime(2026, 3, 14, tzinfo=UTC)
FINISH: dict[str, object] = {
    "event": "finish", "status": 1, "changed": False, "stopped": False, "collected": 2, "started": 2, "failed": 1,
    "counted": 1,
}  # fmt: skip


def test_(name: str, *outcomes: str, **more: bool) -> dict[str, object]:
    return {"event": "test", "id": f"a.py::{name}", "outcomes": list(outcomes), **more}


test_.__test__ = False  # type: ignore[attr-defined]  # it makes an event
GOOD = test_("good", "passed", "passed", "passed")
BAD = test_("bad", "passed", "failed", "passed", raised=True)


KEY = b"k" * 32


def signed(events: Iterable[dict[str, object]], name: str = "0a", key: bytes = KEY) -> bytes:
    """The lines of one session as the plugin writes them."""
    chain, out = name, ""
    for text in map(json.dumps, events):
        chain = hashlib.blake2b((chain + text).encode(), key=key, digest_size=16).hexdigest()
        out += f"{name} {chain} {text}\n"
    return out.encode()


def record(*events: dict[str, object], **finish: object) -> PytestRecord:
    end: list[dict[str, object]] = [{"event": "gone"}] if finish.pop("gone", True) else []
    lines: list[dict[str, object]] = [
        {"event": "start", "xml": "/box/.pennyfix/j.xml"},
        *events,
        {**FINISH, **finish},
        *end,
    ]
    return pytest_sessions(signed(lines), KEY)[0]


def report(**outcomes: str) -> TestReport:
    return collect((TestResult(f"a.py::{i}", TestOutcome(o), file="a.py") for i, o in outcomes.items()), now=NOW)


def test_two_reports_of_one_session_agree() -> None:
    session = record(GOOD, BAD)
    assert contradiction(report(good="passed", bad="failed"), session, NOW) == ""
    assert session_unexplained(session, 1) == ""
    assert session.xml.endswith("j.xml")


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"good": "passed", "bad": "passed"}, "1 tests failed that the report calls passed, such as a.py::bad"),
        ({"good": "passed", "bad": "skipped"}, "1 tests failed"),
        ({"bad": "failed"}, "1 tests ran that are not in the report, such as a.py::good"),
        ({}, "2 tests ran"),
    ],
)
def test_a_report_that_says_less_than_was_seen_is_contradicted(told: dict[str, str], why: str) -> None:
    assert contradiction(report(**told), record(GOOD, BAD), NOW).startswith(why)


def test_a_session_without_an_end_has_no_report() -> None:
    (session,) = pytest_sessions(signed([{"event": "start"}, GOOD]) + b'0a 77 {"event": "fin', KEY)
    assert "never came to its end" in contradiction(report(good="passed"), session, NOW)


def test_a_test_that_the_report_names_otherwise_is_not_missing() -> None:
    assert contradiction(report(renamed="passed", bad="failed"), record(GOOD, BAD), NOW) == ""


def test_only_the_last_try_counts_and_an_expected_failure_is_none() -> None:
    again = test_("good", "passed", "rerun", "passed", "passed", "passed")
    expected = test_("bad", "passed", "skipped", "passed")
    assert contradiction(report(good="passed", bad="skipped"), record(again, expected), NOW) == ""
    worse = test_("good", "passed", "rerun", "passed", "failed", "passed")
    assert contradiction(report(good="passed", bad="skipped"), record(worse, expected), NOW) != ""


def test_what_ended_in_an_exception_has_not_passed() -> None:
    patched = test_("good", "passed", "passed", "passed", raised=True)
    found = with_exceptions(report(good="passed", bad="skipped"), record(patched, BAD), NOW)
    assert found.failed == {"a.py::good"}
    assert "reported as passed" in found.results["a.py::good"].message
    assert found.skipped == {"a.py::bad"}


@pytest.mark.parametrize(
    ("finish", "code", "told"),
    [
        ({"changed": True}, 1, SESSION_FAILED),
        ({"failed": 2}, 1, SESSION_FAILED),
        ({"status": 7}, 7, SESSION_FAILED),
        ({"status": 2}, 2, SESSION_STOPPED),
        ({"stopped": True}, 1, SESSION_STOPPED),
        ({}, 3, "the command ended by another exit code than pytest's session"),
    ],
)
def test_an_end_that_its_tests_do_not_account_for_is_told(finish: dict[str, object], code: int, told: str) -> None:
    assert session_unexplained(record(GOOD, BAD, **finish), code) == told


def test_exceptions_that_a_plugin_took_away_are_told() -> None:
    assert session_unexplained(record(GOOD, test_("bad", "passed", swallowed=True)), 1) == SWALLOWED


def test_an_end_of_the_process_before_its_own_is_told() -> None:
    assert session_unexplained(record(GOOD, BAD, gone=False), 1) == ENDED


def test_sessions_are_told_apart_also_where_they_ran_side_by_side() -> None:
    one = signed([{"event": "start"}, {"event": "unloaded", "id": "b.py"}], "0a").splitlines(keepends=True)
    two = signed([{"event": "start"}, GOOD], "0b").splitlines(keepends=True)
    first, second = pytest_sessions(one[0] + two[0] + one[1] + two[1], KEY)
    assert (first.unloaded, second.unloaded, second.finish) == (("b.py",), (), None)
    assert [t.id for t in second.tests] == ["a.py::good"]
    assert first.intact
    assert second.intact
    assert pytest_sessions(b"", KEY) == ()


LINES = signed([{"event": "start"}, BAD, GOOD, FINISH]).splitlines(keepends=True)


@pytest.mark.parametrize(
    "content",
    [
        b"".join(LINES).replace(b'"failed"', b'"passed"'),
        b"".join([LINES[0], *LINES[2:]]),
        b"".join([*LINES, LINES[-1]]),
        signed([{"event": "start"}, GOOD, FINISH], key=b"other"),
        b'{"event": "start"}\n',
    ],
    ids=["changed", "left out", "repeated", "another key", "unsigned"],
)
def test_a_record_that_was_rewritten_is_seen(content: bytes) -> None:
    (session,) = pytest_sessions(content, KEY)
    assert contradiction(report(good="passed", bad="failed"), session, NOW) == REWRITTEN
    assert pytest_sessions(b"".join(LINES), KEY)[0].intact


def test_runs_of_javascript_are_added_up() -> None:
    found = javascript_record(
        b'{"passed": 2, "failed": 1, "errors": ["TypeError"]}\n{"passed": 1, "failed": 0, "errors": ["Error"]}\n{"late": 1}\nx'
    )
    assert (found.runs, found.passed, found.failed, found.errors, found.late) == (2, 3, 1, ("Error", "TypeError"), 1)
    assert javascript_unexplained(found) == f"{UNHANDLED}: Error, TypeError; {LATE}"
    assert javascript_unexplained(javascript_record(b'{"unhandled": 1}\n{"unhandled": 0}\n')) == UNCAUGHT
    assert javascript_unexplained(javascript_record(b"")) == ""


@pytest.mark.parametrize(("runs", "told"), [(0, NOT_ONCE), (1, ""), (2, NOT_ONCE)])
def test_a_report_of_one_run_of_vitest_wants_a_record_of_one(runs: int, told: str) -> None:
    content = b'{"passed": 2, "failed": 0, "errors": []}\n' * runs
    assert javascript_unexplained(javascript_record(content), single=True) == told
    assert javascript_unexplained(javascript_record(content)) == ""


@pytest.mark.parametrize(
    ("told", "agrees"),
    [
        ({"a": "passed", "b": "failed"}, True),
        ({"a": "passed", "b": "passed"}, False),
        ({"a": "passed"}, False),
        ({"a": "skipped", "b": "failed"}, True),
    ],
)
def test_vitests_own_counts_contradict_a_forged_file(told: dict[str, str], agrees: bool) -> None:
    counted = javascript_record(b'{"passed": 1, "failed": 1, "errors": []}')
    assert (vitest_contradiction(report(**told), counted) == "") is agrees
