"""What the results of a test from the issue say, before and after a patch, for each kind of id."""

from __future__ import annotations

import pytest

from sandbox.testing.report import TestOutcome, TestReport, TestResult
from strategies.reproduction.validation import own, passes, ran
from strategies.verdict import Reproduction

OLD = frozenset({"tests/test_till.py::test_a", "a.b/c::TestOld"})


def made(found: dict[str, TestOutcome]) -> TestReport:
    return TestReport({i: TestResult(i, o, "because") for i, o in found.items()})


PASSED, FAILED, SKIPPED = TestOutcome.PASSED, TestOutcome.FAILED, TestOutcome.SKIPPED
PATH = "tests/test_issue_7.py"


@pytest.mark.parametrize(
    ("ids", "after", "good"),
    [
        ((f"{PATH}::test_x",), {f"{PATH}::test_x": PASSED}, True),
        ((f"{PATH}::test_x",), {f"{PATH}::test_x": FAILED}, False),
        ((f"{PATH}::test_x",), {f"{PATH}::test_x": SKIPPED}, False),
        ((f"{PATH}::test_x",), {f"{PATH}::test_y": PASSED}, False),
        ((PATH,), {f"{PATH}::test_x": PASSED}, True),  # the file could not be imported before
        ((PATH,), {f"{PATH}::test_x": PASSED, f"{PATH}::test_y": FAILED}, False),
        ((PATH,), {f"{PATH}::test_x": SKIPPED}, False),
        ((PATH,), {PATH: FAILED}, False),
        ((PATH,), {"tests/test_till.py::test_a": PASSED}, False),
    ],
)
def test_what_failed_before_has_to_pass(ids: tuple[str, ...], after: dict[str, TestOutcome], good: bool) -> None:
    assert passes(made(after), Reproduction(PATH, b"", ids, "it failed"), OLD)[0] is good


def test_a_suite_without_the_test_says_nothing_of_it() -> None:
    one = Reproduction(PATH, b"", (f"{PATH}::test_x",), "")
    whole = Reproduction(PATH, b"", (PATH,), "")
    for test in (one, whole):
        assert not ran(made({"tests/test_till.py::test_a": PASSED}), test, OLD)
        assert ran(made({f"{PATH}::test_x": FAILED}), test, OLD)


def test_a_go_test_is_known_by_its_name_among_those_that_a_patch_adds() -> None:
    after = made({"a.b/c::TestOld": PASSED, "a.b/c::TestIssue/sub": PASSED, "a.b/c::TestAdded": FAILED})
    content = b"package c\n\nfunc TestIssue(t *testing.T) {\n"
    assert [r.id for r in own(after, "issue_7_test.go", OLD, content)] == ["a.b/c::TestIssue/sub"]
    built = Reproduction("issue_7_test.go", content, ("a.b/c",), "undefined: Median")
    assert passes(after, built, OLD)[0]


def test_a_java_test_is_known_by_its_class() -> None:
    after = made(
        {"org.x.Issue7Test::works": PASSED, "org.x.AddedTest::fails": FAILED, "org.x.Issue7Test$In::a": PASSED}
    )
    found = own(after, "src/test/java/org/x/Issue7Test.java", OLD)
    assert {r.id for r in found} == {"org.x.Issue7Test::works", "org.x.Issue7Test$In::a"}


def test_a_cargo_test_is_known_by_its_file_behind_the_crate() -> None:
    after = made({"till tests/issue_7.rs::issue": PASSED, "till tests/added.rs::issue": FAILED})
    assert [r.id for r in own(after, "tests/issue_7.rs", OLD)] == ["till tests/issue_7.rs::issue"]
