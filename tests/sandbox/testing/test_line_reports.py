from __future__ import annotations

import json

import pytest

from sandbox.testing.cargo import parse_cargo
from sandbox.testing.go_json import parse_go_json
from sandbox.testing.report import ReportUnreadable, TestOutcome
from sandbox.testing.tap import parse_tap


def go(*events: dict[str, object]) -> bytes:
    return b"\n".join(json.dumps(e).encode() for e in events)


def test_go_events_become_tests_with_their_output() -> None:
    report = parse_go_json(
        go(
            {"Action": "run", "Package": "m/a", "Test": "TestOne"},
            {"Action": "output", "Package": "m/a", "Test": "TestOne", "Output": "want 1\n"},
            {"Action": "fail", "Package": "m/a", "Test": "TestOne", "Elapsed": 0.25},
            {"Action": "pass", "Package": "m/a", "Test": "TestTwo/sub", "Elapsed": 0},
            {"Action": "skip", "Package": "m/a", "Test": "TestThree"},
            {"Action": "fail", "Package": "m/a"},
            {"Action": "skip", "Package": "m/none"},
        )
    )
    assert {i: r.outcome for i, r in report.results.items()} == {
        "m/a::TestOne": TestOutcome.FAILED,
        "m/a::TestTwo/sub": TestOutcome.PASSED,
        "m/a::TestThree": TestOutcome.SKIPPED,
    }
    assert report.results["m/a::TestOne"].message == "want 1\n"
    assert report.results["m/a::TestOne"].seconds == 0.25


def test_a_go_package_that_does_not_build_is_an_error_and_an_unfinished_test_too() -> None:
    report = parse_go_json(
        b"# m/a\nx.go:1: undefined\n{not json\n[1]\n"
        + go(
            {"Action": "output", "Package": "m/a", "Output": "FAIL\tm/a [build failed]\n"},
            {"Action": "fail", "Package": "m/a"},
            {"Action": "run", "Package": "m/b", "Test": "TestDies"},
            {"Action": "fail", "Package": "m/b"},
        )
    )
    assert report.failed == {"m/a", "m/b::TestDies", "m/b"}
    assert "build failed" in report.results["m/a"].message


def test_go_without_events_is_unreadable() -> None:
    with pytest.raises(ReportUnreadable):
        parse_go_json(b"go: command not found\n")


CARGO = b"""
   Compiling x v0.1.0
     Running unittests src/lib.rs (target/debug/deps/x-0f)

running 3 tests
test tests::adds ... ok
test tests::slow ... ignored, too slow
test tests::breaks ... FAILED

failures:

---- tests::breaks stdout ----
thread panicked at 'left == right'

failures:
    tests::breaks

test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out
     Running tests/api.rs (target/debug/deps/api-0f)

running 1 test
test adds - should panic ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out

   Doc-tests x

running 1 test
test src/lib.rs - add (line 7) ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out
"""


def test_cargo_lines_become_tests_by_target() -> None:
    report = parse_cargo(CARGO)
    assert {i: r.outcome for i, r in report.results.items()} == {
        "src/lib.rs::x::tests::adds": TestOutcome.PASSED,
        "src/lib.rs::x::tests::slow": TestOutcome.SKIPPED,
        "src/lib.rs::x::tests::breaks": TestOutcome.FAILED,
        "tests/api.rs::adds": TestOutcome.PASSED,
        "doc x::src/lib.rs - add": TestOutcome.PASSED,
    }
    assert "left == right" in report.results["src/lib.rs::x::tests::breaks"].message


def test_a_crate_that_does_not_compile_is_an_error() -> None:
    report = parse_cargo(b"error[E0425]: cannot find value\nerror: could not compile `x` due to 1 previous error\n")
    assert report.results["cargo build"].outcome is TestOutcome.ERROR
    with pytest.raises(ReportUnreadable):
        parse_cargo(b"error: no such command\n")


TAP = b"""TAP version 13
# Subtest: outer
    # Subtest: inner
    ok 1 - inner
    not ok 2 - broken
      ---
      error: 'want 1'
      ...
    1..2
not ok 1 - outer
ok 2 - later # SKIP not here
not ok 3 - known # TODO someday
ok 4
1..5
"""


def test_tap_points_become_tests_and_a_short_plan_an_error() -> None:
    report = parse_tap(TAP)
    assert {i: r.outcome for i, r in report.results.items()} == {
        "outer::inner": TestOutcome.PASSED,
        "outer::broken": TestOutcome.FAILED,
        "outer": TestOutcome.FAILED,
        "later": TestOutcome.SKIPPED,
        "known": TestOutcome.SKIPPED,
        "4": TestOutcome.PASSED,
        "plan": TestOutcome.ERROR,
    }
    assert "want 1" in report.results["outer::broken"].message


def test_tap_bail_out_is_an_error_and_silence_unreadable() -> None:
    assert parse_tap(b"ok 1 - a\nBail out! no database\n").results["bail out"].message == "no database"
    with pytest.raises(ReportUnreadable):
        parse_tap(b"okay, nothing here\n")
