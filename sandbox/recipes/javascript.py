"""JavaScript and TypeScript: package.json's test script, unfolded to its runners, each told to leave a report."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

from sandbox.recipe import CANARY_GLOB, Canary, Recipe, ReportFormat
from sandbox.recipes.ci_workflow import Hints, jobs_of, workflow_paths
from sandbox.recipes.javascript_install import GLOBAL, PackageManager, install_lines, manager_of, node_major, node_path
from sandbox.recipes.javascript_packages import JavaScriptPackages, read_packages
from sandbox.recipes.javascript_runs import RunnerStart, is_test, recognised, test_files
from sandbox.recipes.javascript_scripts import ScriptCommand, unfold
from sandbox.repository.workspace import Workspace

MODULES = "$PENNYFIX_ENV/lib/node_modules"
BIN = 'PATH="$PWD/node_modules/.bin:$PATH"; export PATH; '

# runner → (flags that write the report, packages for them, the body of a failing test)
_BLOCK = "('{name}', () => { {failure} })\n"
RUNNERS: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "vitest": (
        "--reporter=default --reporter=junit --outputFile.junit={junit} "
        '${PENNYFIX_VITEST_REPORTER:+--reporter="$PENNYFIX_VITEST_REPORTER"}',
        (),
        "import { test } from 'vitest'\ntest" + _BLOCK,
    ),
    "jest": (f'--ci --reporters=default --reporters="{MODULES}/jest-junit"', ("jest-junit",), "test" + _BLOCK),
    "mocha": (
        '${PENNYFIX_MOCHA_RECORD:+--require "$PENNYFIX_MOCHA_RECORD"} '
        "--reporter xunit --reporter-option output={junit}",
        (),
        "(globalThis.it || globalThis.test)" + _BLOCK,
    ),
    "node": (
        '--test-reporter="${PENNYFIX_NODE_REPORTER:-junit}" --test-reporter-destination={junit}',
        (),
        "{load:test:node:test}test" + _BLOCK,
    ),
    "borp": ("--reporter=junit:{junit}", (), "{load:test:node:test}test" + _BLOCK),
    "bun": ("--reporter=junit --reporter-outfile={junit}", (), "import { test } from 'bun:test'\ntest" + _BLOCK),
    "lab": (
        "-r junit -o {junit}",
        (),
        "{load:Lab:@hapi/lab}const lab = exports.lab = Lab.script()\nlab.test" + _BLOCK,
    ),
    # the rest print TAP
    "ava": ("--tap", (), "{load:test:ava}test('{name}', t => { t.fail('2 + 2 is not 5') })\n"),
    "tape": ("", (), "{load:test:tape}test('{name}', t => { t.fail('2 + 2 is not 5'); t.end() })\n"),
    "tap": ("-R tap", (), "{load:test:tap}test.test('{name}', t => { t.fail('2 + 2 is not 5'); t.end() })\n"),
    "qunit": ("--reporter tap", (), "QUnit.test('{name}', assert => { assert.ok(false, '2 + 2 is not 5') })\n"),
}
TAP = ("ava", "tape", "tap", "qunit")
JEST_JUNIT = (
    "JEST_JUNIT_OUTPUT_FILE={junit} JEST_JUNIT_ADD_FILE_ATTRIBUTE=true "
    "JEST_JUNIT_CLASSNAME='{classname}' JEST_JUNIT_TITLE='{title}' JEST_JUNIT_REPORT_TEST_SUITE_ERRORS=true "
)


SCRIPTS = (
    "test", "test:unit", "unit", "test:ci", "test-ci", "tests-only", "tests", "test:node", "test:all", "test-unit",
    "unit-test", "unit-tests", "test:run", "test:js", "test:jest", "test:vitest", "test:mocha", "jest", "vitest",
    "mocha", "tap",
)  # fmt: skip
"""The scripts that may be the tests, the usual name first."""
_CHOSEN = '$(for t in {tests}; do t="${t%%::*}"; [ ! -f "$t" ] || echo "$t"; done | sort -u)'
# `chosen FOLDER TEST...` prints the files among TEST (files or ids) that are below FOLDER, as paths from there
_BELOW = (
    'chosen() { d=$1; shift; for t; do t="${t%%::*}"; case "$t" in "$d"*) [ ! -f "$t" ] || echo "${t#"$d"}";; esac; '
    "done | sort -u; }; "
)


def find_javascript(workspace: Workspace, hints: Hints) -> Recipe | str:  # noqa: ARG001 - one shape for all finders
    """The recipe of a repository with a package.json, or why there is none."""
    packages = read_packages(workspace)
    if packages is None:
        return "JavaScript: there is no readable package.json"
    manager = manager_of(packages)
    runs, before, rest = _plan(packages)
    script = packages.script("", "test")
    if not runs and (not script or "no test specified" in script):
        return "JavaScript: package.json has no `test` script, and no test runner is among its dependencies"
    start = node_path(node_major(packages))
    extras = dict.fromkeys(p for run in runs for p in RUNNERS[run.runner][1])
    setup = [start + line for line in (*install_lines(manager, packages), *(f"{GLOBAL} {p}" for p in extras))]
    steps = [*_ci_build(packages, manager, runs), *dict.fromkeys(_line(c) for c in before)]
    for number, step in enumerate(steps):  # a step that cannot even be done with network is no part of the tests
        setup.append(f'{start}{BIN}({step}) && : >"$PENNYFIX_ENV/step-{number}" || true')
    wait = "".join(f'{{ [ ! -e "$PENNYFIX_ENV/step-{n}" ] || ({step}) >&2; }} && ' for n, step in enumerate(steps))
    manifests = [posixpath.join(f, "package.json") for f in packages.by_folder]
    tools = ("pnpm-workspace.yaml", ".npmrc", ".nvmrc", ".node-version", ".yarnrc.yml", ".tool-versions")
    inputs = (*sorted(manifests), *(p for p in (manager.lock, *tools) if p in packages.paths))
    source = manager.lock or "package.json"
    recipe = Recipe("javascript", tuple(setup), "", ReportFormat.EXIT_CODE, source, inputs=inputs)
    if not runs:
        line = " && ".join(f"({_line(c)})" for c in rest) or manager.run("test")
        return replace(recipe, test=start + BIN + wait + line)
    return _reporting(recipe, packages, runs, start + BIN + wait)


def _reporting(recipe: Recipe, packages: JavaScriptPackages, runs: Sequence[RunnerStart], prefix: str) -> Recipe:
    """The recipe with its test commands: one runner at the root by itself, else one report for each run."""
    runs = [_without_coverage(packages, run) for run in runs]
    files = {run: test_files(packages, run) for run in runs}
    main = max(runs, key=lambda run: len(files[run]))
    folder, name = _place(files[main])
    content = _content(main, packages, name)
    canary = Canary(posixpath.join(folder, name), content) if files[main] else None
    positional = _with_canary(main, folder, name) if canary else main.positional
    runs = [replace(run, positional=positional) if run == main else run for run in runs]
    recipe = replace(recipe, runner=main.runner, test_folder=folder, canary=canary)
    if len(runs) == 1 and not runs[0].folder:
        run = runs[0]
        return replace(
            recipe,
            test=prefix + _command(run, " ".join(run.positional), "{junit}"),
            test_only=prefix + _command(run, _CHOSEN, "{junit}"),
            report=ReportFormat.TAP if run.runner in TAP else ReportFormat.JUNIT,
        )
    every, chosen = [], []
    for number, run in enumerate(runs):
        report = f"{{junit}}/{quote(run.folder, safe='')}.{number}.{'tap' if run.runner in TAP else 'xml'}"
        to = f" >{report}" if run.runner in TAP else ""
        below = f"{run.folder}/" if run.folder else ""
        into = f"cd '{run.folder}' && {BIN}" if run.folder else ""
        after = f" || [ ! -s {report} ] || failed=1"  # what leaves no report did not run, and is missing in the end
        every.append(f"({into}{_command(run, ' '.join(run.positional), report)}{to}){after}; ")
        some = f"({into}{_command(run, '$files', report)}{to}){after}"
        chosen.append(f"files=$(chosen '{below}' {{tests}}); [ -z \"$files\" ] || {{ {some}; }}; ")
    start = f"{prefix}mkdir -p {{junit}} && failed=0; "
    return replace(
        recipe,
        test=f"{start}{''.join(every)}exit $failed",
        test_only=f"{_BELOW}{start}{''.join(chosen)}exit $failed",
        report=ReportFormat.FOLDER,
    )


def _without_coverage(packages: JavaScriptPackages, run: RunnerStart) -> RunnerStart:
    """Tap measures coverage unless it is told not to, and fails where it is not complete."""
    if run.runner != "tap":
        return run
    version = re.search(r"\d+", packages.version(run.folder, "tap"))
    older = version is not None and int(version[0]) < 18  # noqa: PLR2004 - the release that renamed the option
    return replace(run, options=(*run.options, "--no-coverage" if older else "--disable-coverage"))


def _plan(packages: JavaScriptPackages) -> tuple[list[RunnerStart], list[ScriptCommand], list[ScriptCommand]]:
    """The runs of the tests, the commands that must come before them, and every command that may judge behaviour."""
    rest: list[ScriptCommand] = []
    for script in SCRIPTS:
        commands = [c for c in unfold(packages, "", script) if is_test(c)]
        runs, before = _split(packages, commands)
        if runs:
            return runs, before, commands
        rest = rest or commands
    commands = [c for folder in packages.members() for c in unfold(packages, folder, "test") if is_test(c)]
    runs, before = _split(packages, commands)
    return (runs, before, commands) if runs else (_by_dependency(packages), [], rest)


def _split(
    packages: JavaScriptPackages, commands: Sequence[ScriptCommand]
) -> tuple[list[RunnerStart], list[ScriptCommand]]:
    """Runs, and what comes before the first of them in the same packages: what is done elsewhere is a test itself."""
    runs: list[RunnerStart] = []
    before: list[ScriptCommand] = []
    for command in commands:
        run = recognised(packages, command)
        if run is None:
            before += [] if runs else [command]
        elif run not in runs:
            runs.append(run)
    folders = {run.folder for run in runs} | {""}
    return runs, [command for command in before if command.folder in folders]


def _by_dependency(packages: JavaScriptPackages) -> list[RunnerStart]:
    """A runner that the root depends on, although no script starts it."""
    for runner, start in (("vitest", "vitest run"), ("jest", "jest"), ("mocha", "mocha"), ("ava", "ava")):
        run = RunnerStart("", (), runner, start, (), ())
        if packages.version("", runner) and test_files(packages, run):
            return [run]
    return []


def _line(command: ScriptCommand) -> str:
    return f"cd '{command.folder}' && {BIN}{command.line}" if command.folder else command.line


def _command(run: RunnerStart, positional: str, report: str) -> str:
    """Order matters: jest's --reporters swallows what follows it; node takes no option after the first file."""
    flags, _, _ = RUNNERS[run.runner]
    options = list(run.options)
    order = [positional, flags] if run.runner == "jest" else [flags, positional]
    line = " ".join(filter(None, [*run.variables, run.start, *options, *order])).replace("{junit}", report)
    return (JEST_JUNIT.replace("{junit}", report) + line) if run.runner == "jest" else line


