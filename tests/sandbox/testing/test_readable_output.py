from __future__ import annotations

import pytest

from sandbox.testing.cargo import parse_cargo
from sandbox.testing.go_json import parse_go_json
from sandbox.testing.junit import parse_junit, parse_junit_files
from sandbox.testing.readable_output import decoded, printable, repaired_xml
from sandbox.testing.report import TestReport
from sandbox.testing.tap import parse_tap

CASE = b'<testsuite><testcase classname="T" name="%s"><failure>%s</failure></testcase></testsuite>'


@pytest.mark.parametrize(
    ("bad", "shown"),
    [
        (b"\x1b[31mred\x1b[0m", "red"),
        (b"&#27;[1;31mred&#x1b;[0m", "red"),
        (b"#x1B[31mred#x1B[0m", "red"),
        (b"bell\x07", "bell#x07"),
        (b"nul\x00", "nul#x00"),
        (b"&#0;&#7;", "#x00#x07"),
        (b"&#xD800;", "#xD800"),
        (b"&#x110000;&#99999999;", "#x110000#x5F5E0FF"),
        (b"caf\xe9", "caf\\xe9"),
        ("café €".encode(), "café €"),
        (b"\xed\xa0\x80", "\\xed\\xa0\\x80"),
        ("￿".encode(), "#xFFFF"),
        (b"a &lt; b &#65; &amp;", "a < b A &"),
    ],
)
def test_what_no_document_may_hold_is_written_out(bad: bytes, shown: str) -> None:
    report = parse_junit(CASE % (bad.replace(b'"', b""), bad))
    (result,) = report.results.values()
    assert (result.id, result.message) == (f"T::{shown}", shown)


def test_a_declared_encoding_is_kept_and_a_declaration_inside_a_text_too() -> None:
    declared = b'<?xml version="1.0" encoding="ISO-8859-1"?>\n' + CASE % (b"caf\xe9", b"x")
    assert set(parse_junit(declared).results) == {"T::café"}
    inside = CASE % (b"a", b'<![CDATA[<?xml version="1.0"?><testsuite/>]]>')
    documents = [("m/target/surefire-reports/TEST-T.xml", inside), ("n/target/surefire-reports/TEST-T.xml", inside)]
    report = parse_junit_files(documents)
    assert set(report.results) == {"m/T::a", "n/T::a"}
    assert report.results["m/T::a"].message == '<?xml version="1.0"?><testsuite/>'
    assert set(parse_junit("﻿".encode() + CASE % (b"a", b"x")).results) == {"T::a"}
    assert set(parse_junit("<testsuite><testcase name='a'/></testsuite>".encode("utf-16")).results) == {"a"}
    assert set(parse_junit(b"a warning of the runner\n" + CASE % (b"a", b"x")).results) == {"T::a"}


def test_a_document_stays_as_long_as_it_is() -> None:
    whole = CASE % (b"caf\xc3\xa9", b"fine\n\ttabs")
    assert repaired_xml(whole) == whole


@pytest.mark.parametrize(
    "report",
    [
        parse_tap(b"ok 1 - \x1b[32mcaf\xe9\x07\x1b[0m\nnot ok 2 - b\x00\r\n"),
        parse_cargo(b"test \x1b[1mcaf\xe9\x07\x1b[0m ... ok\ntest b\x00 ... FAILED\n"),
        parse_go_json(
            b'{"Action":"pass","Package":"","Test":"caf\xe9\\u0007\\u001b[0m"}\n'
            b'{"Action":"fail","Package":"","Test":"b\\u0000"}\n{"Action":"output","Output":"\\ud800"}\n'
        ),
    ],
    ids=["tap", "cargo", "go"],
)
def test_lines_are_repaired_as_documents_are(report: TestReport) -> None:
    names = {i.removeprefix("::").replace("#xDCE9", "\\xe9") for i in report.results}  # JSON knows no \xe9
    assert names == {"caf\\xe9#x07", "b#x00"}
    for result in report.results.values():
        f"{result.id}{result.message}".encode()  # no lone surrogate is left


def test_text_of_people_is_left_alone() -> None:
    assert printable("two\nlines\tand – ünïcode") == "two\nlines\tand – ünïcode"
    assert decoded("für".encode()) == "für"
