"""Which lines of a few files the passing tests of one run executed, measured by what the runner has.

pytest: a plugin of ours by `sys.monitoring` (PEP 669; `sys.settrace` before Python 3.12), so that nothing need be
installed. Node: NODE_V8_COVERAGE. Go: `-coverprofile`. What comes out of the sandbox is read as data, capped; code
under judgment could forge it, and it earns nothing that a verdict needs.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import CodeType

from sandbox.backend import Sandbox
from sandbox.layout import OWN_FOLDER
from sandbox.recipe import Recipe

FOLDER = f"{OWN_FOLDER}/lines"
MOST_FILES = 40
MOST_BYTES = 8_000_000
PLUGIN = """
import json, os, sys, threading

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "wanted.json")) as stream:
    WANTED = {os.path.realpath(path): name for path, name in json.load(stream).items()}
seen, good, names, passed = set(), set(), {}, [False]


def wanted(filename):
    if filename not in names:
        names[filename] = WANTED.get(os.path.realpath(filename))
    return names[filename]


def on_line(code, line):
    name = wanted(code.co_filename)
    if name is None:
        return sys.monitoring.DISABLE
    seen.add((name, line))


def on_call(frame, event, argument):
    name = wanted(frame.f_code.co_filename)
    if name is None:
        return None

    def on_event(frame, event, argument):
        seen.add((name, frame.f_lineno))
        return on_event

    seen.add((name, frame.f_lineno))
    return on_event


if hasattr(sys, "monitoring"):
    tool = next(n for n in (4, 3, 5, 1) if sys.monitoring.get_tool(n) is None)
    sys.monitoring.use_tool_id(tool, "pennyfix")
    sys.monitoring.register_callback(tool, sys.monitoring.events.LINE, on_line)
    sys.monitoring.set_events(tool, sys.monitoring.events.LINE)
else:
    threading.settrace(on_call)
    sys.settrace(on_call)


def pytest_collection_finish(session):
    good.update(seen)
    seen.clear()


def pytest_runtest_logreport(report):
    if report.when == "call":
        passed[0] = report.passed
    if report.when == "teardown":
        if passed[0]:
            good.update(seen)
        seen.clear()
        passed[0] = False


def pytest_unconfigure(config):
    with open(os.path.join(HERE, "executed-%d.json" % os.getpid()), "w") as stream:
        json.dump(sorted(good), stream)
