"""JUnit XML, the common form of test results, read as the untrusted text that it is.

pytest (xunit1), jest-junit, vitest, node, mocha-junit-reporter, Surefire and Gradle all write it, each
with its own idea of what names a test. Bounds: bytes, depth, number of tests; no DTD, no entities.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from xml.etree.ElementTree import Element, ParseError  # types only; defusedxml parses

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from sandbox.testing.report import TestOutcome, TestReport, TestResult

REPORT_BYTES = 32_000_000
DEPTH = 64
TESTS = 200_000
MESSAGE = 4_000
ID_CHARS = 1_000

WORST = (TestOutcome.ERROR, TestOutcome.FAILED, TestOutcome.SKIPPED, TestOutcome.PASSED)


class ReportUnreadable(Exception):
    """A report that cannot be believed: not well-formed, too large, or trying to do something to us."""


def collect(results: Iterable[TestResult]) -> TestReport:
    """One report; a test that is reported twice (a failing teardown, a repeated name) keeps its worst outcome."""
    by_id: dict[str, TestResult] = {}
    for result in results:
        known = by_id.get(result.id)
        if known is None or WORST.index(result.outcome) < WORST.index(known.outcome):
            by_id[result.id] = result
        if len(by_id) > TESTS:
            raise ReportUnreadable(f"the report has more than {TESTS} tests")
    return TestReport(by_id)


def parse_junit(content: bytes, *, root: str = "") -> TestReport:
    """The tests of one document. Paths below `root` (the checkout in the sandbox) become relative.

    Raises ReportUnreadable.
    """
    return collect(_results(content, root))


def parse_junit_files(contents: bytes, *, root: str = "") -> TestReport:
    """The tests of several documents written one after the other (Surefire and Gradle leave one per class)."""
    documents = [b"<?xml" + part for part in contents.split(b"<?xml")[1:]]
    return collect(result for document in documents for result in _results(document, root))


def _results(content: bytes, root: str) -> Iterable[TestResult]:
    if len(content) > REPORT_BYTES:
        raise ReportUnreadable(f"the report has {len(content)} bytes (at most {REPORT_BYTES})")
    suites: list[str] = []
    depth = 0
    try:
        for event, element in iterparse(io.BytesIO(content), events=("start", "end"), forbid_dtd=True):
            if event == "start":
                depth += 1
                if depth > DEPTH:
                    raise ReportUnreadable(f"the report is nested deeper than {DEPTH}")
                if element.tag == "testsuite":
                    suites.append(element.get("name", ""))
                continue
            depth -= 1
            if element.tag == "testcase":
                yield _result(element, suites, root)
            if element.tag in ("testcase", "testsuite", "system-out", "system-err", "properties"):
                element.clear()
            if element.tag == "testsuite":
                suites.pop()
    except ParseError as e:
        raise ReportUnreadable(f"the report is not well-formed XML: {e}") from e
    except DefusedXmlException as e:
        raise ReportUnreadable("the report declares a document type or entities, which no test runner does") from e
    except (ValueError, LookupError) as e:
        raise ReportUnreadable(f"the report cannot be decoded: {e}") from e


def _result(case: Element, suites: list[str], root: str) -> TestResult:
    outcome, message = TestOutcome.PASSED, ""
    for child in case:
        found = {"failure": TestOutcome.FAILED, "error": TestOutcome.ERROR, "skipped": TestOutcome.SKIPPED}.get(
            str(child.tag)
        )
        if found is not None and WORST.index(found) < WORST.index(outcome):
            text = (child.text or "").strip()
            head = child.get("message", "").strip()
            outcome = found
            message = (text if head in text else f"{head}\n{text}".strip())[-MESSAGE:]
    identity, file = _identity(case, suites, root, outcome)
    return TestResult(identity[:ID_CHARS], outcome, message, _seconds(case.get("time")), file)


def _identity(case: Element, suites: list[str], root: str, outcome: TestOutcome) -> tuple[str, str]:
    """The id that can be handed back to the runner where it allows that, and the file (or "")."""
    name, classname = _relative(case.get("name", "").strip(), root), case.get("classname", "")
    file = _relative(case.get("file") or case.get("filepath") or "", root)
    if file.endswith(".py"):
        module = file.removesuffix(".py").replace("/", ".")
        if not classname and name == module:  # a module that cannot be imported
            return file, file
        classes = classname.removeprefix(module).strip(".") if classname.startswith(module) else ""
        return "::".join([file, *filter(None, classes.split(".")), name]), file
    if not classname and outcome is TestOutcome.ERROR and suites[:1] == ["pytest"]:
        path = name.replace(".", "/") + ".py"  # the same, from a pytest that gives no file
        return path, path
    node = classname == "test"  # node's runner: the suites are the describe blocks, the file is not told
    place = file or ("" if node else _relative(classname, root))
    if "/" in place and not file:
        file = place
    inner = suites if node else [_relative(classname, root).strip()] if classname else suites[1:]
    inner = [s for s in inner if s not in (place, name)]
    return "::".join(filter(None, [place, *inner, name])), file


def _relative(path: str, root: str) -> str:
    path = path.removeprefix("file://")
    return path.removeprefix(root.rstrip("/") + "/") if root else path


def _seconds(text: str | None) -> float:
    try:
        seconds = float((text or "0").replace(",", ""))
    except ValueError:
        return 0.0
    return seconds if 0 <= seconds < 1e9 else 0.0  # noqa: PLR2004 - also refuses nan and infinities
