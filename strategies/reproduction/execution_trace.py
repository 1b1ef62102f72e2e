"""Which files of the repository a test executes, by running it once more at the base commit with its runner watched.

Python: a profile function (`python_trace.py`). JavaScript: V8's own coverage. Go: a cover profile. Other runners, and a
run that cannot be watched, tell nothing; then the test's text has to (`repository_use.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sandbox.backend import Sandbox
from sandbox.layout import OWN_FOLDER
from sandbox.recipe import Recipe
from sandbox.testing.report import TestResult
from sandbox.testing.testrun import run_tests
from strategies.reproduction import python_trace
from strategies.reproduction.placement import go_module, selector
from strategies.reproduction.trial_conditions import TestBed

SLOWER = 2
"""How many times longer a watched run may take than a plain one."""
FOLDER = f"{OWN_FOLDER}/trace"
MOST_BYTES = 4_000_000
V8_RUNNERS = ("node", "jest", "vitest", "mocha")
V8_READER = """
const fs = require('fs'), path = require('path'), url = require('url')
const [folder, root, test] = process.argv.slice(1)
const found = { called: new Set(), loaded: new Set() }
let seen = false
for (const name of fs.readdirSync(folder)) {
  let report
  try { report = JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8')) } catch { continue }
  for (const script of report.result || []) {
    let file = script.url.split('?')[0]
    if (file.startsWith('file:')) { try { file = url.fileURLToPath(file) } catch { continue } }
    if (!file.startsWith(root + '/')) continue
    const place = file.slice(root.length + 1)
    if (place === test) seen = true
    if (place === test || /(^|\\/)(node_modules|\\.[^\\/]*)\\//.test(place)) continue
    found.loaded.add(place)
    const own = script.functions.slice(1).filter(f => f.functionName && f.functionName !== 'Object.<anonymous>')
    if (own.some(f => f.ranges[0].count > 0)) found.called.add(place)
  }
}
console.log(JSON.stringify({ seen, called: [...found.called].sort(), loaded: [...found.loaded].sort() }))
"""


@dataclass(frozen=True, slots=True)
class ExecutionTrace:
    """`known` is False where nothing could be watched. `called` are repository files with a function that ran or data
    that was read, `loaded` those that were only imported; without the test itself, sorted."""

    known: bool
    called: tuple[str, ...] = ()
    loaded: tuple[str, ...] = ()


def trace(content: bytes, path: str, results: Sequence[TestResult], test_bed: TestBed) -> ExecutionTrace:
    """Run a candidate once more, watched. `results` are those of its plain run. Raises SandboxUnavailable."""
    recipe = test_bed.recipe
    if recipe.test_only is None:
        return ExecutionTrace(known=False)
    if recipe.language == "python":
        return _python(content, path, test_bed)
    if recipe.runner in V8_RUNNERS:
        return _v8(content, path, test_bed)
    if recipe.runner == "go":
        return _go(content, path, results, test_bed)
    return ExecutionTrace(known=False)


def _watched(sandbox: Sandbox, recipe: Recipe, before: str, path: str, files: dict[str, bytes], seconds: float) -> None:
    """Run the test at `path` with some shell words before the command. Raises SandboxUnavailable."""
    sandbox.write({f"{FOLDER}/.gitignore": b"*\n", **files})
    watched = replace(recipe, test_only=before + (recipe.test_only or ""))
    run_tests(sandbox, watched, only=(selector(recipe, path),), timeout=SLOWER * seconds)


def _python(content: bytes, path: str, test_bed: TestBed) -> ExecutionTrace:
    source = Path(python_trace.__file__).read_bytes()
    before = (
        f'export PYTHONPATH="$PWD/{FOLDER}${{PYTHONPATH:+:$PYTHONPATH}}" PENNYFIX_TRACE_ROOT="$PWD" '
        f'PENNYFIX_TRACE_TEST={_quoted(path)} PENNYFIX_TRACE_OUT="$PWD/{FOLDER}"; '
    )
    with test_bed.open_base() as sandbox:
        _watched(
            sandbox,
            test_bed.recipe,
            before,
            path,
            {path: content, f"{FOLDER}/sitecustomize.py": source},
            test_bed.seconds,
        )
        told = sandbox.run(["sh", "-c", f'cd {FOLDER} && for f in *.json; do cat "$f"; echo; done'], timeout=60)
    return read_python(told.stdout[:MOST_BYTES])


def read_python(lines: bytes) -> ExecutionTrace:
    """What `python_trace` wrote, one process a line. In a process without the test, whatever ran was started by it."""
    called: set[str] = set()
    loaded: set[str] = set()
    known = False
    for line in lines.splitlines():
        row = _object(line)
        known = known or bool(row.get("seen"))
        if row.get("seen"):
            called |= {*_paths(row, "called"), *_paths(row, "read")}
            loaded |= _paths(row, "loaded")
        elif row.get("child"):
            called |= _paths(row, "anywhere")
    return ExecutionTrace(known, tuple(sorted(called)) if known else (), tuple(sorted(loaded)) if known else ())


def _v8(content: bytes, path: str, test_bed: TestBed) -> ExecutionTrace:
    with test_bed.open_base() as sandbox:
        before = f'export NODE_V8_COVERAGE="$PWD/{FOLDER}/v8"; '
        _watched(sandbox, test_bed.recipe, before, path, {path: content}, test_bed.seconds)
        told = sandbox.run(["node", "-e", V8_READER, f"{FOLDER}/v8", sandbox.root, path], timeout=120)
    row = _object(told.stdout[:MOST_BYTES].strip())
    if not row.get("seen"):
        return ExecutionTrace(known=False)
    return ExecutionTrace(True, tuple(sorted(_paths(row, "called"))), tuple(sorted(_paths(row, "loaded"))))


def _go(content: bytes, path: str, results: Sequence[TestResult], test_bed: TestBed) -> ExecutionTrace:
    names = sorted({r.id.split("::", 1)[1].split("/")[0] for r in results if "::" in r.id})
    recipe = test_bed.recipe
    if not names or "go test " not in (recipe.test_only or ""):
        return ExecutionTrace(known=False)
    flags = f'go test -run "^({"|".join(names)})\\$" -coverpkg=./... -coverprofile="$PWD/{FOLDER}/cover" '
    watched = replace(recipe, test_only=(recipe.test_only or "").replace("go test ", flags, 1))
    with test_bed.open_base() as sandbox:
        _watched(sandbox, watched, "", path, {path: content}, test_bed.seconds)
        try:
            profile = sandbox.read(f"{FOLDER}/cover", MOST_BYTES)
        except (FileNotFoundError, ValueError):
            return ExecutionTrace(known=False)
    return read_cover(profile, go_module(test_bed.workspace))


def read_cover(profile: bytes, module: str) -> ExecutionTrace:
    """Go's cover profile: `file:from,to statements count` after a line with the mode."""
    rows = re.findall(r"^(\S+?\.go):\S+ \d+ (\d+)$", profile.decode("utf-8", "replace"), re.MULTILINE)
    ran = {file.removeprefix(module).lstrip("/") for file, count in rows if count != "0"}
    return ExecutionTrace(bool(rows), tuple(sorted(ran)))


def _object(line: bytes) -> dict[str, object]:
    try:
        found = json.loads(line or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _paths(row: dict[str, object], key: str) -> set[str]:
    found = row.get(key)
    return {str(p) for p in found} if isinstance(found, list) else set()


def _quoted(path: str) -> str:
    return "'" + path.replace("'", "'\\''") + "'"
