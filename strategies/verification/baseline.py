"""The tests before any patch: what passes, what fails, what is flaky. Every verdict is read against it."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sandbox.backend import Sandbox
from sandbox.recipe import Environment, Recipe
from sandbox.testing.report import TestReport, TestResult, TestRun
from strategies.verdict import Counts
from strategies.verification.base_runs import first_run, second_run

FIRST_SECONDS = 1800.0
"""The longest a first run of a whole suite may take, in seconds; later runs are bounded by the baseline."""
LEAST_SECONDS = 60.0
TIMES = 3
LEAST_SHARE = 0.1
"""Of the tests that ended, at least this share must pass: below it the environment is broken, not the code."""
FORMAT = "3"
"""Of a kept baseline; another one is measured anew."""
_IMPORT = re.compile(
    r"^.*(?:ModuleNotFoundError|ImportError:|No module named|Cannot find (?:module|package)|ERR_MODULE_NOT_FOUND|"
    r"ImproperlyConfigured|could not import|no required module provides|cannot find package|unresolved import).*$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Baseline:
    """Test ids at the base commit. `flaky` differed between two runs and are quarantined. `seconds` is one run.

    `uncollected` could not be collected, so nothing is known of their tests; `unexplained` are the sentences on how the
    runs ended beyond their failures (`TestRun.unexplained`). `files` are the test files that ran, with their seconds,
    `places` those beside which a canary is known to be collected (none: it has its recipe's place).
    """

    passed: frozenset[str]
    failed: frozenset[str]
    skipped: frozenset[str]
    flaky: frozenset[str]
    seconds: float
    uncollected: tuple[str, ...] = ()
    unexplained: frozenset[str] = frozenset()
    files: Mapping[str, float] = field(default_factory=dict)
    places: tuple[str, ...] = ()

    @property
    def ids(self) -> frozenset[str]:
        return self.passed | self.failed | self.skipped | self.flaky

    @property
    def timeout(self) -> float:
        """Seconds a later run of the suite may take: three times this one, at least a minute."""
        return max(LEAST_SECONDS, TIMES * self.seconds)

    @property
    def counts(self) -> Counts:
        return Counts(len(self.passed), len(self.failed), len(self.skipped), 0)

    @property
    def enough(self) -> bool:
        """Whether so much passes that "nothing broke" says something."""
        ended = len(self.passed) + len(self.failed)
        return bool(self.passed) and len(self.passed) >= LEAST_SHARE * ended


class NoBaseline(Exception):
    """The suite could not be run or believed at the base commit, or so little passes there that nothing could be seen
    to break; the message says why and shows the log's tail or the first import error."""


def measure(open_sandbox: Callable[[], Sandbox], environment: Environment) -> Baseline:
    """Run the whole suite twice, each time in a fresh sandbox. Raises as `completed` does."""
    first = first_run(open_sandbox, environment.recipe, FIRST_SECONDS)
    return completed(open_sandbox, environment.recipe, believed(first), first.result.seconds, first.unexplained)


def completed(
    open_sandbox: Callable[[], Sandbox], recipe: Recipe, first: TestReport, seconds: float, unexplained: str = ""
) -> Baseline:
    """The baseline by a first run, which took `seconds` and ended with what its failures leave `unexplained`, and a
    second one.

    Raises NoBaseline, also where hardly anything passes (see `Baseline.enough`), or SandboxUnavailable.
    """
    run, places = second_run(open_sandbox, recipe, first, max(LEAST_SECONDS, TIMES * seconds))
    second = believed(run)
    found = compare(first, second, max(seconds, run.result.seconds), (unexplained, run.unexplained))
    if not found.enough:
        raise NoBaseline(too_little(run.command, found, second))
    return replace(found, places=places)


def believed(run: TestRun) -> TestReport:
    """The report of a run at the base commit. Raises NoBaseline."""
    if run.report is None:
        raise NoBaseline(f"`{run.command}` could not be judged at the base commit: {run.reason}")
    return run.report


def compare(first: TestReport, second: TestReport, seconds: float, unexplained: Iterable[str] = ()) -> Baseline:
    """Two runs of the same code: what ended alike is stable, what did not (or vanished) is flaky."""
    everything = first.ids() | second.ids()
    passed, failed = first.passed & second.passed, first.failed & second.failed
    skipped = first.skipped & second.skipped
    return Baseline(
        passed,
        failed,
        skipped,
        everything - passed - failed - skipped,
        seconds,
        tuple(sorted({*first.uncollected, *second.uncollected})),
        frozenset(u for u in unexplained if u),
        files_of(second.results.values()),
    )


def too_little(command: str, found: Baseline, report: TestReport) -> str:
    """Why nothing can be judged against a baseline in which hardly anything passes."""
    c = found.counts
    seen = f"{c.passed} passed, {c.failed} failed, {c.skipped} skipped"
    why = "no test passes" if not c.passed else f"only {c.passed} of {c.passed + c.failed} tests pass"
    text = f"`{command}` could not be judged at the base commit: {why} before any change ({seen})"
    error = first_error(report)
    return f"{text}. The first error:\n{error}" if error else text


def first_error(report: TestReport) -> str:
    """The first import error that a report holds, else the last lines of its first failure; "" when all is well."""
    failed = [r.message for _, r in sorted(report.results.items()) if r.id in report.failed and r.message.strip()]
    for message in failed:
        found = _IMPORT.search(message)
        if found:
            return found[0].strip()[:500]
    return "\n".join(failed[0].strip().splitlines()[-5:])[:1_000] if failed else ""


def file_of(result: TestResult) -> str:
    """The file of a test where its runner tells: by name, else what stands before its id's first "::"."""
    return result.file or (result.id.split("::", 1)[0] if "::" in result.id else "")


def files_of(results: Iterable[TestResult]) -> dict[str, float]:
    """The test files among results, with the seconds that their tests took."""
    found: defaultdict[str, float] = defaultdict(float)
    for result in results:
        if name := file_of(result):
            found[name] += result.seconds
    return dict(found)


def kept(memory: Path | None, environment: Environment, base: str, measured: Callable[[], Baseline]) -> Baseline:
    """The baseline of this environment and commit from `memory`, else measured and kept there."""
    if memory is None:
        return measured()
    name = hashlib.sha256(f"{FORMAT} {environment.key} {base} {environment.recipe.test}".encode()).hexdigest()[:32]
    path = memory / "baselines" / f"{name}.json"
    if path.is_file():
        return parse(path.read_text(encoding="utf-8"))
    baseline = measured()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(written(baseline), encoding="utf-8")
    partial.replace(path)
    return baseline


def written(baseline: Baseline) -> str:
    """A baseline as JSON."""
    return json.dumps(
        {
            "passed": sorted(baseline.passed),
            "failed": sorted(baseline.failed),
            "skipped": sorted(baseline.skipped),
            "flaky": sorted(baseline.flaky),
            "seconds": baseline.seconds,
            "uncollected": list(baseline.uncollected),
            "unexplained": sorted(baseline.unexplained),
            "places": list(baseline.places),
            "files": {path: round(seconds, 3) for path, seconds in sorted(baseline.files.items())},
        }
    )


def parse(text: str) -> Baseline:
    """A baseline from what `written` made of it. Raises ValueError or KeyError for anything else."""
    stored = json.loads(text)
    passed, failed, skipped, flaky = (frozenset(stored[k]) for k in ("passed", "failed", "skipped", "flaky"))
    return Baseline(
        passed,
        failed,
        skipped,
        flaky,
        stored["seconds"],
        tuple(stored["uncollected"]),
        frozenset(stored["unexplained"]),
        stored["files"],
        tuple(stored["places"]),
    )
