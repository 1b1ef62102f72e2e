"""Runs a repository's tests in a sandbox and believes the result only if everything agrees.

Exit code, a parsable report, their consistency, a second reporter where the runner has one, and on request a canary.
What cannot be believed is *not judged* (`report` None), never a pass and never a failed test. A run that was killed
(timeout, memory, output) is not judged either: a partial report says nothing about the tests that did not run; what a
timeout means for a patch is the verification's decision, which can compare it with the baseline.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.backend import Sandbox
from sandbox.errors import SandboxUnavailable
from sandbox.layout import OWN_FOLDER
from sandbox.recipe import Recipe, ReportFormat
from sandbox.result import Ended, ExecResult
from sandbox.testing import second_reporter as second
from sandbox.testing.any_report import EXIT_CODE, exit_code_result, parse_found
from sandbox.testing.canary import PlantedCanary, make_canary
from sandbox.testing.cargo import parse_cargo
from sandbox.testing.exit_behaviour import NO_TEST_RAN, PYTEST_INTERRUPTED, disagreement, joined, unexplained
from sandbox.testing.go_json import parse_go_json
from sandbox.testing.identity import selectable
from sandbox.testing.junit import REPORT_BYTES, parse_junit, parse_junit_files
from sandbox.testing.readable_output import printable
from sandbox.testing.report import ReportUnreadable, TestReport, TestRun
from sandbox.testing.report_folder import REPORTS, parse_folder
from sandbox.testing.reporters import PlacedReporter, place_reporter
from sandbox.testing.tap import parse_tap

UNTRUSTED = "the report cannot be trusted"
NOT_REPORTED = f"{UNTRUSTED} (canary not reported)"
NOT_BUILT = "the tests could not be built"
NO_SECOND_REPORT = "the tests ran without our second reporter"
RECORD_BYTES = 2 * REPORT_BYTES
"""At most what is read of the second reporter's record: its lines are longer than those of a report."""
TAIL = 2_000

_NOT_BUILT = re.compile(
    r"^error(?:\[E\d+\])?: (?=[\s\S]*^error: could not compile)|^\[ERROR\] COMPILATION ERROR|"
    r"^> (?:Compilation failed|Task :\S*compile\S* FAILED)|^e: file://",
    re.MULTILINE,
)
"""The first error of a compiler, as cargo, Maven and Gradle print it."""
_SUREFIRE = (
    r"find . -type f -name '*.xml' \( -path '*/surefire-reports/TEST-*' -o -path '*/failsafe-reports/TEST-*' "
    r"-o -path '*/build/test-results/*' \)"
)
_NEW_XML = (
    f"find . -type f -name '*.xml' -newer {OWN_FOLDER}/.gitignore -size -8192k -not -path './{OWN_FOLDER}/*' "
    "-not -path '*/node_modules/*'"
)
# Each file after a line with its length and its path: no text inside one can look like the beginning of another.
_ONE_BY_ONE = r"""for f; do printf '%d %s\n' "$(wc -c <"$f")" "$f" && cat -- "$f" || exit 1; done"""
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
    beside: Sequence[str] = (),
    last: bool = False,
) -> TestRun:
    """Run all tests, or those in `only` (files or ids), at most `timeout` seconds.

    With `canary`, a failing test of ours is added for this run (where the recipe knows how) and must be reported;
    `beside` are test files that are known to be collected, one of which it is put next to. What was added is removed
    again, unless this is the `last` use of the sandbox. Raises SandboxUnavailable, and ValueError when `only` is given
    and the recipe cannot choose.
    """
    planted = make_canary(recipe.canary, beside) if canary and recipe.canary is not None else None
    chosen = tuple(dict.fromkeys(selectable(i) for i in only))
    if chosen and planted is not None:
        chosen = (*chosen, planted.only)
    junit = f"{OWN_FOLDER}/junit-{secrets.token_hex(8)}.xml"
    command = recipe.command(f"{sandbox.root}/{junit}", chosen)
    files = {f"{OWN_FOLDER}/.gitignore": b"*\n"}
    if planted is not None:
        files[planted.path] = planted.content
    sandbox.write(files)
    if recipe.report is ReportFormat.SUREFIRE:
        sandbox.run(["sh", "-c", f"{_SUREFIRE} -delete"], timeout=60)
    reporter = place_reporter(sandbox, recipe)
    started = datetime.now(UTC)
    result = _run(sandbox, command, timeout, reporter)
    if reporter is not None and reporter.not_found(result):
        result = _run(sandbox, command, timeout, None)
    run = _Finished(sandbox, recipe, result, junit, planted, reporter, timeout, started)
    report, reason, not_explained = run.judged()
    leftovers = [planted.place] if planted is not None else []
    leftovers += [reporter.folder] if reporter is not None else []
    if leftovers and not last:
        sandbox.run(["rm", "-rf", "--", *leftovers], timeout=60)
    return TestRun(report, reason, result, command, not_explained)


