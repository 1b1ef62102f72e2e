"""What real runners leave behind when they are tricked, broken or given odd names: small suites, a canary among them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.recipe import Canary, Recipe, ReportFormat
from sandbox.recipes.go import CANARY as GO_CANARY
from sandbox.recipes.javascript import JEST_JUNIT, RUNNERS
from sandbox.recipes.python.recipe import COLLECT_ALL, REPORT_FLAGS
from sandbox.recipes.python.suite import canary
from sandbox.testing.exit_behaviour import THRESHOLD
from sandbox.testing.report import TestRun
from sandbox.testing.second_reporter import ENDED, LATE, REWRITTEN, SESSION_FAILED, UNCAUGHT, UNHANDLED
from sandbox.testing.testrun import NO_SECOND_REPORT, UNTRUSTED, run_tests
from tests.fakes.folder_sandbox import FolderSandbox

PYTEST = f"python -m pytest -q -c /dev/null --rootdir=. --confcutdir=. -p no:cacheprovider {COLLECT_ALL} {REPORT_FLAGS}"
NODE = "const { test, describe, it, after } = require('node:test')\n"
VITEST = "import { test, expect } from 'vitest'\n"


def outcomes(run: TestRun) -> dict[str, str]:
    assert run.report is not None, run.reason
    return {i: str(r.outcome) for i, r in run.report.results.items()}


def run_in_folder(recipe: Recipe, files: Mapping[str, str], modules: Path | None = None) -> TestRun:
    with FolderSandbox() as box:
        box.write({path: content.encode("utf-8", "surrogateescape") for path, content in files.items()})
        if modules is not None:
            installed = Path(box.root, ".home/env/lib")
            installed.mkdir(parents=True)
            for place in (Path(box.root), installed):
                (place / "node_modules").symlink_to(modules)
        return run_tests(box, recipe, timeout=120, canary=True)


def python(files: Mapping[str, str], command: str = PYTEST) -> TestRun:
    placed = canary("tests", ("test_*.py",))
    recipe = Recipe("python", (), command, ReportFormat.JUNIT, "test", runner="pytest", canary=placed)
    return run_in_folder(recipe, files)


def javascript(runner: str, files: Mapping[str, str], modules: Path | None = None) -> TestRun:
    flags, _, body = RUNNERS[runner]
    body = body.replace("{load:test:node:test}", "const test = require('node:test')\n")
    start = {"node": "node --test", "vitest": "vitest run", "jest": JEST_JUNIT + "jest test"}.get(runner, runner)
    files_given = {"node": "test/*.js", "mocha": "test/*.js"}.get(runner, "")
    command = f'PATH="$PWD/node_modules/.bin:$PATH"; {start} {flags} {files_given}'
    placed = Canary("test/{name}.test.js", body)
    recipe = Recipe("javascript", (), command, ReportFormat.JUNIT, "test", runner=runner, canary=placed)
    return run_in_folder(recipe, files, modules)


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modules")
    line = ["npm", "install", "--silent", "--no-audit", "--no-fund", "vitest@3", "jest@29", "jest-junit@16", "mocha@11"]
    subprocess.run(line, cwd=folder, check=True, timeout=300)
    return folder / "node_modules"


# pytest


PRODUCT = {
    "till.py": "def two():\n    return 2\n",
    "tests/test_a.py": "import till\ndef test_two():\n    assert till.two() == 2\n",
}
PATCHED_REPORTS = """\
import sys
def two():
    return 3
reports = sys.modules["_pytest.reports"].TestReport
real = reports.from_item_and_call.__func__
def kind(cls, item, call):
    report = real(cls, item, call)
    if item.name.startswith("test_two"):  # no canary is called so
        report.outcome, report.longrepr = "passed", None
    return report
reports.from_item_and_call = classmethod(kind)
"""
FORGED_FILE = """\
import atexit, re, sys
path = [a.split("=", 1)[1] for a in sys.argv if a.startswith("--junitxml=")][0]
def forge():
    text = open(path).read()
    open(path, "w").write(re.sub(r'(<testcase classname="tests.test_a"[^>]*>).*?</testcase>', r"\\1</testcase>", text, flags=re.S))
atexit.register(forge)
def two():
    return 3
