from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.errors import SandboxUnavailable
from sandbox.recipe import CANARY_GLOB, Canary, Recipe, ReportFormat
from sandbox.recipes.discovery import discover
from sandbox.testing.exit_behaviour import NO_TEST_RAN, disagreement
from sandbox.testing.report import TestOutcome, TestRun
from sandbox.testing.second_reporter import REWRITTEN
from sandbox.testing.testrun import NO_SECOND_REPORT, NOT_BUILT, UNTRUSTED, run_tests
from tests.fakes.folder_sandbox import FolderSandbox
from tests.fakes.origin import Origin

SUITE = {
    "pkg.py": "def two():\n    return 2\n",
    "tests/test_pkg.py": """\
import unittest
import pytest
import pkg

def test_two():
    assert pkg.two() == 2

@pytest.mark.parametrize("n", [1, 2])
def test_n(n):
    assert n == 1

@pytest.mark.skip(reason="later")
def test_later():
    pass

class TestOld(unittest.TestCase):
    def test_old(self):
        self.assertEqual(pkg.two(), 2)
""",
}
GREEN = {**SUITE, "tests/test_pkg.py": "import pkg\n\ndef test_two():\n    assert pkg.two() == 2\n"}


@pytest.fixture
def run(tmp_path: Path) -> Iterator[object]:
    made: list[FolderSandbox] = []

    def go(files: dict[str, str], **options: object) -> TestRun:
        origin = Origin(tmp_path / f"repo{len(made)}")
        origin.commit(files)
        with origin.workspace(tmp_path / "home") as workspace:
            recipe, _ = discover(workspace, setup=None, test=options.pop("test", None), image=None)  # type: ignore[arg-type]
            assert recipe is not None
            box = FolderSandbox(workspace.tree(), within=tmp_path)
        made.append(box)
        given = {"timeout": 60.0, **options}
        return run_tests(box, recipe, **given)  # type: ignore[arg-type]

    yield go
    for box in made:
        assert not list(Path(box.root).rglob(f"test_{CANARY_GLOB}.py")), "the canary is gone"
        box.close()


def outcomes(found: TestRun) -> dict[str, str]:
    assert found.report is not None, found.reason
    return {i: str(r.outcome) for i, r in found.report.results.items()}


EXPECTED = {
    "tests/test_pkg.py::test_two": "passed",
    "tests/test_pkg.py::test_n[1]": "passed",
    "tests/test_pkg.py::test_n[2]": "failed",
    "tests/test_pkg.py::test_later": "skipped",
    "tests/test_pkg.py::TestOld::test_old": "passed",
}


@pytest.mark.parametrize("canary", [False, True])
def test_a_suite_is_run_and_reported_with_and_without_a_canary(canary: bool, run) -> None:  # type: ignore[no-untyped-def]
    assert outcomes(run(SUITE, canary=canary)) == EXPECTED


def test_a_green_suite_is_believed_only_because_the_canary_failed(run) -> None:  # type: ignore[no-untyped-def]
    found = run(GREEN, canary=True)
    assert found.result.exit_code == 1
    assert outcomes(found) == {"tests/test_pkg.py::test_two": "passed"}


def test_reported_ids_choose_tests(run) -> None:  # type: ignore[no-untyped-def]
    chosen = ["tests/test_pkg.py::test_n[2]", "tests/test_pkg.py::TestOld::test_old"]
    for canary in (False, True):
        assert set(outcomes(run(SUITE, only=chosen, canary=canary))) == set(chosen)


@pytest.mark.parametrize(
    ("where", "trick"),
    [
        ("pkg.py", "import os\nos._exit(0)\n"),
        ("pkg.py", "import os\nos._exit(1)\n"),
        ("pkg.py", "import sys\nsys.exit(0)\n"),
        (
            "conftest.py",
            "def pytest_collection_modifyitems(items):\n    items[:] = [i for i in items if i.name == 'test_two']\n",
        ),
        (
            "conftest.py",
            "import pytest\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n"
            "    out = yield\n    r = out.get_result()\n    r.outcome = 'passed'\n",
        ),
        ("conftest.py", "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n"),
        (
            "conftest.py",
            "import atexit, os, sys\n"
            "path = next(a.split('=', 1)[1] for a in sys.argv if a.startswith('--junitxml='))\n"
            "def forge():\n"
            '    open(path, \'w\').write(\'<testsuite><testcase classname="tests.test_pkg" name="test_two" '
            'file="tests/test_pkg.py"/></testsuite>\')\n'
            "    os._exit(0)\n"
            "atexit.register(forge)\n",
        ),
    ],
    ids=["exit0", "exit1", "sysexit", "deselect", "makereport", "exitstatus", "forged"],
)
def test_a_forged_result_is_not_believed(where: str, trick: str, run) -> None:  # type: ignore[no-untyped-def]
    found = run({**GREEN, where: trick}, canary=True)
    assert found.report is None or found.report.failed, "never a clean report"
    assert found.report is not None or found.reason


