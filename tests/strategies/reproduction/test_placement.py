"""A test from the issue stands where the suite really runs it, and is named so that the runner sees it."""

from __future__ import annotations

import pytest

from sandbox.recipe import Recipe, ReportFormat
from strategies.issue import Issue
from strategies.reproduction.placement import example, holding, java_name, place, python_name, selector
from strategies.reproduction.trial_conditions import TestBed
from tests.fakes.workspace import memory_workspace

ISSUE = Issue(7, "total() forgets", "it does")
BODY = "x" * 1_500  # the size that is imitated first


def bed(
    files: dict[str, str], ids: set[str], *, runner: str = "pytest", language: str = "python", folder: str = "tests"
) -> TestBed:
    def closed() -> None:
        raise AssertionError("placing a test opens no sandbox")

    recipe = Recipe(language, (), "test", ReportFormat.JUNIT, "here", runner=runner, test_folder=folder)
    return TestBed(recipe, memory_workspace(files), closed, frozenset(ids), frozenset(ids))  # type: ignore[arg-type]  # never opened


def test_data_that_looks_like_a_test_is_no_neighbour() -> None:
    files = {"tests/roots/test-x/test_data.py": BODY, "tests/test_build.py": BODY * 3}
    made = bed(files, {"tests/test_build.py::test_build"})
    assert example(made) == "tests/test_build.py"
    assert place(ISSUE, made) == "tests/test_issue_7.py"


@pytest.mark.parametrize(
    "folder", ["tests/roots/a", "tests/example_scripts", "testing/example_scripts/x", "tests/fixtures", "test/testdata"]
)
def test_without_ids_that_name_files_data_folders_are_passed_over_by_name(folder: str) -> None:
    files = {f"{folder}/test_a.py": BODY, "tests/unit/test_b.py": BODY * 9}
    assert place(ISSUE, bed(files, set())) == "tests/unit/test_issue_7.py"


def test_a_suite_that_lies_in_a_folder_named_like_data_is_still_found() -> None:
    assert place(ISSUE, bed({"examples/test_a.py": BODY}, set())) == "examples/test_issue_7.py"


def test_a_file_whose_tests_pass_goes_before_one_whose_tests_are_skipped() -> None:
    files = {"tests/gpu/test_gpu.py": BODY, "tests/test_cpu.py": BODY * 4}
    made = bed(files, {"tests/gpu/test_gpu.py::test_a", "tests/test_cpu.py::test_b"})
    passing = TestBed(made.recipe, made.workspace, made.open_base, made.existing, frozenset({"tests/test_cpu.py::t"}))
    assert place(ISSUE, passing) == "tests/test_issue_7.py"


def test_the_test_file_of_what_the_issue_is_about_is_imitated() -> None:
    files = {"tests/test_a.py": BODY, "tests/db/test_session.py": BODY * 9}
    made = bed(files, {"tests/test_a.py::test_a", "tests/db/test_session.py::test_s"})
    assert example(made, ["shop/session.py"]) == "tests/db/test_session.py"
    assert place(ISSUE, made, near=["shop/session.py"]) == "tests/db/test_issue_7.py"
    assert example(made) == "tests/test_a.py"


@pytest.mark.parametrize(
    ("ids", "files", "module", "found"),
    [
        ({"tests/test_a.py::T::test_x"}, ["tests/test_a.py", "tests/test_b.py"], "", {"tests/test_a.py"}),
        ({"tests/test_a.py"}, ["tests/test_a.py"], "", set()),  # a module that cannot be imported runs nothing
        ({"tests.test_a.TestA::test_x"}, ["tests/test_a.py"], "", {"tests/test_a.py"}),
        ({"a.com/m/sub::TestX"}, ["sub/x_test.go", "x_test.go"], "a.com/m", {"sub/x_test.go"}),
        ({"a.com/m::TestX/sub"}, ["sub/x_test.go", "x_test.go"], "a.com/m", {"x_test.go"}),
        ({"org.x.FooTest::bar()"}, ["src/test/java/org/x/FooTest.java"], "", {"src/test/java/org/x/FooTest.java"}),
        ({"org.x.FooTest$In::b"}, ["m/src/test/kotlin/org/x/FooTest.kt"], "", {"m/src/test/kotlin/org/x/FooTest.kt"}),
        ({"shop tests/a.rs::works"}, ["tests/a.rs"], "", {"tests/a.rs"}),
        ({"works"}, ["test/a.test.js"], "", set()),
    ],
)
def test_ids_tell_which_files_run(ids: set[str], files: list[str], module: str, found: set[str]) -> None:
    assert holding(ids, files, module) == found