"""
Lines = Mapping[str, frozenset[int]]
"""Line numbers (from 1) by path."""


@dataclass(frozen=True, slots=True)
class CoveredLines:
    """`executed` were run by a passing test; `code` can be executed at all; both of the wanted files."""

    executed: Lines
    code: Lines


def instrumented(recipe: Recipe, root: str) -> Recipe | None:
    """The recipe with its measuring switched on; None where nothing is known for its runner."""
    here = shlex.quote(f"{root}/{FOLDER}")
    lines = {
        "pytest": f'export PYTHONPATH={here}:"$PYTHONPATH" PYTEST_ADDOPTS="$PYTEST_ADDOPTS -p pennyfix_lines"; ',
        "node": f"export NODE_V8_COVERAGE={here}/v8; ",
        "mocha": f"export NODE_V8_COVERAGE={here}/v8; ",
        "go": f'export GOFLAGS="$GOFLAGS -coverprofile={root}/{FOLDER}/cover.out"; ',
    }
    prefix = lines.get(recipe.runner)
    if prefix is None or (recipe.runner == "go" and " " in root):
        return None
    only = recipe.test_only
    return replace(recipe, test=prefix + recipe.test, test_only=None if only is None else prefix + only)


def place(sandbox: Sandbox, recipe: Recipe, paths: Sequence[str]) -> None:
    """Put into a sandbox what measuring these files needs. Raises SandboxUnavailable."""
    files = {f"{OWN_FOLDER}/.gitignore": b"*\n", f"{FOLDER}/.keep": b""}
    if recipe.runner == "pytest":
        wanted = {f"{sandbox.root}/{p}": p for p in paths}
        files |= {f"{FOLDER}/pennyfix_lines.py": PLUGIN.encode(), f"{FOLDER}/wanted.json": json.dumps(wanted).encode()}
    sandbox.write(files)


def collect(sandbox: Sandbox, recipe: Recipe, texts: Mapping[str, str]) -> CoveredLines | None:
    """What a run left of these files (their texts by path); None when nothing can be read of it.

    Raises SandboxUnavailable.
    """
    names = _names(sandbox)
    found: list[CoveredLines] = []
    for name in names[:MOST_FILES]:
        try:
            content = sandbox.read(name, MOST_BYTES).decode("utf-8", "replace")
            if recipe.runner == "pytest":
                found.append(of_plugin(content, texts))
            elif recipe.runner == "go":
                found.append(of_go(content, texts))
            else:
                found.append(of_v8(content, texts, sandbox.root))
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            continue
    merged = merge(found)
    return merged if any(merged.code.values()) else None


def _names(sandbox: Sandbox) -> list[str]:
    line = f"find {FOLDER} -type f \\( -name 'executed-*.json' -o -name 'coverage-*.json' -o -name cover.out \\)"
    told = sandbox.run(["sh", "-c", line], timeout=30)
    return sorted(told.text.split()) if told.ok else []


def merge(found: Iterable[CoveredLines]) -> CoveredLines:
    """What several processes executed."""
    executed: dict[str, frozenset[int]] = {}
    code: dict[str, frozenset[int]] = {}
    for one in found:
        for path, lines in one.executed.items():
            executed[path] = executed.get(path, frozenset()) | lines
        for path, lines in one.code.items():
            code[path] = code.get(path, frozenset()) | lines
    return CoveredLines(executed, code)


def of_plugin(content: str, texts: Mapping[str, str]) -> CoveredLines:
    """What the plugin wrote. Raises ValueError or TypeError for anything else."""
    executed: dict[str, set[int]] = {}
    for path, line in json.loads(content):
        executed.setdefault(str(path), set()).add(int(line))
    code = {p: python_lines(t) for p, t in texts.items() if p.endswith(".py")}
    return CoveredLines({p: lines & frozenset(executed.get(p, ())) for p, lines in code.items()}, code)


def python_lines(text: str) -> frozenset[int]:
    """The lines of a Python file that an instruction begins at; none for a file that this Python cannot compile."""
    try:
        todo = [compile(text, "file", "exec", dont_inherit=True)]
    except (SyntaxError, ValueError):
        return frozenset()
    found: set[int] = set()
    while todo:
        code = todo.pop()
        found |= {line for _, _, line in code.co_lines() if line}
        todo += [c for c in code.co_consts if isinstance(c, CodeType)]
    return frozenset(found)


def of_go(content: str, texts: Mapping[str, str]) -> CoveredLines:
    """A Go cover profile: `path:line.column,line.column statements count`. Raises ValueError for a broken line."""
    executed: dict[str, set[int]] = {}
    code: dict[str, set[int]] = {}
    for row in content.splitlines():
        where, _, rest = row.rpartition(":")
        path = next((p for p in texts if where == p or where.endswith(f"/{p}")), None)
        if path is None or row.startswith("mode:"):
            continue
        block, _, count = rest.split()
        first, last = (int(part.split(".")[0]) for part in block.split(","))
        for found in (code, *([executed] if int(count) else [])):
            found.setdefault(path, set()).update(range(first, last + 1))
    return CoveredLines(_frozen(executed), _frozen(code))


def of_v8(content: str, texts: Mapping[str, str], root: str) -> CoveredLines:
    """V8's block coverage of one process. Raises ValueError, TypeError or KeyError for anything else."""
    executed: dict[str, set[int]] = {}
    code: dict[str, set[int]] = {}
    for script in json.loads(content)["result"]:
        path = str(script["url"]).removeprefix(f"file://{root}/")
        if path not in texts:
            continue
        ranges = [r for f in script["functions"] for r in f["ranges"]]
        place = 0
        for number, row in enumerate(texts[path].splitlines(keepends=True), start=1):
            begin = place + len(row) - len(row.lstrip())
            place += len(row)
            if not row.strip() or row.strip().startswith(("//", "/*", "*")) or not row.strip(" \t\r\n{}();,"):
                continue
            code.setdefault(path, set()).add(number)
            around = [r for r in ranges if r["startOffset"] <= begin < r["endOffset"]]
            inner = min(around, key=lambda r: r["endOffset"] - r["startOffset"], default=None)
            if inner is not None and inner["count"]:
                executed.setdefault(path, set()).add(number)
    return CoveredLines(_frozen(executed), _frozen(code))


def _frozen(lines: Mapping[str, Iterable[int]]) -> Lines:
    return {path: frozenset(numbers) for path, numbers in lines.items()}
