"""Whether a new test fails for the right reason: because of what the issue says, not because the test is broken.

Pure: results and the issue's text in, a sentence out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.testing.report import TestOutcome, TestResult
from strategies.reproduction.broken_test import broken_anyhow, environment, missing, named, not_parsed, places


@dataclass(frozen=True, slots=True)
class FailureReason:
    """`why` is a sentence for people and for the tester's retry; `executed` are the repository's files that ran."""

    right: bool
    why: str
    executed: tuple[str, ...] = ()


_EXPECTATION = re.compile(
    r"\b(?:AssertionError|AssertionFailedError|DID NOT RAISE|ERR_ASSERTION|ComparisonFailure)\b|^E?\s*assert\b|"
    r"expect\(|assertion [`\w ]*failed|panicked at|\.go:\d+:|expected:? <|"
    r"Exceeded timeout|test timed out|Timeout of \d+ms exceeded",
    re.MULTILINE | re.IGNORECASE,
)
_TELLING = re.compile(
    r"^E\s+\S|\b\w*(?:Error|Exception|Failure)\b|\bassert|\bexpect|\bpanic|\bFAIL|!==?|DID NOT|_test\.go:\d+:"
)
_EMPTY_WORDS = re.compile(r"^(?:at |❯|\}|\{|\d+ passed|---|=== RUN)|ERR_TEST_FAILURE.*(?:test failed|subtest)")
_UNTOLD = re.compile(r"^\[?Error: test failed\]?")


def right_reason(results: Sequence[TestResult], issue: str, path: str, output: str = "") -> FailureReason:
    """Judge the results of one new test file at the base commit. `output` is what the run printed, for runners whose
    report does not say why a file could not be loaded."""
    if not results:
        return FailureReason(False, "no test of the new file was run")
    failing = [r for r in results if r.outcome in (TestOutcome.FAILED, TestOutcome.ERROR)]
    if not failing:
        if all(r.outcome is TestOutcome.SKIPPED for r in results):
            return FailureReason(False, "the test is skipped")
        return FailureReason(False, "the test passes before any change, so it does not show the issue")
    for result in failing:
        why = broken(result, issue, path, output)
        if why:
            return FailureReason(False, why)
    return FailureReason(True, _words(failing))


def missing_as_told(results: Sequence[TestResult], issue: str, output: str = "") -> bool:
    """Whether every failure is that something is not there which the issue speaks of: then nothing of it can run."""
    failing = [r for r in results if r.outcome in (TestOutcome.FAILED, TestOutcome.ERROR)]
    return bool(failing) and all(
        _missing_is_the_issue(r.message if "::" in r.id else f"{r.message}\n{output}", issue) for r in failing
    )


def broken_run(output: str, issue: str, path: str) -> str:
    """Why a test file that left no report at all could not be run, as its output tells it; "" when it does not."""
    lost = not_parsed(output, path, issue, whole_file=True) or broken_anyhow(output) or environment(output, issue)
    if lost:
        return lost
    for name, why in missing(output):
        told = "so load it inside the test, that the test itself fails" if named(name, issue) else ""
        return f"{why} ({name}), {told or 'and the issue does not speak of it'}"
    return ""


def broken(result: TestResult, issue: str, path: str, output: str = "") -> str:
    """Why one failing result speaks against the test itself; "" when it speaks of the code."""
    whole_file = result.outcome is TestOutcome.ERROR or result.id in (path, f"{path}::{path}")
    message = result.message
    if whole_file:  # some reports do not say why a file could not be built or loaded
        message = output if _UNTOLD.search(message) else f"{message}\n{output}"
    why = (
        not_parsed(message, path, issue, whole_file=whole_file) or broken_anyhow(message) or environment(message, issue)
    )
    if why:
        return why
    where = places(message)
    if whole_file or not where or _is(where[-1], path):
        for name, why in missing(message):
            if not named(name, issue):
                return f"{why} ({name}), and the issue does not speak of it"
    if whole_file and not _missing_is_the_issue(message, issue):
        return "the test could not run (an error while it was collected or set up)"
    if _EXPECTATION.search(message) or not message:
        return ""
    return _foreign_error(message, issue, path)


def _foreign_error(message: str, issue: str, path: str) -> str:
    """An exception other than a failed expectation: right if the issue names it or it comes from the code itself."""
    kinds = re.findall(r"\b([A-Z]\w*(?:Error|Exception|Warning))\b", message)
    if any(named(kind, issue) for kind in kinds) or "NoneType" in message or "of undefined" in message:
        return ""
    where = places(message)
    if where and all(_is(p, path) for p in where):
        return f"the test itself raises {kinds[-1] if kinds else 'an error'} before it checks anything"
    return ""


def _is(place: str, path: str) -> bool:
    return path.endswith(place.removeprefix("./")) or place.endswith(f"/{path}")


def _missing_is_the_issue(message: str, issue: str) -> bool:
    return any(named(name, issue) for name, _ in missing(message))


def _words(failing: Sequence[TestResult]) -> str:
    """The line of the first failure that tells most."""
    lines = [x.strip() for x in failing[0].message.strip().splitlines()]
    lines = [x for x in lines if x and not _EMPTY_WORDS.search(x)]
    marked = [x for x in lines if re.match(r"E\s+\S", x)]
    telling = marked or [x for x in lines if _TELLING.search(x)] or lines
    return (re.sub(r"^E\s+", "", telling[0]) if telling else "")[:200] or "it fails"
