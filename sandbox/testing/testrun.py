"""Runs a repository's tests in a sandbox and believes the result only if everything agrees.

Exit code, a parsable report, their consistency, and on request a canary. What cannot be believed is
*not judged* (`report` None), never a pass and never a failed test. A run that was killed (timeout,
memory, output) is not judged either: a partial report says nothing about the tests that did not run;
what a timeout means for a patch is the verification's decision, which can compare it with the baseline.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from sandbox.backend import Sandbox
from sandbox.errors import SandboxUnavailable
from sandbox.layout import OWN_FOLDER
from sandbox.recipe import Recipe, ReportFormat
from sandbox.result import Ended, ExecResult
from sandbox.testing.canary import PlantedCanary, make_canary
from sandbox.testing.cargo import parse_cargo
from sandbox.testing.folder import REPORTS, parse_folder
from sandbox.testing.go_json import parse_go_json
from sandbox.testing.junit import MESSAGE, REPORT_BYTES, ReportUnreadable, parse_junit, parse_junit_files
from sandbox.testing.report import TestOutcome, TestReport, TestResult, TestRun
from sandbox.testing.tap import parse_tap

NO_TEST_RAN = "no test ran"
UNTRUSTED = "the report cannot be trusted (canary not reported)"
TAIL = 2_000

PYTEST_INTERRUPTED, PYTEST_NO_TESTS = 2, 5  # pytest.ExitCode
PYTEST_BROKEN = {3: "pytest had an internal error", 4: "pytest was called wrongly"}

_SUREFIRE = (
    r"find . -type f -name '*.xml' \( -path '*/surefire-reports/TEST-*' -o -path '*/failsafe-reports/TEST-*' "
    r"-o -path '*/build/test-results/*' \)"
)
_KILLED = {
    Ended.TIMEOUT: "the tests took longer than {timeout:.0f} s",
    Ended.OOM: "the tests used more memory than the sandbox has",
    Ended.OUTPUT_LIMIT: "the tests printed more than the sandbox allows",
    Ended.KILLED: "the tests were killed by a signal",
}


def run_tests(
    sandbox: Sandbox,
    recipe: Recipe,
    *,
    only: Sequence[str] = (),
    timeout: float,
    canary: bool = False,
) -> TestRun:
    """Run all tests, or those in `only` (files or ids), at most `timeout` seconds.

    With `canary`, a failing test of ours is added for this run (where the recipe knows how) and must be
    reported. Raises SandboxUnavailable, and ValueError when `only` is given and the recipe cannot choose.
    """
    junit = f"{OWN_FOLDER}/junit-{secrets.token_hex(8)}.xml"
    planted = make_canary(recipe.canary) if canary and recipe.canary is not None else None
    files = {f"{OWN_FOLDER}/.gitignore": b"*\n"}
    if planted is not None:
        files[planted.path] = planted.content
    sandbox.write(files)
    chosen = (*only, planted.only) if only and planted is not None else tuple(only)
    command = recipe.command(f"{sandbox.root}/{junit}", chosen)
    if recipe.report is ReportFormat.SUREFIRE:
        sandbox.run(["sh", "-c", f"{_SUREFIRE} -delete"], timeout=60)
    result = sandbox.run(["sh", "-c", command], timeout=timeout, env={"PYTHONHASHSEED": "0"})
    if result.ended is Ended.LOST:
        raise SandboxUnavailable(f"the sandbox was lost while tests ran: {result.text[-TAIL:]}")
    report, reason = _judge(sandbox, recipe, result, junit, planted, timeout)
    if planted is not None:
        sandbox.run(["rm", "-f", "--", planted.path], timeout=60)
    return TestRun(report, reason, result, command)


def _judge(
    sandbox: Sandbox, recipe: Recipe, result: ExecResult, junit: str, planted: PlantedCanary | None, timeout: float
) -> tuple[TestReport | None, str]:
    if result.ended in _KILLED:
        return None, _KILLED[result.ended].format(timeout=timeout)
    try:
        report = read_report(sandbox, recipe, result, junit)
    except FileNotFoundError:
        return None, f"the test command left no report (exit code {result.exit_code}){_tail(result)}"
    except (ReportUnreadable, ValueError) as e:
        return None, f"{e}{_tail(result)}"
    if reason := disagreement(recipe.runner, result.exit_code or 0, report):
        return None, reason + _tail(result)
    # An interrupted collection shows no test at all, the canary included; it can only count against a patch.
    interrupted = recipe.runner == "pytest" and result.exit_code == PYTEST_INTERRUPTED
    if planted is not None and not interrupted and not planted.reported(report):
        return None, UNTRUSTED
    if planted is not None:
        report = planted.removed(report)
    return (report, "") if report.results else (None, NO_TEST_RAN + _tail(result))


def read_report(sandbox: Sandbox, recipe: Recipe, result: ExecResult, junit: str) -> TestReport:
    """The test report of a run, parsed. Raises ReportUnreadable, FileNotFoundError, ValueError (too large)."""
    return _READERS[recipe.report](sandbox, result, junit)


def _read_junit(sandbox: Sandbox, result: ExecResult, junit: str) -> TestReport:  # noqa: ARG001 - one shape for all
    return parse_junit(sandbox.read(junit, REPORT_BYTES), root=sandbox.root)


def _read_surefire(sandbox: Sandbox, result: ExecResult, junit: str) -> TestReport:  # noqa: ARG001 - one shape for all
    found = sandbox.run(["sh", "-c", f"{_SUREFIRE} -exec cat {{}} +"], timeout=120)
    if found.ended is Ended.LOST:
        raise SandboxUnavailable("the sandbox was lost while reports were read")
    if not found.stdout or not found.ok:
        raise FileNotFoundError(junit)
    return parse_junit_files(found.stdout, root=sandbox.root)


def _read_folder(sandbox: Sandbox, result: ExecResult, junit: str) -> TestReport:  # noqa: ARG001 - one shape for all
    """A file is called after its package's folder: the ids of its tests begin with it."""
    listed = sandbox.run(["find", junit, "-type", "f", "-size", "+0"], timeout=60)
    if listed.ended is Ended.LOST:
        raise SandboxUnavailable("the sandbox was lost while reports were read")
    paths = sorted(listed.stdout.decode("utf-8", "replace").splitlines())
    if not paths:
        raise FileNotFoundError(junit)
    return parse_folder({path: sandbox.read(path, REPORT_BYTES) for path in paths[:REPORTS]}, root=sandbox.root)


