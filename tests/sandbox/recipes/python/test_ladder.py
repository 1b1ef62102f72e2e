from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from sandbox.recipe import Recipe
from sandbox.recipes.ci_workflow import Hints
from sandbox.recipes.python.after_failure import mended, own_modules, wanted
from sandbox.recipes.python.ladder import PythonRung
from sandbox.recipes.python.plan import PythonPlan
from sandbox.recipes.suggestion import missing, plain_line, suggested_file, suggested_lines, tried
from sandbox.recipes.trial import Trial, best
from sandbox.testing.report import TestOutcome, TestReport, TestResult
from tests.fakes.workspace import memory_workspace

FILES = {
    "pyproject.toml": '[project]\nname = "demo"\nversion = "1"\n',
    "uv.lock": "",
    "demo.py": "x = 1\n",
    "tests/test_demo.py": "def test_a(): pass\n",
}


def report(passed: int, failed: int = 0, uncollected: int = 0, message: str = "") -> TestReport:
    rows = [TestResult(f"tests/t.py::test_{n}", TestOutcome.PASSED) for n in range(passed)]
    rows += [TestResult(f"tests/t.py::test_f{n}", TestOutcome.FAILED, message) for n in range(failed)]
    rows += [TestResult(f"tests/u{n}.py", TestOutcome.ERROR, message) for n in range(uncollected)]
    return TestReport({r.id: r for r in rows})


def trial(passed: int = 0, failed: int = 0, uncollected: int = 0, message: str = "") -> Trial:
    return Trial(RECIPE, report(passed, failed, uncollected, message))


def first_recipe(files: dict[str, str]) -> Recipe:
    return next(PythonRung(memory_workspace(files), Hints()).proposals([]))


RECIPE = first_recipe(FILES)
NOT_SET_UP = Trial(RECIPE, None, "set-up failed: x", "the log", set_up=False)


def climbed(files: dict[str, str], outcomes: Sequence[Trial]) -> list[Recipe]:
    """The recipes that are proposed when they come to `outcomes`, one after the other; the last comes again and again."""
    trials: list[Trial] = []
    for recipe in PythonRung(memory_workspace(files), Hints()).proposals(trials):
        trials.append(replace(outcomes[min(len(trials), len(outcomes) - 1)], recipe=recipe))
    return [t.recipe for t in trials]


def test_a_healthy_suite_needs_no_second_recipe() -> None:
    assert len(climbed(FILES, [trial(100, failed=5)])) == 1


@pytest.mark.parametrize("poor", [trial(100, failed=6), trial(100, uncollected=1), trial(0), Trial(RECIPE, None, "no")])
def test_failures_beyond_a_few_or_files_that_cannot_be_read_call_for_another(poor: Trial) -> None:
    assert not poor.complete
    assert len(climbed(FILES, [poor])) > 1


def test_a_failed_set_up_is_tried_without_the_lock_and_then_with_packages_of_its_time() -> None:
    recipes = climbed(FILES, [NOT_SET_UP])
    assert "uv sync" in " ".join(recipes[0].setup)
    assert "uv sync" not in " ".join(recipes[1].setup)
    assert "UV_EXCLUDE_NEWER" not in " ".join(recipes[1].setup)
    assert "UV_EXCLUDE_NEWER=2024-05-01T23:59:59Z" in " ".join(recipes[-1].setup)
    assert "--python 3.12" in recipes[-1].setup[0]
    assert "as of 2024-05-01" in recipes[-1].source


def test_an_own_command_of_unittest_is_tried_beside_pytest_even_where_pytest_is_healthy() -> None:
    files = {**FILES, "Makefile": "test:\n\tpython -m unittest discover -s tests\n"}
    recipes = climbed(files, [trial(10)])
    assert [r.runner for r in recipes] == ["pytest", "unittest"]
    unittest = recipes[1]
    assert unittest.canary is not None
    assert unittest.canary.path == "tests/test_{name}.py"
    assert "{junit} tests -m unittest discover -s tests" in unittest.test
    assert unittest.test_only is not None
    assert unittest.test_only.endswith("{junit} tests -m unittest {tests}")


