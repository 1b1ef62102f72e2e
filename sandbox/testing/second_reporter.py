"""What the second reporter saw, and whether the first one agrees: pure functions over the two.

Both run where the code under judgment runs, but they are made and loaded differently: a report that was forged, or a
runner that was patched, makes them contradict each other. What they cannot agree on is not believed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sandbox.testing.identity import stable_id
from sandbox.testing.report import TestOutcome, TestReport, TestResult

SESSION_FAILED = "pytest's session failed for another reason than its tests: a plugin or a threshold failed it"
SESSION_STOPPED = "pytest's session was stopped before its end"
ENDED = "the process was ended after pytest's session, before its own end"
REWRITTEN = "the record of the run was rewritten"
UNCAUGHT = "promises were rejected that nobody caught"
SWALLOWED = "a pytest plugin took away exceptions that tests ended in"
LATE = "node:test saw something fail after its test had ended"
UNHANDLED = "vitest caught errors outside of any test"
NOT_ONCE = "vitest did not run exactly once"
FALSE_PASS = "It ended in an exception, and was reported as passed."  # noqa: S105 - no password


@dataclass(frozen=True, slots=True)
class RecordedTest:
    """One test of pytest's: the outcomes of its phases, and whether its call ended in an exception."""

    id: str
    outcomes: tuple[str, ...]
    raised: bool = False
    swallowed: bool = False

    @property
    def failed(self) -> bool:
        """Whether its last phases failed; an earlier try of a plugin that tries again does not count."""
        last = max((n for n, o in enumerate(self.outcomes) if o == "rerun"), default=-1)
        return "failed" in self.outcomes[last + 1 :]


@dataclass(frozen=True, slots=True)
class PytestRecord:
    """One session of pytest. `finish` is None when it never came to its end; `unloaded` are collection errors.

    `xml` is the path of the JUnit file that it was told to write ("" for none), read before any code of the repository
    ran; `gone` is whether its process ended by itself, `intact` whether every line is one that our plugin wrote.
    """

    tests: tuple[RecordedTest, ...] = ()
    unloaded: tuple[str, ...] = ()
    finish: Mapping[str, object] | None = None
    gone: bool = False
    intact: bool = True
    xml: str = ""

    def number(self, key: str) -> int:
        """One of the session's own counts: `collected`, `started`, `failed`, `counted`, `status`."""
        value = (self.finish or {}).get(key)
        return value if isinstance(value, int) else 0


@dataclass(slots=True)
class _Session:
    chain: str = ""
    tests: dict[str, RecordedTest] = field(default_factory=dict)
    unloaded: list[str] = field(default_factory=list)
    finish: Mapping[str, object] | None = None
    gone: bool = False
    intact: bool = True
    xml: str = ""


def pytest_sessions(content: bytes, key: bytes) -> tuple[PytestRecord, ...]:
    """The sessions in a record. A line whose code is not that of `key` and the lines before it was not written by us.

    What stands after the last line end (a process died while it wrote) is passed over.
    """
    sessions: dict[str, _Session] = {}
    for line in content.split(b"\n")[:-1]:
        name, _, rest = line.decode("utf-8", "replace").partition(" ")
        code, _, text = rest.partition(" ")
        session = sessions.setdefault(name, _Session(name))
        session.chain = hashlib.blake2b((session.chain + text).encode(), key=key, digest_size=16).hexdigest()
        event = next(iter(_events(text.encode())), None)
        if event is None or not hmac.compare_digest(session.chain.encode(), code.encode()):
            session.intact = False
            continue
        kind, identity = event.get("event"), str(event.get("id", ""))
        if kind == "start":
            session.xml = str(event.get("xml", ""))
        elif kind == "test":
            outcomes = event.get("outcomes")
            tuple_of = tuple(map(str, outcomes)) if isinstance(outcomes, list) else ()
            session.tests[identity] = RecordedTest(
                identity, tuple_of, event.get("raised") is True, event.get("swallowed") is True
            )
        elif kind == "unloaded":
            session.unloaded.append(identity)
        elif kind == "finish":
            session.finish = event
        elif kind == "gone":
            session.gone = True
    return tuple(
        PytestRecord(tuple(s.tests.values()), tuple(s.unloaded), s.finish, s.gone, s.intact, s.xml)
        for s in sessions.values()
    )


def _events(content: bytes) -> Iterable[Mapping[str, object]]:
    for line in content.splitlines():
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict):
            yield event


