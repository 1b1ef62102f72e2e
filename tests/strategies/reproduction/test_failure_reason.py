"""A new test must fail because of the issue, not because it is broken itself."""

from __future__ import annotations

import pytest

from sandbox.testing.report import TestOutcome, TestResult
from strategies.reproduction.failure_reason import right_reason

PATH = "tests/test_issue_1.py"


def failed(message: str, outcome: TestOutcome = TestOutcome.FAILED) -> list[TestResult]:
    return [TestResult(f"{PATH}::test_x", outcome, message)]


@pytest.mark.parametrize(
    ("message", "issue"),
    [
        ("E       assert 2 == 3\nE        +  where 2 = total([1, 2])", "total is wrong"),
        ("Failed: DID NOT RAISE <class 'ValueError'>", "negative amounts should be refused"),
        ("E   ZeroDivisionError: division by zero\ntill.py:3: ZeroDivisionError", "mean([]) crashes"),
        ("E   ImportError: cannot import name 'median' from 'till'", "add `median`"),
        ("E   AttributeError: 'Till' object has no attribute 'close'", "Till.close() is missing"),
    ],
)
def test_a_failure_that_speaks_of_the_issue_is_right(message: str, issue: str) -> None:
    assert right_reason(failed(message), issue, PATH).right


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("E   SyntaxError: invalid syntax", "does not parse"),
        ("fixture 'till' not found", "fixture that does not exist"),
        ("E   ModuleNotFoundError: No module named 'tills'", "imports a module"),
        ("E   NameError: name 'Decimal' is not defined", "Decimal"),
        (f"E   KeyError: 'a'\n\n{PATH}:5: KeyError", "the test itself raises KeyError"),
    ],
)
def test_a_broken_test_is_refused_with_its_reason(message: str, words: str) -> None:
    reason = right_reason(failed(message), "total is wrong", PATH)
    assert not reason.right
    assert words in reason.why


def test_an_error_in_collection_is_no_failure() -> None:
    assert not right_reason(failed("E   RuntimeError: boom", TestOutcome.ERROR), "x", PATH).right


def test_a_skipped_or_absent_test_is_refused() -> None:
    assert "skipped" in right_reason(failed("", TestOutcome.SKIPPED), "x", PATH).why
    assert "no test" in right_reason([], "x", PATH).why