def test_a_script_that_is_named_for_it_is_tried_as_well() -> None:
    recipes = climbed({**FILES, "runtests.py": "import unittest\n"}, [trial(10)])
    assert [r.runner for r in recipes] == ["pytest", "unittest"]
    assert recipes[1].test.endswith("{junit} . runtests.py")
    assert recipes[1].test_only is None, "a script's arguments are not known"


def test_a_suite_that_does_not_like_pytest_is_discovered_by_unittest_in_the_end() -> None:
    recipes = climbed({**FILES, "tests/__init__.py": ""}, [trial(10, failed=10)])
    assert recipes[-1].test.endswith("{junit} . -m unittest discover -s tests -t .")
    assert recipes[-1].canary is not None
    assert recipes[-1].canary.path == "tests/test_{name}.py"


def test_the_variables_of_its_own_command_are_pytest_s_too() -> None:
    files = {**FILES, "Makefile": "test:\n\tDB=sqlite python -m unittest\n"}
    assert climbed(files, [trial(10)])[0].test.startswith("DB=sqlite python -m pytest ")


def test_the_earlier_recipe_is_kept_unless_clearly_more_tests_pass() -> None:
    first, second, third = trial(100), trial(102), trial(103)
    assert best([first, second]) is first
    assert best([first, third]) is third
    assert best([trial(0), NOT_SET_UP]) is None


def test_missing_modules_fixtures_and_marks_name_their_packages() -> None:
    text = (
        "ModuleNotFoundError: No module named 'yaml'\nModuleNotFoundError: No module named 'demo.missing'\n"
        "ModuleNotFoundError: No module named 'freezegun'\nModuleNotFoundError: No module named 'yaml'\n"
        "fixture 'mocker' not found\n'asyncio' not found in `markers` configuration option\nfixture 'tmpdir2' not found"
    )
    assert wanted(text, own_modules(["demo.py"])) == ("PyYAML", "freezegun", "pytest-mock", "pytest-asyncio")


def test_what_is_missing_is_installed_and_then_the_suite_is_tried_again() -> None:
    poor = trial(1, uncollected=2, message="ModuleNotFoundError: No module named 'freezegun'")
    recipes = climbed(FILES, [poor, trial(10)])
    assert len(recipes) == 2
    assert any("freezegun" in line for line in recipes[1].setup)
    assert recipes[1].source.endswith("; with freezegun")


@pytest.mark.parametrize(
    ("problem", "changed"),
    [
        ("Missing required plugins: pytest-sugar, pytest-env>=1", {"packages": ("pytest-sugar", "pytest-env")}),
        ("pytest was called wrongly (exit code 4)\nunrecognized arguments: --reruns=3", {"packages": ("pytest-rerunfailures",)}),
        ("'minversion' requires pytest-9.1, actual pytest-8", {"pytest": "pytest>=9.1"}),
        ("INTERNALERROR> boom", {"pytest": "pytest<9"}),
        ("PluginValidationError: unknown hook 'pytest_foo_bar'", {"without": ("pytest-foo-bar",)}),
        ("pytest was called wrongly (exit code 4)", {"plain": True}),
    ],
)  # fmt: skip
def test_a_pytest_that_does_not_start_is_given_what_it_asks_for(problem: str, changed: dict[str, object]) -> None:
    after = mended(PythonPlan(), Trial(RECIPE, None, problem), ())
    assert after is not None
    assert {k: getattr(after, k) for k in changed} == changed
    assert after.told


def test_an_older_pytest_is_followed_by_an_older_one_and_then_by_nothing() -> None:
    plan, seen = PythonPlan(), []
    while (after := mended(plan, Trial(RECIPE, None, "INTERNALERROR> boom"), ())) is not None:
        plan = after
        seen.append(plan.pytest)
    assert seen == ["pytest<9", "pytest<8", "pytest<7"]


