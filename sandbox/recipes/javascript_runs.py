"""A command of a test script, recognised as one of the test runners that can be told to report."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.recipes.javascript_packages import JavaScriptPackages, path_matches
from sandbox.recipes.javascript_scripts import ScriptCommand, unquoted

_NODES = ("node", "nodejs", "tsx", "ts-node", "ts-node-esm", "tsimp", "esno", "esmo", "babel-node", "swc-node", "jiti")
_JEST_ABOVE = ("react-scripts", "craco", "react-app-rewired", "tsdx", "kcd-scripts", "razzle", "umi-test")
_BINARIES = {
    "vitest": "vitest", "jest": "jest", "mocha": "mocha", "_mocha": "mocha", "ts-mocha": "mocha", "ava": "ava",
    "tape": "tape", "tap": "tap", "borp": "borp", "lab": "lab", "qunit": "qunit",
}  # fmt: skip
_NODE_FILE = re.compile(r"(?:^|/)(?:node_modules/(?:\.bin/|[\w@/.-]+/)|bin/)(?P<name>\w[\w-]*?)(?:\.[cm]?js)?$")
# Options that take a value of their own; what stands after any other option is a file.
_VALUES = {
    "vitest": (
        "-c --config -r --root --dir --project --environment --pool -t --testNamePattern --testTimeout --mode "
        "--maxWorkers --minWorkers --shard --retry --workspace"
    ),
    "jest": (
        "-c --config -t --testNamePattern --maxWorkers -w --env --rootDir --roots --projects --selectProjects "
        "--testTimeout --shard --testRegex --setupFiles --testMatch --testPathIgnorePatterns "
        "--modulePathIgnorePatterns --transform"
    ),
    "mocha": (
        "-r --require --config --opts -t --timeout --timeouts -u --ui -g --grep -f --fgrep --extension "
        "--ignore --exclude --file --spec -s --slow --retries -j --jobs --package --loader --experimental- "
        "loader --import --node-option -n --global --globals -p --project --type-check --paths"
    ),
    "ava": "--config -m --match -T --timeout -c --concurrency --node-arguments",
    "tape": "-r --require -i --ignore --ignore-pattern",
    "tap": (
        "-t --timeout -j --jobs --node-arg --test-arg --plugin --statements --branches --functions --lines "
        "--include --exclude -r --import --require"
    ),
    "borp": (
        "-c --concurrency -t --timeout -p --pattern -i --ignore -X --coverage-exclude --lines --branches "
        "--functions --statements"
    ),
    "lab": (
        "-m -T -P -I --ignore --globals -e --environment -k --transform --types-test --shuffle-seed -a "
        "--assert --coverage-path --coverage-exclude --pattern"
    ),
    "qunit": "--filter --module --require --seed",
    "node": (
        "--import -r --require --loader --experimental-loader --test-name-pattern --test-concurrency --env- "
        "file --conditions -C --test-timeout --tsconfig --project -P --test-skip-pattern --env-file-if-exists "
        "--stack-trace-limit"
    ),
    "bun": "--preload -r --timeout -t --test-name-pattern --env-file --conditions --tsconfig-override",
}
# Reports, coverage, watching and stopping early are ours to decide; (with a value of its own when it has no "=")
_LEFT_OUT = re.compile(
    r"^(?:(?P<value>--reporters?|--reporter-options?|-O|--outputFile(?:\.\w+)?|--test-reporter|--test-reporter-destination|--coverage-?[rR]eporters?"
    r"|--coverage-report|--coverageDirectory|--changedSince|--output-file|--cov|--threshold|--reporter-outfile|--coverage-dir|--outputFile)"
    r"|--(?:no-)?(?:coverage|watch|watchAll|silent|verbose|colou?rs?|notify|bail|fail-fast|cov|ui|inspect|inspect-brk|experimental-test-coverage|collectCoverage|collect-coverage|check-coverage|onlyChanged|detectOpenHandles|ci|tap|fix|lint|100|watch-mode|browser(?:\.\w+)?|test-coverage-\S+|coverage[\w.-]+)"
    r")(?P<given>=.*)?$"
)
_SHORT = {  # short options whose meaning depends on the runner: (left out alone, left out with a value)
    "mocha": (("-b", "-w", "-c", "-C"), ("-R",)), "jest": (("-o", "-i-watch", "-b"), ()), "vitest": (("-w", "-u"), ()),
    "tap": (("-b", "-w", "-C"), ("-R", "-o")), "ava": (("-v", "-w", "-t"), ()), "borp": (("-w", "-C"), ("-r",)),
    "lab": (("-c", "-L", "-C", "-v", "-S", "-Y"), ("-r", "-o", "-t")), "node": ((), ()), "tape": ((), ()),
    "qunit": ((), ()), "bun": ((), ("--reporter-outfile",)),
}  # fmt: skip

# What judges something else than behaviour, or needs a browser that no sandbox has.
_NO_TESTS = re.compile(
    r"^(?:eslint|prettier|xo|standard|ts-standard|semistandard|biome|rome|oxlint|oxfmt|dprint|stylelint|tslint|jshint|jscs|remark"
    r"|markdownlint\S*|cspell|tsd|tstyche|tsc|vue-tsc|svelte-check|attw|publint|knip|depcheck|size-limit|bundlesize|dtslint"
    r"|commitlint|commitizen|husky|lefthook|lint-staged|syncpack|sherif|manypkg|type-coverage|madge|ls-lint|evalmd|aud|eclint"
    r"|license-checker|licensee|check-dts|changeset|danger|codecov|coveralls|es-check|are-the-types-wrong|expect-type|api-extractor|npmPkgJsonLint|npx-audit"
    r"|playwright|cypress|wdio|testcafe|nightwatch|karma|ng|web-test-runner|wtr|airtap|browserify|zuul|start-server-and-test|lhci"
    r"|echo|exit|true|git|open|sleep|clear)$"
)
_BROWSER = re.compile(r"web-test|playwright|puppeteer|selenium|webdriver|karma|cypress|browserstack|saucelabs|e2e")


@dataclass(frozen=True, slots=True)
class RunnerStart:
    """One start of a runner: where, with which variables, `start` (the program), its options and its files."""

    folder: str
    variables: tuple[str, ...]
    runner: str
    start: str
    options: tuple[str, ...]
    positional: tuple[str, ...]


def is_test(command: ScriptCommand) -> bool:
    """Whether a command may say something about behaviour; `tsc` does when it builds something."""
    if command.program == "tsc":
        return "--noEmit" not in command.words
    if _BROWSER.search(command.line):
        return False
    if command.program in ("npm", "pnpm", "yarn"):
        return not {"audit", "outdated", "version", "install"} & set(command.words[1:3])
    return not _NO_TESTS.match(command.program) and not re.search(
        r"(?:^|:)(?:lint|types?|format|style)(?::|$)", command.script
    )


def recognised(packages: JavaScriptPackages, command: ScriptCommand) -> RunnerStart | None:
    """The runner behind a command, None when it is none that we know."""
    words, program = command.words, command.program
    if re.search(r"[`]|\$\(|[<>]", " ".join(w for w in words if not w.startswith("'"))):
        return None
    if program in _JEST_ABOVE and words[1:2] == ("test",):
        return _run(command, "jest", f"{words[0]} test", words[2:])
    if program == "bun" and words[1:2] == ("test",):
        return _run(command, "bun", "bun test", words[2:])
    if program in _BINARIES:
        runner = _BINARIES[program]
        rest = [w for w in words[1:] if not (runner == "vitest" and w in ("run", "watch", "dev", "--run"))]
        return _run(command, runner, f"{words[0]} run" if runner == "vitest" else words[0], rest)
    return _by_node(packages, command) if program in _NODES else None


def _by_node(packages: JavaScriptPackages, command: ScriptCommand) -> RunnerStart | None:
    """`node --test`, `node node_modules/.bin/RUNNER`, or a file that uses node's, tape's or tap's tests by itself."""
    words = command.words
    if "--test" in words:
        return _run(command, "node", f"{words[0]} --test", [w for w in words[1:] if w != "--test"])
    options, files = _arguments("node", words[1:])
    if not files:
        return None
    first = unquoted(files[0]).removeprefix("./")
    if (found := _NODE_FILE.search(first)) and found["name"] in _BINARIES:
        runner = _BINARIES[found["name"]]
        rest = [w for w in files[1:] if not (runner == "vitest" and w in ("run", "--run"))]
        at = words.index(files[0])
        start = " ".join((*words[: at + 1], *(["run"] if runner == "vitest" else [])))
        return _run(command, runner, start, [w for w in words[at + 1 :] if w in rest or w.startswith("-")])
    text = packages.workspace.read_text(posixpath.normpath(posixpath.join(command.folder, first))) or ""
    loaded = set(re.findall(r"""(?:from|require\(|import)\s*['"](node:test|test|tape|tap|tape-promise)['"]""", text))
    runner = "node" if loaded & {"node:test", "test"} else "tape" if loaded else ""
    if not runner:
        return None
    return RunnerStart(command.folder, command.variables, runner, words[0], tuple(options), tuple(files))