def _run(sandbox: Sandbox, command: str, timeout: float, reporter: PlacedReporter | None) -> ExecResult:
    env = {"PYTHONHASHSEED": "0"}
    if reporter is not None:
        command, env = reporter.within(command), env | reporter.variables(sandbox.root)
    result = sandbox.run(["sh", "-c", command], timeout=timeout, env=env)
    if result.ended is Ended.LOST:
        raise SandboxUnavailable(f"the sandbox was lost while tests ran: {result.text[-TAIL:]}")
    return result


@dataclass(frozen=True, slots=True)
class _Finished:
    """A test command that ended, with what is needed to judge what it left."""

    sandbox: Sandbox
    recipe: Recipe
    result: ExecResult
    junit: str
    planted: PlantedCanary | None
    reporter: PlacedReporter | None
    timeout: float
    started: datetime

    def judged(self) -> tuple[TestReport | None, str, str]:
        """The report or None, why it is None, and what its failures do not account for."""
        if self.result.ended in _KILLED:
            return None, _KILLED[self.result.ended].format(timeout=self.timeout), ""
        try:
            report = read_report(self.sandbox, self.recipe, self.result, self.junit, self.started)
        except FileNotFoundError:
            code = self.result.exit_code
            return None, f"the test command left no report (exit code {code}){_tail(self.result)}", ""
        except (ReportUnreadable, ValueError, LookupError) as e:
            return None, f"{e}{_tail(self.result)}", ""
        code = self.result.exit_code or 0
        contradiction, report, told = self._second_opinion(report)
        if contradiction:
            return None, f"{UNTRUSTED} ({contradiction})", ""
        if reason := disagreement(self.recipe.runner, code, report):
            return None, reason + _tail(self.result), ""
        if self.planted is not None and not self.planted.reported(report):
            return None, self._without_canary(report), ""
        failures = len(report.failed)
        told = joined(unexplained(self.recipe.runner, self.recipe.report, self.result, report, failures), told)
        if self.planted is not None:
            report = self.planted.removed(report)
        return (report, "", told) if report.results else (None, NO_TEST_RAN + _tail(self.result), "")

    def _without_canary(self, report: TestReport) -> str:
        """Why a run that did not report the canary is not judged: an interrupted collection ran no test at all."""
        if self.recipe.runner == "pytest" and self.result.exit_code == PYTEST_INTERRUPTED and report.uncollected:
            first = report.results.get(report.uncollected[0])
            message = f":\n{first.message[-TAIL:]}" if first is not None else ""
            names = ", ".join(report.uncollected[:5])
            return f"pytest ran no test, because it could not collect {names}{message}"
        if not_built := _NOT_BUILT.search(printed := printable(self.result.text)):
            return f"{NOT_BUILT}:\n{printed[not_built.start() :][:TAIL]}"
        return NOT_REPORTED

    def _second_opinion(self, report: TestReport) -> tuple[str, TestReport, str]:
        """What the second reporter makes of the report: a contradiction, the report, and what is not explained."""
        if self.reporter is None:
            return "", report, ""
        pytest = bool(self.reporter.plugin)
        try:
            content = self.sandbox.read(self.reporter.record, RECORD_BYTES)
        except FileNotFoundError:
            return "", report, NO_SECOND_REPORT
        except ValueError:  # larger than what as many tests as we read could have written
            return (second.REWRITTEN, report, "") if pytest else ("", report, second.REWRITTEN)
        if not pytest:
            counted = second.javascript_record(content)
            single = self.recipe.report is ReportFormat.JUNIT and self.recipe.runner == "vitest"
            against = second.vitest_contradiction(report, counted) if single else ""
            return against, report, second.javascript_unexplained(counted, single=single)
        return self._pytest_opinion(report, second.pytest_sessions(content, self.reporter.key))

    def _pytest_opinion(
        self, report: TestReport, sessions: Sequence[second.PytestRecord]
    ) -> tuple[str, TestReport, str]:
        if not all(s.intact for s in sessions):
            return second.REWRITTEN, report, ""
        mine = [s for s in sessions if s.xml.endswith(self.junit)]
        if not mine:
            return "", report, NO_SECOND_REPORT
        session = mine[-1]
        told = second.session_unexplained(session, self.result.exit_code or 0)
        against = second.contradiction(report, session, self.started)
        return against, second.with_exceptions(report, session, self.started), told


