from __future__ import annotations

import pytest

from sandbox.testing.junit import REPORT_BYTES, parse_junit, parse_junit_files
from sandbox.testing.report import ReportUnreadable, TestOutcome


def test_pytest_ids_can_be_given_back_to_pytest() -> None:
    report = parse_junit(
        b"""<?xml version="1.0"?><testsuites><testsuite name="pytest">
        <testcase classname="tests.unit.test_a" name="test_one" file="tests/unit/test_a.py" line="1" time="0.5"/>
        <testcase classname="tests.unit.test_a.TestB.TestC" name="test_two[a/b-1]" file="tests/unit/test_a.py">
          <failure message="assert 1 == 2">def test_two():\nE  assert 1 == 2</failure></testcase>
        <testcase classname="tests.unit.test_a" name="test_skip" file="tests/unit/test_a.py"><skipped type="pytest.skip" message="no"/></testcase>
        <testcase classname="" name="tests.unit.test_broken"><error message="collection failure">ImportError</error></testcase>
        </testsuite></testsuites>"""
    )
    assert {i: r.outcome for i, r in report.results.items()} == {
        "tests/unit/test_a.py::test_one": TestOutcome.PASSED,
        "tests/unit/test_a.py::TestB::TestC::test_two[a/b-1]": TestOutcome.FAILED,
        "tests/unit/test_a.py::test_skip": TestOutcome.SKIPPED,
        "tests/unit/test_broken.py": TestOutcome.ERROR,
    }
    failed = report.results["tests/unit/test_a.py::TestB::TestC::test_two[a/b-1]"]
    assert failed.file == "tests/unit/test_a.py"
    assert failed.message.endswith("E  assert 1 == 2")
    assert report.results["tests/unit/test_a.py::test_one"].seconds == 0.5
    assert report.failed == {"tests/unit/test_a.py::TestB::TestC::test_two[a/b-1]", "tests/unit/test_broken.py"}


def test_a_teardown_error_outweighs_the_pass_it_follows() -> None:
    case = b'<testcase classname="t.test_a" name="test" file="t/test_a.py">%s</testcase>'
    report = parse_junit(
        b"<testsuite>" + case % b"" + case % b'<error message="teardown"/>' + case % b"" + b"</testsuite>"
    )
    assert [r.outcome for r in report.results.values()] == [TestOutcome.ERROR]


def test_other_runners_ids_are_stable_and_below_the_checkout() -> None:
    report = parse_junit(
        b"""<testsuites>
        <testsuite name="outer"><testsuite name="inner">
          <testcase name="deep" classname="test" file="/box/test/a.test.js"/></testsuite></testsuite>
        <testcase name="flat" classname="test"/>
        <testcase name="/box/test/dies.test.js" classname="test"/>
        <testsuite name="src/b.test.ts"><testcase classname="src/b.test.ts" name="b &gt; works"/></testsuite>
        <testsuite name="Mocha"><testcase file="/box/test/m.js" classname="outer" name="inner"/>
          <testcase file="/box/test/m.js" classname="" name="top"/></testsuite>
        <testsuite name="com.x.FooTest"><testcase classname="com.x.FooTest" name="bar" time="1,234.5"/></testsuite>
        </testsuites>""",
        root="/box",
    )
    assert set(report.results) == {
        "test/a.test.js::outer::inner::deep",
        "flat",
        "test/dies.test.js",
        "src/b.test.ts::b > works",
        "test/m.js::outer::inner",
        "test/m.js::top",
        "com.x.FooTest::bar",
    }
    assert report.results["src/b.test.ts::b > works"].file == "src/b.test.ts"
    assert report.results["com.x.FooTest::bar"].seconds == 1234.5


def test_several_documents_are_one_report() -> None:
    one = b'<?xml version="1.0"?>\n<testsuite><testcase classname="%s" name="t"/></testsuite>\n'
    documents = [
        ("./target/surefire-reports/TEST-A.xml", one % b"A"),
        ("target/surefire-reports/TEST-B.xml", one % b"B"),
    ]
    assert set(parse_junit_files(documents).results) == {"A::t", "B::t"}


BOMB = (
    b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">%s]><testsuite><testcase name="&j;"/></testsuite>"""
    % b"".join(b'<!ENTITY %c "%s">' % (c, (b"&%c;" % (c - 1)) * 10) for c in b"bcdefghij")
)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (BOMB, "entities"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuite/>', "document type"),
        (b"<testsuite>" * 100 + b"</testsuite>" * 100, "nested deeper"),
        (b"<testsuite><testcase", "well-formed"),
        (b"", "well-formed"),
        (b"\x00\xff", "well-formed"),
        (b"<testsuite>" + b" " * REPORT_BYTES + b"</testsuite>", "bytes"),
        (b'<?xml version="1.0" encoding="nonsense"?><testsuite/>', "well-formed|decoded"),
        (b"not xml", "well-formed"),
    ],
    ids=["entities", "external", "depth", "cut", "empty", "binary", "large", "encoding", "text"],
)
def test_what_attacks_the_reader_is_unreadable(content: bytes, reason: str) -> None:
    with pytest.raises(ReportUnreadable, match=reason):
        parse_junit(content)


def test_too_many_tests_are_unreadable() -> None:
    cases = b"".join(b'<testcase name="%d"/>' % n for n in range(200_001))
    with pytest.raises(ReportUnreadable, match="more than"):
        parse_junit(b"<testsuite>" + cases + b"</testsuite>")


def test_messages_and_names_are_cut() -> None:
    report = parse_junit(
        b'<testsuite><testcase name="%s"><failure>%s</failure></testcase></testsuite>'
        % (b"n" * 5000, b"m" * 50_000 + b"END")
    )
    (result,) = report.results.values()
    assert len(result.id) == 1000
    assert len(result.message) == 4000
    assert result.message.endswith("END")


@pytest.mark.parametrize("time", ["nan", "inf", "-1", "x", "1e30"])
def test_a_nonsense_time_is_zero(time: str) -> None:
    (result,) = parse_junit(f'<testsuite><testcase name="a" time="{time}"/></testsuite>'.encode()).results.values()
    assert result.seconds == 0.0