def _ci_build(packages: JavaScriptPackages, manager: PackageManager, runs: Sequence[RunnerStart]) -> list[str]:
    """The build script, where CI builds in a job that also tests, or where the tests load what a build leaves."""
    if not packages.script("", "build"):
        return []
    line = manager.run("build")
    for path in workflow_paths(packages.workspace):
        for job in jobs_of(packages.workspace.read_text(path)):
            steps = job.get("steps")
            said = [str(s.get("run", "")) for s in steps if isinstance(s, dict)] if isinstance(steps, list) else []
            text = "\n".join(said)
            if re.search(r"\b(?:npm|pnpm|yarn|bun) (?:run )?build\b", text) and re.search(
                r"\b(?:npm|pnpm|yarn|bun) (?:run )?t(?:est)?\b", text
            ):
                return [line]
    sample = [p for run in runs for p in test_files(packages, run)][:40]
    built = re.compile(r"""['"]\.\.?/(?:[\w./-]*/)?(?:dist|build|lib|out|esm|cjs)/""")
    tracked = {p.split("/")[0] for p in packages.paths}
    for path in sample:
        found = built.search(packages.workspace.read_text(path) or "")
        if found and not {"dist", "build", "lib", "out", "esm", "cjs"} & tracked:
            return [line]
    return []