"""


def test_a_patched_reporter_does_not_make_a_test_pass() -> None:
    run = python({**PRODUCT, "till.py": PATCHED_REPORTS})
    assert outcomes(run) == {"tests/test_a.py::test_two": "failed"}


def test_a_report_that_was_forged_after_the_session_is_not_trusted() -> None:
    run = python({**PRODUCT, "till.py": FORGED_FILE})
    assert run.report is None
    assert run.reason.startswith(UNTRUSTED)
    assert "tests/test_a.py::test_two" in run.reason


REWRITTEN_FILES = """\
import atexit, glob
def forge():
    for path in glob.glob(".pennyfix/*"):
        text = open(path).read()
        open(path, "w").write(text.replace('"failed"', '"passed"').replace("<failure", "<system-out").replace("</failure", "</system-out"))
atexit.register(forge)
def two():
    return 3
"""


def test_a_record_that_was_rewritten_with_the_report_is_not_trusted() -> None:
    run = python({**PRODUCT, "till.py": REWRITTEN_FILES})
    assert (run.report, REWRITTEN in run.reason) == (None, True)


PADDED_FILES = (
    REWRITTEN_FILES.replace("/*", "/junit-*")
    + """
def pad():
    for path in glob.glob(".pennyfix/record-*"):
        open(path, "a").truncate(65_000_000)
