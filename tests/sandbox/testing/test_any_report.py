from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sandbox.result import Ended, ExecResult
from sandbox.testing.any_report import parse_found
from sandbox.testing.report import TestReport

XML = b'<testsuite name="s"><testcase classname="c" name="n">%s</testcase></testsuite>'
FAILURE = b'<failure message="m"/>'


def found(documents: list[bytes], output: bytes = b"", code: int = 0) -> TestReport:
    result = ExecResult(Ended.EXIT, code, output, b"", 1.0)
    return parse_found([("a.xml", d) for d in documents], result, root="/checkout", now=datetime.now(UTC))


def test_documents_come_before_what_was_printed() -> None:
    report = found([XML % b"", b"<project/>", b"<broken"], b"ok 1 - printed\n1..1\n")
    assert report.passed == {"c::n", "exit code"}


def test_a_report_that_cannot_be_read_was_not_collected() -> None:
    report = found([XML % b"", b"<testsuites><testsuite"])
    assert report.passed == {"c::n", "exit code"}
    assert report.uncollected == ("a.xml",)
    assert found([XML % b"", b"<broken"]).uncollected == ()


@pytest.mark.parametrize(
    ("output", "test"),
    [
        (b"building\nTAP version 13\nok 1 - works\n1..1\n", "works"),
        (b"     Running unittests src/lib.rs (target/debug/deps/x-1)\nrunning 1 test\ntest works ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n", "works"),
        (b'{"Action":"run","Package":"p","Test":"T"}\n{"Action":"pass","Package":"p","Test":"T"}\n', "p::T"),
    ],
)  # fmt: skip
def test_known_lines_are_read_where_there_is_no_document(output: bytes, test: str) -> None:
    passed = found([], output).passed
    assert "exit code" in passed
    assert any(i.endswith(test) for i in passed)


def test_without_any_report_the_exit_code_is_the_test() -> None:
    assert found([], b"all good").passed == {"exit code"}
    assert found([], b"bad", code=2).failed == {"exit code"}


def test_a_check_that_fails_beside_passing_tests_is_a_failed_test_of_its_own() -> None:
    report = found([XML % b""], code=1)
    assert report.passed == {"c::n"}
    assert report.failed == {"exit code"}


def test_a_failed_test_explains_the_exit_code() -> None:
    assert found([XML % FAILURE], code=1).results.keys() == {"c::n"}
