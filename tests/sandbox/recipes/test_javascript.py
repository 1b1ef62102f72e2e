"""package.json's scripts as real repositories write them, unfolded to their runners. Nothing is run but `sh -n`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from sandbox.recipe import Recipe, ReportFormat
from sandbox.recipes.discovery import discover
from sandbox.recipes.javascript_install import satisfies
from sandbox.recipes.javascript_packages import path_matches
from tests.fakes.origin import Origin

Found = Callable[[Mapping[str, object]], Recipe]


@pytest.fixture
def found(tmp_path: Path) -> Found:
    """The recipe of a repository with these files; what is no text is written as JSON."""

    def find(files: Mapping[str, object]) -> Recipe:
        origin = Origin(tmp_path / "repo")
        origin.commit({path: f if isinstance(f, str) else json.dumps(f) for path, f in files.items()})
        with origin.workspace(tmp_path / "home") as workspace:
            recipe, tried = discover(workspace, setup=None, test=None, image=None)
        assert recipe is not None, tried
        for line in (*recipe.setup, recipe.test, recipe.test_only or ""):
            assert subprocess.run(["sh", "-n", "-c", line.replace("{junit}", "x")], check=False).returncode == 0, line
        return recipe

    return find


def package(test: str, **more: object) -> dict[str, object]:
    scripts = more.pop("scripts", {})
    assert isinstance(scripts, dict)
    return {"name": "p", "scripts": {"test": test, **scripts}, **more}


JUNIT, TAP = ReportFormat.JUNIT, ReportFormat.TAP


@pytest.mark.parametrize(
    ("script", "scripts", "runner", "report", "part"),
    [
        ("node --test test/", {}, "node", JUNIT, 'node --test --test-reporter="${PENNYFIX_NODE_REPORTER:-junit}" --test-reporter-destination={junit} test/'),
        ("node --import tsx --test", {}, "node", JUNIT, "node --test --import tsx --test-reporter="),
        ('glob -c "node --import tsx --test" "./test/**/*.test.js"', {}, "node", JUNIT, 'node --test --import tsx --test-reporter="${PENNYFIX_NODE_REPORTER:-junit}" --test-reporter-destination={junit} "./test/**/*.test.js"'),
        ("eslint . && vitest run --coverage", {}, "vitest", JUNIT, "vitest run --reporter=default --reporter=junit --outputFile.junit={junit}"),
        ("vitest --run --typecheck", {}, "vitest", JUNIT, "vitest run --typecheck --reporter=default"),
        ("npm run build && npm run unit", {"build": "tsc", "unit": "jest --coverage --bail src"}, "jest", JUNIT, " jest src --ci"),
        ("node --experimental-vm-modules node_modules/jest/bin/jest.js -i", {}, "jest", JUNIT, "node --experimental-vm-modules node_modules/jest/bin/jest.js -i --ci"),
        ("NODE_ENV=test nyc --reporter lcov mocha -r ts-node/register", {}, "mocha", JUNIT, 'NODE_ENV=test mocha -r ts-node/register ${PENNYFIX_MOCHA_RECORD:+--require "$PENNYFIX_MOCHA_RECORD"} --reporter xunit'),
        ("mocha --require test/env --reporter spec --check-leaks test/", {}, "mocha", JUNIT, 'mocha --require test/env --check-leaks ${PENNYFIX_MOCHA_RECORD:+--require "$PENNYFIX_MOCHA_RECORD"} --reporter xunit --reporter-option output={junit} test/'),
        ("cross-env TZ=UTC mocha -R dot -b --ui tdd", {}, "mocha", JUNIT, 'TZ=UTC mocha --ui tdd ${PENNYFIX_MOCHA_RECORD:+--require "$PENNYFIX_MOCHA_RECORD"} --reporter xunit'),
        ("xo && c8 ava && tsd", {}, "ava", TAP, "; ava --tap"),
        ("nyc tape 'test/**/*.js'", {}, "tape", TAP, "tape 'test/**/*.js' $(ls test/[a-z]"),
        ("tape test/*.js | tap-spec", {}, "tape", TAP, "tape test/*.js"),
        ("tap --reporter terse", {}, "tap", TAP, "tap --disable-coverage -R tap"),
        ("c8 --reporter html borp --reporter=x", {}, "borp", JUNIT, "borp --reporter=junit:{junit}"),
        ("lab -t 100 -a @hapi/code -L", {}, "lab", JUNIT, "lab -a @hapi/code -r junit -o {junit}"),
        ("bun test", {}, "bun", JUNIT, "bun test --reporter=junit --reporter-outfile={junit}"),
        ("run-s lint test:*", {"lint": "eslint .", "test:unit": "vitest run src", "test:types": "tsc --noEmit"}, "vitest", JUNIT, '--outputFile.junit={junit} ${PENNYFIX_VITEST_REPORTER:+--reporter="$PENNYFIX_VITEST_REPORTER"} src'),
        ("npm-run-all -p 'test:**'", {"test:a:b": "jest a"}, "jest", JUNIT, "jest a --ci"),
        ('concurrently "npm:lint" "npm:unit"', {"lint": "eslint", "unit": "mocha"}, "mocha", JUNIT, "mocha ${PENNYFIX_MOCHA_RECORD"),
        ("pnpm run /^unit:/", {"unit:a": "vitest run a"}, "vitest", JUNIT, '"$PENNYFIX_VITEST_REPORTER"} a'),
        ("yarn unit --ci", {"unit": "yarn jest"}, "jest", JUNIT, "jest --ci"),
        ("npm run unit -- --retry 2", {"unit": "vitest run"}, "vitest", JUNIT, "vitest run --retry 2"),
        ("node --run unit", {"unit": "node --test"}, "node", JUNIT, "node --test --test-reporter"),
        ("wireit", {"unit": "mocha"}, "mocha", JUNIT, "mocha ${PENNYFIX_MOCHA_RECORD"),
        ("react-scripts test --watchAll=false", {}, "jest", JUNIT, "react-scripts test --ci"),
        ("node test/a.test.js", {}, "tape", TAP, "node test/a.test.js"),
        ("vitest run || exit 1", {}, "vitest", JUNIT, "vitest run --reporter"),
    ],
)  # fmt: skip
def test_scripts_are_unfolded_to_their_runner(
    script: str, scripts: dict[str, str], runner: str, report: ReportFormat, part: str, found: Found
) -> None:
    wireit = {"test": {"dependencies": ["unit"]}}
    files = {
        "package.json": package(script, scripts=scripts, wireit=wireit),
        "test/a.test.js": "const test = require('tape')\n",
        "src/b.test.js": "",
        "a/c.test.js": "",
    }
    recipe = found(files)
    assert (recipe.runner, recipe.report) == (runner, report)
    assert part in recipe.test
    assert "coverage" not in recipe.test.replace("--disable-coverage", "")
    assert recipe.canary is not None
    assert recipe.test_only is not None


@pytest.mark.parametrize("script", ["make check", "node build.js", "playwright test", "tsd"])
def test_what_is_no_known_runner_is_judged_by_its_exit_code_alone(script: str, found: Found) -> None:
    recipe = found({"package.json": package(script), "test/a.test.js": ""})
    assert (recipe.report, recipe.canary) == (ReportFormat.EXIT_CODE, None)


def test_a_step_before_the_tests_is_done_if_set_up_could_do_it_and_checks_of_style_never(found: Found) -> None:
    scripts = {"pretest": "npm run build", "build": "rollup -c", "posttest": "npm audit"}
    recipe = found({"package.json": package("eslint . && mocha", scripts=scripts), "test/a.js": ""})
    assert recipe.setup[-1].endswith('(rollup -c) && : >"$PENNYFIX_ENV/step-0" || true')
    assert '{ [ ! -e "$PENNYFIX_ENV/step-0" ] || (rollup -c) >&2; } && mocha ' in recipe.test
    assert "eslint" not in recipe.test
    assert "audit" not in recipe.test


def test_a_build_that_ci_does_before_its_tests_is_done_again_before_each_run(found: Found) -> None:
    steps = [{"run": "npm ci"}, {"run": "npm run build"}, {"run": "npm test"}]
    workflow = {"jobs": {"test": {"steps": steps}}}
    files = {"package.json": package("mocha", scripts={"build": "tsc"}), "test/a.js": ""}
    assert "npm run --silent build" in found({**files, ".github/workflows/ci.yml": workflow}).test


WORKSPACES = {
    "package.json": package("turbo run test", workspaces=["packages/*"]),
    "packages/one/package.json": package("vitest run"),
    "packages/one/src/x.test.ts": "",
    "packages/one/src/y.test.ts": "",
    "packages/two/package.json": package("mocha --reporter dot"),
    "packages/two/test/z.js": "",
    "packages/three/package.json": {"name": "three"},
    "fixtures/four/package.json": package("jest"),
}


@pytest.mark.parametrize(
    "script",
    ["turbo run test", "lerna run test", "pnpm -r test", "yarn workspaces foreach -A run test", "npm test --workspaces",
     "nx run-many -t test", "npm run test -ws --if-present", "yarn workspaces run test"],
)  # fmt: skip
def test_each_package_of_a_workspace_leaves_a_report_of_its_own(script: str, found: Found) -> None:
    recipe = found({**WORKSPACES, "package.json": package(script, workspaces=["packages/*"])})
    assert recipe.report is ReportFormat.FOLDER
    assert "cd 'packages/one'" in recipe.test
    assert "--outputFile.junit={junit}/packages%2Fone.0.xml" in recipe.test
    assert "output={junit}/packages%2Ftwo.1.xml" in recipe.test
    assert "four" not in recipe.test
    assert recipe.canary is not None
    assert recipe.canary.path == "packages/one/src/{name}.test.ts"
    assert recipe.canary.content.startswith("// @ts-nocheck\n")
    assert recipe.test.endswith("exit $failed")


def test_a_filter_chooses_packages(found: Found) -> None:
    recipe = found({**WORKSPACES, "package.json": package("pnpm --filter two test", workspaces=["packages/*"])})
    assert "packages/one" not in recipe.test
    assert "packages%2Ftwo.0.xml" in recipe.test


def test_chosen_tests_are_given_to_their_own_packages(found: Found, tmp_path: Path) -> None:
    recipe = found(WORKSPACES)
    for name in ("vitest", "mocha"):
        stub = tmp_path / "bin" / name
        stub.parent.mkdir(exist_ok=True)
        stub.write_text(f'#!/bin/sh\necho {name} "$(basename "$PWD")" "$*" >>"$LOG"\n')
        stub.chmod(0o755)
    line = recipe.command(f"{tmp_path}/reports", ["packages/two/test/z.js::suite::name", "packages/gone.js"])
    environment = {"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "PENNYFIX_ENV": str(tmp_path), "LOG": f"{tmp_path}/log"}
    subprocess.run(["sh", "-c", line], cwd=tmp_path / "repo", env=environment, check=True)
    said = (tmp_path / "log").read_text()
    assert said.startswith("mocha two ")
    assert said.endswith(" test/z.js\n")
    assert "vitest" not in said


@pytest.mark.parametrize(
    ("files", "parts"),
    [
        ({"pnpm-lock.yaml": "lockfileVersion: '9.0'\n"}, ["'pnpm@10'", "pnpm install"]),
        ({"pnpm-lock.yaml": "lockfileVersion: '6.0'\n"}, ["'pnpm@8'"]),
        ({"pnpm-lock.yaml": "lockfileVersion: 5.4\n"}, ["'pnpm@7'"]),
        ({"yarn.lock": "# yarn lockfile v1\n"}, ["'yarn@1.22.22'", "--frozen-lockfile"]),
        ({"yarn.lock": "# x\n__metadata:\n  version: 8\n"}, ["'@yarnpkg/cli-dist@4'", "--immutable"]),
        ({"yarn.lock": "__metadata:\n  version: 6\n", ".yarnrc.yml": "yarnPath: .yarn/releases/yarn-3.cjs\n", ".yarn/releases/yarn-3.cjs": ""}, ['"$OLDPWD/.yarn/releases/yarn-3.cjs"']),
        ({"bun.lock": "{}"}, ["'bun@latest'", "bun install --frozen-lockfile"]),
        ({"package-lock.json": "{}"}, ["npm ci", "|| npm install"]),
        ({}, ["npm install --no-audit"]),
    ],
)  # fmt: skip
def test_the_lock_says_which_package_manager_installs(files: dict[str, str], parts: list[str], found: Found) -> None:
    setup = "\n".join(found({"package.json": package("mocha"), "test/a.js": "", **files}).setup)
    for part in parts:
        assert part in setup


@pytest.mark.parametrize(
    ("field", "tool"),
    [("pnpm@10.12.1+sha512.abc", "'pnpm@10.12.1'"), ("yarn@4.4.1", "'@yarnpkg/cli-dist@4.4.1'"), ("yarn@1.22.19", "'yarn@1.22.19'")],
)  # fmt: skip
def test_the_packagemanager_field_outranks_the_lock(field: str, tool: str, found: Found) -> None:
    recipe = found({"package.json": package("mocha", packageManager=field), "test/a.js": "", "package-lock.json": "{}"})
    assert tool in recipe.setup[0]


@pytest.mark.parametrize(
    ("files", "engines", "major"),
    [
        ({".nvmrc": "v20.11.0\n"}, "", 20),
        ({".nvmrc": "lts/hydrogen"}, "", 18),
        ({".nvmrc": "16"}, "", 18),
        ({".node-version": "21.1"}, "", 22),
        ({".tool-versions": "ruby 3\nnodejs 22.1.0\n"}, "", 22),
        ({}, ">=18", 24),
        ({}, "^18 || ^20", 20),
        ({}, ">=16 <21", 20),
        ({}, "^26.1.0", 26),
        ({".github/workflows/a.yml": "jobs: {t: {strategy: {matrix: {n: [18, 20.x]}}, steps: [{uses: actions/setup-node@v4, with: {node-version: '${{ matrix.n }}'}}]}}"}, "", 20),
        ({}, "", 24),
    ],
)  # fmt: skip
def test_the_repository_says_which_node_it_runs_on(
    files: dict[str, str], engines: str, major: int, found: Found
) -> None:
    recipe = found({"package.json": package("mocha", engines={"node": engines}), "test/a.js": "", **files})
    assert f"/opt/node/{major}/bin" in recipe.test
    assert all(f"/opt/node/{major}/bin" in line for line in recipe.setup)


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (">=18", True), ("18 || 20 || >=22", True), ("^12.17.0 || ^14.13 || >=16.0.0", True), ("<20", False), ("20.x", True),
        ("18 - 20", True), (">20", True), ("~18.1", False), (">=18 <20", False), ("<=20", True), ("*", True), (">= 18", True), ("<20.5", True),
    ],
)  # fmt: skip
def test_ranges_of_node_are_understood(wanted: str, fits: bool) -> None:
    assert satisfies(20, wanted) is fits


@pytest.mark.parametrize(
    ("path", "pattern", "fits"),
    [
        ("a/b.js", "a/*.js", True), ("a/b/c.js", "a/*.js", False), ("a/b/c.js", "a/**/*.js", True), ("a/c.js", "a/**/*.js", True),
        ("a/b.ts", "a/*.{js,ts}", True), ("a/b.ts", "**/*.js", False), ("packages/x", "packages/*", True),
    ],
)  # fmt: skip
def test_globs_mean_what_they_mean_to_javascripts_tools(path: str, pattern: str, fits: bool) -> None:
    assert path_matches(path, pattern) is fits


@pytest.mark.parametrize(
    ("runner", "path", "module", "part"),
    [
        ("ava", "test/a.js", True, "import test from 'ava'"),
        ("ava", "test/a.js", False, "require('ava')"),
        ("node --test", "test/a.test.mjs", False, "import test from 'node:test'"),
        ("tape test/*.js", "test/a.js", False, "const test = require('tape')"),
        ("mocha", "test/test-a.js", False, "globalThis.it"),
    ],
)
def test_the_canary_is_written_as_its_neighbours_are(
    runner: str, path: str, module: bool, part: str, found: Found
) -> None:
    recipe = found({"package.json": package(runner, type="module" if module else "commonjs"), path: "", "lib.js": "x"})
    assert recipe.canary is not None
    assert part in recipe.canary.content
    assert recipe.canary.path == path.replace("/a", "/{name}").replace("-a", "-{name}")


def test_where_every_folder_has_a_test_of_one_name_the_canary_has_a_folder_of_its_own(found: Found) -> None:
    files = {f"src/{name}/test.ts": "" for name in ("add", "sub", "mul", "div")}
    recipe = found({"package.json": package("vitest run"), "examples/x/a.test.ts": "", **files})
    assert recipe.canary is not None
    assert recipe.canary.path == "src/{name}/test.ts"


def test_what_a_package_does_in_a_browser_is_no_step_before_the_tests(found: Found) -> None:
    files = {
        **WORKSPACES,
        "packages/three/package.json": package("tsc && node ../run-web-tests.js"),
        "packages/one/package.json": package("rollup -c && vitest run"),
    }
    recipe = found(files)
    assert "web-tests" not in recipe.test
    assert "tsc" not in recipe.test
    assert "rollup -c" in recipe.test


def test_a_runner_that_no_script_starts_is_found_among_the_dependencies(found: Found) -> None:
    recipe = found({"package.json": {"devDependencies": {"vitest": "^3"}}, "src/a.test.ts": ""})
    assert recipe.runner == "vitest"


def test_an_older_tap_is_told_in_its_own_words_to_leave_coverage_out(found: Found) -> None:
    recipe = found({"package.json": package("tap", devDependencies={"tap": "^16.3.0"}), "test/a.js": ""})
    assert "tap --no-coverage -R tap" in recipe.test


def test_a_set_up_that_is_given_still_has_its_node_and_its_package_manager(tmp_path: Path) -> None:
    files = {
        "package.json": json.dumps(package("mocha", scripts={"pretest": "rollup -c"})),
        "pnpm-lock.yaml": "lockfileVersion: '9.0'\n",
        ".nvmrc": "22",
        "test/a.js": "",
    }
    origin = Origin(tmp_path / "repo")
    origin.commit(files)
    with origin.workspace(tmp_path / "home") as workspace:
        recipe, _ = discover(workspace, setup=["pnpm i"], test=None, image=None)
    assert recipe is not None
    tool, install, step = recipe.setup
    assert "'pnpm@10'" in tool
    assert install == 'PATH="$PENNYFIX_ENV/bin:/opt/node/22/bin:$PATH"; export PATH; pnpm i'
    assert "(rollup -c)" in step


def test_scripts_that_call_each_other_end(found: Found) -> None:
    recipe = found({"package.json": package("npm run a", scripts={"a": "npm test"}), "test/a.js": ""})
    assert recipe.report is ReportFormat.EXIT_CODE
