"""Which broken tests ask, and how they are quoted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from sandbox.testing.report import TestOutcome, TestResult
from strategies.verdict import Evidence, Judged, Reproduction, Rung, Verdict
from strategies.verification.pinned_tests import (
    PinnableChange,
    PinnedTest,
    ask,
    code_of,
    file_of,
    is_expectation,
    pinned,
    quoted,
    subject_of,
    updates_them,
)

PYTEST = "def test_a():\n>       assert total([1]) == 1\nE       assert 2 == 1\nE        +  where 2 = total([1])\n\nt.py:4: AssertionError"


TRACEBACK = (
    'Traceback (most recent call last):\n  File "tests/test_pins.py", line 7, in test_pins\n'
    "    with pytest.raises(KeyError):\n"
)


def broke(*ids: str, message: str = PYTEST, outcome: TestOutcome = TestOutcome.FAILED) -> dict[str, TestResult]:
    return {i: TestResult(i, outcome, message, file=i.split("::", maxsplit=1)[0]) for i in ids}


def asks(
    ids: Sequence[str],
    results: dict[str, TestResult] | None = None,
    passing: int = 50,
    near: Sequence[str] = ("t.py",),
    code: Mapping[str, str] | None = None,
) -> bool:
    change = PinnableChange(
        near, {"total"}, "total() must raise ValueError", lambda r: (code or {}).get(r.id, "assert till.total(1)")
    )
    return pinned(ids, broke(*ids) if results is None else results, passing, change)


def test_a_few_failed_expectations_of_what_the_change_concerns_ask() -> None:
    assert asks(["t.py::a"])
    assert asks(["t.py::a", "t.py::b", "t.py::c"])
    assert asks(["t.py::a"], near=()), "where nobody can tell what a change concerns, it does not speak against"


def test_one_that_is_about_something_else_does_not_ask() -> None:
    assert not asks(["t.py::a", "t.py::b"], code={"t.py::b": "assert till.label(1) == 'one'"})
    assert not asks(["t.py::a"], code={"t.py::a": ""}), "nobody knows what it is about"


def test_an_issue_is_about_the_names_that_its_test_uses_and_the_change_holds() -> None:
    test = "from till import total, label\n\n\ndef test_it():\n    assert len(total(label([1]))) == 3\n"
    changed = "def total(prices):\n    return len(prices)\n\n\ndef label(n):\n    pass\n\n\ndef other():\n    pass\n"
    assert subject_of(test, "the sum is wrong", changed) == {"total", "label"}
    assert subject_of(test, "`total([1])` and other() are wrong", changed) == {"total"}
    assert subject_of(test, "total", "nothing of it") == frozenset()


@pytest.mark.parametrize(
    ("many", "passing", "does"), [(4, 50, False), (4, 399, False), (4, 400, True), (5, 400, False)]
)
def test_a_few_are_three_or_one_percent(many: int, passing: int, does: bool) -> None:
    assert asks([f"t.py::t{n}" for n in range(many)], passing=passing) is does


def test_most_of_a_suite_is_not_a_few() -> None:
    assert asks(["t.py::a"], passing=2)
    assert not asks(["t.py::a"], passing=1)
    assert not asks(["t.py::a", "t.py::b"], passing=3)


def test_nothing_broken_asks_nothing() -> None:
    assert not asks([])


def test_one_that_vanished_or_crashed_or_stands_elsewhere_does_not_ask() -> None:
    ids = ["t.py::a", "t.py::b"]
    assert not asks(ids, broke("t.py::a")), "it vanished"
    assert not asks(ids, broke("t.py::a") | broke("t.py::b", outcome=TestOutcome.SKIPPED))
    assert not asks(ids, broke("t.py::a") | broke("t.py::b", outcome=TestOutcome.ERROR))
    assert not asks(ids, broke("t.py::a") | broke("t.py::b", message="E   TypeError: no"))
    assert not asks([*ids, "other.py::c"]), "what the change does not concern"


@pytest.mark.parametrize(
    "message",
    [
        PYTEST,
        "E       AssertionError: 'a' != 'b'",
        "E   assert ValueError('x') is None",
        "E           Failed: DID NOT RAISE <class 'KeyError'>",
        TRACEBACK + "AssertionError: <class 'ValueError'> was not raised",
        "AssertionError [ERR_ASSERTION]: Expected values to be strictly equal:\n\n1 !== 2\n",
        "Error: expect(received).toBe(expected) // Object.is equality\n\nExpected: 2\nReceived: 3",
        "AssertionError: expected 3 to equal 2",
        "    till_test.go:9: total = 3, want 2",
        "thread 'tests::a' panicked at src/lib.rs:12:9:\nassertion `left == right` failed\n  left: 3\n right: 2",
        "org.opentest4j.AssertionFailedError: expected: <2> but was: <3>",
        "E       ValueError: the issue asks for it",
    ],
)
def test_a_failed_expectation_is_told_in_every_runners_words(message: str) -> None:
    assert is_expectation(message, "it must raise ValueError")


@pytest.mark.parametrize(
    "message",
    [
        "",
        ">       assert total([1]) == 1\nE       TypeError: total() takes 0 positional arguments but 1 was given",
        "E       ValueErrors: not named",
        TRACEBACK.replace("KeyError", "AssertionError") + "KeyError: 'KG'",
        "TypeError: till.total is not a function\n    at Object.<anonymous> (till.test.js:4:10)",
        "Error: boom\n    at total (till.js:2:9)",
        "panic: runtime error: index out of range [recovered]\n    till_test.go:9",
        "thread 'a' panicked at src/lib.rs:3:5:\ncalled `Option::unwrap()` on a `None` value",
        "java.lang.NullPointerException: null",
    ],
)
def test_a_crash_is_no_failed_expectation(message: str) -> None:
    assert not is_expectation(message, "it must raise ValueError")


def test_to_ask_is_neither_to_pass_nor_to_fail() -> None:
    evidence = Evidence(frozenset({Rung.APPLIES}), broken=("t.py::a",))
    said = ask(Verdict(Judged.FAILED, evidence, "they broke"), Reproduction("n.py", b"x", ("n",), "before", "after"))
    assert said.judged is Judged.UNJUDGED
    assert said.feedback == "they broke"
    assert (said.evidence.asks, said.evidence.broken) == (("t.py::a",), ("t.py::a",))
    assert Rung.REPRODUCTION in said.evidence.rungs
    assert Rung.REGRESSION not in said.evidence.rungs
    assert said.evidence.reproduction is not None
    assert said.evidence.reproduction.passes


PY = "import till\n\n\ndef test_a():\n    test_b = 1\n\n    assert till\n\n\nclass TestC:\n    def test_b(self):\n        assert 1\n"
JS = "test('adds up', () => {\n  expect(1).toBe(1);\n});\n\ntest('adds', () => {});\n"
GO = "package till\n\nfunc TestTotal(t *testing.T) {\n\tif 1 != 1 {\n\t\tt.Error()\n\t}\n}\n\nfunc TestOther(t *testing.T) {}\n"


@pytest.mark.parametrize(
    ("test", "text", "code"),
    [
        ("t.py::test_a", PY, "def test_a():\n    test_b = 1\n\n    assert till"),
        ("t.py::TestC::test_b[1-2]", PY, "def test_b(self):\n    assert 1"),
        ("t.test.js > adds up", JS, "test('adds up', () => {\n  expect(1).toBe(1);\n});"),
        ("till/TestTotal", GO, "func TestTotal(t *testing.T) {\n\tif 1 != 1 {\n\t\tt.Error()\n\t}\n}"),
        ("t.py::test_gone", PY, ""),
        ("t.py::test_a", "", ""),
    ],
)
def test_a_tests_code_is_found_in_its_file(test: str, text: str, code: str) -> None:
    assert code_of(test, text) == code


def test_a_long_test_is_cut() -> None:
    text = "def test_a():\n" + "    assert 1\n" * 100
    assert len(code_of("t.py::test_a", text).split("\n")) == 31


def test_a_tests_file_is_the_longest_that_its_id_begins_with() -> None:
    paths = ["tests", "tests/t.py", "tests/t.pyi", "till.py"]
    assert file_of("tests/t.py::test_a", paths) == "tests/t.py"
    assert file_of("Till adds", paths) == ""


def test_what_is_asked_is_quoted_with_its_place() -> None:
    found = quoted(["t.py::test_a", "nowhere"], ["t.py"], {"t.py": PY})
    assert found[0] == PinnedTest("t.py::test_a", "t.py", "def test_a():\n    test_b = 1\n\n    assert till")
    assert found[1] == PinnedTest("nowhere", "", "")


def test_a_patch_that_edits_exactly_the_files_of_these_tests_is_a_hint() -> None:
    tests = quoted(["t.py::test_a"], ["t.py"], {"t.py": PY})
    assert updates_them(("t.py",), tests)
    assert not updates_them(("t.py", "u.py"), tests)
    assert not updates_them((), tests)
    assert not updates_them((), ())
