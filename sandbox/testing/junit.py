"""JUnit XML, the common form of test results, read as the untrusted text that it is.

pytest (xunit1), jest-junit, vitest, node, mocha-junit-reporter, Surefire and Gradle all write it, each
with its own idea of what names a test. Bounds: bytes, depth, number of tests; no DTD, no entities.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from xml.etree.ElementTree import Element, ParseError  # types only; defusedxml parses

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from sandbox.testing.identity import BEST, collect
from sandbox.testing.readable_output import repaired_xml
from sandbox.testing.report import MESSAGE, ReportUnreadable, TestOutcome, TestReport, TestResult

REPORT_BYTES = 32_000_000
DEPTH = 64
TOO_WIDE = ("testcase", "testsuite", "system-out", "system-err", "properties")
SUITE_ERROR = "Test suite failed to run"  # jest-junit's class name for a file that cannot be loaded


def parse_junit(content: bytes, *, root: str = "", now: datetime | None = None) -> TestReport:
    """The tests of one document. Paths below `root` (the checkout in the sandbox) become relative.

    `now` is when it was written, for names that hold the time of the run. Raises ReportUnreadable.
    """
    results = list(_results(content, root))
    return collect(results, doubled=any(r.file.endswith(".py") for r in results), now=now)


def parse_junit_files(
    documents: Iterable[tuple[str, bytes]], *, root: str = "", now: datetime | None = None
) -> TestReport:
    """The tests of several documents, each with its path (Surefire and Gradle leave one per class and module).

    A class of the same name in another module is another class: the module is part of the id.
    """
    found: list[TestResult] = []
    for path, content in documents:
        module = path.removeprefix("./").partition("target/")[0].partition("build/test-results/")[0].strip("/")
        inside = _results(content, root)
        found += [replace(r, id=f"{module}/{r.id}") for r in inside] if module else inside
    return collect(found, now=now)


def _results(content: bytes, root: str) -> Iterable[TestResult]:
    if len(content) > REPORT_BYTES:
        raise ReportUnreadable(f"the report has {len(content)} bytes (at most {REPORT_BYTES})")
    suites: list[str] = []
    depth = 0
    try:
        repaired = io.BytesIO(repaired_xml(content))
        for event, element in iterparse(repaired, events=("start", "end"), forbid_dtd=True):
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
            if element.tag in TOO_WIDE:
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
        if found is not None and BEST.index(found) > BEST.index(outcome):
            text = (child.text or "").strip()
            head = child.get("message", "").strip()
            outcome = found
            message = (text if head in text else f"{head}\n{text}".strip())[-MESSAGE:]
    identity, file = _identity(case, suites, root, outcome)
    return TestResult(identity, outcome, message, _seconds(case.get("time")), file)


def _identity(case: Element, suites: list[str], root: str, outcome: TestOutcome) -> tuple[str, str]:
    """The id that can be handed back to the runner where it allows that, and the file (or "").

    For a whole file that could not be collected, loaded or run, both are the file.
    """
    name, classname = _relative(case.get("name", "").strip(), root), case.get("classname", "")
    file = _relative(case.get("file") or case.get("filepath") or "", root)
    if file.endswith(".py"):
        return _pytest_identity(file, classname, name)
    if not classname and outcome is TestOutcome.ERROR and suites[:1] == ["pytest"]:
        path = name.replace(".", "/") + ".py"  # a module that cannot be imported, from a pytest that gives no file
        return path, path
    node = classname == "test"  # node's runner: the suites are the describe blocks, the file is not always told
    if classname == SUITE_ERROR or (node and _is_script(name) and file in ("", name)):
        return file or name, file or name
    place = file or ("" if node else _relative(classname, root))
    if "/" in place and not file:
        file = place
    if place and name == place:  # vitest: a file that cannot be loaded
        return file or name, file or name
    inner = suites if node else [_relative(classname, root).strip()] if classname else suites[1:]
    inner = [s for s in inner if s not in (place, name)]
    return "::".join(filter(None, [place, *inner, name])), file


def _pytest_identity(file: str, classname: str, name: str) -> tuple[str, str]:
    """Pytest's node id. `file` is where a test is defined, which for an inherited one is not where it belongs."""
    module = file.removesuffix(".py").replace("/", ".")
    if not classname and name == module:  # a module that cannot be imported
        return file, file
    if classname == module or classname.startswith(module + "."):
        classes = classname.removeprefix(module).strip(".").split(".")
    elif classname:
        parts = classname.split(".")
        depth = next((n for n, part in enumerate(parts) if part[:1].isupper()), len(parts))
        file, classes = "/".join(parts[:depth]) + ".py" if depth else file, parts[depth:]
    else:
        classes = []
    return "::".join([file, *filter(None, classes), name]), file


def _is_script(name: str) -> bool:
    return re.search(r"^\S+\.[cm]?[jt]sx?$", name) is not None


def _relative(path: str, root: str) -> str:
    path = path.removeprefix("file://")
    return path.removeprefix(root.rstrip("/") + "/") if root else path


def _seconds(text: str | None) -> float:
    try:
        seconds = float((text or "0").replace(",", ""))
    except ValueError:
        return 0.0
    return seconds if 0 <= seconds < 1e9 else 0.0  # noqa: PLR2004 - also refuses nan and infinities