def test_a_deselected_canary_is_named_as_the_reason(run) -> None:  # type: ignore[no-untyped-def]
    hook = "def pytest_collection_modifyitems(items):\n    items[:] = [i for i in items if i.name == 'test_two']\n"
    assert run({**GREEN, "conftest.py": hook}, canary=True).reason.startswith(UNTRUSTED)


def test_a_module_that_cannot_be_imported_is_an_error_beside_the_others(run) -> None:  # type: ignore[no-untyped-def]
    found = run({**GREEN, "tests/test_broken.py": "import nowhere_to_be_found\n"}, canary=True)
    assert outcomes(found) == {"tests/test_pkg.py::test_two": "passed", "tests/test_broken.py": "error"}


def test_an_interrupted_collection_ran_no_test_and_names_the_file(run) -> None:  # type: ignore[no-untyped-def]
    files = {**GREEN, "tests/test_broken.py": "import nowhere_to_be_found\n"}
    found = run(
        files,
        canary=True,
        test="python -m pytest -q -p no:cacheprovider -o junit_family=xunit1 --junitxml={junit} && true",
    )
    assert found.result.exit_code == 2
    assert found.report is None
    assert found.reason.startswith("pytest ran no test, because it could not collect tests/test_broken.py")
    assert "nowhere_to_be_found" in found.reason


def test_first_failure_options_of_the_repository_do_not_hide_tests(run) -> None:  # type: ignore[no-untyped-def]
    files = {**SUITE, "pytest.ini": "[pytest]\naddopts = -x --strict-markers\n"}
    assert outcomes(run(files, canary=True)) == EXPECTED


def test_configuration_above_the_checkout_is_not_the_repositorys(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (tmp_path / "conftest.py").write_text("raise RuntimeError('not ours')\n")
    assert outcomes(run(SUITE, canary=True)) == EXPECTED
    assert set(outcomes(run(SUITE, only=["tests/test_pkg.py::test_two"]))) == {"tests/test_pkg.py::test_two"}


def test_a_suite_with_nothing_to_run_is_not_judged(run) -> None:  # type: ignore[no-untyped-def]
    found = run({"tests/test_a.py": "x = 1\n"})
    assert found.report is None
    assert found.reason.startswith(NO_TEST_RAN)
    only_canary = run({"tests/test_a.py": "x = 1\n"}, canary=True)
    assert only_canary.report is None
    assert only_canary.reason.startswith(NO_TEST_RAN)


def test_a_wrong_command_is_not_judged_and_shows_its_words(run) -> None:  # type: ignore[no-untyped-def]
    found = run({**GREEN, "pytest.ini": "[pytest]\naddopts = --no-such-option\n"})
    assert found.report is None
    assert "no-such-option" in found.reason


def test_a_timeout_is_not_judged(run) -> None:  # type: ignore[no-untyped-def]
    found = run({"tests/test_a.py": "import time\n\ndef test_a():\n    time.sleep(60)\n"}, timeout=2.0)
    assert found.report is None
    assert "longer than 2 s" in found.reason


def test_a_lost_sandbox_is_never_a_failed_test() -> None:
    recipe = Recipe("other", (), "true", ReportFormat.EXIT_CODE, "test")
    with FolderSandbox(lost=True) as box, pytest.raises(SandboxUnavailable):
        run_tests(box, recipe, timeout=60)


def test_an_exit_code_alone_is_one_test() -> None:
    recipe = Recipe("other", (), "echo broken; exit 3", ReportFormat.EXIT_CODE, "test")
    with FolderSandbox() as box:
        found = run_tests(box, recipe, timeout=60)
        assert outcomes(found) == {"exit code": "failed"}
        assert found.report is not None
        assert found.report.results["exit code"].message == "broken\n"
        assert outcomes(run_tests(box, replace(recipe, test="true"), timeout=60)) == {"exit code": "passed"}
        with pytest.raises(ValueError, match="cannot run chosen tests"):
            run_tests(box, recipe, only=["x"], timeout=60)


def test_surefire_files_of_an_earlier_run_are_not_read() -> None:
    recipe = Recipe(
        "java",
        (),
        'mkdir -p m/target/surefire-reports && printf \'<?xml version="1.0"?><testsuite><testcase classname="A" '
        'name="t"/></testsuite>\' > m/target/surefire-reports/TEST-A.xml',
        ReportFormat.SUREFIRE,
        "pom.xml",
    )
    with FolderSandbox() as box:
        box.write(
            {
                "target/surefire-reports/TEST-Old.xml": b'<?xml version="1.0"?><testsuite><testcase classname="Old" name="t"/></testsuite>'
            }
        )
        assert outcomes(run_tests(box, recipe, timeout=60)) == {"m/A::t": "passed"}
        assert run_tests(box, replace(recipe, test="true"), timeout=60).report is None


@pytest.mark.parametrize(
    ("left", "told"),
    [
        ("echo '{\"unhandled\": 0}' >$PENNYFIX_RECORD", ""),
        ("truncate -s 65000000 $PENNYFIX_RECORD", REWRITTEN),
        ("rm -f $PENNYFIX_RECORD", NO_SECOND_REPORT),
    ],
    ids=["written", "padded", "gone"],
)
def test_a_record_of_javascript_that_is_padded_or_gone_is_told(left: str, told: str) -> None:
    written = """printf '<testsuite><testcase classname="c" name="a"/></testsuite>' >{junit}; """
    recipe = Recipe("javascript", (), written + left, ReportFormat.JUNIT, "test", runner="mocha")
    with FolderSandbox() as box:
        run = run_tests(box, recipe, timeout=60)
    assert (outcomes(run), run.unexplained) == ({"c::a": "passed"}, told)


def test_a_symbolic_link_as_report_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "clean.xml").write_text('<testsuite><testcase name="a"/></testsuite>')
    recipe = Recipe("other", (), f"ln -s {tmp_path}/clean.xml {{junit}}", ReportFormat.JUNIT, "test")
    with FolderSandbox() as box:
        assert run_tests(box, recipe, timeout=60).report is None


