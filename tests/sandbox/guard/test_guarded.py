"""What of a patch is judged, over small repositories of several kinds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

import pytest

from sandbox.guard.guarded import GuardedPatch, guard
from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace
from tests.fakes.workspace import MemoryWorkspace, memory_workspace

PYPROJECT = '[project]\nname = "x"\n\n[tool.pytest.ini_options]\naddopts = "-q"\n\n[tool.ruff]\nline-length = 100\n'
PACKAGE = '{"scripts": {"test": "jest"}, "jest": {"bail": true, "maxWorkers": {"a": 1}}, "version": "1.0.0"}'
TEST = "from till import total\n\n\ndef test_a():\n    assert total([1]) == 1\n"
PYTHON = {
    "till.py": "def total(prices):\n    return sum(prices)\n",
    "tests/test_a.py": TEST,
    "pyproject.toml": PYPROJECT,
    "setup.cfg": "[metadata]\nname = x\n[tool:pytest]\naddopts = -q\n[flake8]\nmax = 1\n",
    "conftest.py": "",
}
NODE = {
    "till.js": "exports.total = p => p.length\n",
    "test/till.test.js": "const { total } = require('../till')\ntest('a', () => expect(total([1])).toBe(1))\n",
    "package.json": PACKAGE,
}
RUST = {
    "Cargo.toml": '[package]\nname = "till"\nversion = "0.1.0"\n',
    "src/lib.rs": (
        "pub fn total(p: &[i32]) -> i32 { p.len() as i32 }\n\n"
        "#[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n    fn adds() { assert_eq!(total(&[1]), 1); }\n}\n"
    ),
}


def guarded(files: Mapping[str, str], changes: Mapping[str, str | None], command: str = "") -> GuardedPatch:
    patch = Patch({p: None if c is None else c.encode() for p, c in changes.items()})
    return guard(patch, memory_workspace(files), command)


def judged(found: GuardedPatch, path: str) -> str:
    content = found.judged.files[path]
    assert content is not None
    return content.decode()


def test_existing_tests_and_configuration_are_judged_as_they_were_and_new_tests_run() -> None:
    found = guarded(
        PYTHON,
        {
            "till.py": "x = 1\n",
            "tests/test_a.py": None,
            "tests/test_new.py": TEST,
            "conftest.py": "x = 1\n",
            "tests/conftest.py": "x = 1\n",
            "pytest.ini": "[pytest]\n",
            ".pytest.toml": "[pytest]\n",
        },
    )
    assert found.restored == (".pytest.toml", "conftest.py", "pytest.ini", "tests/conftest.py", "tests/test_a.py")
    assert found.judged.paths == ("tests/test_new.py", "till.py")
    assert found.product


@pytest.mark.parametrize(
    "changes",
    [
        {"tests/test_a.py": "x = 1\n"},
        {"tests/test_new.py": TEST},
        {"tests/helpers.py": "x = 1\n", "pytest.ini": "[pytest]\n"},
        {"pyproject.toml": PYPROJECT.replace("-q", "-k nothing")},
        {"tests/data/new.json": "{}"},
    ],
)
def test_what_changes_only_tests_holds_no_product(changes: dict[str, str]) -> None:
    assert not guarded(PYTHON, changes).product


@pytest.mark.parametrize("changes", [{"README.md": "x"}, {"till.py": None}, {"data/prices.json": "[]"}])
def test_documents_and_deletions_are_of_the_product(changes: dict[str, str | None]) -> None:
    assert guarded(PYTHON, changes).product


@pytest.mark.parametrize(
    ("path", "after"),
    [
        ("pyproject.toml", PYPROJECT.replace("-q", "-k no")),
        ("pyproject.toml", PYPROJECT + '[tool."pytest".other]\na = 1\n'),
        ("pyproject.toml", '[project]\nname = "x"\n[ tool . pytest . ini_options ]\naddopts = "-p evil"\n'),
        ("pyproject.toml", 'tool.pytest.ini_options.addopts = "-p evil"\n[project]\nname = "x"\n'),
        ("pyproject.toml", PYPROJECT + "[tool.coverage.run]\nomit = []\n"),
        (
            "pyproject.toml",
            PYPROJECT.replace("\n[tool.ruff]", '\n[project.entry-points.pytest11]\na = "b"\n[tool.ruff]'),
        ),
        ("setup.cfg", "[metadata]\nname = x\n[tool:pytest]\naddopts = -k no\n"),
        ("setup.cfg", "[metadata]\nname = x\n[ tool:pytest ]\naddopts = -k no\n"),
        ("setup.cfg", "[metadata]\rname = x\r[tool:pytest]\raddopts = -k no\r"),
        ("setup.cfg", "[metadata]\nname = x\n[tool:pytest]\naddopts =\n  -q\n  [x]\n  -p evil\n"),
        ("tox.ini", "[pytest]\naddopts = -k no\n"),
    ],
)
def test_the_test_part_of_a_mixed_file_is_put_back_however_it_is_spelled(path: str, after: str) -> None:
    found = guarded(PYTHON, {path: after, "till.py": "x = 1\n"})
    assert found.restored == (path,)
    if path in found.judged.files:
        assert "evil" not in judged(found, path)
        assert "-k no" not in judged(found, path)
        assert "pytest11" not in judged(found, path)


@pytest.mark.parametrize(
    ("path", "after"),
    [
        ("pyproject.toml", PYPROJECT.replace("100", "120")),
        ("pyproject.toml", PYPROJECT.replace("[tool.pytest.ini_options]", "[tool . 'pytest' . ini_options]")),
        ("setup.cfg", "[metadata]\nname = y\n[tool:pytest]\n# why\naddopts=-q\n"),
        ("tox.ini", "[tox]\nenvlist = py\n"),
    ],
)
def test_the_rest_of_a_mixed_file_is_judged_as_it_is(path: str, after: str) -> None:
    found = guarded(PYTHON, {path: after})
    assert found.restored == ()
    assert judged(found, path) == after


def test_only_the_test_part_is_put_back_and_the_rest_stays_changed() -> None:
    found = guarded(
        PYTHON,
        {
            "pyproject.toml": PYPROJECT.replace("-q", "-k no").replace("100", "120"),
            "setup.cfg": "[metadata]\nname = y\n[tool:pytest]\naddopts = -k no\n",
        },
    )
    assert found.product
    assert '"line-length" = 120' in judged(found, "pyproject.toml")
    assert '"addopts" = "-q"' in judged(found, "pyproject.toml")
    assert "name = y" in judged(found, "setup.cfg")
    assert "addopts = -q" in judged(found, "setup.cfg")


@pytest.mark.parametrize(
    "edit",
    [
        lambda p: p["scripts"].update(test="true"),
        lambda p: p["scripts"].update({"test:unit": "true"}),
        lambda p: p["scripts"].update(pretest="rm -r test"),
        lambda p: p["jest"]["maxWorkers"].update(a=2),
        lambda p: p["jest"].update(reporters=["./evil.js"]),
        lambda p: p.update(mocha={"spec": "x"}),
        lambda p: p.update(babel={"plugins": ["./evil.js"]}),
    ],
)
def test_every_script_and_block_of_tests_in_a_package_json_is_put_back(edit: object) -> None:
    package = json.loads(PACKAGE)
    assert callable(edit)
    edit(package)
    package["version"] = "2.0.0"
    found = guarded(NODE, {"package.json": json.dumps(package)})
    assert found.restored == ("package.json",)
    assert json.loads(judged(found, "package.json")) == json.loads(PACKAGE) | {"version": "2.0.0"}


def test_a_script_that_the_test_script_runs_is_one_of_its_own() -> None:
    files = NODE | {"package.json": '{"scripts": {"test": "npm run all", "all": "jest", "build": "tsc"}}'}
    harmless = {"package.json": '{"scripts": {"test": "npm run all", "all": "jest", "build": "tsc -p ."}}'}
    assert guarded(files, harmless).restored == ()
    assert guarded(files, {"package.json": '{"scripts": {"test": "npm run all", "all": "true"}}'}).restored


@pytest.mark.parametrize(
    ("files", "path", "after"),
    [
        (NODE, "jest.config.js", "module.exports = {}"),
        (NODE, "jest.setup.ts", "x"),
        (NODE, "vitest.config.mts", "export default {}"),
        (NODE, "babel.config.js", "x"),
        (NODE, ".babelrc", "{}"),
        (NODE, ".mocharc.yml", "spec: x"),
        (NODE, ".npmrc", "script-shell=./evil"),
        (NODE, "tsconfig.test.json", "{}"),
        (NODE, "tsconfig.json", '{"compilerOptions": {"paths": {"*": ["./evil/*"]}}}'),
        (NODE, "vite.config.ts", "export default { test: { include: [] } }"),
        (
            NODE | {"vite.config.ts": "export default { test: { globals: true } }"},
            "vite.config.ts",
            "export default {}",
        ),
        (RUST, ".cargo/config.toml", "[target.x]\nrunner = 'true'\n"),
        (RUST, "Cargo.toml", RUST["Cargo.toml"] + "[lib]\ntest = false\n"),
        (RUST, "Cargo.toml", "lib.harness = false\n" + RUST["Cargo.toml"]),
        (RUST, "Cargo.toml", RUST["Cargo.toml"] + '[[test]]\nname = "a"\nharness = false\n'),
        (RUST, "Cargo.toml", RUST["Cargo.toml"] + "autotests = false\n"),
    ],
)
def test_configuration_of_other_runners_is_put_back(files: dict[str, str], path: str, after: str) -> None:
    found = guarded(files, {path: after})
    assert found.restored == (path,)
    assert not found.product


JAVA = {
    "pom.xml": "<project><version>1</version><build><plugins><plugin><artifactId>maven-surefire-plugin</artifactId>"
    "</plugin></plugins></build></project>",
    "src/main/java/Till.java": "class Till {}",
    "src/test/java/TillTest.java": "class TillTest { @Test void a() {} }",
}
GRADLE = {
    "build.gradle.kts": 'plugins { java }\ntasks.test {\n    useJUnitPlatform()\n}\nversion = "1"\n',
    "src/test/java/TillTest.java": "class TillTest { @Test void a() {} }",
}


@pytest.mark.parametrize(
    ("files", "path", "swap", "touches"),
    [
        (JAVA, "pom.xml", ("</artifactId></plugin>", "</artifactId><skip>true</skip></plugin>"), True),
        (JAVA, "pom.xml", ("<build>", "<properties><skipTests>true</skipTests></properties><build>"), True),
        (JAVA, "pom.xml", ("<build>", "<build><testSourceDirectory>x</testSourceDirectory>"), True),
        (JAVA, "pom.xml", ("<version>1", "<version>2"), False),
        (GRADLE, "build.gradle.kts", ("useJUnitPlatform()", "useJUnitPlatform { excludeTags() }"), True),
        (GRADLE, "build.gradle.kts", ("\nversion", "\ntasks.withType<Test> { enabled = false }\nversion"), True),
        (GRADLE, "build.gradle.kts", ('"1"', '"2"'), False),
        (
            NODE | {"vite.config.ts": "export default { server: { port: 1 }, test: {} }"},
            "vite.config.ts",
            ("1", "2"),
            False,
        ),
        (
            NODE | {"tsconfig.json": '{"compilerOptions": {/* c */ "target": "es5",}}'},
            "tsconfig.json",
            ("es5", "es6"),
            False,
        ),
        (RUST, "Cargo.toml", ("0.1.0", "0.2.0"), False),
    ],
)
def test_a_build_file_counts_only_by_what_it_says_of_tests(
    files: dict[str, str], path: str, swap: tuple[str, str], *, touches: bool
) -> None:
    after = files[path].replace(*swap)
    assert after != files[path]
    assert guarded(files, {path: after}).restored == ((path,) if touches else ())


def test_configuration_below_a_folder_without_tests_is_data() -> None:
    found = guarded(PYTHON, {"templates/conftest.py": "x = 1\n", "templates/pytest.ini": "[pytest]\n"})
    assert found.restored == ()


@pytest.mark.parametrize(
    ("files", "path"),
    [
        ({**PYTHON, "testdata/out.txt": "1"}, "testdata/out.txt"),
        ({**PYTHON, "fixtures/out.json": "1"}, "fixtures/out.json"),
        ({**PYTHON, "golden/a": "1"}, "golden/a"),
        ({**PYTHON, "report.golden": "1"}, "report.golden"),
        ({**NODE, "src/__snapshots__/a.test.js.snap": "1"}, "src/__snapshots__/a.test.js.snap"),
        ({**PYTHON, "tests/test_a.py": TEST + "open('wanted/sums.csv')\n", "wanted/sums.csv": "1"}, "wanted/sums.csv"),
        ({**PYTHON, "e2e/pay.py": "1"}, "e2e/pay.py"),
        ({"t/basic.t": "ok 1;", "lib/Till.pm": "1"}, "t/basic.t"),
        (
            {
                **PYTHON,
                "checks.py": "def assert_total(a, b):\n    assert a == b\n",
                "tests/test_a.py": "from checks import assert_total\n" + TEST,
            },
            "checks.py",
        ),
        (
            {
                **PYTHON,
                "checking.py": "def same(a, b):\n    if a != b:\n        raise AssertionError(a)\n\n\ndef less(a, b):\n    assert a < b\n",
                "tests/test_a.py": "import till\nfrom checking import same\n" + TEST,
            },
            "checking.py",
        ),
        (
            {
                **NODE,
                "support/same.js": "exports.same = (a, b) => {\n  if (a !== b) throw new Error(`${a} is not ${b}`)\n}\n",
                "src/till.js": "exports.total = f\n",
                "test/till.test.js": "const { same } = require('../support/same')\nconst { total } = require('../src/till')\ntest('a', () => same(1, 1))\n",
            },
            "support/same.js",
        ),
        (
            {
                **NODE,
                "support/expecting.js": "const assert = require('assert')\nexports.same = assert.equal\n",
                "test/till.test.js": "const { same } = require('../support/expecting')\ntest('a', () => same(1, 1))\n",
            },
            "support/expecting.js",
        ),
        ({**PYTHON, "pytest.ini": "[pytest]\npython_files = check_*.py\n", "checks/check_a.py": TEST}, "checks/check_a.py"),
        ({**PYTHON, "pytest.ini": "[pytest]\ntestpaths = checks\npython_files = c*.py\n", "checks/c1.py": TEST, "checks/h.py": "1"}, "checks/c1.py"),
        ({**NODE, "package.json": '{"jest": {"testMatch": ["**/verify/*.js"]}}', "src/verify/a.js": "test('a', f)"}, "src/verify/a.js"),
        ({**NODE, "package.json": '{"jest": {"testRegex": "checks/.*\\\\.js$"}}', "checks/a.js": "test('a', f)"}, "checks/a.js"),
        ({**NODE, "vite.config.ts": "export default defineConfig({ test: { include: ['src/**/*.check.ts'] } })", "src/a.check.ts": "it('a', f)"}, "src/a.check.ts"),
        ({**NODE, ".mocharc.yml": "spec: [verify/**/*.js]\n", "verify/deep/a.js": "it('a', f)"}, "verify/deep/a.js"),
        ({**NODE, "package.json": '{"scripts": {"test": "mocha checks/*.js"}}', "checks/a.js": "it('a', f)"}, "checks/a.js"),
        ({**NODE, "package.json": '{"jest": {"setupFiles": ["<rootDir>/support/start.js"]}}', "support/start.js": "1"}, "support/start.js"),
    ],
)  # fmt: skip
def test_expectations_helpers_and_declared_tests_are_tests(files: dict[str, str], path: str) -> None:
    found = guarded(files, {path: "rewritten\n"})
    assert found.restored == (path,)
    assert not found.product


@pytest.mark.parametrize(
    ("files", "path"),
    [
        ({**PYTHON, "django/__init__.py": "", "django/test/__init__.py": "from django.test.client import Client\n",
          "django/test/client.py": "class Client: pass\n", "django/core.py": "from django.test.client import Client\n"},
         "django/test/client.py"),
        ({"src/jinja2/__init__.py": "", "src/jinja2/tests.py": "def test_odd(v): return v % 2\n",
          "src/jinja2/defaults.py": "from .tests import test_odd\n", "tests/test_a.py": TEST}, "src/jinja2/tests.py"),
        ({**PYTHON, "click/__init__.py": "", "click/testing.py": "class CliRunner: pass\n"}, "click/testing.py"),
        ({**PYTHON, "house/__init__.py": "", "house/testing/__init__.py": "", "house/testing/report.py": "x = 1\n"},
         "house/testing/report.py"),
        ({**PYTHON, "src/fixtures/index.py": "x = 1\n"}, "src/fixtures/index.py"),
        ({**PYTHON, "src/tool/__init__.py": "", "src/tool/plugin.py": "import pytest\n",
          "tests/test_a.py": "from tool import plugin\n" + TEST}, "src/tool/plugin.py"),
        ({**PYTHON, "pytest.ini": "[pytest]\ntestpaths = src\npython_files = *.py\n", "src/till.py": "x = 1\n"}, "src/till.py"),
        ({**PYTHON, "shop/__init__.py": "", "shop/data/rates.json": "1", "tests/test_a.py": TEST + "'rates.json'\n"},
         "shop/data/rates.json"),
        ({**PYTHON, "README.md": "1", "tests/test_a.py": TEST + "open('README.md')\n"}, "README.md"),
        ({"checking.py": "def positive(n):\n    assert n > 0\n", "tests/test_a.py": "import checking\n" + TEST}, "checking.py"),
        ({**PYTHON, "sums.py": "def add(a, b):\n    assert a\n    return a + b\n", "tests/test_a.py": "import till, sums\n" + TEST},
         "sums.py"),
    ],
)  # fmt: skip
def test_the_product_is_judged_wherever_it_lies(files: dict[str, str], path: str) -> None:
    found = guarded(files, {path: "y = 2\n"})
    assert (found.restored, found.refused) == ((), ())
    assert found.product


DOCUMENTED = 'def total(prices):\n    """Add.\n\n    >>> total([1])\n    1\n    """\n    return len(prices)\n'


def test_a_doctest_that_the_suite_runs_is_judged_as_it_was() -> None:
    files = {**PYTHON, "till.py": DOCUMENTED, "pytest.ini": "[pytest]\naddopts = --doctest-modules\n"}
    found = guarded(files, {"till.py": DOCUMENTED.replace("    1\n", "    2\n").replace("len", "sum")})
    assert found.restored == ("till.py",)
    assert judged(found, "till.py") == DOCUMENTED.replace("len", "sum")
    assert found.product
    assert not guarded(files, {"till.py": DOCUMENTED.replace("    1\n", "    2\n")}).product
    added = DOCUMENTED.replace("    1\n", "    1\n    >>> total([])\n    0\n")
    assert guarded(files, {"till.py": added}).restored == ()


def test_a_doctest_that_nothing_runs_is_documentation() -> None:
    files = {**PYTHON, "till.py": DOCUMENTED}
    assert guarded(files, {"till.py": DOCUMENTED.replace("    1\n", "    2\n")}).restored == ()


def test_a_document_whose_examples_run_is_a_test() -> None:
    files = {**PYTHON, "docs/use.md": ">>> 1\n1\n", "pytest.ini": "[pytest]\naddopts = --doctest-glob=*.md\n"}
    assert guarded(files, {"docs/use.md": "x"}).restored == ("docs/use.md",)


def test_inline_tests_of_rust_are_judged_as_they_were_and_new_ones_stay() -> None:
    lib = RUST["src/lib.rs"]
    fixed = lib.replace("p.len() as i32", "p.iter().sum()")
    weakened = guarded(RUST, {"src/lib.rs": fixed.replace("assert_eq!(total(&[1]), 1);", "")})
    assert weakened.restored == ("src/lib.rs",)
    assert judged(weakened, "src/lib.rs") == fixed
    ignored = guarded(RUST, {"src/lib.rs": fixed.replace("#[test]", "#[test]\n    #[ignore]")})
    assert judged(ignored, "src/lib.rs") == fixed
    assert "fn adds" in judged(guarded(RUST, {"src/lib.rs": fixed[: fixed.index("#[cfg")]}), "src/lib.rs")
    added = fixed.replace("    #[test]", "    #[test]\n    fn none() { assert_eq!(total(&[]), 0); }\n\n    #[test]")
    assert guarded(RUST, {"src/lib.rs": added}).restored == ()
    only = lib.replace("    #[test]", "    #[test]\n    fn none() { assert_eq!(total(&[]), 0); }\n\n    #[test]")
    assert not guarded(RUST, {"src/lib.rs": only}).product


def test_a_doctest_of_rust_is_judged_as_it_was() -> None:
    lib = "/// Adds.\n/// ```\n/// assert_eq!(till::total(&[1]), 1);\n/// ```\n" + RUST["src/lib.rs"]
    files = {**RUST, "src/lib.rs": lib}
    found = guarded(files, {"src/lib.rs": lib.replace(", 1);\n/// ```", ", 2);\n/// ```").replace("len()", "count()")})
    assert judged(found, "src/lib.rs") == lib.replace("len()", "count()")


def test_in_source_tests_of_vitest_are_judged_as_they_were() -> None:
    source = "export const total = p => p.length\nif (import.meta.vitest) {\n  it('a', () => expect(total([1])).toBe(1))\n}\n"
    files = {**NODE, "src/till.ts": source}
    fixed = source.replace("p.length", "p.at(0)")
    found = guarded(files, {"src/till.ts": fixed.replace("toBe(1)", "toBe(2)")})
    assert judged(found, "src/till.ts") == fixed


def test_what_the_test_command_runs_is_put_back() -> None:
    files = {**PYTHON, "run-tests.sh": "python -m pytest\n", "Makefile": "test:\n\tsh run-tests.sh\n"}
    changes = {"run-tests.sh": "true\n", "Makefile": "test:\n\ttrue\n", "till.py": "x = 1\n"}
    assert guarded(files, changes, "make test").restored == ("Makefile", "run-tests.sh")
    assert guarded(files, changes, "sh run-tests.sh").restored == ("run-tests.sh",)
    assert guarded(files, changes, "pytest").restored == ()


def test_a_new_file_that_the_test_command_would_pick_up_is_left_out() -> None:
    files = {**PYTHON, "Makefile": "test:\n\tpytest\n"}
    found = guarded(files, {"GNUmakefile": "test:\n\ttrue\n", "till.py": "x = 1\n"}, "make test")
    assert (found.restored, found.judged.paths) == (("GNUmakefile",), ("till.py",))


def test_a_new_package_between_existing_tests_and_theirs_is_left_out() -> None:
    files = {**NODE, "package.json": "{}", "test/till.test.js": "import '#till'\n", "packages/one/index.js": "1"}
    for path, restored in (("test/package.json", True), ("packages/one/package.json", False)):
        found = guarded(files, {path: '{"imports": {"#till": "./fake.js"}}', "src/till.js": "1\n"})
        assert (path in found.restored) is restored


def test_a_comment_in_rust_is_judged_like_one_in_any_language() -> None:
    assert guarded(RUST, {"src/lib.rs": RUST["src/lib.rs"] + "// fixed\n"}).product
    example = "/// ```\n/// assert_eq!(1, 1);\n/// ```\n" + RUST["src/lib.rs"]
    assert not guarded(RUST, {"src/lib.rs": example}).product


def test_a_mode_alone_is_a_change() -> None:
    files = {"till.py": "x = 1\n", "tests/test_a.py": TEST}
    found = guard(Patch({"till.py": b"x = 1\n"}, frozenset({"till.py"})), memory_workspace(files))
    assert found.judged.executable == {"till.py"}
    assert found.product


def test_notes_tell_of_changed_configuration_and_of_skips() -> None:
    found = guarded(PYTHON, {"conftest.py": "x = 1\n", "tests/test_a.py": "@pytest.mark.skip\n" + TEST})
    assert any("changes how tests are run" in note for note in found.notes)
    assert any("skips or silences tests" in note for note in found.notes)


def test_a_large_repository_is_read_a_few_times_and_not_once_for_each_test() -> None:
    files = {
        f"house/p{n}/tests/{name}": "import house\n" for n in range(60) for name in ("__init__.py", "test_a.py", "u.py")
    }
    files |= {f"house/p{n}/{name}": "x = 1\n" for n in range(60) for name in ("__init__.py", "a.py")}
    workspace = MemoryWorkspace(
        {**files, "house/__init__.py": "", "pytest.ini": "[pytest]\naddopts = --doctest-modules\n"}
    )
    patch = Patch({"house/p1/a.py": b"x = 2\n", "pytest.ini": b"[pytest]\n", "house/p1/tests/u.py": b"x = 2\n"})
    assert guard(patch, cast("Workspace", workspace)).restored == ("house/p1/tests/u.py", "pytest.ini")
    assert workspace.reads < 4 * len(files)