def _place(files: Sequence[str]) -> tuple[str, str]:
    """The folder with most tests, and how a new test there is called ("{name}" is for its own part).

    Where every folder has a test of the same name (`src/add/test.ts`), the new one has a folder of its own.
    """
    alike = Counter(posixpath.basename(f) for f in files).most_common(1)
    if alike and alike[0][1] > max(2, len(files) // 2):
        parents = Counter(
            posixpath.dirname(posixpath.dirname(f)) for f in files if posixpath.basename(f) == alike[0][0]
        )
        return parents.most_common(1)[0][0], f"{{name}}/{alike[0][0]}"
    count = Counter(posixpath.dirname(f) for f in files)
    folder = min(count, key=lambda d: (-count[d], d.count("/"), d), default="")
    names: Counter[str] = Counter()
    for path in files:
        if posixpath.dirname(path) == folder:
            stem, _, ending = posixpath.basename(path).rpartition(".")
            before = "test-" if stem.startswith("test-") else "test." if stem.startswith("test.") else ""
            after = re.search(r"(?:[._-](?:test|spec)|Test|Spec)?$", stem)
            names[f"{before}{{name}}{after[0] if after else ''}.{ending}"] += 1
    return folder, names.most_common(1)[0][0] if names else "{name}.test.js"


def _with_canary(run: RunnerStart, folder: str, name: str) -> tuple[str, ...]:
    """A run's files and, where they were chosen by name, a canary beside them as soon as there is one."""
    if not run.positional or run.runner in ("vitest", "jest", "bun"):
        return run.positional
    own = folder.removeprefix(run.folder).lstrip("/") if run.folder else folder
    pattern = posixpath.join(own, name.replace("{name}", CANARY_GLOB))
    return (*run.positional, f"$(ls {pattern} 2>/dev/null)")


def _content(run: RunnerStart, packages: JavaScriptPackages, name: str) -> str:
    ending = name.rsplit(".", 1)[1]
    module = ending.startswith("m") or "ts" in ending or "x" in ending
    if not module and not ending.startswith("c"):
        module = packages.by_folder.get(run.folder, {}).get("type") == "module"
    body = RUNNERS[run.runner][2]
    if load := re.match(r"\{load:(\w+):([\w@/:.-]+)\}", body):
        line = f"import {load[1]} from '{load[2]}'" if module else f"const {load[1]} = require('{load[2]}')"
        body = f"{line}\n{body[load.end() :]}"
    return f"// @ts-nocheck\n{body}" if "ts" in ending else body