def _read_exit_code(sandbox: Sandbox, result: ExecResult, junit: str) -> TestReport:  # noqa: ARG001 - one shape for all
    outcome = TestOutcome.PASSED if result.exit_code == 0 else TestOutcome.FAILED
    message = "" if outcome is TestOutcome.PASSED else result.text[-MESSAGE:]
    return TestReport({"exit code": TestResult("exit code", outcome, message, result.seconds)})


_READERS: dict[ReportFormat, Callable[[Sandbox, ExecResult, str], TestReport]] = {
    ReportFormat.JUNIT: _read_junit,
    ReportFormat.SUREFIRE: _read_surefire,
    ReportFormat.FOLDER: _read_folder,
    ReportFormat.GO_JSON: lambda sandbox, result, junit: parse_go_json(result.stdout),  # noqa: ARG005 - one shape
    ReportFormat.CARGO: lambda sandbox, result, junit: parse_cargo(result.stdout),  # noqa: ARG005 - one shape
    ReportFormat.TAP: lambda sandbox, result, junit: parse_tap(result.stdout),  # noqa: ARG005 - one shape
    ReportFormat.EXIT_CODE: _read_exit_code,
}


def disagreement(runner: str, exit_code: int, report: TestReport) -> str:
    """Why exit code and report cannot both be true; "" when they agree."""
    failures = len(report.failed)
    if runner == "pytest":
        if exit_code in PYTEST_BROKEN:
            return f"{PYTEST_BROKEN[exit_code]} (exit code {exit_code})"
        if exit_code == PYTEST_NO_TESTS and not failures:
            return NO_TEST_RAN
    if not report.results:
        return NO_TEST_RAN if exit_code == 0 else f"{NO_TEST_RAN} (exit code {exit_code})"
    if exit_code == 0 and failures:
        return f"exit code 0, but {failures} reported failures: the result contradicts itself"
    if exit_code != 0 and not failures:
        return f"exit code {exit_code}, but no reported failure: the result contradicts itself"
    return ""


def _tail(result: ExecResult) -> str:
    text = result.text.strip()[-TAIL:]
    return f"; it printed:\n{text}" if text else ""
