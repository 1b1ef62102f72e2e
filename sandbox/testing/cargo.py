"""`cargo test`: libtest's plain lines, under the "Running …" and "Doc-tests …" headings that cargo prints.

https://doc.rust-lang.org/rustc/tests/index.html; the JSON form is unstable, so it is not asked for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.testing.identity import collect
from sandbox.testing.readable_output import decoded, printable
from sandbox.testing.report import MESSAGE, ReportUnreadable, TestOutcome, TestReport, TestResult

_RUNNING = re.compile(r"^\s*Running (?P<unit>unittests )?(?P<file>\S+) \((?P<binary>\S+)\)")
_DOC = re.compile(r"^\s*Doc-tests (?P<crate>\S+)")
_COUNT = re.compile(r"^running (?P<count>\d+) tests?$")
_TEST = re.compile(r"^test (?P<name>.+?)(?: - should panic)? \.\.\. (?P<end>ok|FAILED|ignored)(?:, .*)?$")
_SUMMARY = re.compile(r"^test result: \S+\. (?P<passed>\d+) passed; (?P<failed>\d+) failed; (?P<ignored>\d+) ignored;")
_OUTPUT = re.compile(r"^---- (?P<name>.+?) stdout ----$")
_ENDS = {"ok": TestOutcome.PASSED, "FAILED": TestOutcome.FAILED, "ignored": TestOutcome.SKIPPED}
_UNBUILT = re.compile(r"^error: could not compile `(?P<crate>[^`]+)`(?: \((?P<target>[^)]*)\))?")
_HASH = re.compile(r"-[0-9a-f]{16}(?:\.exe)?$|-[0-9a-f]+$")
UNNAMED = "cargo counted other tests than it named"


@dataclass(slots=True)
class _Target:
    """One test program: its lines, and the crate that it belongs to ("" when that is not told)."""

    file: str
    crate: str = ""
    unit: bool = False
    lines: list[str] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        return any(_SUMMARY.match(line) for line in self.lines)

    @property
    def started(self) -> bool:
        return any(_COUNT.match(line) for line in self.lines)


def parse_cargo(output: bytes, *, now: datetime | None = None) -> TestReport:
    """Tests by `file::crate::name` (inside a crate) and `file::name` (below tests/). Standard error is merged in.

    Where two crates have a tests/ file of one name, those carry the crate as well. A crate that does not compile is
    an ERROR `cargo build`, and a test program that ends before its summary an ERROR by its file. Raises
    ReportUnreadable when there is neither a test line nor a compile error.
    """
    lines = _lines(output)
    targets = list(_targets(lines))
    repeated = {file for file, n in Counter(t.file for t in targets if not t.unit).items() if n > 1}
    results, uncollected = [], []
    for target in targets:
        place = [target.file, *([target.crate] if target.unit or target.file in repeated else [])]
        file = target.file if target.file.endswith(".rs") else ""
        messages = _messages(target.lines)
        for name, end in _tests(target.lines):
            text = messages.get(name, "") if end is TestOutcome.FAILED else ""
            steady = re.sub(r" \(line \d+\)", "", name)  # doc tests move when lines above them change
            results.append(TestResult("::".join(filter(None, (*place, steady))), end, text, 0.0, file))
        if target.started and not target.ended:
            program = "::".join(filter(None, place)) or "cargo test"
            uncollected.append(program)
            results.append(TestResult(program, TestOutcome.ERROR, "\n".join(target.lines)[-MESSAGE:]))
    for line in lines:
        if found := _UNBUILT.match(line):
            crate = f"{found['crate']} ({found['target']})" if found["target"] else found["crate"]
            uncollected.append(crate)
    if any(_UNBUILT.match(line) for line in lines):
        results.append(TestResult("cargo build", TestOutcome.ERROR, "\n".join(lines)[-MESSAGE:]))
    if not results and not any(t.started for t in targets):
        raise ReportUnreadable("`cargo test` printed no test")
    return collect(results, uncollected=uncollected, now=now)


def counts_unexplained(output: bytes) -> str:
    """A sentence when a test program's own summary counts other tests than its lines name."""
    for target in _targets(_lines(output)):
        named = Counter(end for _, end in _tests(target.lines))
        counted = [found for line in target.lines if (found := _SUMMARY.match(line))]
        passed, failed = (sum(int(found[key]) for found in counted) for key in ("passed", "failed"))
        if counted and (passed, failed) != (named[TestOutcome.PASSED], named[TestOutcome.FAILED]):
            return UNNAMED
    return ""


def _lines(output: bytes) -> list[str]:
    return printable(decoded(output)).split("\n")


def _targets(lines: list[str]) -> Iterator[_Target]:
    """The test programs in their order. A file below tests/ belongs to the crate whose unit tests came last."""
    current, crate = _Target(""), ""
    for line in lines:
        if found := _RUNNING.match(line):
            yield current
            binary = _HASH.sub("", found["binary"].replace("\\", "/").rsplit("/", 1)[-1])
            crate = binary if found["unit"] else crate
            current = _Target(found["file"].replace("\\", "/"), crate, unit=bool(found["unit"]))
        elif found := _DOC.match(line):
            yield current
            current = _Target(f"doc {found['crate']}")
        else:
            current.lines.append(line)
    yield current


def _tests(lines: list[str]) -> Iterator[tuple[str, TestOutcome]]:
    for line in lines:
        if found := _TEST.match(line):
            yield found["name"], _ENDS[found["end"]]


def _messages(lines: list[str]) -> dict[str, str]:
    out: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in lines:
        if found := _OUTPUT.match(line):
            current = out.setdefault(found["name"], [])
        elif line in ("failures:", "successes:"):
            current = None
        elif current is not None:
            current.append(line)
    return {name: "\n".join(text).strip()[-MESSAGE:] for name, text in out.items()}
