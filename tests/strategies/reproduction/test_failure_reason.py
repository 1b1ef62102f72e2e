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


NODE = "Error [ERR_TEST_FAILURE]: {0}\n    at AsyncResource.runInAsyncScope (node:async_hooks:206:9) {{\n  cause: {1}: {0}\n"
NODE += (
    "      at TestContext.<anonymous> (/c/tests/test_issue_1.py:3:28)\n      at Test.run (node:internal/test:796:25)"
)
JEST = "{1}: {0}\n    at Object.expect (/c/tests/test_issue_1.py:2:21)\n"
JEST += "    at new Promise (<anonymous>)\n    at run (/c/node_modules/jest-circus/build/run.js:316:40)"
VITEST = "{1}: {0}\n ❯ tests/test_issue_1.py:3:21"
MOCHA = "{0}\n{1}: {0}\n    at Context.<anonymous> (tests/test_issue_1.py:3:26)\n    at process (node:internal/timers:483:21)"


@pytest.mark.parametrize("runner", [NODE, JEST, VITEST, MOCHA], ids=["node", "jest", "vitest", "mocha"])
@pytest.mark.parametrize(
    ("words", "kind", "name"),
    [
        ("median is not defined", "ReferenceError", "median"),
        ("total.median is not a function", "TypeError", "median"),
        ("Median is not a constructor", "TypeError", "Median"),
    ],
)
def test_a_name_that_javascript_does_not_have_must_be_the_issues(runner: str, words: str, kind: str, name: str) -> None:
    results = failed(runner.format(words, kind))
    assert f"({name}), and the issue does not speak of it" in right_reason(results, "total is wrong", PATH).why
    assert right_reason(results, f"add `{name}`", PATH).right


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("Error: Failed to load url ../nothere.js (resolved id: ../nothere.js). Does the file exist?", "nothere"),
        ("Error: Cannot find package 'nodep' imported from /c/a.mjs", "nodep"),
        ("SyntaxError: The requested module '../till.js' does not provide an export named 'mode'", "(mode)"),
        ("Error: No test suite found in file /c/test/issue-1.test.js", "holds no test"),
        ("# example.com/till [example.com/till.test]\n./issue_1_test.go:6:5: undefined: Mode", "Mode"),
        ("./issue_1_test.go:6:2: declared and not used: x", "does not build"),
        ("error[E0432]: unresolved import `till::mode`\n --> tests/issue_1.rs:1:5", "mode"),
        ("error[E0599]: no method named `mode` found for type `i32` in the current scope", "mode"),
        ("error: expected expression, found `;`", "could not run"),
        ("[ERROR] Issue1Test.java:[9,20] cannot find symbol\n  symbol:   method mode(int)", "mode"),
    ],
)
def test_a_file_that_cannot_be_built_or_loaded_says_why(output: str, words: str) -> None:
    result = [TestResult(PATH, TestOutcome.ERROR, "")]
    assert words in right_reason(result, "total is wrong", PATH, output).why


def test_a_missing_name_inside_the_code_is_the_codes_own_failure() -> None:
    message = f"{PATH}:4: \n    till.close()\ntill.py:9: AttributeError\nE   AttributeError: 'str' object has no attribute 'x'"
    assert right_reason(failed(message), "close() crashes", PATH).right


def test_a_test_that_needs_the_network_is_refused() -> None:
    message = "E   socket.gaierror: [Errno -3] Temporary failure in name resolution"
    assert "network" in right_reason(failed(message), "total is wrong", PATH).why
