from __future__ import annotations

import pytest

from sandbox.testing.report import ReportUnreadable
from sandbox.testing.report_folder import parse_folder

XML = b'<testsuites><testsuite name="s"><testcase classname="c" name="%s"/></testsuite></testsuites>'


def test_the_tests_of_each_package_begin_with_its_folder() -> None:
    report = parse_folder(
        {
            "/r/.0.xml": XML % b"at the root",
            "/r/packages%2Fone.1.xml": XML % b"same",
            "/r/packages%2Ftwo.2.xml": XML % b"same",
            "/r/packages%2Fthree.3.tap": b"TAP version 13\n# group\nok 1 works\n1..1\n",
        }
    )
    assert report.passed == {
        "c::at the root", "packages/one::c::same", "packages/two::c::same", "packages/three::group::works",
    }  # fmt: skip


def test_a_files_path_is_seen_from_the_checkouts_root() -> None:
    xml = b'<testsuite name="s"><testcase file="/checkout/p/src/a.js" classname="/checkout/p/src/a.js" name="n"/></testsuite>'
    (result,) = parse_folder({"/r/p.0.xml": xml}, root="/checkout").results.values()
    assert (result.id, result.file) == ("p/src/a.js::n", "p/src/a.js")


def test_a_package_whose_report_cannot_be_read_was_not_collected() -> None:
    found = parse_folder({"/r/a.0.xml": XML % b"n", "/r/p%2Fb.1.xml": b"<broken", "/r/.2.xml": b"<broken"})
    assert found.passed == {"a::c::n"}
    assert found.uncollected == (".", "p/b")
    with pytest.raises(ReportUnreadable, match=r"b\.1\.xml"):
        parse_folder({"/r/b.1.xml": b"<broken"})
