"""JavaScript and TypeScript: package.json's test script, with its runner told to write JUnit XML."""

from __future__ import annotations

import json
import posixpath
import re
from collections import Counter
from collections.abc import Mapping

from sandbox.recipe import Canary, Recipe, ReportFormat
from sandbox.recipes.ci_workflow import Hints
from sandbox.repository.workspace import Workspace

# An extra tool goes where PATH looks first and where the checkout's node_modules is not touched.
GLOBAL = 'npm install --silent --no-audit --no-fund --global --prefix "$PENNYFIX_ENV"'
MODULES = "$PENNYFIX_ENV/lib/node_modules"
BIN = 'PATH="$PWD/node_modules/.bin:$PATH"; export PATH; '

LOCKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("pnpm-lock.yaml", (f"command -v pnpm >/dev/null 2>&1 || {GLOBAL} pnpm@9", "pnpm install --frozen-lockfile")),
    ("yarn.lock", (f"command -v yarn >/dev/null 2>&1 || {GLOBAL} yarn", "yarn install --frozen-lockfile")),
    ("package-lock.json", ("npm ci --no-audit --no-fund",)),
    ("npm-shrinkwrap.json", ("npm ci --no-audit --no-fund",)),
)

_TEST_FILE = re.compile(r"(?:[.-](?:test|spec)|_test)\.([cm]?[jt]sx?)$")
_IN_TEST_FOLDER = re.compile(r"(?:^|/)(?:tests?|__tests__)/[^/]+\.([cm]?[jt]sx?)$")
_LINTERS = ("eslint", "prettier", "xo", "standard", "biome", "npm run lint", "yarn lint", "pnpm lint")

# runner → (flags that write the report, packages for them, the body of a failing test)
_BLOCK = "('{name}', () => { throw new Error('2 + 2 is not 5') })\n"
RUNNERS: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "vitest": (
        "--reporter=default --reporter=junit --outputFile.junit={junit}",
        (),
        "import { test } from 'vitest'\ntest" + _BLOCK,
    ),
    "jest": (f'--ci --reporters=default --reporters="{MODULES}/jest-junit"', ("jest-junit",), "test" + _BLOCK),
    "mocha": ("--reporter xunit --reporter-option output={junit}", (), "(globalThis.it || globalThis.test)" + _BLOCK),
    "node": ("--test-reporter=junit --test-reporter-destination={junit}", (), ""),
}
JEST_JUNIT = (
    "JEST_JUNIT_OUTPUT_FILE={junit} JEST_JUNIT_ADD_FILE_ATTRIBUTE=true "
    "JEST_JUNIT_CLASSNAME='{classname}' JEST_JUNIT_TITLE='{title}' "
)


def find_javascript(workspace: Workspace, hints: Hints) -> Recipe | str:  # noqa: ARG001 - one shape for all finders
    """The recipe of a repository with a package.json, or why there is none."""
    package = _package(workspace)
    if package is None:
        return "JavaScript: there is no readable package.json"
    script = _text(package, "scripts", "test")
    if not script or "no test specified" in script:
        return "JavaScript: package.json has no `test` script"
    paths = {f.path for f in workspace.files()}
    lock, install = next(((p, lines) for p, lines in LOCKS if p in paths), ("", ("npm install --no-audit --no-fund",)))
    before, runner, rest = _split(script, package)
    inputs = tuple(p for p in ("package.json", lock, ".npmrc", ".nvmrc", ".node-version") if p in paths)
    source = lock or "package.json"
    if runner == "":
        report = ReportFormat.TAP if re.search(r"\b(tape|tap)\b", script) else ReportFormat.EXIT_CODE
        return Recipe("javascript", install, "npm test --silent", report, source, inputs=inputs)
    flags, packages, body = RUNNERS[runner]
    if _text(package, "scripts", "pretest"):
        before.insert(0, "npm run --silent pretest")
    prefix = BIN + "".join(f"{b} && " for b in before) + (JEST_JUNIT if runner == "jest" else "")
    start = {"node": "node --test", "vitest": "vitest run"}.get(runner, runner)
    options, positional = _arguments(rest)
    files = [p for p in sorted(paths) if _TEST_FILE.search(p) or _IN_TEST_FOLDER.search(p)]
    folder, extension = _place(files)
    return Recipe(
        language="javascript",
        setup=(*install, *(f"{GLOBAL} {p}" for p in packages)),
        test=_command(runner, prefix + start, options, flags, positional),
        test_only=_command(runner, prefix + start, options, flags, "{tests}"),
        report=ReportFormat.JUNIT,
        source=source,
        inputs=inputs,
        runner=runner,
        test_folder=folder,
        canary=_canary(runner, body, folder, extension, module=package.get("type") == "module", files=files),
    )