def _run(command: ScriptCommand, runner: str, start: str, rest: Sequence[str]) -> RunnerStart:
    options, positional = _arguments(runner, rest)
    return RunnerStart(command.folder, command.variables, runner, start, tuple(options), tuple(positional))


def _arguments(runner: str, words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Options and files, in their order; reports, coverage, watching and stopping early are left out."""
    takes = _VALUES[runner].split()
    alone, valued = _SHORT[runner]
    options: list[str] = []
    files: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            continue
        if found := _LEFT_OUT.match(word):
            if runner == "mocha" and word == "--ui" and rest:
                options += [word, rest.pop(0)]
            elif found["value"] and not found["given"] and rest:
                rest.pop(0)
            continue
        if word in alone:
            continue
        if word in valued:
            del rest[:1]
        elif word.startswith("-"):
            options.append(word)
            if word in takes and rest:
                options.append(rest.pop(0))
        else:
            files.append(word)
    return options, files


_TEST_NAME = re.compile(r"(?:(?:[.-]|_|^)(?:test|spec)s?|-test)\.([cm]?[jt]sx?)$|^test[.-].*\.([cm]?[jt]sx?)$")
_SCRIPT = re.compile(r"\.[cm]?[jt]sx?$")
_BESIDE = {
    "fixtures", "fixture", "helpers", "helper", "support", "utils", "__snapshots__", "__mocks__", "types",
    "node_modules", "snapshots", "tap-snapshots", "data", "mocks", "browser", "e2e", "examples", "example", "website",
    "docs", "benchmark", "benchmarks", "bench", "templates",
}  # fmt: skip


def test_files(packages: JavaScriptPackages, run: RunnerStart) -> list[str]:
    """The files of this run's package that are tests: named like one, or in a folder for them, and among its files."""
    inner = [f for f in packages.members() if f.startswith(f"{run.folder}/" if run.folder else "")]
    wanted = [unquoted(p).removeprefix("./").rstrip("/") for p in run.positional]
    out = []
    for path in sorted(packages.paths):
        if run.folder and not path.startswith(f"{run.folder}/"):
            continue
        if not run.folder and any(path.startswith(f"{f}/") for f in inner) and run.runner not in ("vitest", "jest"):
            continue
        own = path[len(run.folder) + 1 :] if run.folder else path
        folders = set(own.split("/")[:-1])
        if not _SCRIPT.search(own) or own.endswith((".d.ts", ".d.mts", ".d.cts")) or folders & _BESIDE:
            continue
        named = _TEST_NAME.search(posixpath.basename(own)) is not None
        if not named and not {"test", "tests", "__tests__", "spec", "specs"} & folders:
            continue
        if wanted and not any(_selects(run.runner, pattern, own) for pattern in wanted):
            continue
        out.append(path)
    named_ones = [p for p in out if _TEST_NAME.search(posixpath.basename(p))]
    return named_ones or out


def _selects(runner: str, pattern: str, path: str) -> bool:
    if runner in ("vitest", "jest", "bun"):
        return pattern in path or path_matches(path, pattern) or re.search(r"[*^$|\\]", pattern) is not None
    return path == pattern or path.startswith(f"{pattern}/") or pattern == "." or path_matches(path, pattern)
