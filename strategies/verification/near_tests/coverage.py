"""Which test files execute which source files, measured with coverage.py where the repository's environment has it.

Recorded once per environment and base commit, beside the baseline, and only for suites slow enough to be worth it; what
comes out of the sandbox is read as data, capped. Without it the import graph decides (`affected_tests.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from sandbox.backend import Sandbox
from sandbox.guard.path_names import is_test
from sandbox.recipe import Environment
from sandbox.repository.patch import Patch
from sandbox.result import Ended

Covered = Mapping[str, tuple[str, ...]]
"""Source path → the test files that execute it."""
FOLDER = ".pennyfix"
CONFIGURATION = b"[run]\ndynamic_context = test_function\nrelative_files = True\n"
REPORT_BYTES = 30_000_000
SLOWER = 4
"""How many times slower than the baseline a measured run may be."""
PYTEST = "python -m pytest "


def kept_covered(
    memory: Path | None, environment: Environment, base: str, seconds: float, open_sandbox: Callable[[], Sandbox]
) -> Covered:
    """The map from `memory`, else measured and kept there; empty where nothing can be measured or kept.

    `seconds` is one run of the suite. Raises SandboxUnavailable.
    """
    if memory is None or not environment.recipe.test.startswith(PYTEST):
        return {}
    name = hashlib.sha256(f"{environment.key} {base} {environment.recipe.test}".encode()).hexdigest()[:32]
    path = memory / "covered" / f"{name}.json"
    if path.is_file():
        stored: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
        return {source: tuple(tests) for source, tests in stored.items()}
    with open_sandbox() as sandbox:
        found = measure(sandbox, environment.recipe.test, seconds)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps({s: list(t) for s, t in found.items()}), encoding="utf-8")
    partial.replace(path)
    return found


def measure(sandbox: Sandbox, test: str, seconds: float) -> Covered:
    """Run the suite once under coverage; empty when it is not installed or its report cannot be read."""
    if not sandbox.run(["python", "-c", "import coverage"], timeout=60).ok:
        return {}
    here = f"{sandbox.root}/{FOLDER}"
    sandbox.write({f"{FOLDER}/.gitignore": b"*\n", f"{FOLDER}/coveragerc": CONFIGURATION})
    under = f"python -m coverage run --rcfile={here}/coveragerc --data-file={here}/coverage -m pytest "
    command = under + test.removeprefix(PYTEST).replace("{junit}", f"{here}/covered.xml")
    ran = sandbox.run(["sh", "-c", command], timeout=max(60.0, SLOWER * seconds))
    if ran.ended is not Ended.EXIT:
        return {}
    told = sandbox.run(
        ["python", "-m", "coverage", "json", f"--rcfile={here}/coveragerc", f"--data-file={here}/coverage", "-q",
         "--show-contexts", "-o", f"{here}/covered.json"],
        timeout=120,
    )  # fmt: skip
    if not told.ok:
        return {}
    try:
        return parse(sandbox.read(f"{FOLDER}/covered.json", REPORT_BYTES))
    except (FileNotFoundError, ValueError):
        return {}


def parse(report: bytes) -> Covered:
    """coverage.py's JSON report with contexts. Raises ValueError for what is no such report."""
    tree = json.loads(report)
    files = tree.get("files") if isinstance(tree, dict) else None
    if not isinstance(files, dict):
        raise ValueError("the report of coverage.py has no files")  # noqa: TRY004 - bad data, not a bad call
    tests = {name: path for path in files if is_test(path) for name in _names(path)}
    found: dict[str, tuple[str, ...]] = {}
    for path, row in files.items():
        if is_test(path) or not isinstance(row, dict):
            continue
        contexts = row.get("contexts")
        lines = contexts.values() if isinstance(contexts, dict) else ()
        named = {str(c) for line in lines if isinstance(line, list) for c in line}
        by = {file for context in named if (file := _file_of(context, tests))}
        if by:
            found[path] = tuple(sorted(by))
    return found


def executing(patch: Patch, covered: Covered) -> tuple[str, ...]:
    """The test files that execute a file the patch touches, sorted; () when one of them was never executed."""
    sources = [p for p in patch.paths if p.endswith(".py") and not is_test(p)]
    if not sources or any(p not in covered for p in sources):
        return ()
    return tuple(sorted({t for p in sources for t in covered[p]}))


def _names(path: str) -> Iterable[str]:
    parts = path.removesuffix(".py").split("/")
    return (".".join(parts[i:]) for i in range(len(parts)))


def _file_of(context: str, tests: Mapping[str, str]) -> str | None:
    """The test file of a context such as tests.test_till.TestTill.test_total."""
    parts = context.split(".")
    return next((tests[m] for i in range(len(parts), 0, -1) if (m := ".".join(parts[:i])) in tests), None)