def _command(runner: str, start: str, options: str, flags: str, positional: str) -> str:
    """Order matters: jest's --reporters swallows what follows it; node takes no option after the first file."""
    order = [positional, flags] if runner == "jest" else [flags, positional]
    return " ".join(filter(None, [start, options, *order]))


def _package(workspace: Workspace) -> dict[str, object] | None:
    try:
        found = json.loads(workspace.read_text("package.json") or "")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _text(package: Mapping[str, object], table: str, key: str) -> str:
    found = package.get(table)
    value = found.get(key) if isinstance(found, dict) else None
    return value if isinstance(value, str) else ""


def _split(script: str, package: Mapping[str, object]) -> tuple[list[str], str, str]:
    """Steps before the tests, the runner ("" when it is none we know), and the runner's arguments."""
    before: list[str] = []
    for step in (s.strip() for s in script.split("&&")):
        followed = re.match(r"(?:npm|yarn|pnpm) (?:run )?([\w:.-]+)$", step)
        text = _text(package, "scripts", followed[1]) if followed else ""
        found = re.match(
            r"(?:cross-env )?(?:[A-Z_]+=\S+ )*(?:npx |c8 |nyc )*"
            r"(?:(?P<runner>vitest|jest|mocha)\b(?: run\b)?|node (?P<early>(?:-\S+(?: [\w./-]+)? )*?)--test\b)"
            r"(?P<rest>.*)$",
            text or step,
        )
        if found and not re.search(r"[|;<>$`]", found["rest"]):
            rest = f"{found['early'] or ''}{found['rest']}".strip()
            return before, found["runner"] or "node", rest
        if not step.startswith(_LINTERS):
            before.append(step)
    return [], "", ""


def _arguments(rest: str) -> tuple[str, str]:
    """Options and positional arguments, in their order; coverage and watching are left out."""
    words = [w for w in rest.split() if not re.match(r"--(coverage|watch|watchAll|silent)\b", w)]
    options, positional = [], []
    takes_value = False
    for word in words:
        if word.startswith("-") or takes_value:
            options.append(word)
            takes_value = word in ("--import", "--require", "-r", "--loader", "--config", "-c", "--root", "--ui", "-u")
        else:
            positional.append(word)
    return " ".join(options), " ".join(positional)


def _place(files: list[str]) -> tuple[str, str]:
    count = Counter(posixpath.dirname(f) for f in files)
    folder = min(count, key=lambda d: (-count[d], d.count("/"), d), default="")
    endings = Counter(f.rsplit(".", 1)[1] for f in files if posixpath.dirname(f) == folder)
    return folder, endings.most_common(1)[0][0] if endings else "js"


def _canary(runner: str, body: str, folder: str, extension: str, *, module: bool, files: list[str]) -> Canary | None:
    if not files:
        return None
    kind = "spec" if sum(".spec." in f for f in files) * 2 > len(files) else "test"
    if runner == "node":
        as_module = extension.startswith("m") or (module and not extension.startswith("c"))
        load = "import test from 'node:test'" if as_module or "ts" in extension else "const test = require('node:test')"
        body = f"{load}\ntest{_BLOCK}"
    return Canary(posixpath.join(folder, f"{{name}}.{kind}.{extension}"), body)
