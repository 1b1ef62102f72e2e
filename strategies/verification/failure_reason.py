"""Whether a new test fails for the right reason: because of what the issue says, not because the test is broken.

Pure: results and the issue's text in, a sentence out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.testing.report import TestOutcome, TestResult


@dataclass(frozen=True, slots=True)
class Reason:
    """`why` is a sentence for people and for the tester's retry."""

    right: bool
    why: str


_BROKEN: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(?:SyntaxError|IndentationError|TabError)\b"), "the test does not parse"),
    (re.compile(r"fixture '([^']+)' not found"), "the test asks for a fixture that does not exist"),
    (re.compile(r"\b(?:build failed|cannot find symbol|undefined: |error TS\d+)"), "the test does not build"),
)
_MISSING: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"ModuleNotFoundError: No module named '([^']+)'"), "the test imports a module that does not exist"),
    (re.compile(r"ImportError: cannot import name '([^']+)'"), "the test imports a name that does not exist"),
    (re.compile(r"NameError: name '([^']+)' is not defined"), "the test uses a name that is not defined"),
    (re.compile(r"AttributeError: .*?has no attribute '([^']+)'"), "the test uses an attribute that does not exist"),
    (re.compile(r"Cannot find module '([^']+)'"), "the test imports a module that does not exist"),
    (re.compile(r"ReferenceError: (\w+) is not defined"), "the test uses a name that is not defined"),
    (
        re.compile(r"TypeError: .*?(?:unexpected keyword argument|is not a function).*?'?(\w+)'?"),
        "the test calls what is not there",
    ),
)
_EXPECTATION = re.compile(
    r"\b(?:AssertionError|AssertionFailedError|DID NOT RAISE|ERR_ASSERTION|ComparisonFailure)\b|^E?\s*assert\b|"
    r"expect\(|assertion failed|panicked at|\.go:\d+:",
    re.MULTILINE | re.IGNORECASE,
)


def right_reason(results: Sequence[TestResult], issue: str, path: str) -> Reason:
    """Judge the results of one new test file at the base commit."""
    if not results:
        return Reason(False, "no test of the new file was run")
    failing = [r for r in results if r.outcome in (TestOutcome.FAILED, TestOutcome.ERROR)]
    if not failing:
        if all(r.outcome is TestOutcome.SKIPPED for r in results):
            return Reason(False, "the test is skipped")
        return Reason(False, "the test passes before any change, so it does not show the issue")
    for result in failing:
        why = broken(result, issue, path)
        if why:
            return Reason(False, why)
    if len(failing) < len(results):
        # tests that already pass are harmless company; only the failing ones judge
        return Reason(True, _words(failing))
    return Reason(True, _words(failing))


def broken(result: TestResult, issue: str, path: str) -> str:
    """Why one failing result speaks against the test itself; "" when it speaks of the code."""
    message = result.message
    for pattern, why in _BROKEN:
        if pattern.search(message):
            return why
    for pattern, why in _MISSING:
        found = pattern.search(message)
        if found and not _named(found[1].rsplit(".", 1)[-1], issue):
            return f"{why} ({found[1]}), and the issue does not speak of it"
    if result.outcome is TestOutcome.ERROR and not _missing_is_the_issue(message, issue):
        return "the test could not run (an error while it was collected or set up)"
    if _EXPECTATION.search(message) or not message:
        return ""
    return _foreign_error(message, issue, path)


def _foreign_error(message: str, issue: str, path: str) -> str:
    """An exception other than a failed expectation: right if the issue names it or it comes from the code itself."""
    kinds = re.findall(r"\b([A-Z]\w*(?:Error|Exception|Warning))\b", message)
    if any(_named(kind, issue) for kind in kinds):
        return ""
    places = re.findall(r"^([\w./\\-]+\.\w+):\d+: ", message, re.MULTILINE)
    if places and all(path.endswith(p.removeprefix("./")) for p in places):
        return f"the test itself raises {kinds[-1] if kinds else 'an error'} before it checks anything"
    return ""


def _missing_is_the_issue(message: str, issue: str) -> bool:
    return any((m := pattern.search(message)) and _named(m[1].rsplit(".", 1)[-1], issue) for pattern, _ in _MISSING)


def _named(word: str, issue: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", issue))


def _words(failing: Sequence[TestResult]) -> str:
    lines = failing[0].message.strip().splitlines()
    telling = next((x for x in lines if x.lstrip().startswith("E ")), lines[-1] if lines else "it fails")
    return telling.strip().removeprefix("E").strip()[:200] or "it fails"