atexit.register(pad)
"""
)


def test_a_record_that_is_too_long_to_be_read_is_not_trusted() -> None:
    run = python({**PRODUCT, "till.py": PADDED_FILES})
    assert (run.report, REWRITTEN in run.reason) == (None, True)


def test_a_session_is_known_by_the_report_that_it_was_first_told_to_write() -> None:
    tells_another = "def pytest_runtest_teardown(item):\n    item.config.option.xmlpath = 'another.xml'\n"
    run = python({**PRODUCT, "till.py": FORGED_FILE, "conftest.py": tells_another})
    assert (run.report, "tests/test_a.py::test_two" in run.reason) == (None, True)


def test_a_session_that_was_told_to_write_another_report_is_not_ours() -> None:
    script = f"cp {{junit}} kept.xml 2>/dev/null; {PYTEST.replace('{junit}', 'kept.xml')}; code=$?; cp kept.xml {{junit}}; exit $code"
    run = python(PRODUCT, script)
    assert (outcomes(run), run.unexplained) == ({"tests/test_a.py::test_two": "passed"}, NO_SECOND_REPORT)


def test_a_patched_reporter_hides_no_failure_of_unittest_or_of_a_fixture() -> None:
    patched = PATCHED_REPORTS.replace(
        "    report = real(cls, item, call)\n",
        "    call.excinfo = None if item.name.startswith('test_two') else call.excinfo\n    report = real(cls, item, call)\n",
    )
    files = {
        "till.py": patched,
        "tests/test_a.py": "import unittest, till\nclass T(unittest.TestCase):\n    def test_two(self): self.assertEqual(till.two(), 2)\n"
        "    def test_two_skipped(self): self.skipTest('no')\n",
        "tests/test_b.py": "import pytest, till\n@pytest.fixture\ndef f():\n    yield\n    assert till.two() == 2\ndef test_two(f): pass\n",
    }
    found = outcomes(python(files))
    assert (found["tests/test_a.py::T::test_two"], found["tests/test_b.py::test_two"]) == ("failed", "failed")


@pytest.mark.parametrize(
    "code",
    [
        "import atexit, os\natexit.register(os._exit, 1)\n",
        "import os\ndef pytest_unconfigure():\n    os._exit(1)\n",
        "def pytest_unconfigure():\n    raise RuntimeError\n",
    ],
    ids=["atexit", "unconfigure", "error"],
)
def test_an_end_of_the_process_after_the_session_is_told(code: str) -> None:
    run = python({**PRODUCT, "conftest.py": code})
    assert (outcomes(run), run.unexplained) == ({"tests/test_a.py::test_two": "passed"}, ENDED)


@pytest.mark.parametrize(
    "plugin",
    [
        "def pytest_sessionfinish(session):\n    session.exitstatus = 1\n",
        "import pytest\n@pytest.hookimpl(trylast=True)\ndef pytest_sessionfinish():\n    pytest.exit('left open', returncode=1)\n",
        "import pytest\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtestloop(session):\n"
        "    yield\n    session.testsfailed += 1\n",
    ],
    ids=["exit status", "exit", "as pytest-cov does"],
)
def test_a_session_that_a_plugin_failed_is_not_explained_by_the_canary(plugin: str) -> None:
    run = python({**PRODUCT, "conftest.py": plugin})
    assert (outcomes(run), run.unexplained) == ({"tests/test_a.py::test_two": "passed"}, SESSION_FAILED)


def test_a_healthy_suite_is_explained_and_sees_nothing_of_us() -> None:
    look = (
        "import os, sys\ndef test_look():\n"
        "    assert not {'PYTHONPATH', 'PYTEST_ADDOPTS', 'PENNYFIX_RECORD'} & set(os.environ)\n"
        "    assert not [p for p in sys.path if os.path.exists(p) and any(f.startswith('report_') for f in os.listdir(p))]\n"
    )
    broken = "import nowhere_to_be_found\n"
    run = python({**PRODUCT, "tests/test_look.py": look, "tests/test_broken.py": broken})
    assert run.unexplained == ""
    assert run.report is not None
    assert outcomes(run) == {
        "tests/test_a.py::test_two": "passed",
        "tests/test_look.py::test_look": "passed",
        "tests/test_broken.py": "error",
    }
    assert run.report.uncollected == ("tests/test_broken.py",)


def test_odd_names_and_outcomes_of_pytest_and_unittest() -> None:
    files = {
        "tests/__init__.py": "",
        "tests/base.py": "class Base:\n    def test_x(self):\n        assert self.v == 1\n",
        "tests/test_a.py": "from tests.base import Base\nclass TestA(Base):\n    v = 1\n",
        "tests/test_b.py": "from tests.base import Base\nclass TestB(Base):\n    v = 2\n",
        "tests/test_c.py": (
            "import pytest, unittest, uuid\nclass P: pass\n"
            "@pytest.mark.parametrize('o', [P(), P()], ids=repr)\ndef test_o(o): pass\n"
            "@pytest.mark.parametrize('o', [str(uuid.uuid4()), '2020-01-01'])\ndef test_u(o): assert '-' not in o, '\\x1b\\x00\\udcff'\n"
            "@pytest.fixture\ndef f():\n    yield\n    assert 0\n"
            "def test_twice(f): assert 0\n"
            "class T(unittest.TestCase):\n"
            "    @unittest.expectedFailure\n    def test_expected(self): self.fail()\n"
            "    def test_skipped(self): self.skipTest('no')\n"
            "    def test_ok(self): pass\n"
        ),
    }
    run = python(files)
    assert run.unexplained == ""
    assert outcomes(run) == {
        "tests/test_a.py::TestA::test_x": "passed",
        "tests/test_b.py::TestB::test_x": "failed",
        "tests/test_c.py::test_o[<tests.test_c.P object at …>]": "passed",
        "tests/test_c.py::test_o[<tests.test_c.P object at …>] (repeat 2)": "passed",
        "tests/test_c.py::test_u[…]": "failed",
        "tests/test_c.py::test_u[2020-01-01]": "failed",
        "tests/test_c.py::test_twice": "error",
        "tests/test_c.py::T::test_expected": "skipped",
        "tests/test_c.py::T::test_skipped": "skipped",
        "tests/test_c.py::T::test_ok": "passed",
    }


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (f"PYTHONPATH=. {PYTEST.replace('python -m pytest', 'pytest')}", ""),
        (PYTEST.replace("python", "python -E", 1), NO_SECOND_REPORT),
        (f"PYTEST_ADDOPTS=--strict-markers {PYTEST}", NO_SECOND_REPORT),
    ],
    ids=["own search path", "no search path", "own options"],
)
def test_a_command_that_keeps_our_reporter_out_is_run_all_the_same(command: str, told: str) -> None:
    run = python(PRODUCT, command)
    assert (outcomes(run), run.unexplained) == ({"tests/test_a.py::test_two": "passed"}, told)


# node:test, vitest, jest, mocha


@pytest.mark.node
def test_node_names_files_and_repairs_names_and_tells_what_failed_too_late() -> None:
    files = {
        "test/a.test.js": NODE + "test('works', () => {})\n"
        "test('\\u001b[31mred\\u001b[0m \\u0007', () => { throw new Error('x\\u001b[31m') })\n"
        "describe('d', () => { it('i', () => {}); after(() => { throw new Error('after') }) })\n"
        "test('outer', async t => { await t.test('inner', () => { throw new Error('q') }) })\n",
        "test/b.test.js": NODE + "test('works', () => {})\ntest('works', () => { throw 1 })\n",
        "test/c.test.js": "require('../nowhere')\n",
    }
    run = javascript("node", files)
    assert (run.unexplained, run.report.uncollected if run.report else ()) == ("", ("test/c.test.js",))
    assert outcomes(run) == {
        "test/a.test.js::works": "passed",
        "test/a.test.js::red #x07": "failed",
        "test/a.test.js::d::i": "passed",
        "test/a.test.js::d": "failed",
        "test/a.test.js::outer::inner": "failed",
        "test/b.test.js::works": "passed",
        "test/b.test.js::works (repeat 2)": "failed",
        "test/c.test.js": "failed",
    }
    late = NODE + "test('early', () => { setTimeout(() => { throw new Error('late') }, 20) })\n"
    late += "test('end', () => new Promise(r => setTimeout(r, 60)))\n"
    assert javascript("node", {"test/a.test.js": late}).unexplained == LATE


@pytest.mark.node
@pytest.mark.network
def test_vitest_tells_errors_outside_of_any_test_and_files_that_cannot_be_loaded(modules: Path) -> None:
    good = {"test/a.test.js": VITEST + "test('ok', () => {})\ntest('ok', () => { expect(1).toBe(2) })\n"}
    run = javascript("vitest", good, modules)
    expected = {"test/a.test.js::ok": "passed", "test/a.test.js::ok (repeat 2)": "failed"}
    assert (outcomes(run), run.unexplained) == (expected, "")
    left = VITEST + "test('leaves', () => { Promise.reject(new TypeError('left')) })\n"
    run = javascript("vitest", {"test/a.test.js": left, "test/b.test.js": "import '../nowhere.js'\n"}, modules)
    assert outcomes(run) == {"test/a.test.js::leaves": "passed", "test/b.test.js": "failed"}
    assert run.unexplained == f"{UNHANDLED}: TypeError"
    assert run.report is not None
    assert run.report.uncollected == ("test/b.test.js",)


@pytest.mark.node
@pytest.mark.network
def test_jest_tells_suites_that_cannot_be_loaded_and_a_threshold(modules: Path) -> None:
    files = {
        "package.json": "{}",
        "test/a.test.js": "test('ok', () => {})\ntest('\\u001b[31m\\u0007', () => { throw new Error('\\u001b[1m') })\n",
        "test/b.test.js": "require('../nowhere')\n",
    }
    run = javascript("jest", files, modules)
    expected = {"test/a.test.js::ok": "passed", "test/a.test.js::#x07": "failed", "test/b.test.js": "error"}
    assert (outcomes(run), run.unexplained) == (expected, "")
    files = {
        "package.json": '{"jest": {"collectCoverage": true, "coverageThreshold": {"global": {"lines": 100}}}}',
        "till.js": "exports.one = () => 1\nexports.two = () => {\n  return 2\n}\n",
        "test/a.test.js": "const till = require('../till')\ntest('ok', () => { till.one() })\n",
    }
    run = javascript("jest", files, modules)
    assert (outcomes(run), run.unexplained) == ({"test/a.test.js::ok": "passed"}, THRESHOLD)


@pytest.mark.node
@pytest.mark.network
def test_mocha_counts_its_failures_in_its_exit_code(modules: Path) -> None:
    files = {
        "test/a.test.js": "it('ok', () => {})\nit('\\u001b[31m\\u0007', () => { throw new Error('\\u001b[1m') })\n"
        "describe('d', () => { before(() => { throw new Error('h') }); it('x', () => {}) })\n"
    }
    run = javascript("mocha", files, modules)
    assert run.result.exit_code == 3
    hook = 'test/a.test.js::d::"before all" hook for "x"'
    expected = {"test/a.test.js::ok": "passed", "test/a.test.js::#x07": "failed", hook: "failed"}
    assert (outcomes(run), run.unexplained) == (expected, "")
    cannot = {**files, "test/b.test.js": "require('../nowhere')\n"}
    assert javascript("mocha", cannot, modules).report is None


@pytest.mark.node
@pytest.mark.network
@pytest.mark.parametrize("when", ["0", "80"], ids=["among the tests", "after them"])
def test_mocha_passes_promises_that_nobody_caught_and_we_tell_them(modules: Path, when: str) -> None:
    late = f"setTimeout(() => Promise.reject(new Error('x')), {when})\nit('ok', () => {{}})\n"
    caught = "it('later', async () => {\n  const p = Promise.reject(1)\n  await new Promise(r => setTimeout(r, 9))\n  p.catch(() => {})\n})\n"
    run = javascript("mocha", {"test/a.test.js": late}, modules)
    assert (outcomes(run), run.unexplained) == ({"test/a.test.js::ok": "passed"}, UNCAUGHT)
    run = javascript("mocha", {"test/a.test.js": caught}, modules)
    assert (outcomes(run), run.unexplained) == ({"test/a.test.js::later": "passed"}, "")


# go, cargo


@pytest.mark.go
def test_go_names_packages_that_do_not_build_or_end_badly_and_repairs_output() -> None:
    go_cache = subprocess.run(["go", "env", "GOCACHE"], capture_output=True, text=True, check=True).stdout.strip()
    head = 'package {}\n\nimport "testing"\n\nfunc TestX(t *testing.T) {{ {} }}\n'
    files = {
        "go.mod": "module m\n\ngo 1.19\n",
        "a/a_test.go": head.format("a", ""),
        "b/b_test.go": head.format("b", 't.Fatal("\\x1b[31m\\xe9\\x00")'),
        "c/c_test.go": head.format("c", "nowhere()"),
        "main_test.go": head.format("m", "").replace('"testing"', '(\n\t"os"\n\t"testing"\n)')
        + "\nfunc TestMain(m *testing.M) { m.Run(); os.Exit(1) }\n",
    }
    placed = Canary("a/{name}/{name}_test.go", GO_CANARY)
    command = f'HOME="$PWD" GOCACHE={go_cache} GOFLAGS=-modcacherw go test -json -count=1 ./...'
    run = run_in_folder(Recipe("go", (), command, ReportFormat.GO_JSON, "test", runner="go", canary=placed), files)
    assert (outcomes(run), run.unexplained) == (
        {"m/a::TestX": "passed", "m/b::TestX": "failed", "m/c": "error", "m::TestX": "passed", "m": "error"},
        "",
    )
    assert run.report is not None
    assert run.report.uncollected == ("m/c",)
    assert "undefined: nowhere" in run.report.results["m/c"].message


@pytest.mark.cargo
def test_cargo_tells_crates_apart_and_programs_that_abort() -> None:
    manifest = '[package]\nname = "{}"\nversion = "0.1.0"\nedition = "2021"\n'
    unit = "#[cfg(test)]\nmod tests {{\n    #[test]\n    fn it_works() {{ assert!({}); }}\n}}\n"
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n',
        "a/Cargo.toml": manifest.format("one"),
        "b/Cargo.toml": manifest.format("two"),
        "a/src/lib.rs": unit.format("true"),
        "b/src/lib.rs": unit.format("false"),
        "a/tests/it.rs": "#[test]\nfn t() {}\n",
        "b/tests/it.rs": "#[test]\nfn t() { std::process::abort(); }\n",
    }
    placed = Canary("a/tests/{name}.rs", "#[test]\nfn {name}() { {failure} }\n")
    home = f"CARGO_HOME={os.environ.get('CARGO_HOME', Path.home() / '.cargo')} RUSTUP_HOME={Path.home() / '.rustup'}"
    command = f"{home} CARGO_TERM_COLOR=never cargo test --offline --no-fail-fast --workspace 2>&1"
    run = run_in_folder(Recipe("rust", (), command, ReportFormat.CARGO, "test", runner="cargo", canary=placed), files)
    assert outcomes(run) == {
        "src/lib.rs::one::tests::it_works": "passed",
        "tests/it.rs::one::t": "passed",
        "src/lib.rs::two::tests::it_works": "failed",
        "tests/it.rs::two": "error",
    }
    assert run.report is not None
    assert (run.report.uncollected, run.unexplained) == (("tests/it.rs::two",), "")
