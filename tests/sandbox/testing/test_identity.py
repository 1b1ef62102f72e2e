from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sandbox.testing.identity import ID_CHARS, collect, family, masked, selectable, shortened, stable_id
from sandbox.testing.report import TestOutcome, TestResult

NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
PASSED, FAILED, SKIPPED, ERROR = TestOutcome.PASSED, TestOutcome.FAILED, TestOutcome.SKIPPED, TestOutcome.ERROR


def results(*pairs: tuple[str, TestOutcome], file: str = "") -> list[TestResult]:
    return [TestResult(i, o, file=file) for i, o in pairs]


def outcomes(*pairs: tuple[str, TestOutcome]) -> dict[str, TestOutcome]:
    return {i: r.outcome for i, r in collect(results(*pairs), now=NOW).results.items()}


@pytest.mark.parametrize(
    "changing",
    [
        "t[<Price object at {}>]".format,
        "t[{}]".format,
    ],
)
@pytest.mark.parametrize(("one", "two"), [("0x7f3a1c2b4d50", "0x7f991c2b4000"), ("0x55d0a1b2c3d4", "0x560011223344")])
def test_an_address_is_no_part_of_a_name(changing, one: str, two: str) -> None:  # type: ignore[no-untyped-def]
    assert masked(changing(one), NOW) == masked(changing(two), NOW) != changing(one)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("9b2e8f04-6c1d-4f3a-8a57-2f0c3d4e5f60", "01890a5d-ac96-774b-bcce-b302099a8057"),
        ("/tmp/tmpab12_x9z/a", "/tmp/tmp00000000/a"),
        ("2026-03-14T09:26:53.123456", "2026-03-13 23:59:59+01:00"),
        ("20260314T092653Z", "20260315"),
        ("1773480413.25", "1773480414000"),
        ("140234567890128", "139634567890000"),
    ],
)
def test_what_belongs_to_one_run_is_no_part_of_a_name(one: str, two: str) -> None:
    assert masked(f"t[{one}]", NOW) == masked(f"t[{two}]", NOW) == masked(f"t[{one}]", NOW).replace(one, "")


@pytest.mark.parametrize(
    "constant",
    [
        "0xdeadbeef", "0xffffffff", "0x1f600", "0xffffffffffffffff", "2020-01-01", "2026-03-12", "1999-12-31T23:59:59",
        "1234567890", "1500000000", "00000000-0000-0000-0000-000000000000", "2026-99-99", "/tmp/template", "17734804131",
        "20260314123456789012", "1773480413x",
    ],
)  # fmt: skip
def test_a_constant_stays_in_its_name(constant: str) -> None:
    assert masked(f"t[{constant}]", NOW) == f"t[{constant}]"


def test_two_long_names_with_one_beginning_stay_two() -> None:
    one, two = shortened("x" * 5_000 + "a"), shortened("x" * 5_000 + "b")
    assert one != two
    assert len(one) == len(two) == ID_CHARS
    assert shortened("x" * ID_CHARS) == "x" * ID_CHARS
    assert outcomes(("x" * 2_000 + "a", PASSED), ("x" * 2_000 + "b", FAILED)) == {
        shortened("x" * 2_000 + "a"): PASSED,
        shortened("x" * 2_000 + "b"): FAILED,
    }


def test_an_id_is_printable_and_on_one_line() -> None:
    assert stable_id("a\nb \x1b[31mred\x1b[0m \x07\ud800", NOW) == "a b red #x07#xD800"


def test_tests_of_one_name_are_numbered_the_best_first() -> None:
    assert outcomes(("a", FAILED), ("a", PASSED), ("b", PASSED), ("a", SKIPPED), ("a", PASSED)) == {
        "a": PASSED,
        "a (repeat 2)": PASSED,
        "a (repeat 3)": SKIPPED,
        "a (repeat 4)": FAILED,
        "b": PASSED,
    }


def test_one_of_two_that_breaks_is_one_that_passed_and_fails() -> None:
    before = outcomes(("works", PASSED), ("works", PASSED))
    after = outcomes(("works", FAILED), ("works", PASSED))
    assert [i for i, o in before.items() if o is PASSED and after[i] is not PASSED] == ["works (repeat 2)"]


def test_which_of_two_came_first_changes_nothing() -> None:
    assert outcomes(("a", FAILED), ("a", PASSED)) == outcomes(("a", PASSED), ("a", FAILED))


def test_a_number_that_is_a_name_already_is_not_given() -> None:
    found = outcomes(("a", PASSED), ("a", FAILED), ("a (repeat 2)", PASSED))
    assert found == {"a": PASSED, "a (repeat 2)'": FAILED, "a (repeat 2)": PASSED}


def test_names_that_differ_only_by_their_run_are_numbered() -> None:
    found = outcomes(("t[0x7f3a1c2b4d50]", PASSED), ("t[0x7f3a1c2b4d90]", FAILED))
    assert found == {"t[…]": PASSED, "t[…] (repeat 2)": FAILED}


def test_one_test_that_is_reported_twice_keeps_its_worst() -> None:
    report = collect(results(("a", PASSED), ("a", ERROR), ("a", PASSED)), doubled=True, now=NOW)
    assert {i: r.outcome for i, r in report.results.items()} == {"a": ERROR}


def test_a_file_that_could_not_be_loaded_is_uncollected_and_once() -> None:
    report = collect(results(("b.js", FAILED), ("b.js", ERROR), file="b.js"), uncollected=["pkg/c"], now=NOW)
    assert {i: r.outcome for i, r in report.results.items()} == {"b.js": ERROR}
    assert report.uncollected == ("b.js", "pkg/c")
    assert not collect(results(("b.js", SKIPPED), file="b.js"), now=NOW).uncollected


@pytest.mark.parametrize(
    ("identity", "asked", "kin"),
    [
        ("a.py::t[1]", "a.py::t[1]", "a.py::t"),
        ("a.py::t[…]", "a.py::t", "a.py::t"),
        ("a.py::t[…] (repeat 2)", "a.py::t", "a.py::t"),
        ("a.py::t (repeat 2)'", "a.py::t", "a.py::t"),
        ("a.py::T::t", "a.py::T::t", "a.py::T::t"),
        ("src/[slug].test.ts", "src/[slug].test.ts", "src/[slug].test.ts"),
    ],
)
def test_a_name_that_is_not_the_runners_is_asked_for_by_its_family(identity: str, asked: str, kin: str) -> None:
    assert (selectable(identity), family(identity)) == (asked, kin)
