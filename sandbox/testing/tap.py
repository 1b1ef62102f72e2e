"""Test Anything Protocol (https://testanything.org/tap-version-14-specification.html), top level and subtests."""

from __future__ import annotations

import re
from datetime import datetime

from sandbox.testing.identity import collect
from sandbox.testing.readable_output import decoded, printable
from sandbox.testing.report import MESSAGE, ReportUnreadable, TestOutcome, TestReport, TestResult

DEPTH = 64

_POINT = re.compile(
    r"^(?P<indent> *)(?P<not>not )?ok\b(?: +\d+)?(?: +-)? *(?P<name>.*?)(?: +# *(?P<directive>(?:skip|todo)\S*.*))?$",
    re.IGNORECASE,
)
_SUBTEST = re.compile(r"^(?P<indent> *)# Subtest: (?P<name>.*)$")
_GROUP = re.compile(r"^# (?!(?:tests|pass|fail|skip|todo|failed tests?|passed|time=?)\b[ :]*\d|ok$)(?P<name>\S.*)$")
_TIMES = re.compile(r" *# time=[\d.]+m?s\b| *\(\d+(?:\.\d+)? ?m?s\)$")  # node-tap's directive; what a run took
_PLAN = re.compile(r"^1\.\.(?P<count>\d+)")
_BAIL = re.compile(r"^Bail out!(?P<why>.*)$")


def parse_tap(stdout: bytes, *, now: datetime | None = None) -> TestReport:
    """Tests by `subtest::name`; where there are no subtests, by `comment::name`, as tape names its tests.

    A plan that promised more points than came, or "Bail out!", is one ERROR. `# TODO` points count as skipped.
    Raises ReportUnreadable when there is no test point.
    """
    results: list[TestResult] = []
    stack: list[tuple[int, str]] = []
    planned, top, group = None, 0, ""
    lines = printable(decoded(stdout)).split("\n")
    subtests = any(_SUBTEST.match(line) for line in lines)
    for number, line in enumerate(lines):
        if found := _SUBTEST.match(line):
            indent, group = len(found["indent"]), ""
            stack = [s for s in stack if s[0] < indent][:DEPTH]
            stack.append((indent, _TIMES.sub("", found["name"]).strip()))
        elif found := _POINT.match(line):
            indent = len(found["indent"])
            parents = [name for depth, name in stack if depth < indent]
            top += indent == 0
            own = [group] if group and not indent and not parents else []
            name = "::".join([*own, *parents, _TIMES.sub("", found["name"]).strip() or f"{top}"])
            outcome = (
                TestOutcome.SKIPPED
                if found["directive"]
                else TestOutcome.FAILED
                if found["not"]
                else TestOutcome.PASSED
            )
            message = _diagnostics(lines[number + 1 : number + 200]) if outcome is TestOutcome.FAILED else ""
            results.append(TestResult(name, outcome, message))
        elif not subtests and (found := _GROUP.match(line)):
            group = _TIMES.sub("", found["name"]).strip()
        elif found := _PLAN.match(line):
            planned = int(found["count"])
        elif found := _BAIL.match(line):
            results.append(TestResult("bail out", TestOutcome.ERROR, found["why"].strip()[:MESSAGE]))
    if not results:
        raise ReportUnreadable("the command printed no TAP test point")
    if planned is not None and top < planned:
        results.append(TestResult("plan", TestOutcome.ERROR, f"{planned} tests were planned, {top} were reported"))
    return collect(results, now=now)


def _diagnostics(lines: list[str]) -> str:
    """The YAML block or comment lines right below a failed point."""
    out = []
    for line in lines:
        if _POINT.match(line) or _SUBTEST.match(line):
            break
        out.append(line.strip())
    return "\n".join(out).strip()[-MESSAGE:]