def contradiction(report: TestReport, record: PytestRecord, now: datetime) -> str:
    """Why pytest's JUnit file and the record of the same session cannot both be true; "" when they agree.

    Every test that was recorded must be in the file, and one that was recorded as failed must have failed there. A
    test that the file names otherwise (`record_xml_attribute`) is told by there being as many of the others.
    """
    if not record.intact:
        return REWRITTEN
    if record.finish is None:
        return "the report was written, but the session never came to its end"
    seen = Counter(stable_id(t.id, now) for t in record.tests)
    told = Counter(_bare(r) for r in report.results.values() if r.id not in report.uncollected)
    unknown, missing = told - seen, seen - told
    if missing.total() > unknown.total():
        return f"{missing.total()} tests ran that are not in the report, such as {min(missing)}"
    failing = Counter(stable_id(t.id, now) for t in record.tests if t.failed)
    failed = Counter(_bare(r) for r in report.results.values() if r.outcome in (TestOutcome.FAILED, TestOutcome.ERROR))
    hidden = +Counter({i: n - failed[i] for i, n in failing.items() if i in told})
    return f"{hidden.total()} tests failed that the report calls passed, such as {min(hidden)}" if hidden else ""


def with_exceptions(report: TestReport, record: PytestRecord, now: datetime) -> TestReport:
    """The report in which a test whose call ended in an exception has not passed, whatever it was reported as."""
    raised = {stable_id(t.id, now) for t in record.tests if t.raised}
    results = {
        i: replace(r, outcome=TestOutcome.FAILED, message=FALSE_PASS)
        if r.outcome is TestOutcome.PASSED and _bare(r) in raised
        else r
        for i, r in report.results.items()
    }
    return replace(report, results=results)


def session_unexplained(record: PytestRecord, exit_code: int) -> str:
    """What about the session's end its failed tests do not account for; "" when they do."""
    if record.finish is None:
        return ""
    changed = record.finish.get("changed") is True
    if changed or record.number("failed") != record.number("counted") or record.number("status") > 1:
        return SESSION_FAILED if record.number("status") != 2 else SESSION_STOPPED  # noqa: PLR2004 - interrupted
    if record.finish.get("stopped") is True:
        return SESSION_STOPPED
    if record.number("status") != exit_code:
        return "the command ended by another exit code than pytest's session"
    swallowed = any(t.swallowed for t in record.tests)
    return SWALLOWED if swallowed else "" if record.gone else ENDED


@dataclass(frozen=True, slots=True)
class JavaScriptRecord:
    """What our reporters saw of runs of vitest, node:test and mocha.

    `runs` are the runs of vitest, `passed` and `failed` its own counts, `errors` the names of errors that it caught
    outside of any test; `late` is how often node:test saw something fail after its test had ended; `unhandled` how
    many promises were rejected under mocha, which ignores them, and never caught.
    """

    runs: int = 0
    passed: int = 0
    failed: int = 0
    errors: tuple[str, ...] = ()
    late: int = 0
    unhandled: int = 0


def javascript_record(content: bytes) -> JavaScriptRecord:
    """The runs in a record, added up; lines that are none are passed over."""
    runs = passed = failed = late = unhandled = 0
    errors: set[str] = set()
    for event in _events(content):
        counts = [event.get(key) for key in ("passed", "failed", "late", "unhandled")]
        names = event.get("errors")
        runs += isinstance(names, list)
        errors |= set(map(str, names)) if isinstance(names, list) else set()
        passed, failed, late, unhandled = (
            total + (count if isinstance(count, int) else 0)
            for total, count in zip((passed, failed, late, unhandled), counts, strict=True)
        )
    return JavaScriptRecord(runs, passed, failed, tuple(sorted(errors)), late, unhandled)


def vitest_contradiction(report: TestReport, record: JavaScriptRecord) -> str:
    """Why vitest's JUnit file and the record of its one run cannot both be true; "" when they agree."""
    if record.runs != 1:
        return ""
    if len(report.passed) > record.passed:
        return f"the report has {len(report.passed)} passed tests, vitest counted {record.passed}"
    if len(report.failed) < record.failed:
        return f"the report has {len(report.failed)} failed tests, vitest counted {record.failed}"
    return ""


def javascript_unexplained(record: JavaScriptRecord, *, single: bool = False) -> str:
    """The errors outside of any test; "" when there were none.

    With `single` the report is that of one run of vitest: of a record of none or of several nothing can be compared.
    """
    outside = f"{UNHANDLED}: {', '.join(record.errors)}" if record.errors else ""
    others = ((record.late, LATE), (record.unhandled, UNCAUGHT), (single and record.runs != 1, NOT_ONCE))
    return "; ".join(filter(None, (outside, *(told for found, told in others if found))))


def _bare(result: TestResult) -> str:
    return result.id.partition(" (repeat ")[0]