@pytest.mark.parametrize(
    ("runner", "code", "failed", "agrees"),
    [
        ("pytest", 0, 0, True),
        ("pytest", 1, 1, True),
        ("pytest", 0, 1, False),
        ("pytest", 1, 0, False),
        ("pytest", 2, 1, True),
        ("pytest", 2, 0, False),
        ("pytest", 3, 1, False),
        ("pytest", 4, 1, False),
        ("pytest", 5, 0, False),
        ("go", 1, 1, True),
        ("go", 1, 0, False),
        ("", 7, 1, True),
    ],
)
def test_exit_code_and_report_have_to_agree(runner: str, code: int, failed: int, agrees: bool) -> None:
    from sandbox.testing.report import TestReport, TestResult

    results = {"ok": TestResult("ok", TestOutcome.PASSED)}
    results |= {f"f{n}": TestResult(f"f{n}", TestOutcome.FAILED) for n in range(failed)}
    assert (disagreement(runner, code, TestReport(results)) == "") is agrees


@pytest.mark.parametrize(
    ("printed", "first"),
    [
        (
            "error[E0432]: unresolved import `nowhere`\nerror: could not compile `till` (test)",
            "error[E0432]: unresolved",
        ),
        ("error: linking with cc failed", ""),
        ("[INFO] x\n[ERROR] COMPILATION ERROR : \n[ERROR] Till.java:[1] cannot find symbol", "[ERROR] COMPILATION"),
        ("e: file:///box/src/TillTest.kt:1:1 Unresolved reference", "e: file:///box"),
    ],
    ids=["cargo", "nothing that ended a build", "Maven", "Kotlin"],
)
def test_tests_that_cannot_be_built_are_told_by_the_first_error(printed: str, first: str, tmp_path: Path) -> None:
    lines = f"     Running unittests src/lib.rs (target/debug/deps/till-1)\ntest a ... FAILED\n{printed}\n"
    placed = Canary("tests/{name}.rs", "")
    with FolderSandbox(within=tmp_path) as box:
        box.write({"printed": lines.encode()})
        recipe = Recipe("rust", (), "cat printed; false", ReportFormat.CARGO, "test", runner="cargo", canary=placed)
        reason = run_tests(box, recipe, timeout=60, canary=True).reason
    assert reason.startswith(f"{NOT_BUILT}:\n{first}" if first else UNTRUSTED), reason