def read_report(
    sandbox: Sandbox, recipe: Recipe, result: ExecResult, junit: str, now: datetime | None = None
) -> TestReport:
    """The test report of a run that began at `now`, parsed.

    Raises ReportUnreadable, FileNotFoundError, ValueError (too large) or SandboxUnavailable.
    """
    now = now or datetime.now(UTC)
    if recipe.report is ReportFormat.JUNIT:
        return parse_junit(sandbox.read(junit, REPORT_BYTES), root=sandbox.root, now=now)
    if recipe.report is ReportFormat.SUREFIRE:
        return _read_surefire(sandbox, junit, now)
    if recipe.report is ReportFormat.FOLDER:
        return _read_folder(sandbox, junit, now)
    if recipe.report is ReportFormat.FOUND:
        return _read_found(sandbox, result, junit, now)
    return _FROM_OUTPUT[recipe.report](result, now)


def _read_surefire(sandbox: Sandbox, junit: str, now: datetime) -> TestReport:
    line = f'{_SUREFIRE} -exec sh -c "$1" sh {{}} + >"$2"'
    found = sandbox.run(["sh", "-c", line, "sh", _ONE_BY_ONE, junit], timeout=120)
    if not found.ok:
        raise SandboxUnavailable(f"the reports could not be gathered: {found.text.strip()[-300:]}")
    content = sandbox.read(junit, REPORT_BYTES)
    if not content:
        raise FileNotFoundError(junit)
    return parse_junit_files(_documents(content), root=sandbox.root, now=now)


def _read_folder(sandbox: Sandbox, junit: str, now: datetime) -> TestReport:
    """A file is called after its package's folder: the ids of its tests begin with it."""
    listed = sandbox.run(["find", junit, "-type", "f", "-size", "+0"], timeout=60)
    if listed.ended is Ended.LOST:
        raise SandboxUnavailable("the sandbox was lost while reports were read")
    paths = sorted(listed.stdout.decode("utf-8", "replace").splitlines())
    if not paths:
        raise FileNotFoundError(junit)
    contents = {path: sandbox.read(path, REPORT_BYTES) for path in paths[:REPORTS]}
    return parse_folder(contents, root=sandbox.root, now=now)


def _documents(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The files that were written one after the other, each with its path. Raises SandboxUnavailable."""
    place = 0
    while place < len(content):
        end = content.find(b"\n", place)
        length, _, path = content[place : max(end, place)].partition(b" ")
        if not length.isdigit() or end + 1 + int(length) > len(content):
            raise SandboxUnavailable("the gathered reports were cut short")
        place = end + 1 + int(length)
        yield path.decode("utf-8", "backslashreplace"), content[end + 1 : place]


def _read_found(sandbox: Sandbox, result: ExecResult, junit: str, now: datetime) -> TestReport:
    """JUnit documents that are newer than what was written before the command, anywhere in the checkout."""
    line = f'{_NEW_XML} -exec sh -c "$1" sh {{}} + >"$2"'
    found = sandbox.run(["sh", "-c", line, "sh", _ONE_BY_ONE, junit], timeout=120)
    if found.ended is Ended.LOST:
        raise SandboxUnavailable("the sandbox was lost while reports were looked for")
    documents = list(_documents(sandbox.read(junit, REPORT_BYTES))) if found.ok else []
    return parse_found(documents, result, root=sandbox.root, now=now)


_FROM_OUTPUT: Mapping[ReportFormat, Callable[[ExecResult, datetime], TestReport]] = {
    ReportFormat.GO_JSON: lambda result, now: parse_go_json(result.stdout, now=now),
    ReportFormat.CARGO: lambda result, now: parse_cargo(result.stdout, now=now),
    ReportFormat.TAP: lambda result, now: parse_tap(result.stdout, now=now),
    ReportFormat.EXIT_CODE: lambda result, now: TestReport({EXIT_CODE: exit_code_result(result)}),  # noqa: ARG005
}


def _tail(result: ExecResult) -> str:
    text = printable(result.text).strip()[-TAIL:]
    return f"; it printed:\n{text}" if text else ""