def test_a_project_that_cannot_be_built_is_tested_from_its_sources() -> None:
    after = mended(PythonPlan(lock=False), Trial(RECIPE, None, "", "error: command 'gcc' failed", set_up=False), ())
    assert after is not None
    assert not after.project
    files = {k: v for k, v in FILES.items() if k != "uv.lock"} | {"src/pkg/__init__.py": ""}
    recipes = climbed(files, [replace(NOT_SET_UP, log="Failed to build demo")])
    assert "PYTHONPATH=.:src" in recipes[1].test
    assert "--editable" not in " ".join(recipes[1].setup)


def skipping(reason: str, count: int = 5) -> Trial:
    rows = [TestResult(f"tests/s.py::test_{n}", TestOutcome.SKIPPED, reason) for n in range(count)]
    return Trial(RECIPE, TestReport({**report(100).results, **{r.id: r for r in rows}}))


@pytest.mark.parametrize(
    "reason", ["could not import 'trio': no", "trio is not installed", "ImportError: No module named 'trio'"]
)
def test_a_healthy_suite_of_which_a_part_is_skipped_for_want_of_a_package_is_given_it(reason: str) -> None:
    recipes = climbed(FILES, [skipping(reason), trial(105)])
    assert len(recipes) == 2
    assert any(" trio " in line for line in recipes[1].setup)


@pytest.mark.parametrize(
    "poor", [skipping("only on Windows"), skipping("could not import 'trio'", 1), skipping("demo not installed")]
)
def test_other_skips_are_left_alone(poor: Trial) -> None:
    assert len(climbed(FILES, [poor])) == 1


def test_modules_of_equal_names_are_imported_apart() -> None:
    poor = trial(1, uncollected=1, message="import file mismatch:\nimported module 'test_a' has this __file__")
    recipes = climbed(FILES, [poor, trial(10)])
    assert "--import-mode=importlib" in recipes[1].test


def test_nothing_is_made_of_a_failure_that_says_nothing() -> None:
    assert mended(PythonPlan(), trial(1, failed=5, message="assert 1 == 2"), ()) is None


def test_what_works_is_told_as_people_write_it() -> None:
    files = {k: v for k, v in FILES.items() if k != "uv.lock"} | {"requirements-test.txt": "responses\n"}
    lines = suggested_lines(first_recipe(files))
    assert lines is not None
    setup, test = lines
    assert setup == ("pip install --editable .", "pip install -r requirements-test.txt", "pip install pytest")
    assert test == "python -m pytest -q --junitxml={junit}"
    assert suggested_file(setup, test) == (
        'setup: ["pip install --editable .", "pip install -r requirements-test.txt", "pip install pytest"]\n'
        'test: "python -m pytest -q --junitxml={junit}"\n'
    )


def test_a_line_that_nobody_would_keep_is_not_suggested() -> None:
    assert plain_line("x" * 1000) is None
    assert plain_line("make deps") == "make deps"


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ("this repository needs Python 3.6, the sandbox has 3.11; set", "Python 3.6 is not in the sandbox"),
        ("error: command 'gcc' failed: No such file", "the program gcc is not in the sandbox"),
        ("sh: 1: cmake: not found", "the program cmake is not in the sandbox"),
        ("[the set-up may not reach: example.org:443; an operator", "the set-up may not reach example.org:443"),
        ("connect to localhost:5432 failed: Connection refused", "a service is not there that the tests reach at port 5432"),
        ("No module named 'secret_tool'", "the Python module secret_tool is not installed by anything that was found"),
    ],
)  # fmt: skip
def test_what_was_missing_is_told(log: str, told: str) -> None:
    assert told in missing([Trial(RECIPE, None, "", log, set_up=False)])


def test_what_was_tried_is_told_with_what_became_of_it() -> None:
    told = tried([NOT_SET_UP, trial(3, failed=2), Trial(RECIPE, None, "no report\nmore")])
    assert told[0].endswith("the set-up failed (the log)")
    assert told[1].endswith("3 tests passed, 2 did not")
    assert told[2].endswith("no report")