@pytest.mark.parametrize(
    ("sample", "patterns", "name"),
    [
        ("test_a.py", ("test_*.py", "*_test.py"), "test_issue_7.py"),
        ("a_test.py", ("test_*.py", "*_test.py"), "issue_7_test.py"),
        ("a_test.py", ("test_*.py",), "test_issue_7.py"),
        ("check_a.py", ("check_*.py",), "check_issue_7.py"),
        ("tests.py", ("tests.py", "test_*.py"), "test_issue_7.py"),
        ("all.py", ("all.py",), "test_issue_7.py"),  # no pattern leaves room: its own run counts
    ],
)
def test_a_python_test_is_named_as_the_suite_collects_it(sample: str, patterns: tuple[str, ...], name: str) -> None:
    assert python_name(sample, "7", patterns) == name


def test_the_repositorys_own_pattern_is_read() -> None:
    files = {"checks/check_till.py": BODY, "pytest.ini": "[pytest]\npython_files = check_*.py\n"}
    assert place(ISSUE, bed(files, {"checks/check_till.py::test_a"})) == "checks/check_issue_7.py"


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        ("FooTest.java", "Issue7Test.java"),
        ("FooTests.java", "Issue7Tests.java"),
        ("TestFoo.java", "TestIssue7.java"),
        ("FooIT.kt", "Issue7IT.kt"),
        ("FooSpec.groovy", "Issue7Spec.groovy"),
        ("", "Issue7Test.java"),
    ],
)
def test_a_java_class_is_named_as_surefire_collects_it(sample: str, name: str) -> None:
    assert java_name(sample, "7") == name


@pytest.mark.parametrize(
    ("files", "ids", "runner", "language", "near", "path"),
    [
        ({"lib/a.test.ts": BODY}, {"lib/a.test.ts::a"}, "vitest", "javascript", [], "lib/issue-7.test.ts"),
        ({"test/a.spec.mjs": BODY}, {"suite::a"}, "mocha", "javascript", [], "test/issue-7.spec.mjs"),
        ({"test/a_test.js": BODY}, {"a"}, "node", "javascript", [], "test/issue-7_test.js"),
        ({"test/parse.js": BODY}, {"suite::a"}, "mocha", "javascript", [], "test/parse-issue-7.js"),
        ({"go.mod": "module a.b/c\n", "x/y_test.go": BODY}, {"a.b/c/x::TestY"}, "go", "go", [], "x/issue_7_test.go"),
        ({"Cargo.toml": "", "src/lib.rs": BODY}, {"src/lib.rs::t::a"}, "cargo", "rust", [], "tests/issue_7.rs"),
        (
            {"Cargo.toml": "", "a/Cargo.toml": "", "b/Cargo.toml": "", "a/src/lib.rs": BODY, "b/src/x.rs": BODY},
            {"a/src/lib.rs::t::a"},
            "cargo",
            "rust",
            ["b/src/x.rs"],
            "b/tests/issue_7.rs",
        ),
        (
            {"src/test/java/org/x/FooTest.java": BODY},
            {"org.x.FooTest::bar"},
            "maven",
            "java",
            [],
            "src/test/java/org/x/Issue7Test.java",
        ),
    ],
)
def test_each_runner_gets_its_own_form(
    files: dict[str, str], ids: set[str], runner: str, language: str, near: list[str], path: str
) -> None:
    assert place(ISSUE, bed(files, ids, runner=runner, language=language, folder=""), near=near) == path


def test_a_path_that_is_taken_is_left_alone() -> None:
    files = {"tests/test_issue_7.py": BODY, "tests/test_a.py": BODY}
    assert place(ISSUE, bed(files, {"tests/test_a.py::test_a"})) == "tests/test_issue_7_b.py"
    assert place(ISSUE, bed(files, {"tests/test_a.py::test_a"}), number=2) == "tests/test_issue_7_3.py"


def test_go_is_told_a_package_and_maven_a_class() -> None:
    go = bed({}, set(), runner="go", language="go").recipe
    maven = bed({}, set(), runner="maven", language="java").recipe
    assert selector(go, "x/issue_7_test.go") == "./x"
    assert selector(maven, "src/test/java/org/x/Issue7Test.java") == "Issue7Test"
