"""`go test -json` (see `go doc test2json`): one JSON event per line on standard output."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.testing.identity import collect
from sandbox.testing.report import MESSAGE, ReportUnreadable, TestOutcome, TestReport, TestResult

ENDINGS = {"pass": TestOutcome.PASSED, "fail": TestOutcome.FAILED, "skip": TestOutcome.SKIPPED}
_UNBUILT = re.compile(r"\[(?:build|setup) failed\]")

Key = tuple[str, str]
"""Package and test; the test is "" for the package itself."""


@dataclass(slots=True)
class _Events:
    count: int = 0
    output: defaultdict[Key, list[str]] = field(default_factory=lambda: defaultdict(list))
    ended: dict[Key, list[tuple[TestOutcome, float]]] = field(default_factory=dict)
    started: defaultdict[Key, int] = field(default_factory=lambda: defaultdict(int))
    built: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unbuilt: dict[str, str] = field(default_factory=dict)


def parse_go_json(stdout: bytes, *, now: datetime | None = None) -> TestReport:
    """Tests by `package::Test/sub`. A package that does not build, or dies, is one ERROR named by its package.

    A test that was run several times (`-count`) is several tests. Lines that are no events (build errors of older Go
    versions) are passed over. Raises ReportUnreadable when there is no event at all.
    """
    events = _read(stdout)
    if not events.count:
        raise ReportUnreadable("`go test -json` printed no event")
    failing = {package for (package, test), ends in events.ended.items() if test and _failed(ends)}
    results, uncollected = [], []
    for key in sorted(set(events.started) | set(events.ended)):
        package, test = key
        ends = list(events.ended.get(key, ()))
        message = "".join(events.output[key])[-MESSAGE:]
        if test:
            ends += [(TestOutcome.ERROR, 0.0)] * (events.started.get(key, 0) - len(ends))  # never ended
            for outcome, seconds in ends:
                text = "" if outcome is TestOutcome.PASSED else message
                results.append(TestResult(f"{package}::{test}", outcome, text, seconds))
        elif _failed(ends):
            unbuilt = package in events.unbuilt or _UNBUILT.search(message)
            if unbuilt:
                uncollected.append(package)
            if unbuilt or package not in failing:
                why = "".join(events.built[events.unbuilt.get(package, package)])
                results.append(TestResult(package, TestOutcome.ERROR, (why + message)[-MESSAGE:], ends[-1][1]))
    return collect(results, uncollected=uncollected, now=now)


def _failed(ends: list[tuple[TestOutcome, float]]) -> bool:
    return any(outcome is TestOutcome.FAILED for outcome, _ in ends)


def _read(stdout: bytes) -> _Events:
    found = _Events()
    for line in stdout.splitlines():
        event = _event(line)
        if event is None:
            continue
        action, seconds = str(event.get("Action", "")), event.get("Elapsed", 0.0)
        if action.startswith("build-"):  # since Go 1.24, by ImportPath
            found.built[str(event.get("ImportPath", ""))].append(str(event.get("Output", "")))
            continue
        found.count += 1
        key = (str(event.get("Package", "")), str(event.get("Test", "")))
        if action == "output":
            found.output[key].append(str(event.get("Output", "")))
        elif action == "run":
            found.started[key] += 1
        elif action in ENDINGS:
            took = float(seconds) if isinstance(seconds, int | float) else 0.0
            found.ended.setdefault(key, []).append((ENDINGS[action], took))
            if event.get("FailedBuild"):
                found.unbuilt[key[0]] = str(event["FailedBuild"])
    return found


def _event(line: bytes) -> dict[str, object] | None:
    if not line.startswith(b"{"):
        return None
    try:
        event = json.loads(line.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and "Action" in event else None
