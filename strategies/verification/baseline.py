"""The tests before any patch: what passes, what fails, what is flaky. Every verdict is read against it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox.backend import Sandbox
from sandbox.recipe import Environment
from sandbox.testing.report import TestReport
from sandbox.testing.testrun import run_tests
from strategies.verdict import Counts

FIRST_SECONDS = 1800.0
"""The longest a first run of a whole suite may take, in seconds; later runs are bounded by the baseline."""
LEAST_SECONDS = 60.0
TIMES = 3


@dataclass(frozen=True, slots=True)
class Baseline:
    """Test ids at the base commit. `flaky` differed between two runs and are quarantined. `seconds` is one run."""

    passed: frozenset[str]
    failed: frozenset[str]
    skipped: frozenset[str]
    flaky: frozenset[str]
    seconds: float

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


class NoBaseline(Exception):
    """The suite could not be run or believed at the base commit; the message says why and shows the log's tail."""


def measure(open_sandbox: Callable[[], Sandbox], environment: Environment) -> Baseline:
    """Run the whole suite twice, each time in a fresh sandbox. Raises NoBaseline, or SandboxUnavailable."""
    first, seconds = _run(open_sandbox, environment, FIRST_SECONDS)
    second, again = _run(open_sandbox, environment, max(LEAST_SECONDS, TIMES * seconds))
    return compare(first, second, max(seconds, again))


def compare(first: TestReport, second: TestReport, seconds: float) -> Baseline:
    """Two runs of the same code: what ended alike is stable, what did not (or vanished) is flaky."""
    everything = first.ids() | second.ids()
    passed, failed = first.passed & second.passed, first.failed & second.failed
    skipped = first.skipped & second.skipped
    return Baseline(passed, failed, skipped, everything - passed - failed - skipped, seconds)


def _run(open_sandbox: Callable[[], Sandbox], environment: Environment, timeout: float) -> tuple[TestReport, float]:
    with open_sandbox() as sandbox:
        run = run_tests(sandbox, environment.recipe, timeout=timeout, canary=True)
    if run.report is None:
        raise NoBaseline(f"`{run.command}` could not be judged at the base commit: {run.reason}")
    return run.report, run.result.seconds


def kept(memory: Path | None, environment: Environment, base: str, measured: Callable[[], Baseline]) -> Baseline:
    """The baseline of this environment and commit from `memory`, else measured and kept there."""
    if memory is None:
        return measured()
    name = hashlib.sha256(f"{environment.key} {base} {environment.recipe.test}".encode()).hexdigest()[:32]
    path = memory / "baselines" / f"{name}.json"
    if path.is_file():
        stored = json.loads(path.read_text(encoding="utf-8"))
        passed, failed, skipped, flaky = (frozenset(stored[k]) for k in ("passed", "failed", "skipped", "flaky"))
        return Baseline(passed, failed, skipped, flaky, stored["seconds"])
    baseline = measured()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(
        json.dumps(
            {
                "passed": sorted(baseline.passed),
                "failed": sorted(baseline.failed),
                "skipped": sorted(baseline.skipped),
                "flaky": sorted(baseline.flaky),
                "seconds": baseline.seconds,
            }
        ),
        encoding="utf-8",
    )
    partial.replace(path)
    return baseline
