"""`go test -json` (see `go doc test2json`): one JSON event per line on standard output."""

from __future__ import annotations

import json
from collections import defaultdict

from sandbox.testing.junit import MESSAGE, ReportUnreadable, collect
from sandbox.testing.report import TestOutcome, TestReport, TestResult

ENDINGS = {"pass": TestOutcome.PASSED, "fail": TestOutcome.FAILED, "skip": TestOutcome.SKIPPED}


def parse_go_json(stdout: bytes) -> TestReport:
    """Tests by `package::Test/sub`. A package that does not build, or dies, is one ERROR named by its package.

    Lines that are no events (build errors of older Go versions) are passed over. Raises ReportUnreadable
    when there is no event at all.
    """
    output: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    ended: dict[tuple[str, str], tuple[TestOutcome, float]] = {}
    started: set[tuple[str, str]] = set()
    events = 0
    for line in stdout.splitlines():
        event = _event(line)
        if event is None:
            continue
        events += 1
        action, seconds = str(event.get("Action", "")), event.get("Elapsed", 0.0)
        key = (str(event.get("Package", "")), str(event.get("Test", "")))
        if action == "output":
            output[key].append(str(event.get("Output", "")))
        elif action == "run":
            started.add(key)
        elif action in ENDINGS:
            ended[key] = (ENDINGS[action], float(seconds) if isinstance(seconds, int | float) else 0.0)
    if not events:
        raise ReportUnreadable("`go test -json` printed no event")
    results = []
    for key in sorted(started | set(ended)):
        package, test = key
        outcome, seconds = ended.get(key, (TestOutcome.ERROR, 0.0))
        message = "".join(output[key])[-MESSAGE:]
        if test:
            results.append(
                TestResult(f"{package}::{test}", outcome, "" if outcome is TestOutcome.PASSED else message, seconds)
            )
        elif outcome is TestOutcome.FAILED and not any(
            p == package and t and o is TestOutcome.FAILED for (p, t), (o, _) in ended.items()
        ):
            results.append(TestResult(package, TestOutcome.ERROR, message, seconds))
    return collect(results)


def _event(line: bytes) -> dict[str, object] | None:
    if not line.startswith(b"{"):
        return None
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and "Action" in event else None
